"""The houses of tests/api, and twins of them."""

import itertools
import uuid

import pytest
from sqlalchemy import create_engine, make_url, text

from tests.api.conftest import House, heavy, house, kit, light, shared, sqlite_template
from tests.leaks.twins import Twins

__all__ = ["heavy", "house", "kit", "light", "shared", "sqlite_template"]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def readers(request, tmp_path_factory, sqlite_template):
    """Worlds on each kind of database, made as they are needed."""
    folder, numbers = tmp_path_factory.mktemp("twins"), itertools.count()
    databases = request.getfixturevalue("many_databases") if request.param == "postgresql" else None

    def new():
        place = folder / str(next(numbers))
        place.mkdir()
        if databases:
            return House(databases(), place)
        (place / "hub.db").write_bytes(sqlite_template.read_bytes())
        return House(f"sqlite:///{place / 'hub.db'}", place)

    made = Twins(new, request.param)
    yield made
    made.close()


@pytest.fixture(scope="module")
def many_databases(postgres, postgres_template):
    """Gives the address of an empty, migrated PostgreSQL database, another each time; they go when the module is done."""
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
    made = []

    def new():
        made.append(f"hub_twin_{uuid.uuid4().hex[:12]}")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {made[-1]} TEMPLATE {postgres_template}"))
        return make_url(postgres).set(database=made[-1]).render_as_string(hide_password=False)

    yield new
    with engine.connect() as connection:
        for name in made:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()
