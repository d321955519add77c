"""Denials of a FHIR Consent. With a custodian they are blocks: its data are closed, perhaps of a time, perhaps but for a type. A
nested permit for the custodian itself adds nothing (a block never binds its own unit or provider) and may stand; one with `class`
leaves those information types open. Any other exception would make of it something that is no block.

With none they are dissents: of all the act lets others read, by everybody or by the recipients that it names; perhaps but for
emergencies, of which a nested permit names nobody, for who may then read is the law's to say.
"""

from collections.abc import Mapping
from typing import Any

from hub.consent._parts import (
    CUSTODIAN,
    EMERGENCIES,
    INFORMATION_TYPE,
    RECIPIENT,
    Context,
    Recipient,
    actors,
    coded,
    coding,
    for_care,
    hsa_of,
    listed,
    only,
    period,
    recipient,
    representative,
)
from hub.consent.grounds import Block, Dissent
from hub.consent.info_types import EXCLUDABLE
from hub.errors import Unprocessable

_ROOT = "Consent.provision"
_ELEMENTS = ("type", "period", "actor", "purpose", "dataPeriod", "provision")
_EVERYBODY = Recipient("")


def denials(held: Mapping[str, Any], made: dict[str, Any], context: Context, named: bool) -> tuple[Block | Dissent, ...]:
    """The blocks or dissents of a root denial. `made`: all that they have in common; `named`: the category says block.

    Raises: Unprocessable: it denies something that neither can, or was given by a guardian (SVOD 2:3).
    """
    if representative(held):
        raise Unprocessable("a block is the patient's own to register, and so is a dissent", "Consent.performer")
    deny = only(held.get("provision"), (*_ELEMENTS, "class", "data", "securityLabel"), _ROOT)
    for_care(deny, _ROOT)
    roles = [coded(each.get("role"), f"{_ROOT}.actor") for each in listed(deny, "actor", _ROOT) if isinstance(each, dict)]
    return blocks(deny, made, context) if named or {CUSTODIAN} in roles else dissents(held, deny, made, context)


def dissents(held: Mapping[str, Any], deny: Mapping[str, Any], made: dict[str, Any], context: Context) -> tuple[Dissent, ...]:
    """One dissent for each recipient; of everybody where none is named.

    Raises: Unprocessable: it is of some data alone, or excepts something else than emergencies.
    """
    only(deny, ("type", "period", "actor", "purpose", "provision"), _ROOT)
    excepted = listed(deny, "provision", _ROOT)
    for number, each in enumerate(excepted):
        _check_emergency(each, f"{_ROOT}.provision[{number}]")
    contained = {str(each.get("id")): each for each in listed(held, "contained", "Consent") if isinstance(each, dict)}
    readers = [recipient(reference, contained, context, where) for where, reference in actors(deny, _ROOT, RECIPIENT)]
    return tuple(
        Dissent(
            **made,
            provider=(context.directory.provider_of(each.unit) or "") if each.unit else "",
            unit=each.unit.upper(),
            employee=each.employee.upper(),
            but_emergencies=bool(excepted),
        )
        for each in readers or [_EVERYBODY]
    )


def _check_emergency(held: Any, place: str) -> None:
    """Raises: Unprocessable: it is no permit for emergencies, of whomever the law lets open then."""
    read = only(held, ("type", "purpose"), place)
    purposes = {coding(each, f"{place}.purpose") for each in listed(read, "purpose", place)}
    if read.get("type") != "permit" or not purposes or not purposes <= EMERGENCIES:
        raise Unprocessable("of a denial of everything only emergencies can be excepted", place)


def blocks(said: Mapping[str, Any], made: dict[str, Any], context: Context) -> tuple[Block, ...]:
    """One block for each custodian. `said`: the root provision.

    Raises: Unprocessable: it denies something that no block can.
    """
    deny = only(said, _ELEMENTS, _ROOT)
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
