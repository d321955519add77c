"""The tables. Every sharded one has the patient key `pk` first in its primary key, so that Citus can shard by it.

Times are microseconds since 1970-01-01T00:00Z in big integers; `FOREVER` stands for an open end.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    text,
)
from sqlalchemy import Text as AnyText
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import SchemaItem

FOREVER = 2**62
"""Later than any time: an open end."""
NO_PATIENT = 0
"""The reserved patient key of what belongs to no patient: the directory, refusals, worklist needs."""

METADATA = MetaData()
Text = AnyText().with_variant(AnyText(collation="C"), "postgresql")
"""Texts compare by code point on both databases: one order of pages everywhere, and no index that an update of the operating
system's collations could break."""


def _key(name: str, kind: type = BigInteger) -> Column[int]:
    return Column(name, kind, primary_key=True, autoincrement=False)


def _custody() -> list[SchemaItem]:
    """The columns of `hub.fhir.custody.Custody`; truth values are 0, 1 or NULL (unknown)."""
    return [
        Column("source", Text, nullable=False),
        Column("provider", Text),
        Column("unit", Text),
        Column("info_type", Text, nullable=False),
        Column("regime", Text, nullable=False),
        Column("social", SmallInteger),
        Column("time_from", BigInteger),
        Column("time_to", BigInteger),
        Column("released", SmallInteger),
        Column("secret", SmallInteger),
        Column("nullified", SmallInteger),
        Column("insurance", SmallInteger),
        Column("purpose", Text),
        Column("incapacity", SmallInteger),
    ]


def _table(name: str, *columns: SchemaItem, rows_apart: bool = False) -> Table:
    return Table(name, METADATA, *columns, sqlite_with_rowid=rows_apart)


def _back(name: str, *columns: Column[Any]) -> None:
    Index(name, *columns, info={"only": "postgresql"}).ddl_if(dialect="postgresql")


patient = _table(
    "patient",
    _key("pk"),
    Column("fhir_id", Text, nullable=False),
    Column("recorded", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("facts", Text, nullable=False),
)
"""recorded: rises with every write of the patient; epoch: moves with every change of grounds."""

facts_past = _table(
    "facts_past",
    _key("pk"),
    _key("epoch"),
    Column("facts", Text, nullable=False),
    Column("recorded", BigInteger, nullable=False),
)
"""What the register said of a patient, from the epoch and the time on at which it was learnt (0: long ago)."""

number = _table("number", Column("digest", Text, primary_key=True), Column("pk", BigInteger, nullable=False))
"""Keyed digest of a patient number -> patient key. The one way from a number to a patient."""

entry = _table(
    "entry",
    _key("pk"),
    _key("entry"),
    Column("family", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("recorded", BigInteger, nullable=False),
    Column("withdrawn", BigInteger, nullable=False),
    Column("told", BigInteger, nullable=False),
    *_custody(),
)
"""told: when the message came that it was last written from."""
Index("entry_by_source", entry.c.source, entry.c.family, entry.c.withdrawn, entry.c.pk)

custody_past = _table("custody_past", _key("pk"), _key("entry"), _key("rec_to"), *_custody())
"""What custody said of an entry until `rec_to`, when it was changed. For explaining and replay: answers go by today's."""

resource = _table(
    "resource",
    _key("pk"),
    Column("type", Text, primary_key=True),
    _key("rid"),
    _key("version", Integer),
    Column("version_id", Text, nullable=False),
    Column("rec_from", BigInteger, nullable=False),
    Column("rec_to", BigInteger, nullable=False),
    Column("sort", BigInteger, nullable=False),
    Column("entry", BigInteger, nullable=False),
    Column("fhir_id", Text, nullable=False),
    Column("gone", SmallInteger, nullable=False),
    Column("digest", Text, nullable=False),
    *_custody(),
)
Index("resource_by_unit", resource.c.provider, resource.c.unit, resource.c.type, resource.c.rec_to)
Index("resource_by_source", resource.c.source, resource.c.type, resource.c.rec_to)
IS_CLOSED = text(f"rec_to <> {FOREVER}")
"""Of a row of `resource`: the version was replaced. As text: an index over such rows alone serves those who say the same."""
Index("resource_closed", resource.c.rec_to, resource.c.pk, sqlite_where=IS_CLOSED, postgresql_where=IS_CLOSED)
Index("resource_by_entry", resource.c.pk, resource.c.entry)

body = _table(
    "body",
    _key("pk"),
    _key("rid"),
    _key("version", Integer),
    Column("bytes", LargeBinary, nullable=False),
    Column("across", SmallInteger),
    rows_apart=True,
)
"""across: whether it refers to other entries (`hub.fhir.across`), so that it is not shown before it is known to which of them it
may; NULL: not known, as if it did."""

# An index `…_back` leads from a version to its keys: those of one version lie together, so that a write changes few pages.
# On SQLite it would be a second copy of each row, so there are only those of times and references (`hub.store.key_sets`).
ix_token = _table(
    "ix_token",
    _key("pk"),
    _key("param", Integer),
    Column("code", Text, primary_key=True),
    Column("system", Text, primary_key=True),
    _key("rid"),
    _key("version", Integer),
)
_back("ix_token_back", ix_token.c.pk, ix_token.c.rid, ix_token.c.version, ix_token.c.param)

ix_date = _table("ix_date", _key("pk"), _key("param", Integer), _key("lo"), _key("hi"), _key("rid"), _key("version", Integer))
Index("ix_date_back", ix_date.c.pk, ix_date.c.rid, ix_date.c.version, ix_date.c.param, ix_date.c.lo, ix_date.c.hi)

ix_ref = _table(
    "ix_ref",
    _key("pk"),
    _key("param", Integer),
    Column("target", Text, primary_key=True),
    _key("rid"),
    _key("version", Integer),
)
Index("ix_ref_back", ix_ref.c.pk, ix_ref.c.rid, ix_ref.c.version, ix_ref.c.param)

ix_string = _table(
    "ix_string",
    _key("pk"),
    _key("param", Integer),
    Column("value", Text, primary_key=True),
    _key("rid"),
    _key("version", Integer),
)
"""Texts in normal form, and uris letter for letter."""
_back("ix_string_back", ix_string.c.pk, ix_string.c.rid, ix_string.c.version, ix_string.c.param)

ix_quantity = _table(
    "ix_quantity",
    _key("pk"),
    _key("param", Integer),
    Column("lo", Text, primary_key=True),
    Column("hi", Text, primary_key=True),
    Column("system", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    _key("rid"),
    _key("version", Integer),
)
"""Numbers with and without unit. Their ends are texts in the order of numbers (`hub.fhir.index_keys.decimal_text`): exact, and
compared alike by both databases."""
_back("ix_quantity_back", *(ix_quantity.c[name] for name in ("pk", "rid", "version", "param", "lo", "hi")))

ix_composite = _table(
    "ix_composite",
    _key("pk"),
    _key("param", Integer),
    _key("part", SmallInteger),
    Column("code", Text, primary_key=True),
    Column("system", Text, primary_key=True),
    Column("lo", Text, primary_key=True),
    Column("hi", Text, primary_key=True),
    _key("rid"),
    _key("version", Integer),
    _key("element", SmallInteger),
)
"""Keys of the components of composite parameters. `element`: of those with one number all parts belong together. `code`: of a
token, the text, target or unit; `lo`, `hi`: of a number or a time. And what a reference to another entry says by identifier:
`lo` is what it refers to."""
_back("ix_composite_back", *(ix_composite.c[name] for name in ("pk", "rid", "version", "param", "element", "part")))

ix_text = _table(
    "ix_text", _key("pk"), _key("param", Integer), _key("rid"), _key("version", Integer), Column("value", Text, nullable=False)
)
"""What is looked into, not up: the words of a resource (`_content`, `_text`), each with a space before it, and texts that are
longer than a key, each with a line break around it."""

index_made = _table(
    "index_made",
    _key("id", SmallInteger),
    Column("digest", Text, nullable=False),
    Column("upto", BigInteger, nullable=False),
)
"""One row: by which definitions the search keys were made, and up to which patient key; FOREVER: all."""

keys_purged = _table("keys_purged", _key("id", SmallInteger), Column("upto", BigInteger, nullable=False))
"""One row: search keys of versions that were replaced up to this time are gone."""

locator = _table("locator", _key("rid"), Column("pk", BigInteger, nullable=False))
"""The only way from a resource's id to its patient."""

ground = _table(
    "ground",
    _key("pk"),
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    _key("rec_from"),
    Column("rec_to", BigInteger, nullable=False),
    Column("valid_to", BigInteger, nullable=False),
    Column("person", Text, nullable=False),
    Column("payload", Text, nullable=False),
)
"""Consents, blocks, revokes, relations, needs, assertions, shares, by when they hold and when we knew. Nothing is erased."""

freshness = _table(
    "freshness",
    _key("pk"),
    Column("source", Text, primary_key=True),
    Column("contract", Text, primary_key=True),
    Column("asked", BigInteger, nullable=False),
    Column("succeeded", BigInteger),
    Column("fault", Text, nullable=False),
    Column("partial", Text, nullable=False),
)
"""When a source was last asked about a patient, when it last answered, and what went wrong since."""

message = _table(
    "message",
    _key("pk"),
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("report", Text, nullable=False),
    Column("asked", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    rows_apart=True,
)
"""Source bytes as they came. `status`: `hub.store.messages.STATUSES`."""
Index("message_by_id", message.c.id)
Index("message_by_status", message.c.status, message.c.received)


class _KeyWithTime(PrimaryKeyConstraint):
    """The log's primary key: on PostgreSQL with the time by which it is partitioned, as every key of such a table must be."""


@compiles(_KeyWithTime, "postgresql")
def _with_time(*_: Any) -> str:
    return "PRIMARY KEY (pk, shard, seq, at)"


audit = Table(
    "audit",
    METADATA,
    Column("pk", BigInteger, autoincrement=False),
    Column("shard", Integer, autoincrement=False),
    Column("seq", BigInteger, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("entry", LargeBinary, nullable=False),
    Column("kept", LargeBinary, nullable=False),
    _KeyWithTime("pk", "shard", "seq"),
    postgresql_partition_by="RANGE (at)",
)
"""Append-only, on PostgreSQL by month (`hub.store.partitions`). `number`: the running number among the entries of its patient
key. `leaf`: the RFC 9162 leaf hash of `entry`, the exact bytes of the log entry. `kept`: what no reader is shown; the entry holds
a digest of it."""
Index("audit_in_order", audit.c.shard, audit.c.seq)

audit_head = _table(
    "audit_head",
    _key("shard", Integer),
    Column("size", BigInteger, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
)
"""The Merkle tree of a shard in short: its size and the roots of its full subtrees, largest first."""

audit_node = _table(
    "audit_node", _key("shard", Integer), _key("level", Integer), _key("at"), Column("hash", LargeBinary, nullable=False)
)
"""Roots of full subtrees of 2 to the power of `level` leaves, worked out from the leaves, so that proofs need few of them."""

audit_ended = _table(
    "audit_ended",
    _key("pk"),
    Column("shard", Integer, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
)
"""Where each patient key's list goes on from: number and leaf hash of its last entry that was removed after its retention."""

audit_removal = _table("audit_removal", _key("number", Integer), Column("note", Text, nullable=False))
"""Signed statements of what was removed of the log (`hub.removals`), from 1."""

audit_sent = _table(
    "audit_sent",
    _key("shard", Integer),
    Column("sent", BigInteger, nullable=False),
    Column("holder", Text),
    Column("until", BigInteger),
)
"""How many entries of a shard the log service has taken; which process sends what follows, and until when it alone may."""

audit_index = _table(
    "audit_index",
    _key("shard", Integer),
    _key("seq"),
    Column("at", BigInteger, nullable=False),
    Column("pk", BigInteger, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("provider", "unit", "person", "action", "outcome", "rules", "about")),
    Column("emergency", SmallInteger, nullable=False),
    Column("draw", BigInteger, nullable=False),
)
"""What a log reviewer looks for, worked out from the entries after they are written (`hub.store.audit_index`). `about`: the entry
that a verdict is about."""
Index("audit_index_in_order", audit_index.c.provider, audit_index.c.at, audit_index.c.shard, audit_index.c.seq)
Index("audit_index_by_person", audit_index.c.provider, audit_index.c.person, audit_index.c.at)
Index("audit_index_about", audit_index.c.provider, audit_index.c.about)

session = _table(
    "session",
    Column("id", Text, primary_key=True),
    Column("ends", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
"""Portal sessions: a digest of the cookie, and encrypted content."""
