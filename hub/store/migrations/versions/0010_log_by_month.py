"""On PostgreSQL the log lies by month. What is there is copied, counted, and only then dropped; SQLite is left as it is."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.drop_index("audit_in_order", "audit")
    op.rename_table("audit", "audit_before")
    op.execute("ALTER INDEX audit_pkey RENAME TO audit_before_pkey")
    op.execute(f"CREATE TABLE audit ({_COLUMNS}, PRIMARY KEY (pk, shard, seq, at)) PARTITION BY RANGE (at)")
    op.create_index("audit_in_order", "audit", ["shard", "seq"])
    op.execute("CREATE TABLE audit_of_others PARTITION OF audit DEFAULT")
    months = op.get_bind().execute(
        sa.text(
            "SELECT DISTINCT extract(year FROM t)::int, extract(month FROM t)::int"
            " FROM (SELECT to_timestamp(at / 1000000) AT TIME ZONE 'UTC' AS t FROM audit_before) AS times"
        )
    )
    for year, month in months.all():
        low, high = _micros(year, month), _micros(year + month // 12, month % 12 + 1)
        op.execute(f"CREATE TABLE audit_of_{year:04}_{month:02} PARTITION OF audit FOR VALUES FROM ({low}) TO ({high})")
    names = "pk, shard, seq, number, at, leaf, entry, kept"
    op.execute(f"INSERT INTO audit ({names}) SELECT {names} FROM audit_before")
    before, after = (
        op.get_bind().execute(sa.text(f"SELECT count(*) FROM {name}")).scalar() for name in ("audit_before", "audit")
    )
    if before != after:
        raise RuntimeError("the log was not copied whole: nothing is changed")
    op.drop_table("audit_before")


def _micros(year: int, month: int) -> int:
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * 1_000_000


_COLUMNS = (
    "pk BIGINT NOT NULL, shard INTEGER NOT NULL, seq BIGINT NOT NULL, number BIGINT NOT NULL, at BIGINT NOT NULL,"
    " leaf BYTEA NOT NULL, entry BYTEA NOT NULL, kept BYTEA NOT NULL"
)
