"""No command reads of anybody, or changes anything, past the log."""

import io
import json
from contextlib import closing

import pytest
from sqlalchemy import select
from typer.main import get_command
from typer.testing import CliRunner

from hub import keys as key_files
from hub.cli import main
from hub.fhir.identifiers import Identifier
from hub.store import patients
from hub.store.database import Database
from hub.store.tables import audit

PERSON = Identifier("http://electronichealth.se/identifier/personnummer", "196101182803")

LOGGED = {
    "message show": "read-message",
    "message retry": "retry-message",
    "audit list": "read-log",
    "audit export": "export-log",
    "keys rotate": "rotate-key",
    "audit expire": "expire-log",
    "backup": "backup",
    "restore": "restore",
    "reindex": "reindex",
    "source forget": "forget-service",
}
"""Command -> the action of its entry."""
SILENT = {
    "serve": "runs the hub, which logs for itself",
    "demo": "no real person's data",
    "personas": "no real person's data",
    "token": "no real person's data",
    "source list": "configuration",
    "source check": "asks a source about a published test number, without a hub; with --patient it is logged",
    "message list": "counts and states of messages",
    "keys create": "before there is a log",
    "audit rights": "writes SQL, and touches no database",
    "audit position": "tells of numbers of entries",
    "audit partitions": "makes empty tables",
    "audit verify": "tells of hashes",
    "audit checkpoint": "tells of hashes",
    "audit consistency": "tells of hashes",
    "audit replay": "tells of rules and numbers of entries",
    "consent decide": "worked cases in a file",
}


def commands():
    for name, command in get_command(main).commands.items():
        if not hasattr(command, "commands"):
            yield name
        elif name == "demo":
            yield "demo"
        else:
            yield from (f"{name} {each}" for each in command.commands)


def last_action(hub):
    entries = [json.loads(line) for line in hub("audit", "list", "--json").stdout.splitlines()]
    return entries[-1]["action"]


def test_every_command_is_known_to_be_logged_or_to_need_no_entry():
    unknown = set(commands()) - LOGGED.keys() - SILENT.keys() - {"audit prove", "audit saw"}
    assert unknown == set()


def test_a_proof_shows_an_entry_so_it_is_logged(hub, held):
    hub("audit", "checkpoint")
    hub("audit", "prove", "1")
    assert last_action(hub) == "read-log"


@pytest.fixture
def known(held) -> int:
    """The patient key of somebody whom the hub knows."""
    with closing(Database(f"sqlite:///{held / 'hub.db'}")) as database, database.writing() as connection:
        return patients.enroll(connection, key_files.load(held).identity, patients.Facts((PERSON,)))


def test_a_source_is_asked_about_somebody_after_an_entry_in_the_list_of_the_patient(hub, held, known):
    asked = CliRunner().invoke(main, ["source", "check", "hospital", "--patient", PERSON.value])
    assert "nobody listens" in asked.stdout
    with closing(Database(f"sqlite:///{held / 'hub.db'}")) as database:
        [row] = database.reader().execute(select(audit.c.entry).where(audit.c.pk == known))
    entry = json.loads(row.entry)
    assert (entry["action"], entry["source"], entry["who"]["kind"]) == ("check-source", "hospital", "operator")
    assert PERSON.value not in row.entry.decode()


def test_a_source_is_not_asked_about_somebody_where_there_is_no_log(hub, configured):
    assert "there is no database" in hub("source", "check", "hospital", "--patient", PERSON.value, code=1).stderr
    assert "nobody listens" in CliRunner().invoke(main, ["source", "check", "hospital"]).stdout


@pytest.mark.parametrize("command", ["audit list", "audit export", "keys rotate", "backup", "reindex"])
def test_a_command_leaves_its_entry(hub, held, tmp_path, command):
    more = {"audit export": [str(tmp_path / "out")], "backup": [str(tmp_path / "out.tar")]}.get(command, [])
    hub(*command.split(), *more)
    entries = [json.loads(line) for line in hub("audit", "list", "--json").stdout.splitlines()]
    assert LOGGED[command] in [each["action"] for each in entries]


def test_looking_at_a_message_leaves_an_entry(hub, held, monkeypatch):
    import re

    [one, *_] = re.findall(r"│ ([0-9a-f]{12}) ", hub("message", "list").stdout)
    hub("message", "show", one)
    assert last_action(hub) == "read-message"
    lines = io.StringIO()
    monkeypatch.setattr("hub.observe.standard_error", lambda: lines)
    hub("message", "retry", one)
    assert lines.getvalue() == ""  # a hub that was put together for this has neither opened nor closed
    entries = [json.loads(line)["action"] for line in hub("audit", "list", "--json").stdout.splitlines()]
    assert "retry-message" in entries
