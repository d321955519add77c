"""What the register said of a patient is kept as it stood, so that decisions can be made again."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    key = [sa.Column(name, sa.BigInteger, primary_key=True, autoincrement=False) for name in ("pk", "epoch")]
    op.create_table("facts_past", *key, sa.Column("facts", TEXT, nullable=False), sqlite_with_rowid=False)
    op.execute("INSERT INTO facts_past (pk, epoch, facts) SELECT pk, 0, facts FROM patient")
