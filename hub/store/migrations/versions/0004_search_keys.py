"""Keys of numbers and quantities, of composite parameters, and full text."""

from typing import Any

import sqlalchemy as sa
from alembic import op

Column = sa.Column[Any]
revision = "0004"
down_revision = "0003"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _table("ix_quantity", *_at(), _text("lo"), _text("hi"), _text("system"), _text("unit"), *_of())
    op.create_index("ix_quantity_back", "ix_quantity", ["pk", "param", "rid", "version", "lo", "hi"])
    small = sa.SmallInteger
    texts = (_text("code"), _text("system"), _text("lo"), _text("hi"))
    _table("ix_composite", *_at(), _key("part", small), *texts, *_of(), _key("element", small))
    op.create_index("ix_composite_back", "ix_composite", ["pk", "param", "rid", "version", "element", "part"])
    _table("ix_text", *_at(), *_of(), sa.Column("value", TEXT, nullable=False))


def _table(name: str, *columns: Column) -> None:
    op.create_table(name, *columns, sqlite_with_rowid=False)


def _at() -> tuple[Column, Column]:
    return _key("pk"), _key("param", sa.Integer)


def _of() -> tuple[Column, Column]:
    return _key("rid"), _key("version", sa.Integer)


def _key(name: str, kind: type = sa.BigInteger) -> Column:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _text(name: str) -> Column:
    return sa.Column(name, TEXT, primary_key=True)
