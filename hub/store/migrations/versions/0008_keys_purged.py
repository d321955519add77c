"""Search keys of versions that no page can show any more go: which are due is found by an index over closed versions alone."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

FOREVER = 2**62


def upgrade() -> None:
    op.create_table(
        "keys_purged",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("upto", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    closed = sa.text(f"rec_to <> {FOREVER}")
    op.create_index("resource_closed", "resource", ["rec_to", "pk"], sqlite_where=closed, postgresql_where=closed)
