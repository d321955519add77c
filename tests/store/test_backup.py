"""What is backed up comes back whole, on either database: rows, ids, keys, cursors, and a log that verifies."""

import re
import stat
import tarfile
import threading
from pathlib import Path

import pytest
from sqlalchemy import func, select

from hub import keys as key_files
from hub.fhir.identifiers import Identifier
from hub.fhir.query import read_query
from hub.store import patients
from hub.store.audit_check import whole
from hub.store.audit_log import Leaf
from hub.store.backup import KEY_FILES, backup, restore
from hub.store.cursor import Cursor, seal, unseal
from hub.store.patients import Facts
from hub.store.tables import METADATA, audit

PERSON = Identifier("http://electronichealth.se/identifier/personnummer", "195009072553")


@pytest.fixture
def data(tmp_path: Path, write) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "hub-keys.json").write_text(f'{{"identity": "{write.KEY.hex()}", "cursor": "{write.KEYS.cursor.hex()}"}}')
    (folder / "authserver-key.pem").write_text("a key")
    for name in KEY_FILES[2:]:
        (folder / name).write_text("a key of the log, or what it signed")
    (folder / "hub.log").write_text("no key")
    return folder


@pytest.fixture
def filled(store, write):
    """A store with something in every kind of column."""
    with store.database.writing() as connection:
        patients.enroll(connection, write.KEY, Facts((PERSON,)))
    store.put(*(write.record(n, write.observation(f"o{n}", valueString="Åäö\n", valueQuantity={"value": 1})) for n in range(30)))
    store.put(write.record(1, write.observation("o1", status="amended"), unit=None), gone=(2,))
    for number in range(9):
        store.audit.append(Leaf(write.PK, {"n": number}))
    return store


def _rows(connection):
    return {
        table.name: connection.execute(select(table).order_by(*table.primary_key.columns)).all()
        for table in METADATA.sorted_tables
    }


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path):
    """Another database, without even tables; removed afterwards."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'restored' / 'hub.db'}"
        return
    import uuid

    from sqlalchemy import create_engine, make_url, text

    address, name = request.getfixturevalue("postgres"), f"hub_test_{uuid.uuid4().hex[:12]}"
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        yield make_url(address).set(database=name).render_as_string(hide_password=False)
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def test_what_was_backed_up_comes_back_whole_on_either_database(filled, write, data, tmp_path, empty_url) -> None:
    target, folder = tmp_path / "backup.tar", tmp_path / "restored"
    before = _rows(filled.reader())
    query = read_query("Observation", [("_count", "5")], now=filled.clock())
    first = filled.search.page(filled.reader(), filled.view(), query)
    cursor = seal(
        write.KEYS.cursor, Cursor(1, filled.known().recorded, first.total, "b", (*first.hits[-1].keys, first.hits[-1].rid))
    )
    second = filled.search.page(filled.reader(), filled.view(), query, (*first.hits[-1].keys, first.hits[-1].rid))

    backup(filled.database.url, data, target)
    folder.mkdir()
    restore(target, empty_url, folder)

    keys = key_files.load(folder)
    restored = write.Held(empty_url, keys, write.Clock())
    assert {name: [tuple(row) for row in rows] for name, rows in _rows(restored.reader()).items()} == {
        name: [tuple(row) for row in rows] for name, rows in before.items()
    }
    assert whole(restored.reader()) == (9, "")
    assert patients.find(restored.reader(), keys.identity, PERSON) == patients.find(filled.reader(), write.KEY, PERSON)
    assert restored.read("o1").bytes == filled.read("o1").bytes
    after = unseal(keys.cursor, cursor, "b", 2).after
    assert restored.search.page(restored.reader(), restored.view(), query, after).hits == second.hits
    assert restored.audit.append(Leaf(write.PK, {})) == 9
    assert (
        restored.put(write.record(3, write.observation("o3", valueString="Åäö\n", valueQuantity={"value": 1}))).anything is False
    )
    restored.close()


def test_a_backup_is_for_its_owner_alone_and_holds_only_keys_and_tables(filled, data, tmp_path) -> None:
    target = tmp_path / "backup.tar"
    backup(filled.database.url, data, target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with tarfile.open(target) as archive:
        names = archive.getnames()
    tables = [f"tables/{table.name}.jsonl" for table in METADATA.sorted_tables]
    assert sorted(names) == sorted([*tables, *(f"keys/{name}" for name in KEY_FILES), "manifest.json"])
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".backup")] == []


def test_what_is_restored_is_for_its_owner_alone(filled, data, tmp_path) -> None:
    backup(filled.database.url, data, tmp_path / "backup.tar")
    restore(tmp_path / "backup.tar", f"sqlite:///{tmp_path / 'restored' / 'hub.db'}", tmp_path / "restored")
    assert stat.S_IMODE((tmp_path / "restored").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "restored" / "hub.db").stat().st_mode) == 0o600
    for name in KEY_FILES:
        assert stat.S_IMODE((tmp_path / "restored" / name).stat().st_mode) == 0o600
        assert (tmp_path / "restored" / name).read_bytes() == (data / name).read_bytes()


def test_a_backup_never_replaces_a_file(filled, data, tmp_path) -> None:
    (tmp_path / "backup.tar").write_text("something")
    with pytest.raises(FileExistsError):
        backup(filled.database.url, data, tmp_path / "backup.tar")
    assert (tmp_path / "backup.tar").read_text() == "something"


@pytest.mark.parametrize("missing", ["keys", "database"])
def test_without_keys_or_database_there_is_nothing_to_back_up(filled, data, tmp_path, missing) -> None:
    url = filled.database.url
    if missing == "keys":
        (data / "hub-keys.json").unlink()
    else:
        url = f"sqlite:///{tmp_path / 'none.db'}"
    with pytest.raises(FileNotFoundError):
        backup(url, data, tmp_path / "backup.tar")
    assert not (tmp_path / "backup.tar").exists()
    assert not (tmp_path / "none.db").exists()


def test_restore_refuses_a_database_that_holds_something(filled, data, tmp_path) -> None:
    backup(filled.database.url, data, tmp_path / "backup.tar")
    before = _rows(filled.reader())
    with pytest.raises(ValueError, match="not empty"):
        restore(tmp_path / "backup.tar", filled.database.url, tmp_path / "restored")
    assert _rows(filled.reader()) == before
    assert list((tmp_path / "restored").iterdir()) == []


def test_restore_refuses_a_folder_that_has_keys(filled, data, tmp_path) -> None:
    backup(filled.database.url, data, tmp_path / "backup.tar")
    with pytest.raises(ValueError, match="never replaced"):
        restore(tmp_path / "backup.tar", f"sqlite:///{tmp_path / 'new.db'}", data)
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize("harm", ["cut", "other", "rows", "version"])
def test_restore_refuses_what_is_not_a_whole_backup_and_leaves_nothing(store, write, data, tmp_path, harm) -> None:
    store.put(write.record(1, write.observation("a")), write.record(2, write.observation("b")))
    target, harmed, url = tmp_path / "backup.tar", tmp_path / "harmed.tar", f"sqlite:///{tmp_path / 'new.db'}"
    backup(store.database.url, data, target)
    content = target.read_bytes()
    if harm == "cut":
        harmed.write_bytes(content[: len(content) // 3])
    elif harm == "other":
        harmed.write_bytes(b"not a backup at all")
    elif harm == "rows":
        at = content.index(b"]\n[")
        harmed.write_bytes(content[: at + 1] + b" " + content[at + 2 :])
    else:
        harmed.write_bytes(re.sub(rb'"revision": "\d+"', b'"revision": "0000"', content))
    with pytest.raises(ValueError):  # noqa: PT011  (each harm has words of its own)
        restore(harmed, url, tmp_path / "restored")
    assert list((tmp_path / "restored").iterdir()) == []
    restore(target, url, tmp_path / "restored")


def test_a_backup_taken_while_others_write_is_of_one_moment(store, write, data, tmp_path) -> None:
    stop = threading.Event()

    def writing() -> None:
        number = 0
        while not stop.is_set():
            store.audit.append(Leaf(write.PK, {"n": number}))
            store.put(write.record(number, write.observation(f"o{number}")))
            number += 1

    thread = threading.Thread(target=writing)
    thread.start()
    try:
        for number in range(3):
            backup(store.database.url, data, tmp_path / f"{number}.tar")
    finally:
        stop.set()
        thread.join()
    for number in range(3):
        url = f"sqlite:///{tmp_path / f'{number}.db'}"
        restore(tmp_path / f"{number}.tar", url, tmp_path / f"data{number}")
        restored = write.Held(url, write.KEYS, write.Clock())
        size, fault = whole(restored.reader())
        assert fault == ""
        assert restored.reader().execute(select(func.count()).select_from(audit)).scalar_one() == size
        restored.close()
