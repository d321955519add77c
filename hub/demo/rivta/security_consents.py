"""The consent service: informationsecurity:authorization:consent 2.0."""

from collections.abc import Callable
from dataclasses import replace

from hub.demo.rivta.markup import Element, Vocabulary
from hub.demo.rivta.security_parts import Assertion, Holding, Inside, number_of, patient_id, read, reader_of, result, written
from hub.demo.rivta.server import Contract
from hub.demo.rivta.soap import Request

_DOMAIN = "urn:riv:informationsecurity:authorization:consent"
CONSENT = Vocabulary(f"{_DOMAIN}:2")


def contracts(held: Holding) -> tuple[Contract, ...]:
    """Its four contracts."""
    return (
        _consent("GetConsentsForPatient", held, _consents, "getConsentsResult"),
        _consent("CheckConsent", held, _check_consent, "checkResult"),
        _consent("RegisterExtendedConsent", held, _register, ""),
        _consent("CancelExtendedConsent", held, _cancel, ""),
    )


def _consents(held: Holding, request: Request, numbers: tuple[str, ...]) -> Inside:
    provider = request.must("careProviderId").upper()
    found = (each for each in held.assertions.values() if each.number in numbers and each.holds(held.now()))
    return tuple(_assertion(each) for each in found if each.provider.upper() == provider)


def _check_consent(held: Holding, request: Request, numbers: tuple[str, ...]) -> Inside:
    employee, provider, unit = reader_of(request, "accessingActor", CONSENT, "employeeId", "careProviderId", "careUnitId")
    mine = [
        each
        for each in held.assertions.values()
        if each.number in numbers and each.holds(held.now()) and (each.provider.upper(), each.unit.upper()) == (provider, unit)
        if each.employee.upper() in ("", employee)
    ]
    kinds = sorted(each.kind for each in mine)
    return CONSENT("hasConsent", "true" if kinds else "false"), CONSENT("assertionType", kinds[0] if kinds else None)


def _register(held: Holding, request: Request, numbers: tuple[str, ...]) -> str:
    must, one = request.must, request.one
    given = Assertion(
        must("assertionId"),
        must("assertionType"),
        numbers[0],
        must("careProviderId"),
        must("careUnitId"),
        one("employeeId") or "",
        read(one("startDate")) or held.now(),
        read(one("endDate")),
    )
    request.must("registrationAction/requestedBy/employeeId", CONSENT.uri)
    held.assertions.setdefault(given.id, given)
    return "OK"


def _cancel(held: Holding, request: Request, numbers: tuple[str, ...]) -> str:
    request.must("cancellationAction/requestedBy/employeeId", CONSENT.uri)
    found = held.assertions.get(request.must("assertionId"))
    if found is None:
        return "NOTFOUND"
    if found.over:
        return "INVALIDSTATE"
    held.assertions[found.id] = replace(found, over=True)
    return "OK"


def _assertion(each: Assertion) -> Element:
    core = CONSENT
    return core.root(
        "pdlAssertions",
        core("assertionId", each.id),
        core("assertionType", each.kind),
        core("scope", "NationalLevel"),
        core("careProviderId", each.provider),
        core("careUnitId", each.unit),
        core("employeeId", each.employee or None),
        core("startDate", written(each.start)),
        core("endDate", written(each.end) if each.end else None),
        core("ownerId", "SIMULATED"),
        patient_id(core, each.number),
    )


def _consent(operation: str, held: Holding, answer: Callable[..., Inside | str], name: str) -> Contract:
    outer = Vocabulary(f"{_DOMAIN}:{operation}Responder:2")
    asked = (lambda request: ("",)) if operation == "CancelExtendedConsent" else lambda request: number_of(request, CONSENT)

    def told(request: Request, numbers: tuple[str, ...]) -> Element:
        found = answer(held, request, numbers)
        if isinstance(found, str):
            return outer.root(f"{operation}Response", result(outer, CONSENT, found))
        return outer.root(f"{operation}Response", outer.root(name, result(CONSENT, CONSENT, "OK"), *found))

    def refused(message: str) -> Element:
        if not name:
            return outer.root(f"{operation}Response", result(outer, CONSENT, "ACCESSDENIED", message))
        more = (CONSENT("hasConsent", "false"),) if operation == "CheckConsent" else ()
        return outer.root(f"{operation}Response", outer.root(name, result(CONSENT, CONSENT, "ERROR", message), *more))

    return Contract(operation, outer.uri, asked, told, refused)
