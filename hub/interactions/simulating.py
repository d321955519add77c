"""What would change if the patient gave a consent, set a block or said no: who would gain or lose what, by the one engine.

Only the patient asks, about the own record and what is released of it. Nothing is registered, and those named have seen nothing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from hub.caller import Caller
from hub.consent import provision
from hub.consent.grounds import Block, Commissioned, Consent, Dissent, Grounds
from hub.errors import Forbidden, HubError, InvalidRequest, NotFound
from hub.fhir.identifiers import Identifier
from hub.interactions import consents, logbook
from hub.interactions.body import Body
from hub.interactions.context import Context, check_caller
from hub.interactions.reaching import as_read_by, kind_name, named, reached
from hub.interactions.readers import as_told_to, is_protected, reader, supposing_care
from hub.interactions.registered import MADE
from hub.store.audit_log import Leaf
from hub.store.known import Known, known
from hub.store.patients import find
from hub.store.store import Store

ONE = "one of consent, block, dissent, as an object"
SIMULATED = "simulated"
"""Id of what is only supposed."""
MOST_READERS = 200
"""For whom it is worked out what would change."""
Seen = Counter[tuple[str, str]]
"""Entries by care provider and kind of information."""


async def simulate(context: Context, body: Mapping[str, Any]) -> dict[str, Any]:
    """Who would gain what by a consent, or lose what by a block or a dissent.

    Whoever a consent is for is supposed to take part in the care, whether or not they are named: that is when it is used.
    Takes: `body`: {`consent`: {`unit`, `employee`, `provision`: of which data, as in a FHIR Consent}} or {`block`: as one is
    registered, without the patient} or {`dissent`: {`unit`, `employee`, `but_emergencies`}}, of everybody where no unit is named.
    Gives: `readers`: each with `gains` or `loses`: entries by care provider and kind of information; `incomplete`: there are
    more whom it might make a difference for than `MOST_READERS`.
    Raises: Forbidden: not a patient; InvalidRequest; Unprocessable: of data that no consent can be of.
    """
    try:
        check_caller(context)
        if context.caller.kind != "patient":
            raise Forbidden("only the patient asks what a consent, a block or a dissent would change")
        return await context.durable(_simulated, context, dict(body))
    except HubError as fault:
        await context.refuse("simulate", "", fault)
        raise


def _simulated(store: Store, context: Context, body: dict[str, Any]) -> tuple[dict[str, Any], Leaf]:
    caller = context.caller
    system, _, value = caller.person.rpartition("|")
    pk = find(store.reader(), store.keys.identity, Identifier(system, value))
    if pk is None:
        raise NotFound("there is no such patient")
    told = known(store.reader(), pk, store.now())
    supposed = _supposed(context, store.keys.identity, body, told)
    named_so = _told(supposed)
    if isinstance(supposed, Consent | Dissent):
        supposed = replace(supposed, employee=as_told_to(caller, supposed.employee, context.hub.directory))
    now, at = context.hub.clock(), max(store.now(), told.recorded)
    changed = []
    readers = list(_readers(context, told, supposed))
    for who in readers[:MOST_READERS]:
        before = as_read_by(who, now, told)
        if isinstance(supposed, Consent):
            before = supposing_care(before)
        had, has = (_seen(store, context, told, given, at) for given in (before, _with(before, supposed)))
        gains, loses = has - had, had - has
        if gains or loses:
            changed.append(_shown(context, who, gains, loses))
    kind = supposed.KIND
    leaf = logbook.administered(caller, "simulate", told.pk, told.fhir_id, context.request_id, details={"type": kind})
    answer = {kind: named_so, "readers": changed, "incomplete": len(readers) > MOST_READERS}
    return answer, replace(leaf, epochs=((told.pk, told.epoch),))


def _supposed(context: Context, key: bytes, body: dict[str, Any], told: Known) -> provision.Given:
    now = context.hub.clock()
    if len(body) != 1 or not isinstance(held := next(iter(body.values())), dict):
        raise InvalidRequest(ONE)
    if "block" in body:
        made = MADE["block"](context, Body(held, now), SIMULATED, told)
        assert isinstance(made, Block)
        return replace(made, start=min(made.start, now))
    read = Body(held, now)
    if "dissent" in body:
        return _dissent(context, read)
    if "consent" not in body:
        raise InvalidRequest(ONE)
    unit, employee, said = read.text("unit", required=True), read.text("employee"), read.part("provision")
    read.done()
    made = _consent(reader(context.hub.directory, unit, employee), employee.upper(), now)
    reading = consents.read_as(context, key, now)
    return replace(made, **provision.data_fields(said, "consent.provision", reading)) if said is not None else made


def _dissent(context: Context, read: Body) -> Dissent:
    unit, employee, but_emergencies = read.text("unit"), read.text("employee"), read.flag("but_emergencies")
    read.done()
    whose: dict[str, Any] = {"provider": "", "unit": "", "employee": ""}
    if unit or employee:
        who = reader(context.hub.directory, unit, employee)
        whose = {"provider": who.provider, "unit": who.unit, "employee": employee.upper()}
    return Dissent(**_from(context.hub.clock()), **whose, regime="SVOD", but_emergencies=but_emergencies)


def _from(now: datetime) -> dict[str, Any]:
    return {"id": SIMULATED, "start": now, "end": None, "state": "active", "recorded": now, "recorded_by": ""}


def _consent(who: Caller, employee: str, now: datetime) -> Consent:
    whose: dict[str, Any] = {"provider": who.provider, "unit": who.unit, "employee": employee}
    return Consent(**_from(now), **whose, regime="SVOD", represented_by="")


def _readers(context: Context, told: Known, supposed: provision.Given) -> Iterator[Caller]:
    """Those for whom it might make a difference: whom the consent names; of a block or dissent, every unit and person that a
    ground names, and the units of a block's care provider itself, which need none."""
    directory = context.hub.directory
    if isinstance(supposed, Consent):
        yield reader(directory, supposed.unit, supposed.employee)
        return
    by_ground = {(each.unit.upper(), each.employee.upper()) for each in told.grounds if isinstance(each, Commissioned)}
    blocked = supposed.provider if isinstance(supposed, Block) else ""
    inside = {(unit, "") for unit, held in directory.units.items() if held.provider == blocked}
    for unit, employee in sorted(by_ground | {(unit, "") for unit, _ in by_ground} | inside):
        if directory.provider_of(unit) is not None:
            yield reader(directory, unit, employee)


def _with(given: Grounds, supposed: provision.Given) -> Grounds:
    if isinstance(supposed, Consent):
        return replace(given, consents=(*given.consents, supposed))
    if isinstance(supposed, Dissent):
        return replace(given, dissents=(*given.dissents, supposed))
    return replace(given, blocks=(*given.blocks, supposed))


def _seen(store: Store, context: Context, told: Known, given: Grounds, at: int) -> Seen:
    seen: Seen = Counter()
    for each in reached(store, context.hub, context.caller, told, given, at):
        seen[each.provider or "", each.info_type] += each.entries
    return seen


def _shown(context: Context, who: Caller, gains: Seen, loses: Seen) -> dict[str, Any]:
    directory = context.hub.directory
    counted = {
        name: [
            {"provider": named(directory.providers, provider), "kind": kind, "kindName": kind_name(kind), "entries": count}
            for (provider, kind), count in sorted(found.items())
        ]
        for name, found in (("gains", gains), ("loses", loses))
        if found
    }
    employee = who.subject if who.subject in directory.staff and not is_protected(directory, who.subject) else ""
    return {
        "unit": named(directory.units, who.unit),
        "provider": named(directory.providers, who.provider),
        "employee": employee,
    } | counted


def _told(supposed: provision.Given) -> dict[str, str]:
    return {name: held for name in ("type", "provider", "unit", "employee") if (held := getattr(supposed, name, ""))}
