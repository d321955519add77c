"""Proofs from the access log, for who may see the entry: that it stands under the last checkpoint, and that the log only grew."""

from collections.abc import Sequence
from typing import Any

from hub import checkpoint_keys
from hub.checkpointing import Checkpoints
from hub.checkpoints import Checkpoint, Invalid, PublicKey, read
from hub.errors import AuditUnavailable, NotFound
from hub.interactions import logbook
from hub.interactions.context import Context
from hub.interactions.log import check_reader, is_readers, logged, names_protected
from hub.store.audit_log import Leaf
from hub.store.audit_proofs import growth, proof
from hub.store.audit_reading import entries
from hub.store.store import Store
from hub.store.tables import NO_PATIENT


async def proof_of(context: Context, shard: int, seq: int, resource: str) -> dict[str, Any]:
    """An entry with its path to the last checkpoint; of an answer also the path of one version that it held.

    Takes: `resource`: `id/version`, or nothing.
    Raises: Forbidden; NotFound: no such entry that the caller may see, or none under a checkpoint yet.
    """
    found: dict[str, Any] = await logged(context, "read-log", _proof, shard, seq, resource)
    return found


async def consistency_of(context: Context, first: int, second: int) -> dict[str, Any]:
    """The paths from the log of checkpoint `first` to that of `second` (from 1), with both.

    Raises: Forbidden; NotFound: no such checkpoints.
    """
    found: dict[str, Any] = await logged(context, "read-log", _consistency, first, second)
    return found


def _proof(store: Store, context: Context, shard: int, seq: int, resource: str) -> tuple[dict[str, Any], Leaf]:
    [*_, note], keys = _checkpoints(context, last=True)
    found = entries(store.reader(), after=seq - 1, limit=1, shard=shard)
    if not found or found[0].seq != seq or not is_readers(store, context, found[0]):
        raise NotFound("there is no such entry")
    try:
        held = proof(store.reader(), shard, seq, _read(note, keys), resource)
    except ValueError:
        raise NotFound("there is no such entry under the last checkpoint, or its answer held no such version") from None
    if context.caller.kind == "patient" and names_protected(context, found[0]):
        held = {name: value for name, value in held.items() if name != "entry"} | {"leaf": found[0].leaf.hex()}
    return held | {"checkpoint": note}, _leaf(context, found[0].pk if context.caller.kind == "patient" else NO_PATIENT)


def _consistency(store: Store, context: Context, first: int, second: int) -> tuple[dict[str, Any], Leaf]:
    notes, keys = _checkpoints(context)
    if not 1 <= first <= second <= len(notes):
        raise NotFound(f"there are {len(notes)} checkpoints: name an earlier and a later, from 1")
    try:
        paths = growth(store.reader(), _read(notes[first - 1], keys), _read(notes[second - 1], keys))
    except ValueError:
        raise NotFound("the log has no proof of it: it is not the one that was signed") from None
    return {"shards": paths, "checkpoints": [notes[first - 1], notes[second - 1]]}, _leaf(context, NO_PATIENT)


def _checkpoints(context: Context, last: bool = False) -> tuple[list[str], Sequence[PublicKey]]:
    """The notes, or the last of them, unread, and the keys that they are signed with."""
    check_reader(context)
    config = context.hub.config
    try:
        signed = Checkpoints(config.checkpoint_file, config.data)
        notes = [] if not signed.path.exists() else signed.needed() if last else signed.notes()
        keys = checkpoint_keys.load(config.data).keys
    except (Invalid, OSError):
        raise AuditUnavailable("the checkpoints cannot be read") from None
    if not notes:
        raise NotFound("there is no checkpoint yet")
    return notes, keys


def _read(note: str, keys: Sequence[PublicKey]) -> Checkpoint:
    try:
        return read(note, keys)
    except Invalid:
        raise AuditUnavailable("the checkpoints cannot be read") from None


def _leaf(context: Context, pk: int) -> Leaf:
    return logbook.administered(context.caller, "read-log", pk, "", context.request_id, released=1)
