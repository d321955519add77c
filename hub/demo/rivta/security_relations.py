"""The service of patient relations: ehr:patientrelationship 1.0."""

from collections.abc import Callable

from hub.demo.rivta.markup import Element, Vocabulary
from hub.demo.rivta.security_parts import Holding, Inside, id_of, reader_of, written
from hub.demo.rivta.server import Contract
from hub.demo.rivta.soap import Request

_DOMAIN = "urn:riv:ehr:patientrelationship"
RELATION = Vocabulary(f"{_DOMAIN}:1")


def contracts(held: Holding) -> tuple[Contract, ...]:
    """Its two contracts."""
    return (
        _relation("querying", "GetPatientRelationsForPatient", held, _relations, "GetPatientRelationsResultType"),
        _relation("accesscontrol", "CheckPatientRelation", held, _check_relation, "CheckResultType"),
    )


def _relations(held: Holding, request: Request, numbers: tuple[str, ...]) -> Inside:
    asked = request.must("CareProviderId").upper()
    core, now = RELATION, held.now()
    return tuple(
        core.root(
            "PatientRelations",
            core("PatientRelationId", id_of("relation", each.person, each.unit, each.staff)),
            core("PatientId", each.person),
            core("CareProviderId", provider),
            core("CareUnitId", each.unit),
            core("EmployeeId", each.staff),
            core("StartDate", written(each.start)),
            core("EndDate", written(each.end)),
        )
        for provider, each in held.relations
        if each.person in numbers and provider.upper() == asked and each.start <= now <= each.end
    )


def _check_relation(held: Holding, request: Request, numbers: tuple[str, ...]) -> Inside:
    who = reader_of(request, "AccessingActor", RELATION, "EmployeeId", "CareProviderId", "CareUnitId")
    now = held.now()
    found = any(
        (each.staff.upper(), provider.upper(), each.unit.upper()) == who and each.start <= now <= each.end
        for provider, each in held.relations
        if each.person in numbers
    )
    return (RELATION("HasPatientrelation", "true" if found else "false"),)


def _relation(room: str, operation: str, held: Holding, answer: Callable[..., Inside], name: str) -> Contract:
    outer = Vocabulary(f"{_DOMAIN}:{room}:{operation}Responder:1")

    def told(request: Request, numbers: tuple[str, ...]) -> Element:
        return outer.root(f"{operation}Response", outer.root(name, _result("OK"), *answer(held, request, numbers)))

    def refused(message: str) -> Element:
        more = (RELATION("HasPatientrelation", "false"),) if operation == "CheckPatientRelation" else ()
        return outer.root(f"{operation}Response", outer.root(name, _result("ERROR", message), *more))

    return Contract(f"{operation}Request", outer.uri, lambda request: (request.must("PatientId"),), told, refused)


def _result(code: str, text: str = "") -> Element:
    return RELATION.root("Result", RELATION("ResultCode", code), RELATION.root("ResultText", text))
