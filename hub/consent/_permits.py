"""Permits of a FHIR Consent: the reading units, and employees in them, that the patient consents to."""

from collections.abc import Iterator, Mapping
from typing import Any

from hub.consent._parts import RECIPIENT, Context, actors, for_care, listed, only, recipient
from hub.consent.grounds import Consent
from hub.errors import Unprocessable

_ROOT = "Consent.provision"
_ELEMENTS = ("type", "period", "actor", "purpose", "provision")


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
        if only(each, ("type", "actor", "purpose"), place).get("type") != "permit":
            raise Unprocessable("an exception to a consent cannot be kept; register a block", f"{place}.type")
    yield from [(_ROOT, read)] if kind else nested


def consents(
    permit: Mapping[str, Any], place: str, held: Mapping[str, Any], made: dict[str, Any], context: Context
) -> Iterator[Consent]:
    """One consent for each recipient of a provision. `made`: all that they have in common.

    Raises: Unprocessable: it names no recipient, or one that the directory does not know; or it is not for care.
    """
    for_care(permit, place)
    contained = {str(each.get("id")): each for each in listed(held, "contained", "Consent") if isinstance(each, dict)}
    readers = actors(permit, place, RECIPIENT)
    if not readers:
        raise Unprocessable("names no reading unit", f"{place}.actor")
    for where, reference in readers:
        reader = recipient(reference, contained, context, where)
        provider = context.directory.provider_of(reader.unit)
        if provider is None:
            raise Unprocessable("the directory knows no such unit", where)
        yield Consent(**made, provider=provider, unit=reader.unit.upper(), employee=reader.employee.upper())
