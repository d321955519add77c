"""`hub serve`, its keys, and its backups."""

import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer

from hub.cli._common import ConfigFile, answering, configured, console, database_url, noted, opened, plainly, stop
from hub.config import Config

keys = typer.Typer(help="The hub's secret keys.", no_args_is_help=True)


def serve(config: ConfigFile = None) -> None:
    """Run the hub as configured."""
    import uvicorn

    from hub import observe
    from hub.api.not_http import Protocol
    from hub.app import put_together
    from hub.tls import server_context

    held = configured(config)
    try:
        running = put_together(held)
    except FileNotFoundError:
        stop(f"there are no keys in {held.data}: make them once with `hub keys create`, and keep a copy of the file")
    with plainly(), answering("the database does not answer"):
        _free(held.host, held.port)
        running.hub.store.open()
    observe.install(running.log)
    context = server_context(held.tls_cert, held.tls_key) if held.tls_cert else None
    factory: Callable[..., Any] | None = (lambda *_: context) if context else None
    uvicorn.run(
        running.app,
        host=held.host,
        port=held.port,
        access_log=False,
        log_config=None,
        server_header=False,
        http=Protocol,
        ws="none",  # who asks for a WebSocket passes the same door as others, and is counted there
        ssl_context_factory=factory,
    )


def _free(host: str, port: int) -> None:
    """Whether the hub could listen there: the server itself would only say that something failed. Raises: OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except (OSError, OverflowError) as fault:
        why = os.strerror(fault.errno).lower() if isinstance(fault, OSError) and fault.errno else "no such address"
        raise OSError(f"the hub cannot listen on {host}:{port}, {why}") from None


@keys.command("create")
def keys_create(config: ConfigFile = None) -> None:
    """Make the keys that ids and cursors are made with; never a second time."""
    from hub import keys as key_files

    folder = configured(config).data
    try:
        key_files.create(folder)
    except FileExistsError:
        stop("there are keys already; they are never replaced")
    console.print(f"made {folder / key_files.FILE}: keep a copy; without it every id is lost")


@contextlib.contextmanager
def _database(held: Config) -> Iterator[Any]:
    from hub.store.database import Database

    with contextlib.closing(Database(database_url(held))) as database:
        yield database


def backup(file: Path, config: ConfigFile = None) -> None:
    """Write everything (database, keys) to one file."""
    from hub.store.backup import backup as write

    held = configured(config)
    with plainly(), answering(), _database(held) as database:
        noted(database, held, "backup")
        write(database_url(held), held.data, file)
    console.print(f"wrote {file}: it holds patient data and secret keys, guard it as such")


def reindex(config: ConfigFile = None) -> None:
    """Make the search keys of everything stored anew, after a new version says that it needs to; with the hub stopped."""
    import time

    from hub.store import reindexing

    with opened(config) as database, console.status("") as shown:
        database.migrate()
        noted(database, configured(config), "reindex")
        now = time.time_ns() // 1000
        done = reindexing.reindex(database, now, lambda number: shown.update(f"{number} patients"))
    console.print(f"made the search keys of {done} patients" if done else "the search keys are of this version")


def restore(file: Path, config: ConfigFile = None) -> None:
    """Put back what `hub backup` wrote, into an empty database and data folder."""
    from hub.store.backup import restore as read

    held = configured(config)
    with plainly(f"{file}: "), answering():
        read(file, database_url(held), held.data)
        with _database(held) as database:
            noted(database, held, "restore")
    console.print("restored: ids, keys and log are those of the backup")
