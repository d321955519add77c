"""The elements of a FHIR Consent's provision that say of which data it is, read as `Limits`."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from hub.consent._denials import information_type
from hub.consent._labels import CONFIDENTIALITY, LEVELS, Label
from hub.consent._parts import CUSTODIAN, Context, actors, coding, hsa_of, listed, only, period
from hub.consent._references import WITHIN
from hub.consent.limits import DEEPEST, MEANINGS, MOST, Data, Limits, Meaning
from hub.errors import Unprocessable
from hub.fhir.types import TYPES

DATA = ("dataPeriod", "class", "data", "securityLabel")
"""What a provision says of data itself; a denial also names custodians, and any may have exceptions."""
RESOURCE_TYPES = "http://hl7.org/fhir/resource-types"
_LITERAL = re.compile(r"([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}")
_AUTHORS = frozenset(("Practitioner", "PractitionerRole", "Organization", "Device", "CareTeam", "Patient", "RelatedPerson"))
"""Who may have written data. A Group stands for its members, who are not looked up."""
_OTHER = {"permit": "deny", "deny": "permit"}
Placed = tuple[str, Any]
"""A nested provision with its place."""


def limits_of(said: Mapping[str, Any], place: str, exceptions: Sequence[Placed], context: Context) -> Limits:
    """Of which data a permit is. Takes: `exceptions`: the denials nested in it.

    Raises: Unprocessable: it says what cannot be kept, or more than is kept.
    """
    found = _read(said, place, context, "permit", [], exceptions)
    if found.size > MOST:
        raise Unprocessable(f"names more than {MOST} values: give several consents, or name fewer", place)
    if found.depth > DEEPEST:
        raise Unprocessable(f"has more than {DEEPEST} provisions in each other", place)
    return found


def nested(said: Mapping[str, Any], place: str) -> list[Placed]:
    """The provisions in a provision, with their places."""
    return [(f"{place}.provision[{number}]", each) for number, each in enumerate(listed(said, "provision", place))]


def check_told(said: Mapping[str, Any], place: str) -> None:
    """Raises: Unprocessable: an element that is there and names nothing, which no FHIR has: who wrote it meant something."""
    empty = next((name for name in (*DATA, "provision") if name in said and not said[name]), None)
    if empty and not (place == "Consent.provision" and empty == "provision"):
        raise Unprocessable("names nothing", f"{place}.{empty}")


def _excepted(held: Any, place: str, context: Context, kind: str) -> Limits:
    """An exception, of that kind."""
    said = only(held, ("type", "actor", *DATA, "provision"), place)
    if said.get("type") != kind:
        raise Unprocessable(f"in this place only a provision of type {kind} says anything", f"{place}.type")
    holders = [_holder(reference, at, context) for at, reference in actors(said, place, CUSTODIAN)]
    found = _read(said, place, context, kind, holders, nested(said, place))
    if not set(found.elements) - {"provision"}:
        raise Unprocessable("an exception says of which data it is", place)
    return found


def _read(
    said: Mapping[str, Any], place: str, context: Context, kind: str, holders: Sequence[str], exceptions: Sequence[Placed]
) -> Limits:
    check_told(said, place)
    start, end = _times(said, place) if "dataPeriod" in said else (None, None)
    types, kinds = _classes(said, place)
    return Limits(
        start=start,
        end=end,
        holders=_each(holders),
        types=_each(types),
        kinds=_each(kinds),
        data=_each([_data(each, f"{place}.data[{number}]", context) for number, each in enumerate(listed(said, "data", place))]),
        labels=_each([_label(each, f"{place}.securityLabel") for each in listed(said, "securityLabel", place)]),
        but=tuple(_excepted(each, where, context, _OTHER[kind]) for where, each in exceptions),
    )


def _each(found: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(sorted(set(found)))


def _times(said: Mapping[str, Any], place: str) -> tuple[datetime | None, datetime | None]:
    """Raises: Unprocessable: a period with neither beginning nor end."""
    found = period(said["dataPeriod"], f"{place}.dataPeriod")
    if found == (None, None):
        raise Unprocessable("a period has a beginning or an end", f"{place}.dataPeriod")
    return found


def _classes(said: Mapping[str, Any], place: str) -> tuple[list[str], list[str]]:
    """Information types, and resource types."""
    types, kinds = [], []
    for each in listed(said, "class", place):
        system, code = coding(each, f"{place}.class")
        if system != RESOURCE_TYPES:
            types.append(information_type(each, f"{place}.class"))
        elif code in TYPES and not TYPES[code].shared:
            kinds.append(code)
        else:
            raise Unprocessable("the hub holds no such type of a patient's data", f"{place}.class")
    return types, kinds


def _data(held: Any, place: str, context: Context) -> Data:
    said = only(held, ("meaning", "reference"), place)
    meaning = next((each for each in MEANINGS if each == said.get("meaning")), None)
    reference = _reference(said.get("reference"), f"{place}.reference", meaning, context)
    read = _LITERAL.fullmatch(reference) if isinstance(reference, str) else None
    kind = read[1] if read else ""
    if meaning is None:
        raise Unprocessable(f"one of {', '.join(MEANINGS)}", f"{place}.meaning")
    if read is None:
        raise Unprocessable("name the resource by its reference here, Type/id, without a version", f"{place}.reference")
    if meaning == "authoredby" and kind not in _AUTHORS:
        raise Unprocessable("no author of data: name a person, a role, a team or an organization", f"{place}.reference")
    if meaning == "related" and kind not in WITHIN:
        raise Unprocessable(f"related data are those of one of {', '.join(WITHIN)}; say dependents", f"{place}.reference")
    if meaning in ("instance", "dependents") and (kind not in TYPES or TYPES[kind].shared):
        raise Unprocessable("the hub holds no such type of a patient's data", f"{place}.reference")
    return Data(meaning, read[0])


def _reference(held: Any, place: str, meaning: Meaning | None, context: Context) -> Any:
    """The literal reference; of an author also found by the HSA-id."""
    written = only(held, ("reference", "type", "identifier", "display"), place)
    if "identifier" not in written:
        return written.get("reference")
    if meaning != "authoredby" or "reference" in written:
        raise Unprocessable("name the resource by its reference, or an author by HSA-id, and not by both", place)
    literal = context.literal(str(written.get("type")), hsa_of(written, place))
    if literal is None:
        raise Unprocessable(
            "the directory knows no such author: tell the type, Practitioner or Organization, and the HSA-id", place
        )
    return literal


def _label(held: Any, place: str) -> Label:
    system, code = coding(held, place)
    if not system or not code:
        raise Unprocessable("a label has a system and a code", place)
    if system == CONFIDENTIALITY and code.casefold() not in LEVELS:
        raise Unprocessable("not a code of v3-Confidentiality", place)
    return system, code


def _holder(reference: Any, place: str, context: Context) -> str:
    """The care provider or unit whose data are excepted."""
    found = hsa_of(reference, place)
    if found not in context.directory.providers and found not in context.directory.units:
        raise Unprocessable("the directory knows no such provider or unit", place)
    return found
