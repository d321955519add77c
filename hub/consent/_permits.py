"""Permits of a FHIR Consent: the reading units, and employees in them, that the patient consents to, and of which data.

Nested denials are exceptions. A nested permit adds nothing to its parent, unless it says itself of which data it is (IHE PCF
advanced: more for one of the recipients): then it is a permit of its own, which has from its parent what it does not say, and the
parent's denials.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hub.consent._data import DATA, Placed, check_told, limits_of, nested
from hub.consent._parts import EMERGENCIES, RECIPIENT, Context, Recipient, actors, coding, for_care, listed, only, recipient
from hub.consent.grounds import Consent
from hub.consent.limits import Limits
from hub.errors import Unprocessable

_ROOT = "Consent.provision"
_NESTED = ("type", "actor", "purpose", *DATA, "provision")


@dataclass(frozen=True, slots=True)
class Permit:
    """A provision that permits, with what it has from its parent."""

    place: str
    said: Mapping[str, Any]
    exceptions: tuple[Placed, ...]
    within: "Permit | None" = None
    """Whose recipients its own must be among."""


def permits(root: Any) -> Iterator[Permit]:
    """Every provision that permits.

    Raises: Unprocessable: the provision says what no consent of the acts can say.
    """
    kind = root.get("type") if isinstance(root, dict) else None
    if kind not in ("permit", None):
        raise Unprocessable("neither permit nor deny", f"{_ROOT}.type")
    read = only(root, (*_NESTED, "period") if kind else ("period", "provision"), _ROOT)
    inner = nested(read, _ROOT)
    for place, each in inner:
        if only(each, _NESTED, place).get("type") not in ("permit", "deny" if kind else "permit"):
            raise Unprocessable("neither permit nor an exception to one", f"{place}.type")
    allowed = [(place, each) for place, each in inner if each["type"] == "permit"]
    if not kind:
        yield from (Permit(place, each, tuple(nested(each, place))) for place, each in allowed)
        return
    whole = Permit(_ROOT, read, tuple((place, each) for place, each in inner if each["type"] == "deny"))
    yield whole
    for place, each in allowed:
        check_told(each, place)
        if each.keys() & {*DATA, "provision"} and not _of_emergencies(each, place):
            yield Permit(place, {**read, **each}, (*nested(each, place), *whole.exceptions), whole)


def consents(permit: Permit, held: Mapping[str, Any], made: dict[str, Any], context: Context) -> Iterator[Consent]:
    """One consent for each recipient of a provision. `made`: all that they have in common.

    Raises: Unprocessable: it names no recipient, or one that the directory does not know; or it is not for care.
    """
    for_care(permit.said, permit.place)
    limits = _fields(limits_of(permit.said, permit.place, permit.exceptions, context))
    if limits and made["regime"] != "SVOD":
        raise Unprocessable("the medication list is consented to as a whole", permit.place)
    for where, reader in _recipients(permit, held, context):
        provider = context.directory.provider_of(reader.unit)
        if provider is None:
            raise Unprocessable("the directory knows no such unit", where)
        yield Consent(**made, **limits, provider=provider, unit=reader.unit.upper(), employee=reader.employee.upper())


def data_fields(said: Any, place: str, context: Context) -> dict[str, Any]:
    """The fields of a consent to the data that a permit's elements say: `DATA`, and in `provision` what is excepted.

    Raises: Unprocessable: they say something else, or what cannot be kept.
    """
    held = only(said, (*DATA, "provision"), place)
    return _fields(limits_of(held, place, nested(held, place), context))


def _recipients(permit: Permit, held: Mapping[str, Any], context: Context) -> list[tuple[str, Recipient]]:
    parts = [each for each in listed(held, "contained", "Consent") if isinstance(each, dict)]
    contained = {str(each.get("id")): each for each in parts}
    if len(contained) < len(parts):
        raise Unprocessable("two of these have one id, so that nobody can tell which is meant", "Consent.contained")
    readers = actors(permit.said, permit.place, RECIPIENT)
    if not readers:
        raise Unprocessable("names no reading unit", f"{permit.place}.actor")
    found = [(where, recipient(reference, contained, context, where)) for where, reference in readers]
    if permit.within:
        wider = [each for _, each in _recipients(permit.within, held, context)]
        for where, reader in found:
            if not any(reader.unit == each.unit and each.employee in ("", reader.employee) for each in wider):
                raise Unprocessable("is not among those to whom the permit around it is given", where)
    return found


def _of_emergencies(permit: Mapping[str, Any], place: str) -> bool:
    """Whether it is for emergencies alone, and so adds nothing."""
    purposes = {coding(each, f"{place}.purpose") for each in listed(permit, "purpose", place)}
    return bool(purposes) and purposes <= EMERGENCIES


def _fields(limits: Limits) -> dict[str, Any]:
    """The limits as a consent has them: in fields of its own where these can say it, which is how they always were kept."""
    if not any(limits.elements):
        return {}
    plain = not (limits.types or limits.kinds or limits.data or limits.labels)
    each = [set(one.elements) for one in limits.but]
    simple = all(its in ({"dataPeriod"}, {"actor"}, {"class"}) for its in each) and not any(one.kinds for one in limits.but)
    if not plain or not simple or each.count({"dataPeriod"}) > 1:
        return {"within": limits}
    time = next((one for one in limits.but if one.start or one.end), Limits())
    found = {
        "information_start": limits.start,
        "information_end": limits.end,
        "except_start": time.start,
        "except_end": time.end,
        "except_holders": tuple(sorted({held for one in limits.but for held in one.holders})),
        "except_types": tuple(sorted({held for one in limits.but for held in one.types})),
    }
    return {name: value for name, value in found.items() if value}
