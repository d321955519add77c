"""Of every body it is known whether it refers to other entries; of those that are there `hub reindex` finds it out."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("body", sa.Column("across", sa.SmallInteger))
