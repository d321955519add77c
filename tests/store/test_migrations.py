"""The tables: what migrating makes is what the code says, and the rules that let PostgreSQL be sharded by patient hold."""

import re
import threading
from functools import partial
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, insert, inspect, select, text
from sqlalchemy.schema import CreateTable

from hub.store.database import Database
from hub.store.tables import METADATA, number

MIGRATIONS = Path(__file__).parent.parent.parent / "hub" / "store" / "migrations" / "versions"
UNSHARDED = {
    "number": "finds a patient by a number, so it cannot lie with the patient",
    "locator": "finds a patient by a resource's id, so it cannot lie with the patient",
    "audit_head": "one row a log; its shards are not patients",
    "audit_index": "is read by a care provider's reviewer across its patients: a named fan-out",
    "audit_node": "hashes of a log's tree; its shards are not patients",
    "audit_removal": "statements about the log; they are no patient's",
    "audit_sent": "one row a log; its shards are not patients",
    "index_made": "one row a database",
    "keys_purged": "one row a database",
    "session": "belongs to a browser",
}
SHARDED = [table for table in METADATA.sorted_tables if table.name not in UNSHARDED]


@pytest.fixture
def engine(database_url: str):
    held = create_engine(database_url)
    yield held
    held.dispose()


def test_migrating_an_empty_database_makes_exactly_the_tables_of_the_code(engine: Engine) -> None:
    with engine.connect() as connection:
        opts = {
            "compare_type": True,
            "compare_server_default": True,
            "include_object": partial(_is_compared, engine.dialect.name),
        }
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, METADATA) == []


def _is_compared(dialect, thing, name, kind, *_):
    """Not a month's partition, and no index that only the other database has."""
    if kind == "index":
        return thing.info.get("only", dialect) == dialect
    return kind != "table" or not name.startswith("audit_of_")


def test_migrating_makes_tables_letter_for_letter_as_the_code_does(engine: Engine, tmp_path: Path) -> None:
    """What `compare_metadata` does not look at: primary keys and their order, collations, tables without row ids."""
    if engine.dialect.name == "sqlite":
        written = "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND tbl_name <> 'alembic_version'"
        other = create_engine(f"sqlite:///{tmp_path / 'other.db'}")
        METADATA.create_all(other)
        with engine.connect() as migrated, other.connect() as made:
            assert _rows(migrated, written) == _rows(made, written)
        other.dispose()
        return
    written = (
        "SELECT table_name, column_name, ordinal_position, data_type, is_nullable, collation_name, column_default, is_identity "
        "FROM information_schema.columns WHERE table_schema = '{0}' AND table_name <> 'alembic_version' "
        "AND table_name NOT LIKE 'audit_of_%' ORDER BY 1, 3"
    )
    indexes = (
        "SELECT tablename, replace(indexdef, '{0}.', '') FROM pg_indexes "
        "WHERE schemaname = '{0}' AND tablename <> 'alembic_version' AND tablename NOT LIKE 'audit_of_%'"
    )
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA beside"))
        METADATA.create_all(connection.execution_options(schema_translate_map={None: "beside"}), checkfirst=False)
        for query in (written, indexes):
            assert _rows(connection, query.format("public")) == _rows(connection, query.format("beside"))


def _rows(connection, query):
    rows = sorted(tuple(row) for row in connection.execute(text(query)))
    return [tuple(re.sub(r"\s+", " ", each) if isinstance(each, str) else each for each in row) for row in rows]


def test_no_migration_reads_the_tables_of_the_code() -> None:
    for path in MIGRATIONS.glob("*.py"):
        assert "from hub" not in path.read_text("utf-8"), path.name


def test_several_may_migrate_one_empty_database_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    faults: list[Exception] = []

    def one() -> None:
        database = Database(url)
        try:
            database.migrate()
        except Exception as fault:
            faults.append(fault)
        finally:
            database.close()

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    engine = create_engine(url)
    assert set(inspect(engine).get_table_names()) == {table.name for table in METADATA.sorted_tables} | {"alembic_version"}
    engine.dispose()


@pytest.mark.parametrize("table", SHARDED, ids=lambda table: table.name)
def test_a_sharded_table_has_the_patient_key_first_in_its_primary_key(table) -> None:
    assert next(iter(table.primary_key.columns)).name == "pk"


@pytest.mark.parametrize("table", SHARDED, ids=lambda table: table.name)
def test_every_unique_and_foreign_key_of_a_sharded_table_holds_the_patient_key(table) -> None:
    for index in table.indexes:
        assert not index.unique or "pk" in index.columns, index.name
    for constraint in table.constraints - {table.primary_key}:
        assert "pk" in [column.name for column in constraint.columns], constraint


def test_only_what_cannot_lie_with_a_patient_is_not_sharded() -> None:
    assert {table.name for table in METADATA.sorted_tables if "pk" not in table.primary_key.columns} == UNSHARDED.keys()


def test_no_table_has_a_sequence_an_identity_or_a_default_of_the_server() -> None:
    for table in METADATA.sorted_tables:
        for column in table.columns:
            assert (column.identity, column.server_default, column.default) == (None, None, None), column
        written = str(CreateTable(table).compile(dialect=create_engine("postgresql+psycopg://").dialect)).upper()
        assert "SERIAL" not in written


def test_a_migrated_database_has_no_sequence_and_no_trigger(engine: Engine) -> None:
    with engine.connect() as connection:
        assert inspect(connection).dialect.has_table(connection, "patient")
        if engine.dialect.name == "sqlite":
            found = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger' OR name = 'sqlite_sequence'"))
        else:
            found = connection.execute(
                text(
                    "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
                    "WHERE relkind = 'S' AND nspname = 'public' UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
                )
            )
        assert found.all() == []


def test_texts_compare_by_code_point_whatever_the_database_server_prefers(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(insert(number), [{"digest": each, "pk": 1} for each in ("a", "B", "å", "z")])
        assert connection.execute(select(number.c.digest).order_by(number.c.digest)).scalars().all() == ["B", "a", "z", "å"]
        if engine.dialect.name == "postgresql":
            wanted = (
                "SELECT DISTINCT collation_name FROM information_schema.columns "
                "WHERE data_type = 'text' AND table_schema = 'public'"
            )
            assert connection.execute(text(wanted)).scalars().all() == ["C"]
