"""The grounds that a FHIR Consent registers, and who may change or end which of them. CONSENT.md sections 5 and 6."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from hub.caller import Caller
from hub.consent import provision
from hub.consent.grounds import Assertion, Block, Consent, Dissent
from hub.errors import Conflict, Forbidden, Unprocessable
from hub.fhir.identity import rid
from hub.fhir.resource import Resource
from hub.interactions.context import Context
from hub.interactions.room import check_limits, check_room
from hub.references import in_directory
from hub.store.database import Connection
from hub.store.held_entry import source_at
from hub.store.known import Known
from hub.store.patients import locate

Grounds = Sequence[provision.Given]
OF_AGE = 18
NOT_CLOSE = "whoever gives it in the patient's stead is one of the patient's RelatedPersons that the population register tells of"
LIFT = "a block is lifted only by the care provider that owns it"


def registered(context: Context, key: bytes, consent: Resource, told: Known) -> Grounds:
    """The grounds that a Consent registers; those that it registered before and no longer has are ended.

    Raises: Unprocessable: it cannot be read in full; Forbidden: not this caller's to give, change or end; Conflict: what has
    ended does not come back.
    """
    caller, now = context.caller, context.hub.clock()
    reading = read_as(context, key, now)
    found = provision.read(consent, reading)
    _check_giver(caller, found)
    if told.facts.deceased and any(each.state == "active" for each in found):
        raise Unprocessable("no consent can be registered for a deceased person", "Consent.patient")
    before = of(told, consent["id"])
    over = {each.id for each in before if each.state != "active"}
    whole = bool(before) and len(over) == len(before)
    if any(each.state == "active" and (whole or each.id in over) for each in found):
        raise Conflict("what has ended or was annulled does not come back: register a new one", "Consent.status")
    held = {each.id for each in before}
    for kind in (Block, Consent, Dissent):
        check_room(context, kind.KIND, told, sum(isinstance(e, kind) and e.state == "active" and e.id not in held for e in found))
    check_limits(found, told, now)
    new = {(each.KIND, each.id): each for each in found}
    for each in before:
        if isinstance(each, Block) and each.state == "active" and not _same(each, new.get((each.KIND, each.id))):
            raise Forbidden(LIFT)
    return (*found, *ended(context, [each for each in before if (each.KIND, each.id) not in new]))


def read_as(context: Context, key: bytes, now: datetime) -> provision.Context:
    """What is known besides a Consent when the caller writes it. Takes: `key`: the identity key."""
    directory = context.hub.directory
    literal = partial(in_directory, directory=directory, key=key)
    return provision.Context(directory=directory, literal=literal, recorded=now, recorded_by=context.caller.subject)


def check_representative(connection: Connection, key: bytes, context: Context, given: Grounds, told: Known) -> None:
    """A consent in the patient's stead is given by whom the register knows to be close to the patient; in an adult's only
    where the employee has asserted that the patient is incapable (SVOD 3:3).

    Raises: Unprocessable: it names somebody else; Forbidden: an adult, and nothing is asserted.
    """
    for each in given:
        if not isinstance(each, Consent) or each.state != "active" or not each.represented_by:
            continue
        if not _is_close(connection, key, context, each.represented_by, told):
            raise Unprocessable(NOT_CLOSE, "Consent.performer")
        age = told.facts.for_consent().age(context.hub.clock())
        if (age is None or age >= OF_AGE) and not _incapable(context, told):
            raise Forbidden("an adult is represented only where the patient's incapacity is asserted, at /access/assertions")


def _is_close(connection: Connection, key: bytes, context: Context, reference: str, told: Known) -> bool:
    kind, _, fhir_id = reference.partition("/")
    register = context.hub.register
    if context.caller.kind == "patient" or register is None or kind != "RelatedPerson":
        return False
    here = locate(connection, key, "RelatedPerson", fhir_id) == told.pk
    return here and source_at(connection, rid(key, "RelatedPerson", fhir_id), "RelatedPerson") == register.name


def _incapable(context: Context, told: Known) -> bool:
    caller, now = context.caller, context.hub.clock()
    mine = (each for each in told.grounds if isinstance(each, Assertion) and each.personal(caller))
    return any(each.type == "incapacity" and each.step and each.holds(now) for each in mine)


def ended(context: Context, given: Grounds) -> Grounds:
    """These grounds, as they are when they end now.

    Raises: Forbidden: a consent of another unit; a block, which only its owner lifts; another's dissent.
    """
    now, caller = context.hub.clock(), context.caller
    standing = [each for each in given if each.state == "active"]
    if any(isinstance(each, Block) for each in standing):
        raise Forbidden(LIFT)
    _check_giver(caller, standing)
    return [replace(each, state="ended", end=min(each.end or now, now)) for each in standing]


def of(told: Known, consent_id: str) -> Grounds:
    """What a Consent has registered so far."""
    return [each for each in told.grounds if isinstance(each, provision.Given) and each.id.split("-")[0] == consent_id]


def _check_giver(caller: Caller, given: Grounds) -> None:
    for each in given:
        if isinstance(each, Dissent) and caller.kind != "patient":
            raise Forbidden("only the patient says no to what others may read, and takes it back")
        if isinstance(each, Block) and caller.kind != "patient":
            raise Forbidden("a block is set by the patient, or at /access/blocks by the care provider's block administrator")
        if isinstance(each, Consent) and caller.staff and each.unit != caller.unit:
            raise Forbidden("a consent is registered and ended by the unit that it is given to, or by the patient")


def _same(block: Block, other: provision.Given | None) -> bool:
    """Whether a block is still the same, whoever wrote it down and when."""
    if not isinstance(other, Block):
        return False
    return replace(other, recorded=block.recorded, recorded_by=block.recorded_by, start=block.start) == block
