"""Entries of the log are counted for each patient, and what no reader is shown is kept beside its entry.

Entries that are there already keep their bytes, and with them their place in the tree; their numbers are worked out.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.drop_index("audit_in_order", "audit")
    op.rename_table("audit", "audit_before")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX audit_pkey RENAME TO audit_before_pkey")
    key = [sa.Column(name, kind, primary_key=True, autoincrement=False) for name, kind in _KEY.items()]
    numbers = [sa.Column(name, sa.BigInteger, nullable=False) for name in ("number", "at")]
    contents = [sa.Column(name, sa.LargeBinary, nullable=False) for name in ("leaf", "entry", "kept")]
    op.create_table("audit", *key, *numbers, *contents, sqlite_with_rowid=True)
    nothing = "X''" if op.get_bind().dialect.name == "sqlite" else "'\\x'::bytea"
    op.execute(
        "INSERT INTO audit (pk, shard, seq, number, at, leaf, entry, kept) SELECT pk, shard, seq,"
        f" row_number() OVER (PARTITION BY pk, shard ORDER BY seq), at, leaf, entry, {nothing} FROM audit_before"
    )
    op.drop_table("audit_before")
    op.create_index("audit_in_order", "audit", ["shard", "seq"])


_KEY = {"pk": sa.BigInteger, "shard": sa.Integer, "seq": sa.BigInteger}
