"""Removing what of the log has outlived its retention: decided, stated under the log's own key, and only then deleted."""

from collections.abc import Mapping, Sequence

from hub import checkpoint_keys
from hub.checkpointing import Checkpoints
from hub.checkpoints import START, Checkpoint, digest, read_all, signed
from hub.config import Config
from hub.removals import Removal, check_removals, name_of, read_removals
from hub.store import audit_retention
from hub.store.audit_log import Leaf
from hub.store.audit_removed import begun, ends_of, removal_notes
from hub.store.audit_retention import Due, Held, Rules
from hub.store.patients import locate
from hub.store.store import Store


def rules_of(config: Config, store: Store) -> Rules:
    """The rules of a configuration. Raises: ValueError: a hold names a patient whom nobody knows."""
    keys = {
        each.patient: locate(store.reader(), store.keys.identity, "Patient", each.patient)
        for each in config.legal_holds
        if each.patient
    }
    if None in keys.values():
        raise ValueError("legal_hold: no patient has that id")
    return Rules(
        config.audit_years,
        {each.provider.upper(): each.years for each in config.retention},
        frozenset(each.provider.upper() for each in config.legal_holds if each.provider),
        frozenset(key for key in keys.values() if key is not None),
    )


def look(store: Store, config: Config, taken: Mapping[int, int]) -> tuple[Due | None, list[Held]]:
    """What may be removed now, and what must be kept first. Raises: ValueError; checkpoints.Invalid; OSError."""
    row, _ = _signed(config)
    return audit_retention.due(store.reader(), rules_of(config, store), store.now(), row, taken)


def expire(store: Store, config: Config, found: Due, leaf: Leaf) -> int:
    """Remove what is due. Gives: how many entries were deleted.

    Takes: `leaf`: the entry of it, which becomes durable with the statement, before anything is deleted.
    Raises: ValueError; checkpoints.Invalid: the log is not what was signed; AuditUnavailable; OSError.
    """
    checkpoints = Checkpoints(config.checkpoint_file, config.data)
    row, key = _signed(config)
    earlier = read_removals(removal_notes(store.reader()), key.keys)
    trees = audit_retention.trees(
        store.reader(), found.checkpoint, begun(earlier, row, lambda shard: ends_of(store.reader(), shard))
    )
    with checkpoints.held(), store.database.writing() as connection:
        row, key = _signed(config)  # while nobody rotates it
        notes = removal_notes(connection)
        earlier = read_removals(notes, key.keys)
        check_removals(earlier, row)
        shards = audit_retention.prepare(connection, found.checkpoint, trees)
        before = digest(notes[-1]) if notes else START
        at = max(store.now(), key.keys[-1].since, *(each.at for each in earlier))
        made = Removal(key.origin, name_of(found.checkpoint), shards, found.kept, at, before)
        check_removals([*earlier, made], row)
        audit_retention.state(connection, store.audit, len(notes) + 1, signed(made, key.private), leaf)
    checkpoints.make(store)
    return audit_retention.sweep(store.database)


def _signed(config: Config) -> tuple[Sequence[Checkpoint], checkpoint_keys.SigningKey]:
    key = checkpoint_keys.load(config.data)
    return read_all(Checkpoints(config.checkpoint_file, config.data).notes(), key.keys), key
