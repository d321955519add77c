"""Which process hands a shard of the log to the log service."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("audit_sent", sa.Column("holder", sa.Text().with_variant(sa.Text(collation="C"), "postgresql")))
    op.add_column("audit_sent", sa.Column("until", sa.BigInteger))
