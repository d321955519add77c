"""The way from a version to its search keys begins with the version: what is written together lies together."""

from alembic import op

revision = "0011"
down_revision = "0010"

AFTER = {
    "ix_token": (),
    "ix_date": ("lo", "hi"),
    "ix_ref": (),
    "ix_string": (),
    "ix_quantity": ("lo", "hi"),
    "ix_composite": ("element", "part"),
}


def upgrade() -> None:
    for table, more in AFTER.items():
        op.drop_index(f"{table}_back", table)
        op.create_index(f"{table}_back", table, ["pk", "rid", "version", "param", *more])
