"""Permits of a FHIR Consent: the reading units, and employees in them, that the patient consents to, and of which data.

A `dataPeriod` and nested denials limit a permit (IHE PCF intermediate: one level). A denial with several elements would be of
what all of them match; it is refused, as are permits of data by instance, author or encounter, and labels (PCF advanced).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from hub.consent._denials import information_type
from hub.consent._parts import CUSTODIAN, RECIPIENT, Context, actors, for_care, hsa_of, listed, only, period, recipient
from hub.consent.grounds import Consent
from hub.errors import Unprocessable

_ROOT = "Consent.provision"
_ELEMENTS = ("type", "period", "actor", "purpose", "dataPeriod", "provision")
_NESTED = ("type", "actor", "purpose")


def permits(root: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(place, provision) of every provision that permits.

    Raises: Unprocessable: the provision says what no consent of the acts can say.
    """
    kind = root.get("type") if isinstance(root, dict) else None
    if kind not in ("permit", None):
        raise Unprocessable("neither permit nor deny", f"{_ROOT}.type")
    read = only(root, _ELEMENTS if kind else ("period", "provision"), _ROOT)
    nested = [(f"{_ROOT}.provision[{number}]", each) for number, each in enumerate(listed(read, "provision", _ROOT))]
    for place, each in nested:
        if only(each, (*_NESTED, "dataPeriod", "class"), place).get("type") == "permit":
            only(each, _NESTED, place)
        elif not kind or each.get("type") != "deny":
            raise Unprocessable("neither permit nor an exception to one", f"{place}.type")
    yield from [(_ROOT, read)] if kind else nested


def consents(
    permit: Mapping[str, Any], place: str, held: Mapping[str, Any], made: dict[str, Any], context: Context
) -> Iterator[Consent]:
    """One consent for each recipient of a provision. `made`: all that they have in common.

    Raises: Unprocessable: it names no recipient, or one that the directory does not know; or it is not for care.
    """
    for_care(permit, place)
    contained = {str(each.get("id")): each for each in listed(held, "contained", "Consent") if isinstance(each, dict)}
    limits = _limits(permit, place, context)
    if limits and made["regime"] != "SVOD":
        raise Unprocessable("the medication list is consented to as a whole", place)
    readers = actors(permit, place, RECIPIENT)
    if not readers:
        raise Unprocessable("names no reading unit", f"{place}.actor")
    for where, reference in readers:
        reader = recipient(reference, contained, context, where)
        provider = context.directory.provider_of(reader.unit)
        if provider is None:
            raise Unprocessable("the directory knows no such unit", where)
        yield Consent(**made, **limits, provider=provider, unit=reader.unit.upper(), employee=reader.employee.upper())


def _limits(permit: Mapping[str, Any], place: str, context: Context) -> dict[str, Any]:
    """Of which data alone a provision is: its own period, and what its nested denials except.

    Raises: Unprocessable: an exception that is not of one thing: a period, custodians, or information types.
    """
    found: dict[str, Any] = {}
    if "dataPeriod" in permit:
        found["information_start"], found["information_end"] = _times(permit, place)
    holders: list[str] = []
    types: list[str] = []
    for number, each in enumerate(listed(permit, "provision", place)):
        where = f"{place}.provision[{number}]"
        said = each.keys() - {"type", "id", "extension"}
        if each.get("type") != "deny":
            continue
        if said == {"dataPeriod"} and "except_start" not in found:
            found["except_start"], found["except_end"] = _times(each, where)
        elif said == {"actor"} and each["actor"]:
            holders += [_holder(reference, at, context) for at, reference in actors(each, where, CUSTODIAN)]
        elif said == {"class"} and each["class"]:
            types += [information_type(held, f"{where}.class") for held in listed(each, "class", where)]
        else:
            raise Unprocessable("an exception is of one period, of custodians, or of information types", where)
    if holders:
        found["except_holders"] = tuple(sorted(set(holders)))
    return found | ({"except_types": tuple(sorted(set(types)))} if types else {})


def _times(provision: Mapping[str, Any], place: str) -> tuple[datetime | None, datetime | None]:
    """The `dataPeriod` of a provision. Raises: Unprocessable: it has neither beginning nor end."""
    found = period(provision["dataPeriod"], f"{place}.dataPeriod")
    if found == (None, None):
        raise Unprocessable("a period has a beginning or an end", f"{place}.dataPeriod")
    return found


def _holder(reference: Any, place: str, context: Context) -> str:
    """The care provider or unit whose data are excepted."""
    found = hsa_of(reference, place)
    if found not in context.directory.providers and found not in context.directory.units:
        raise Unprocessable("the directory knows no such provider or unit", place)
    return found
