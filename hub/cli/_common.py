"""What the commands share: which hub they are about, and how they fail: one line on standard error, exit code 1."""

import contextlib
import getpass
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from hub import config as configuration
from hub.config import Config

console = Console(width=None if sys.stdout.isatty() else 160)
ConfigFile = Annotated[Path | None, typer.Option("--config", "-c", help="hub.toml; HUB_CONFIG if not given.")]
LookedAt = Annotated[
    Path | None, typer.Option("--config", "-c", help="hub.toml; if not given HUB_CONFIG, or the demo that runs in this folder.")
]


def configured(path: Path | None) -> Config:
    with plainly(f"{path or os.environ.get('HUB_CONFIG') or 'configuration'}: "):
        return configuration.read(path)


def looked_at(path: Path | None) -> Config:
    """The configuration to look at: as given, or of the demo that runs here."""
    if path is None and not os.environ.get("HUB_CONFIG"):
        from hub.demo.folder import NotRunning, configuration_file, port_of

        with plainly(), contextlib.suppress(NotRunning):
            path = configuration_file(port_of())
    return configured(path)


def database_url(held: Config) -> str:
    return held.database_url or f"sqlite:///{held.data / 'hub.db'}"


@contextlib.contextmanager
def opened(path: Path | None) -> Iterator[Any]:
    """The database of a configuration, for looking at; closed after the block."""
    from hub.store.database import Database

    held = looked_at(path)
    if not held.database_url and not (held.data / "hub.db").is_file():
        stop(f"there is no database in {held.data}: start the hub once, or name its configuration with --config")
    with answering(), contextlib.closing(Database(database_url(held))) as database:
        yield database


@contextlib.contextmanager
def opened_store(config: Path | None) -> Iterator[tuple[Any, Any]]:
    """The store of a configuration that has one, and the configuration."""
    from hub import keys as key_files
    from hub.store.store import Store

    with opened(config), plainly():  # there is a database
        held = looked_at(config)
        store = Store(database_url(held), key_files.load(held.data), audit_shards=held.audit_shards)
    try:
        with answering():
            yield store, held
    finally:
        store.close()


def patient_key(store: Any, fhir_id: str) -> int:
    """The patient of a logical id."""
    from hub.store.patients import locate

    pk = locate(store.reader(), store.keys.identity, "Patient", fhir_id)
    if pk is None:
        stop("no patient has that id")
    return pk


def noted(database: Any, held: Config, action: str, pk: int = 0, patient: str = "", **more: Any) -> None:
    """Make an entry of the access log of what is done here, by the name of the account at the machine."""
    from datetime import UTC, datetime

    from hub.errors import AuditUnavailable
    from hub.interactions.logbook import operated
    from hub.store.audit_log import AuditLog
    from hub.store.values import micros

    log = AuditLog(database, lambda: micros(datetime.now(UTC)), shards=held.audit_shards)
    database.ping()
    try:
        log.append(operated(getpass.getuser(), action, pk, patient, **more))
    except AuditUnavailable:
        stop("the access log cannot be written, so nothing is done")


@contextlib.contextmanager
def answering(
    otherwise: str = "the database does not answer, or there is no hub in it yet: start the hub once",
) -> Iterator[None]:
    """What a database refuses ends in one line, without its address, which may hold a password."""
    from hub.store.database import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, ImportError):
        stop(otherwise)


@contextlib.contextmanager
def plainly(where: str = "") -> Iterator[None]:
    """What fails because of a file, a number or an address ends in one line, without a traceback."""
    try:
        yield
    except OSError as fault:
        stop(f"{fault.filename}: {fault.strerror}" if fault.filename else fault.strerror or str(fault))
    except ValueError as fault:
        stop(where + str(fault).partition("\n")[0])


def stop(why: str) -> NoReturn:
    typer.echo(f"hub: {why}", err=True)
    raise typer.Exit(1)
