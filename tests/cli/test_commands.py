"""The command line on a small hub of its own: what it says, and with which exit code it ends."""

import contextlib
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

GARBAGE = b"MSH|^~\\&|nothing that anybody can read"


def ids(told: str) -> list[str]:
    return re.findall(r"│ ([0-9a-f]{12}) ", told)


def test_messages_with_problems_are_listed_and_those_without_custody_on_their_own(hub, held):
    assert len(ids(hub("message", "list").stdout)) == 3
    assert len(ids(hub("message", "list", "--all").stdout)) == 4
    told = hub("message", "list", "--status", "flawed").stdout
    assert len(ids(told)) == 1
    assert " flawed " in told
    assert "a status is one of mapped, flawed, " in hub("message", "list", "--status", "bad", code=1).stderr
    told = hub("message", "list", "--withheld").stdout
    assert len(ids(told)) == 1
    assert " withheld " in told
    for both in (("--withheld", "--all"), ("--withheld", "--status", "flawed"), ("--all", "--status", "flawed")):
        assert "give one of them" in hub("message", "list", *both, code=1).stderr


def test_a_list_that_is_cut_off_says_so_and_a_source_is_chosen(hub, held):
    told = hub("message", "list", "--count", "1").stdout
    assert len(ids(told)) == 1
    assert "the newest 1 of 3: --count shows more" in told
    assert "the newest" not in hub("message", "list", "--count", "3").stdout
    assert len(ids(hub("message", "list", "--source", "hospital").stdout)) == 3
    assert "no source has that name; there are hospital\n" in hub("message", "list", "--source", "elsewhere", code=1).stderr


def test_a_message_is_shown_with_its_places_and_its_bytes_as_they_came(hub, held):
    every = {one: hub("message", "show", one, "--content").stdout_bytes for one in ids(hub("message", "list").stdout)}
    assert set(every.values()) == {GARBAGE, b"MSH|withheld", b"MSH|flawed"}
    told = hub("message", "show", next(iter(every))).stdout
    assert "MSH-9" in told
    assert "is missing" in told
    assert "MSH|" not in told


def test_a_message_that_still_cannot_be_read_says_so_when_tried_again(hub, held):
    (garbage,) = (
        one for one in ids(hub("message", "list").stdout) if hub("message", "show", one, "--content").stdout_bytes == GARBAGE
    )
    told = json.loads(hub("message", "retry", garbage).stdout)
    assert told["status"] == "unmappable"
    assert told["issues"]
    assert len(ids(hub("message", "list", "--all").stdout)) == 4


def test_the_newest_entries_of_the_log_are_listed(hub, held):
    told = hub("audit", "list", "--count", "2").stdout
    assert [word for word in told.split() if word.startswith("deed-")] == ["deed-2", "deed-3"]
    rows = [json.loads(row) for row in hub("audit", "list", "--json").stdout.splitlines()]
    assert [row["action"] for row in rows] == [*(f"deed-{number}" for number in range(4)), "read-log"]


def test_an_edited_entry_is_found(hub, held):
    assert hub("audit", "verify").stdout.startswith("unbroken: 4 entries")
    with sqlite3.connect(held / "hub.db") as database:
        (table,) = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")} & {
            "audit",
            "leaf",
        }
        changed = database.execute(
            f"UPDATE {table} SET entry = CAST(replace(CAST(entry AS TEXT), 'deed-2', 'deed-9') AS BLOB) WHERE seq = 2"
        )
        assert changed.rowcount == 1
    database.close()
    assert "the log does not hold" in hub("audit", "verify", code=1).stderr


@pytest.mark.parametrize(
    "command", [("message", "list"), ("message", "show", "ab"), ("audit", "list"), ("audit", "verify")], ids=" ".join
)
def test_without_a_database_nothing_is_made_and_the_way_on_is_said(hub, configured, command):
    assert "start the hub once" in hub(*command, code=1).stderr
    assert not configured.exists()


def test_a_database_that_does_not_answer_is_said_without_its_password(hub, configured, monkeypatch):
    monkeypatch.setenv("HUB_DATABASE_URL", "postgresql+psycopg://someone:secret@127.0.0.1:1/hub")
    told = hub("audit", "list", code=1).stderr
    assert "does not answer" in told
    assert "secret" not in told


def test_serving_without_keys_says_how_they_are_made(hub, configured):
    assert "hub keys create" in hub("serve", code=1).stderr


def test_serving_where_something_else_listens_is_one_line(hub, held, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setenv("HUB_PORT", str(port))
        assert f"cannot listen on 127.0.0.1:{port}" in hub("serve", code=1).stderr


def test_serving_without_its_database_is_one_line(hub, held, monkeypatch):
    monkeypatch.setenv("HUB_PORT", "0")
    monkeypatch.setenv("HUB_DATABASE_URL", "postgresql+psycopg://someone:secret@127.0.0.1:1/hub")
    assert hub("serve", code=1).stderr == "hub: the database does not answer\n"


def test_a_hub_whose_search_keys_are_of_another_version_does_not_start_until_they_are_made_anew(hub, held, monkeypatch):
    monkeypatch.setenv("HUB_PORT", "0")
    assert hub("reindex").stdout == "the search keys are of this version\n"
    with contextlib.closing(sqlite3.connect(held / "hub.db")) as database, database:
        database.execute("UPDATE index_made SET digest = 'another'")
    assert "run `hub reindex`" in hub("serve", code=1).stderr
    assert "made the search keys of 1 patients" in hub("reindex").stdout
    assert hub("reindex").stdout == "the search keys are of this version\n"


def test_a_hub_that_is_ended_by_a_signal_writes_its_last_lines(hub, configured, tmp_path):
    hub("keys", "create")
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    environment = {"HUB_PORT": str(port), "PATH": os.environ["PATH"], "HUB_CONFIG": str(tmp_path / "hub.toml")}
    (tmp_path / "hub.toml").write_text("[hub]\ndata = 'data'\n", "utf-8")
    with subprocess.Popen([sys.executable, "-m", "hub.cli", "serve"], env=environment, stderr=subprocess.PIPE) as process:
        assert json.loads(process.stderr.readline())["event"] == "the hub is open"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live") as answer:
            assert answer.status == 200
        with socket.create_connection(("127.0.0.1", port)) as raw, raw.makefile("rb") as answered:
            raw.sendall(b"GET /fhir/\xc3\xa4 HTTP/1.1\r\nHost: hub\r\n\r\n")
            assert b'"resourceType":"OperationOutcome"' in answered.read()
        process.send_signal(signal.SIGTERM)
        rest = [json.loads(line)["event"] for line in process.stderr]
    assert rest == ["request answered", "a library has something to say", "the hub is closed"]
    assert process.returncode == -signal.SIGTERM


def test_keys_are_made_once(hub, configured):
    hub("keys", "create")
    (made,) = configured.iterdir()
    before = made.read_bytes()
    assert "never replaced" in hub("keys", "create", code=1).stderr
    assert made.read_bytes() == before
    assert made.stat().st_mode & 0o077 == configured.stat().st_mode & 0o077 == 0


def test_the_database_is_for_its_owner_alone_whatever_lies_beside_it(held):
    with contextlib.closing(sqlite3.connect(held / "hub.db")) as database, database:
        database.execute("UPDATE index_made SET digest = digest")
        assert {each.stat().st_mode & 0o077 for each in held.glob("hub.db*")} == {0}
        assert len(list(held.glob("hub.db*"))) == 3


def test_what_was_backed_up_is_put_back_into_an_empty_place_only(hub, held, tmp_path, monkeypatch):
    hub("audit", "checkpoint")
    hub("keys", "rotate")
    hub("backup", "kept.backup")
    assert Path("kept.backup").stat().st_mode & 0o077 == 0
    assert "kept.backup: File exists" in hub("backup", "kept.backup", code=1).stderr
    assert "kept.backup" in hub("restore", "kept.backup", code=1).stderr
    monkeypatch.setenv("HUB_DATA", str(tmp_path / "elsewhere"))
    hub("restore", "kept.backup")
    assert hub("audit", "verify").stdout.startswith("unbroken: 7 entries")
    assert len(ids(hub("message", "list", "--all").stdout)) == 4
    assert len(list(held.glob("*keys*"))) == 2
    assert {each.read_bytes() for each in held.glob("*keys*")} == {
        each.read_bytes() for each in (tmp_path / "elsewhere").glob("*keys*")
    }


@pytest.mark.parametrize("content", [None, b"", b"no backup at all"])
def test_what_is_no_backup_is_not_put_back(hub, configured, tmp_path, content):
    if content is not None:
        (tmp_path / "kept.backup").write_bytes(content)
    assert "kept.backup" in hub("restore", "kept.backup", code=1).stderr
    assert not list(configured.glob("*keys*"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[hub]\nport = ", "hub.toml: "),
        ("[hub]\ncolour = 1", "colour"),
        ('[[source]]\nkind = "x"', "source[0]"),
        (None, "hub.toml"),
    ],
)
def test_a_configuration_that_cannot_be_read_is_one_line(hub, tmp_path, content, said):
    if content is not None:
        (tmp_path / "hub.toml").write_text(content, "utf-8")
    for command in (("source", "list"), ("serve",), ("audit", "verify"), ("keys", "create")):
        assert said in hub(*command, "--config", "hub.toml", code=1).stderr


def test_the_configured_sources_are_listed_and_an_unknown_one_is_refused(hub, configured):
    told = hub("source", "list").stdout
    assert " hospital " in told
    assert " 127.0.0.1:1 " in told
    assert "hub source list" in hub("source", "check", "elsewhere", code=1).stderr


def test_personas_are_told_as_json_with_what_a_client_must_know(hub):
    told = json.loads(hub("personas", "--json").stdout)
    assert all({"name", "kind", "unit", "provider", "purpose", "scopes"} <= each.keys() for each in told)
    kinds = {each["kind"] for each in told}
    assert {"clinician", "social", "patient", "guardian", "reviewer", "system", "technician"} <= kinds
    names = [each["name"] for each in told]
    assert len(set(names)) == len(names)
    listed = hub("personas").stdout
    assert all(f" {name} " in listed for name in names)
    assert " Sjuksköterska, Hjärtmottagningen " in listed


@pytest.mark.parametrize("command", [("token", "lakare-norrdal-1"), ("demo", "mend", "region-norrdal")], ids=" ".join)
def test_where_no_demo_runs_that_is_said(hub, command):
    assert "no demo runs here on port 8000" in hub(*command, code=1).stderr


@pytest.mark.parametrize("command", [("demo",), ("demo", "--once"), ("token", "lakare-norrdal-1")], ids=" ".join)
def test_a_port_that_is_none_is_refused(hub, monkeypatch, command):
    monkeypatch.setenv("HUB_PORT", "eighty")
    assert "HUB_PORT" in hub(*command, code=1).stderr


def test_an_imported_hub_has_not_read_the_models_of_fhir():
    """They take seconds to read, and are asked only where something is written."""
    code = "import sys, hub.app; print([name for name in sys.modules if name.startswith('fhir.resources.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_asking_for_help_reads_neither_the_hub_nor_the_demo():
    code = "import sys, hub.cli; print(sorted({'hub.app', 'hub.demo', 'fastapi', 'sqlalchemy', 'httpx'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
