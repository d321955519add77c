"""What custody said before it was changed is kept, and when the register's facts were learnt: the past is explained by both."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table("custody_past", *_key("pk", "entry", "rec_to"), *_custody(), sqlite_with_rowid=False)
    facts = (sa.Column("facts", TEXT, nullable=False), sa.Column("recorded", sa.BigInteger, nullable=False))
    op.rename_table("facts_past", "facts_past_before")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX facts_past_pkey RENAME TO facts_past_before_pkey")
    op.create_table("facts_past", *_key("pk", "epoch"), *facts, sqlite_with_rowid=False)
    op.execute("INSERT INTO facts_past (pk, epoch, facts, recorded) SELECT pk, epoch, facts, 0 FROM facts_past_before")
    op.drop_table("facts_past_before")


def _key(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, primary_key=True, autoincrement=False) for name in names]


def _custody() -> list[sa.Column[Any]]:
    return [
        sa.Column("source", TEXT, nullable=False),
        sa.Column("provider", TEXT),
        sa.Column("unit", TEXT),
        sa.Column("info_type", TEXT, nullable=False),
        sa.Column("regime", TEXT, nullable=False),
        sa.Column("social", sa.SmallInteger),
        sa.Column("time_from", sa.BigInteger),
        sa.Column("time_to", sa.BigInteger),
        *(sa.Column(name, sa.SmallInteger) for name in ("released", "secret", "nullified", "insurance")),
        sa.Column("purpose", TEXT),
        sa.Column("incapacity", sa.SmallInteger),
    ]
