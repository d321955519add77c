"""A small hub of its own for the command line: its configuration, its database, and a way to run a command."""

import os
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hub import keys as key_files
from hub.cli import main
from hub.errors import Issue
from hub.mappers import SourceMessage
from hub.store import messages
from hub.store.audit_log import Leaf
from hub.store.store import Store
from hub.store.tables import NO_PATIENT

GARBAGE = b"MSH|^~\\&|nothing that anybody can read"
CONFIGURATION = """
[hub]
data = "data"

[[source]]
name = "hospital"
title = "Hospital"
kind = "mllp"
owner = "SE2321990018-NORR"
system = "SE2321990018-LABBOK"
address = "127.0.0.1:1"
contracts = ["hl7v2_oru_r01"]
"""
Hub = Callable[..., Result]


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch) -> None:
    """An empty folder, and an environment that says nothing of a hub."""
    monkeypatch.chdir(tmp_path)
    for name in [each for each in os.environ if each.startswith("HUB_") and each != "HUB_REFERENCE"]:
        monkeypatch.delenv(name)


@pytest.fixture
def hub() -> Hub:
    """Runs a command; its exit code must be as said. A failure is one line on standard error, never a traceback."""

    def run(*arguments: str, code: int = 0) -> Result:
        done = CliRunner().invoke(main, list(arguments))
        assert done.exit_code == code, done.output
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        if code:
            assert re.fullmatch(r"hub: [^\n]+\n", done.stderr), done.stderr
        return done

    return run


@pytest.fixture
def configured(tmp_path, monkeypatch) -> Path:
    """A hub with one source; gives its data folder."""
    (tmp_path / "hub.toml").write_text(CONFIGURATION, "utf-8")
    monkeypatch.setenv("HUB_CONFIG", str(tmp_path / "hub.toml"))
    return tmp_path / "data"


@pytest.fixture
def held(configured, sqlite_template) -> Path:
    """The same with a database: four messages and four entries in the log."""
    configured.mkdir()
    shutil.copy(sqlite_template, configured / "hub.db")
    store = Store(f"sqlite:///{configured / 'hub.db'}", key_files.create(configured), lambda: datetime.now(UTC))
    store.open()
    with store.database.writing() as connection:
        for content, status in (
            (GARBAGE, "unmappable"),
            (b"MSH|withheld", "withheld"),
            (b"MSH|flawed", "flawed"),
            (b"MSH|mapped", "mapped"),
        ):
            message = SourceMessage("hospital", "hl7v2_oru_r01", content, datetime.now(UTC), None)
            messages.keep(connection, message, NO_PATIENT, status, messages.report((Issue("MSH-9", "is missing"),)))
    for number in range(4):
        store.audit.append(Leaf(NO_PATIENT, {"action": f"deed-{number}", "outcome": "permit", "who": {"subject": "someone"}}))
    store.close()
    return configured
