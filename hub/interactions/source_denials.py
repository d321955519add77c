"""What a Consent that a source's client writes denies: blocks of what the care provider that keeps it there holds, for that alone
is the source's to close. It never permits: who may read is the patient's to say, or a reading unit's, and neither wrote it here.

One that cannot be read in full closes all of it, for what it excepts is not known. CONSENT.md section 6.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from hub.config import SourceConfig
from hub.consent import provision
from hub.consent.grounds import Block, Consent, Dissent
from hub.errors import Conflict
from hub.fhir.identifiers import hsa_id
from hub.fhir.identity import logical_id
from hub.fhir.resource import Resource
from hub.interactions.consents import read_as
from hub.interactions.context import Context
from hub.store.known import Known

MOST = 16
"""Blocks that one source's Consents may stand for, of one patient."""


def denied(context: Context, key: bytes, consent: Resource, told: Known) -> tuple[Block, ...]:
    """The blocks that a source's Consent stands for; those that it no longer stands for, ended.

    Takes: `key`: the identity key. Raises: Conflict: they are more than `MOST`.
    """
    source = context.hub.source(context.caller.source)
    if source is None:
        return ()
    given = provision.read_or_denied(consent, read_as(context, key, context.hub.clock()))
    base = _base(key, source.name, consent["id"])
    closing = [each for row in given for each in _blocks(row, source) if each.state == "active"]
    numbered = {f"{base}-{number}": each for number, each in enumerate(closing, 1)}
    found = {id: replace(each, id=id, recorded_by=context.caller.subject) for id, each in numbered.items()}
    _check_room(context, told, found)
    return (*found.values(), *lifted(context, key, consent["id"], told, but=frozenset(found)))


def _check_room(context: Context, told: Known, found: Mapping[str, Block]) -> None:
    """Of its own alone: how many blocks others have set is nothing that a source's client may come to know."""
    mine = (each for each in told.grounds if isinstance(each, Block) and each.recorded_by == context.caller.subject)
    standing = sum(each.state == "active" and each.id not in found for each in mine)
    if found and standing + len(found) > MOST:
        raise Conflict(f"what the source denies of the patient in other Consents is {MOST} blocks or nearly, which is the most")


def lifted(context: Context, key: bytes, consent_id: str, told: Known, but: frozenset[str] = frozenset()) -> tuple[Block, ...]:
    """The blocks that a source's Consent stood for, as they are when they end now. `but`: ids of those that stay."""
    now, base = context.hub.clock(), _base(key, context.caller.source, consent_id)
    over = (each for each in _of(told, base) if each.state == "active" and each.id not in but)
    return tuple(replace(each, state="ended", end=min(each.end or now, now)) for each in over)


def _base(key: bytes, source: str, consent_id: str) -> str:
    """What the ids of its blocks begin with: two sources may have chosen one id."""
    return logical_id(key, "denial", source, consent_id)


def _of(told: Known, base: str) -> Iterator[Block]:
    return (each for each in told.grounds if isinstance(each, Block) and each.id.split("-")[0] == base)


def _blocks(given: provision.Given, source: SourceConfig) -> Iterator[Block]:
    """The blocks of what the source may close; other care providers' data are not, nor is the medication list."""
    whole = (hsa_id(source.owner) or "").upper()
    match given:
        case Consent():
            return
        case Block(readable=True):
            if given.regime == "SVOD" and given.provider.upper() in source.holders:
                yield given
        case Dissent():
            if given.regime == "SVOD" and whole:
                yield _outer(given, whole)
        case Block():
            if whole:
                yield replace(given, provider=whole, readable=True)


def _outer(given: Dissent, provider: str) -> Block:
    """A dissent as far as the source may say it: its exception, of which the rules know nothing for a block, opens nothing."""
    return Block(
        id=given.id,
        start=given.start,
        end=given.end,
        state=given.state,
        recorded=given.recorded,
        recorded_by=given.recorded_by,
        type="outer",
        regime=given.regime,
        provider=provider,
        unit="",
        information_start=None,
        information_end=None,
        excluded=(),
    )
