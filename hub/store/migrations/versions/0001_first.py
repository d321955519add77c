"""The first tables. Written out, since what a migration makes must not follow when `hub.store.tables` moves on."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

Column = sa.Column[Any]
revision = "0001"
down_revision = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _patients()
    _records()
    _keys()
    _grounds_and_sources()
    _log_and_sessions()


def _patients() -> None:
    _table("patient", _key("pk"), _text("fhir_id"), _big("recorded"), _big("epoch"), _text("facts"))
    _table("number", _text("digest", key=True), _big("pk"))
    _table("locator", _key("rid"), _big("pk"))


def _records() -> None:
    _table(
        "entry",
        *(_key("pk"), _key("entry"), _text("family"), _text("digest"), _big("recorded"), _big("withdrawn"), _big("told")),
        *_custody(),
    )
    op.create_index("entry_by_source", "entry", ["source", "family", "withdrawn", "pk"])
    _table(
        "resource",
        *(_key("pk"), _text("type", key=True), _key("rid"), _key("version", sa.Integer), _text("version_id")),
        *(_big("rec_from"), _big("rec_to"), _big("sort"), _big("entry"), _text("fhir_id")),
        *(sa.Column("gone", sa.SmallInteger, nullable=False), _text("digest")),
        *_custody(),
    )
    op.create_index("resource_by_unit", "resource", ["provider", "unit", "type", "rec_to"])
    op.create_index("resource_by_source", "resource", ["source", "type", "rec_to"])
    op.create_index("resource_by_entry", "resource", ["pk", "entry"])
    _table("body", _key("pk"), _key("rid"), _key("version", sa.Integer), _bytes("bytes"), rows_apart=True)


def _keys() -> None:
    at, of = (_key("pk"), _key("param", sa.Integer)), (_key("rid"), _key("version", sa.Integer))
    back = ["pk", "param", "rid", "version"]
    _table("ix_token", *at, _text("code", key=True), _text("system", key=True), *of)
    op.create_index("ix_token_back", "ix_token", back)
    at, of = (_key("pk"), _key("param", sa.Integer)), (_key("rid"), _key("version", sa.Integer))
    _table("ix_date", *at, _key("lo"), _key("hi"), *of)
    op.create_index("ix_date_back", "ix_date", [*back, "lo", "hi"])
    for name, value in (("ix_ref", "target"), ("ix_string", "value")):
        at, of = (_key("pk"), _key("param", sa.Integer)), (_key("rid"), _key("version", sa.Integer))
        _table(name, *at, _text(value, key=True), *of)
        op.create_index(f"{name}_back", name, back)


def _grounds_and_sources() -> None:
    _table(
        "ground",
        *(_key("pk"), _text("kind", key=True), _text("id", key=True), _key("rec_from")),
        *(_big("rec_to"), _big("valid_to"), _text("person"), _text("payload")),
    )
    _table(
        "freshness",
        *(_key("pk"), _text("source", key=True), _text("contract", key=True)),
        *(_big("asked"), sa.Column("succeeded", sa.BigInteger), _text("fault"), _text("partial")),
    )
    _table(
        "message",
        *(_key("pk"), _text("id", key=True), _text("source"), _text("format"), _text("name"), _big("received")),
        *(_text("status"), _text("report"), _text("asked"), _bytes("content")),
        rows_apart=True,
    )
    op.create_index("message_by_id", "message", ["id"])
    op.create_index("message_by_status", "message", ["status", "received"])


def _log_and_sessions() -> None:
    columns = (_key("pk"), _key("shard", sa.Integer), _key("seq"), _big("at"), _bytes("leaf"), _bytes("entry"))
    _table("audit", *columns, rows_apart=True)
    op.create_index("audit_in_order", "audit", ["shard", "seq"])
    _table("audit_head", _key("shard", sa.Integer), _big("size"), _bytes("frontier"), _big("at"))
    _table("session", _text("id", key=True), _big("ends"), _bytes("content"))


def _table(name: str, *columns: Column, rows_apart: bool = False) -> None:
    op.create_table(name, *columns, sqlite_with_rowid=rows_apart)


def _key(name: str, kind: type = sa.BigInteger) -> Column:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _big(name: str) -> Column:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _text(name: str, key: bool = False) -> Column:
    return sa.Column(name, TEXT, primary_key=True) if key else sa.Column(name, TEXT, nullable=False)


def _bytes(name: str) -> Column:
    return sa.Column(name, sa.LargeBinary, nullable=False)


def _custody() -> Iterator[Column]:
    truth, text, time = sa.SmallInteger, TEXT, sa.BigInteger
    yield from (sa.Column("source", text, nullable=False), sa.Column("provider", text), sa.Column("unit", text))
    yield from (sa.Column("info_type", text, nullable=False), sa.Column("regime", text, nullable=False))
    yield from (sa.Column("social", truth), sa.Column("time_from", time), sa.Column("time_to", time))
    yield from (sa.Column(name, truth) for name in ("released", "secret", "nullified", "insurance"))
    yield from (sa.Column("purpose", text), sa.Column("incapacity", truth))
