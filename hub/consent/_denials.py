"""Denials of a FHIR Consent, where they are blocks: a custodian's data are closed, perhaps of a time, perhaps but for a type.

A nested permit for the custodian itself adds nothing (a block never binds its own unit or provider) and may stand; one
with `class` leaves those information types open. Any other exception would make of it something that is no block.
"""

from collections.abc import Mapping
from typing import Any

from hub.consent._parts import (
    CUSTODIAN,
    INFORMATION_TYPE,
    RECIPIENT,
    Context,
    actors,
    coding,
    for_care,
    hsa_of,
    listed,
    only,
    period,
    representative,
)
from hub.consent.grounds import Block
from hub.consent.info_types import EXCLUDABLE
from hub.errors import Unprocessable

_ROOT = "Consent.provision"
_ELEMENTS = ("type", "period", "actor", "purpose", "dataPeriod", "provision")


def blocks(held: Mapping[str, Any], made: dict[str, Any], context: Context) -> tuple[Block, ...]:
    """One block for each custodian. `made`: all that they have in common.

    Raises: Unprocessable: it denies something that no block can, or was given by a guardian (SVOD 2:3).
    """
    if representative(held):
        raise Unprocessable("a block is the patient's own to register", "Consent.performer")
    deny = only(held.get("provision"), _ELEMENTS, _ROOT)
    for_care(deny, _ROOT)
    custodians = [hsa_of(reference, where) for where, reference in actors(deny, _ROOT, CUSTODIAN)]
    if not custodians:
        raise Unprocessable("names no custodian", f"{_ROOT}.actor")
    information = period(deny.get("dataPeriod", {}), f"{_ROOT}.dataPeriod")
    excluded = _excluded(deny, set(custodians))
    whole = made | {"information_start": information[0], "information_end": information[1], "excluded": excluded}
    return tuple(Block(**whole, **_custodian(custodian, context)) for custodian in custodians)


def _custodian(found: str, context: Context) -> dict[str, Any]:
    if found in context.directory.providers:
        return {"type": "outer", "provider": found, "unit": ""}
    provider = context.directory.provider_of(found)
    if provider is None:
        raise Unprocessable("the directory knows no such provider or unit", f"{_ROOT}.actor")
    return {"type": "inner", "provider": provider, "unit": found}


def _excluded(deny: Mapping[str, Any], custodians: set[str]) -> tuple[str, ...]:
    """The information types that nested permits leave open."""
    found: set[str] = set()
    for number, each in enumerate(listed(deny, "provision", _ROOT)):
        place = f"{_ROOT}.provision[{number}]"
        read = only(each, ("type", "actor", "purpose", "class"), place)
        if read.get("type") != "permit":
            raise Unprocessable("a denial within a denial adds nothing that can be kept", f"{place}.type")
        if "class" in read and not {"actor", "purpose"} & read.keys():
            found |= {information_type(held, f"{place}.class") for held in listed(read, "class", place)}
        elif "class" in read or {hsa_of(to, where) for where, to in actors(read, place, RECIPIENT)} != custodians:
            raise Unprocessable("this exception cannot be kept", place)
    return tuple(sorted(found))


def information_type(held: Any, place: str) -> str:
    """An information type that a block may leave open, or a consent except.

    Raises: Unprocessable: any other.
    """
    system, code = coding(held, place)
    if system != INFORMATION_TYPE or code not in EXCLUDABLE:
        raise Unprocessable("not an information type that a block may leave open", place)
    return code
