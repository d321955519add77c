"""The last entry of each patient key: from there its list goes on.

Only who holds the lock of a shard's head asks, and what is remembered counts only while nobody else has appended: then the head
is the one that was left. A transaction that came to nothing leaves an older head behind, and so is forgotten as well.
"""

from collections.abc import Iterable
from functools import cache

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, bindparam, column, func, or_, select, true, union_all
from sqlalchemy.dialects.postgresql import ARRAY

from hub.audit import HASH_SIZE
from hub.store.prepared import ForMany, Prepared
from hub.store.tables import audit, audit_ended

START = (0, bytes(HASH_SIZE))
"""Before the first entry: its running number is 1, and what it names as the one before it is nothing."""
Last = dict[int, tuple[int, bytes]]
"""Patient key -> running number and leaf hash of its last entry."""
Head = tuple[int, bytes]
"""Size and frontier."""
MOST = 65_536
"""Patient keys that are remembered of a shard; beyond it memory begins anew."""
RECENT = 40 * 86_400_000_000
"""Microseconds: within it PostgreSQL looks for the last entry of a key before it looks into every month."""
_AT_ONCE = 64


class Chains:
    """State: for each shard the head that was left, and the last entries of those who were met since."""

    def __init__(self) -> None:
        self._held: dict[int, tuple[Head, Last]] = {}

    def of(self, connection: Connection, shard: int, head: Head, keys: Iterable[int], at: int) -> Last:
        """The last entries of `keys`, to be carried on by the caller; a key without entries is absent.

        Takes: `at`: the time of what is appended.
        """
        left, last = self._held.pop(shard, (None, {}))
        if left != head or len(last) > MOST:
            last = {}
        unknown = sorted(pk for pk in keys if pk not in last)
        look_up = _in_one_table if connection.dialect.name == "sqlite" else _by_month
        for first in range(0, len(unknown), _AT_ONCE):
            last |= look_up(connection, shard, unknown[first : first + _AT_ONCE], at)
        missing = [pk for pk in unknown if pk not in last]  # nobody met them yet, or all that there was of them is removed
        last |= {pk: (n, leaf) for pk, n, leaf in _ENDED.rows(connection, missing)}
        return last

    def keep(self, shard: int, head: Head, last: Last) -> None:
        """Remember `last` for whoever finds `head`."""
        self._held[shard] = (head, last)


def _in_one_table(connection: Connection, shard: int, keys: list[int], _: int) -> Last:
    size = 1 << (len(keys) - 1).bit_length()
    padded = keys + [keys[-1]] * (size - len(keys))
    rows = _last(size).rows(connection, {f"p{n}": pk for n, pk in enumerate(padded)} | {"shard": shard})
    return {pk: (n, leaf) for pk, n, leaf in rows}


def _by_month(connection: Connection, shard: int, keys: list[int], at: int) -> Last:
    """As above, in the newest months first: each month that is looked into costs a look-up."""
    found: Last = {}
    for since in (at - RECENT, 0):
        left = [pk for pk in keys if pk not in found]
        rows = _SINCE.rows(connection, {"keys": left, "shard": shard, "since": since}) if left else []
        found |= {pk: (n, leaf) for pk, n, leaf in rows}
    return found


@cache
def _last(size: int) -> Prepared:
    """The last entries of so many keys; few sizes, so that few statements serve batches of every length."""
    each = [_newest(bindparam(f"p{n}", type_=BigInteger)).subquery(f"s{n}") for n in range(size)]
    return Prepared(union_all(*[select(found) for found in each]))


def _newest(key: ColumnElement[int], *more: ColumnElement[bool]) -> Select[int, int, bytes]:
    return (
        select(audit.c.pk, audit.c.number, audit.c.leaf)
        .where(audit.c.pk == key, audit.c.shard == bindparam("shard"), *more)
        .order_by(audit.c.seq.desc())
        .limit(1)
    )


_KEYS = (
    func.unnest(bindparam("keys", type_=ARRAY(BigInteger))).table_valued(column("pk", BigInteger), name="wanted").render_derived()
)
_FOUND = _newest(_KEYS.c.pk, audit.c.at >= bindparam("since", type_=BigInteger)).lateral("newest")
_SINCE = Prepared(select(_FOUND.c.pk, _FOUND.c.number, _FOUND.c.leaf).select_from(_KEYS.join(_FOUND, true())))
_ENDED = ForMany(
    lambda keys: select(audit_ended.c.pk, audit_ended.c.number, audit_ended.c.leaf).where(
        or_(*(audit_ended.c.pk == key for key in keys))
    )
)
