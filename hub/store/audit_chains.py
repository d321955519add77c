"""The last entry of each patient key: from there its list goes on.

Only who holds the lock of a shard's head asks, and what is remembered counts only while nobody else has appended: then the head
is the one that was left. A transaction that came to nothing leaves an older head behind, and so is forgotten as well.
"""

from collections.abc import Iterable
from functools import cache

from sqlalchemy import BigInteger, Connection, bindparam, or_, select, union_all

from hub.audit import HASH_SIZE
from hub.store.prepared import Prepared
from hub.store.tables import audit, audit_ended

START = (0, bytes(HASH_SIZE))
"""Before the first entry: its running number is 1, and what it names as the one before it is nothing."""
Last = dict[int, tuple[int, bytes]]
"""Patient key -> running number and leaf hash of its last entry."""
Head = tuple[int, bytes]
"""Size and frontier."""
MOST = 65_536
"""Patient keys that are remembered of a shard; beyond it memory begins anew."""
_AT_ONCE = 64


class Chains:
    """State: for each shard the head that was left, and the last entries of those who were met since."""

    def __init__(self) -> None:
        self._held: dict[int, tuple[Head, Last]] = {}

    def of(self, connection: Connection, shard: int, head: Head, keys: Iterable[int]) -> Last:
        """The last entries of `keys`, to be carried on by the caller; a key without entries is absent."""
        left, last = self._held.pop(shard, (None, {}))
        if left != head or len(last) > MOST:
            last = {}
        unknown = sorted(pk for pk in keys if pk not in last)
        for at in range(0, len(unknown), _AT_ONCE):
            part = unknown[at : at + _AT_ONCE]
            size = 1 << (len(part) - 1).bit_length()
            padded = part + [part[-1]] * (size - len(part))
            rows = _last(size).rows(connection, {f"p{n}": pk for n, pk in enumerate(padded)} | {"shard": shard})
            last |= {pk: (n, leaf) for pk, n, leaf in rows}
            if not all(pk in last for pk in part):  # nobody looked at these yet, or what was is removed
                rows = _ended(size).rows(connection, {f"p{n}": pk for n, pk in enumerate(padded)})
                last |= {pk: (n, leaf) for pk, n, leaf in rows if pk not in last}
        return last

    def keep(self, shard: int, head: Head, last: Last) -> None:
        """Remember `last` for whoever finds `head`."""
        self._held[shard] = (head, last)


@cache
def _last(size: int) -> Prepared:
    """The last entries of so many keys; few sizes, so that few statements serve batches of every length."""
    each = [
        select(audit.c.pk, audit.c.number, audit.c.leaf)
        .where(audit.c.pk == bindparam(f"p{n}", type_=BigInteger), audit.c.shard == bindparam("shard"))
        .order_by(audit.c.seq.desc())
        .limit(1)
        .subquery(f"s{n}")
        for n in range(size)
    ]
    return Prepared(union_all(*[select(found) for found in each]))


@cache
def _ended(size: int) -> Prepared:
    """The last entries of so many keys that were removed."""
    named = or_(*(audit_ended.c.pk == bindparam(f"p{n}", type_=BigInteger) for n in range(size)))
    return Prepared(select(audit_ended.c.pk, audit_ended.c.number, audit_ended.c.leaf).where(named))
