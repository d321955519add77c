"""What a log reviewer looks for is worked out from the entries, beside them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    key = [sa.Column(name, kind, primary_key=True, autoincrement=False) for name, kind in _KEY.items()]
    numbers = [sa.Column(name, sa.BigInteger, nullable=False) for name in ("at", "pk")]
    texts = [sa.Column(name, TEXT, nullable=False) for name in _TEXTS]
    rest = [sa.Column("emergency", sa.SmallInteger, nullable=False), sa.Column("draw", sa.BigInteger, nullable=False)]
    op.create_table("audit_index", *key, *numbers, *texts, *rest, sqlite_with_rowid=False)
    op.create_index("audit_index_in_order", "audit_index", ["provider", "at", "shard", "seq"])
    op.create_index("audit_index_by_person", "audit_index", ["provider", "person", "at"])
    op.create_index("audit_index_about", "audit_index", ["provider", "about"])


_KEY = {"shard": sa.Integer, "seq": sa.BigInteger}
_TEXTS = ("provider", "unit", "person", "action", "outcome", "rules", "about")
