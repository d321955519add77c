"""Everything in one file, and back: the tables as they were at one moment, the keys of the data folder. Guard it as both.

A tar archive: `manifest.json`, one `tables/NAME.jsonl` a table (a row a line, bytes as base64), `keys/NAME` for each key file.
It is portable: what SQLite wrote, PostgreSQL reads, and the other way round.
"""

import io
import json
import os
import sqlite3
import tarfile
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, LargeBinary, Table, create_engine, func, insert, make_url, select

from hub.fhir.json import dumps, loads
from hub.store.database import Database
from hub.store.tables import METADATA

FORMAT = 1
KEY_FILES = ("hub-keys.json", "authserver-key.pem", "audit-key.json", "audit-keys.json", "audit-checkpoints.txt")
"""In the data folder: without the first, no id and no patient is found again."""
ROWS = 2_000
"""Rows that are read or written at once."""


def backup(url: str, data: Path, target: Path) -> None:
    """Write the database and the keys in `data` to `target`, readable by the owner alone. Others may go on reading and writing.

    Raises: FileExistsError: `target` is there already; FileNotFoundError: there are no keys in `data`, or no database.
    """
    if not (data / KEY_FILES[0]).is_file():
        raise FileNotFoundError(f"no {KEY_FILES[0]} in the data folder")
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    kept = {name: (data / name).read_bytes() for name in KEY_FILES if (data / name).is_file()}  # first: no checkpoint is newer
    try:
        with os.fdopen(handle, "wb") as file, tarfile.open(fileobj=file, mode="w") as archive, _moment(url) as connection:
            _write(archive, connection, kept)
            file.flush()
            os.fsync(handle)
    except BaseException:
        target.unlink()
        raise


def restore(source: Path, url: str, data: Path) -> None:
    """Put back what `backup` wrote, into an empty database and a folder without keys.

    Raises: ValueError: the database holds something, the folder has keys, or the file is not a whole backup of this version.
    """
    held = [name for name in KEY_FILES if (data / name).exists()]
    if held:
        raise ValueError(f"there is a {held[0]} in the data folder: keys are never replaced")
    data.mkdir(0o700, parents=True, exist_ok=True)
    database = Database(url)
    made: list[Path] = []
    try:
        database.migrate()
        with _opened(source) as archive, database.writing() as connection:
            manifest = _manifest(archive, connection)
            _check_empty(connection)
            for table in METADATA.sorted_tables:
                _fill(connection, table, archive, manifest["rows"][table.name])
            for name in manifest["keys"]:
                _put_key(data / name, _content(archive, f"keys/{name}"), made)
    except BaseException:
        for path in made:  # keys without their tables would only stand in the way
            path.unlink()
        raise
    finally:
        database.close()


@contextmanager
def _moment(url: str) -> Iterator[Connection]:
    """A connection that sees the database as it is now, whatever is written meanwhile."""
    if make_url(url).get_backend_name() == "sqlite":
        with _copied(make_url(url).database or "") as engine, engine.connect() as connection:
            yield connection
        return
    engine = create_engine(url.replace("postgres://", "postgresql://", 1))
    with closing(_Disposed(engine)), engine.connect() as plain:
        connection = plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True, stream_results=True)
        with connection.begin():
            yield connection


@contextmanager
def _copied(path: str) -> Iterator[Engine]:
    """An engine on a copy that SQLite's online backup makes: one moment, while writers go on."""
    if not Path(path).is_file():
        raise FileNotFoundError("there is no database to back up")
    with tempfile.TemporaryDirectory(dir=Path(path).parent, prefix=".backup-") as folder:
        copy = Path(folder) / "copy.db"
        with closing(sqlite3.connect(path)) as held, closing(sqlite3.connect(copy)) as made:
            held.backup(made)
        engine = create_engine(f"sqlite:///{copy}")
        with closing(_Disposed(engine)):
            yield engine


class _Disposed:
    """An engine that is closed like a file."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def close(self) -> None:
        self._engine.dispose()


def _write(archive: tarfile.TarFile, connection: Connection, kept: Mapping[str, bytes]) -> None:
    rows = {}
    for table in METADATA.sorted_tables:
        with tempfile.TemporaryFile() as file:
            rows[table.name] = _dump(connection, table, file)
            _add(archive, f"tables/{table.name}.jsonl", file)
    for name, content in kept.items():
        _add(archive, f"keys/{name}", io.BytesIO(content))
    manifest = {"format": FORMAT, "revision": _revision(connection), "rows": rows, "keys": list(kept)}
    _add(archive, "manifest.json", io.BytesIO(json.dumps(manifest, indent=1).encode()))


def _add(archive: tarfile.TarFile, name: str, file: IO[bytes]) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = file.seek(0, os.SEEK_END), 0o600
    file.seek(0)
    archive.addfile(member, file)


def _dump(connection: Connection, table: Table, file: IO[bytes]) -> int:
    """Write a table's rows in the order of its key. Gives: how many."""
    count = 0
    found = connection.execution_options(yield_per=ROWS).execute(select(table).order_by(*table.primary_key.columns))
    for part in found.partitions():
        for row in part:
            file.write(dumps([b64encode(each).decode() if isinstance(each, bytes) else each for each in row]) + b"\n")
        count += len(part)
    return count


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@contextmanager
def _opened(source: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(source, "r:") as archive:
            yield archive
    except tarfile.TarError as fault:
        raise ValueError("the file is not a backup") from fault


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    with _member(archive, name) as file:
        return file.read()


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    try:
        found = archive.extractfile(name)
    except KeyError:
        found = None
    if found is None:
        raise ValueError(f"the file is not a whole backup: {name} is not in it")
    return found


def _manifest(archive: tarfile.TarFile, connection: Connection) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(_content(archive, "manifest.json"))
    if manifest.get("format") != FORMAT or manifest["revision"] != _revision(connection):
        raise ValueError("the backup is of another version: restore it with that version, then upgrade")
    if not set(manifest["keys"]) <= set(KEY_FILES) or manifest["rows"].keys() != METADATA.tables.keys():
        raise ValueError("the file is not a whole backup")
    return manifest


def _check_empty(connection: Connection) -> None:
    """Raises: ValueError: something was written there before."""
    for table in METADATA.sorted_tables:
        if connection.execute(select(func.count()).select_from(table)).scalar_one():
            raise ValueError("the database is not empty: restore never mixes two")


def _fill(connection: Connection, table: Table, archive: tarfile.TarFile, expected: int) -> None:
    binary = [isinstance(column.type, LargeBinary) for column in table.columns]
    names = [column.name for column in table.columns]
    count = 0
    with _member(archive, f"tables/{table.name}.jsonl") as file:
        rows: list[dict[str, Any]] = []
        for line in file:
            values = [b64decode(each) if is_bytes else each for each, is_bytes in zip(loads(line), binary, strict=True)]
            rows.append(dict(zip(names, values, strict=True)))
            count += 1
            if len(rows) == ROWS:
                connection.execute(insert(table), rows)
                rows = []
        if rows:
            connection.execute(insert(table), rows)
    if count != expected:
        raise ValueError(f"the file is not a whole backup: {table.name} has {count} rows of {expected}")


def _put_key(path: Path, content: bytes, made: list[Path]) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    made.append(path)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(handle)
