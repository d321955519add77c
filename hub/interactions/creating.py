"""Plain creates of several callers in one transaction: one statement for each table and one commit for all that wait.

What is plain: no condition, no Provenance beside it, and no grounds that it registers. Where anything of it stands in the way,
nothing is written, and each is carried out by itself (`hub.interactions.changes`), where it is said what is wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.errors import HubError
from hub.fhir.compartment import patients as compartments
from hub.fhir.custody import API_FAMILY
from hub.fhir.encoded import encoded
from hub.fhir.identity import rid
from hub.fhir.masking import hidden
from hub.fhir.resource import Resource
from hub.interactions.changes import Change, Written, clean, log_entry, new_id
from hub.interactions.context import Context
from hub.interactions.owning import place, registers
from hub.interactions.plan import question_about
from hub.interactions.read import Held
from hub.interactions.whose import patient_key
from hub.interactions.written_custody import custody_of
from hub.store.database import Connection
from hub.store.deposit import Record, deposit_new
from hub.store.known import Known, locked
from hub.store.patients import locate_all


@dataclass(frozen=True, slots=True)
class Creation:
    """One create, and who asks for it."""

    context: Context
    change: Change


class NotPlain(Exception):
    """One of them must be looked at by itself."""


def is_plain(context: Context, change: Change) -> bool:
    """Whether a change may be carried out together with others."""
    more = change.condition or change.absent or change.provenance or registers(change.type)
    return change.action == "create" and not more


def created_together(given: Sequence[Creation]) -> list[Written | HubError]:
    """Create all of them in one transaction. Gives: for each what was written, or that it is not valid.

    Raises: whatever stands in the way of one of them; then nothing is written.
    """
    outcomes = [_cleaned(each) for each in given]
    valid = [(each, made) for each, made in zip(given, outcomes, strict=True) if not isinstance(made, HubError)]
    written = iter(_created(valid) if valid else ())
    return [each if isinstance(each, HubError) else next(written) for each in outcomes]


def _cleaned(given: Creation) -> Resource | HubError:
    context, change = given.context, given.change
    try:
        return clean(change.type, {**(change.resource or {}), "id": new_id(context.hub.store, context, change)})
    except HubError as fault:
        return fault


def _created(given: Sequence[tuple[Creation, Resource]]) -> list[Written]:
    store = given[0][0].context.hub.store
    key, now = store.keys.identity, store.now()
    with store.database.appending() as connection:
        pks = _patients(connection, key, given)
        told = locked(connection, pks)
        records = [_record(connection, each, made, told[pk], now) for (each, made), pk in zip(given, pks, strict=True)]
        ids = [rid(key, f"{each.scope}{each.resources[0]['resourceType']}", each.resources[0]["id"]) for each in records]
        if locate_all(connection, ids):
            raise NotPlain
        times = {pk: max(now, each.recorded + 1) for pk, each in told.items()}
        stored = deposit_new(connection, key, times, list(zip(pks, records, strict=True)))
        leaves = [log_entry(each.context, each.change, told[pk], []) for (each, _), pk in zip(given, pks, strict=True)]
        store.audit.append_in(connection, *leaves)
    return [
        Written(made["resourceType"], made["id"], Held(its.bytes, its.version_id, its.recorded), created=True)
        for (_, made), (its,) in zip(given, stored, strict=True)
    ]


def _patients(connection: Connection, key: bytes, given: Sequence[tuple[Creation, Resource]]) -> list[int]:
    """The patient key of the record that each lies in."""
    numbers = [None if each.context.caller.kind == "system" else _named(key, made) for each, made in given]
    found = locate_all(connection, [number for number in numbers if number is not None])
    pks = []
    for number, (each, made) in zip(numbers, given, strict=True):
        pk = patient_key(connection, key, each.context.caller, made) if number is None else found.get(number)
        if pk is None:
            raise NotPlain
        pks.append(pk)
    return pks


def _named(key: bytes, resource: Resource) -> int:
    """The store's number of the one Patient whom a resource names."""
    named = compartments(resource)
    if len(named) != 1:
        raise NotPlain
    return rid(key, "Patient", named[0])


def _record(connection: Connection, given: Creation, resource: Resource, told: Known, now: int) -> Record:
    context, caller, store = given.context, given.context.caller, given.context.hub.store
    if caller.kind == "patient" and caller.person not in map(str, told.facts.numbers):
        raise NotPlain
    if caller.kind != "system":
        context.demand(question_about(context.hub, told, now))
    if told.facts.protected:
        resource = hidden(resource)
    custody = custody_of(context, resource)
    address = f"{resource['resourceType']}/{resource['id']}"
    entry, scope = place(connection, store, caller, custody, address, given=True, before=None)
    return Record(entry, API_FAMILY, custody, (encoded(resource),), scope)
