"""Of what is removed of the log, statements are kept, and where each list goes on from."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "audit_ended",
        sa.Column("pk", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("shard", sa.Integer, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit_removal",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("note", TEXT, nullable=False),
        sqlite_with_rowid=False,
    )
