"""On SQLite the way from a version to its keys goes, but for times and references: each was a second copy of all keys."""

from alembic import op

revision = "0015"
down_revision = "0014"

ONE_WAY = ("ix_token", "ix_string", "ix_quantity", "ix_composite")


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in ONE_WAY:
            op.drop_index(f"{table}_back", table)
