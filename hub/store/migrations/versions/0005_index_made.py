"""By which definitions search keys were made."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "index_made",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("digest", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("upto", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
