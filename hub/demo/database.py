"""A PostgreSQL database lent to the demo: taken only where the hub has no tables in it, and given back without them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from hub.store.database import Database, SQLAlchemyError, tables

MARK = "samsyn demo"
_LOCK = 727002
_TABLES = (*tables(), "alembic_version")


@contextmanager
def lent(url: str) -> Iterator[Database]:
    """The database at `url`, without tables of the hub at the start and at the end of the block.

    Tables of a demo that was killed are known by their mark, and dropped.

    Raises: OSError: it does not answer, another demo uses it, or it holds tables that no demo made.
    """
    with closing(_opened(url)) as database:
        try:
            _take(database)
        except SQLAlchemyError:
            raise OSError("HUB_DATABASE_URL: the database does not answer") from None
        try:
            yield database
        finally:
            _drop(database)


def _opened(url: str) -> Database:
    try:
        database = Database(url)
    except (SQLAlchemyError, ImportError, ValueError):
        raise OSError("HUB_DATABASE_URL is not the address of a database") from None
    if database.sqlite:
        database.close()
        raise OSError("HUB_DATABASE_URL names no PostgreSQL database; unset, the demo makes a SQLite database of its own")
    return database


def mark(database: Database) -> None:
    """Say in the database that its tables are a demo's."""
    with database.writing() as connection:
        connection.exec_driver_sql(f"COMMENT ON TABLE alembic_version IS '{MARK}'")


def _take(database: Database) -> None:
    held = database.reader()
    if not held.exec_driver_sql(f"SELECT pg_try_advisory_lock({_LOCK})").scalar():
        raise OSError("HUB_DATABASE_URL: another demo uses this database")
    there = [name for name in _TABLES if held.exec_driver_sql(f"SELECT to_regclass('{name}')").scalar()]
    said = "SELECT obj_description(to_regclass('alembic_version'), 'pg_class')"
    if there and held.exec_driver_sql(said).scalar() != MARK:
        raise OSError("HUB_DATABASE_URL: there is a hub in this database already; give the demo an empty one")
    _drop(database)


def _drop(database: Database) -> None:
    with database.writing() as connection:
        for name in _TABLES:
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name} CASCADE")
