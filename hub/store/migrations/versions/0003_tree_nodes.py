"""Roots of full subtrees of the log are kept, so that a proof reads hundreds of hashes and not all of them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    key = [sa.Column(name, kind, primary_key=True, autoincrement=False) for name, kind in _KEY.items()]
    op.create_table("audit_node", *key, sa.Column("hash", sa.LargeBinary, nullable=False), sqlite_with_rowid=False)


_KEY = {"shard": sa.Integer, "level": sa.Integer, "at": sa.BigInteger}
