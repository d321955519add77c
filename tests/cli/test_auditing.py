"""The log on the command line: signed, verified, exported for a verifier that has no hub, and proven."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from hub import keys as key_files
from hub.audit import consistent, included, leaf_hash
from hub.checkpoint_keys import load
from hub.checkpoints import read, read_all, split
from hub.cli import main
from hub.fhir.identity import rid
from hub.store.audit_log import Leaf
from hub.store.store import Store
from hub.store.tables import locator
from hub.store.values import insert_new

TOOL = Path(__file__).parents[2] / "tools" / "verify_audit.py"


def verified(*arguments):
    """What the verifier says, and its exit code: in a process that can import nothing of the hub."""
    done = subprocess.run([sys.executable, "-I", str(TOOL), *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def forge(folder, statement):
    engine = create_engine(f"sqlite:///{folder / 'hub.db'}")
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture
def signed(hub, held):
    hub("audit", "checkpoint")
    return held


def test_a_log_is_signed_once_for_what_it_holds(hub, signed):
    assert "nothing was written" in hub("audit", "checkpoint").stdout
    told = hub("audit", "verify").stdout
    assert "unbroken: 4 entries" in told
    assert "4 under 1 checkpoints" in told
    assert "What this cannot show" in told


def test_without_a_checkpoint_verifying_says_what_it_cannot_show(hub, held):
    assert "there is no checkpoint" in hub("audit", "verify").stdout


def test_the_first_entry_that_does_not_fit_is_named(hub, signed):
    forge(signed, "UPDATE audit SET entry = (SELECT entry FROM audit WHERE seq = 1) WHERE seq = 2")
    assert "entry 2 is not what its leaf hash says" in hub("audit", "verify", code=1).stderr


def test_since_the_last_checkpoint_only_what_came_after_is_read(hub, signed):
    hub("keys", "rotate")
    hub("keys", "rotate")
    told = hub("audit", "verify", "--since-last").stdout
    assert "unbroken: 1 entries" in told
    assert "the first 5 entries are what their hashes say" in " ".join(told.split())
    assert "unbroken: 2 entries" in hub("audit", "verify", "--since", "1").stdout
    assert "there are 3 checkpoints" in hub("audit", "verify", "--since", "4", code=1).stderr
    forge(signed, "UPDATE audit SET entry = X'7B7D' WHERE seq = 1")
    assert hub("audit", "verify", "--since-last").exit_code == 0  # it was verified before, and says so no longer
    assert hub("audit", "verify", code=1)


def test_an_export_is_verified_without_the_hub_and_a_harmed_one_is_not(hub, signed, tmp_path):
    hub("keys", "rotate")
    hub("audit", "export", str(tmp_path / "log.jsonl"))
    kept = ("--keys", signed / "audit-keys.json", "--checkpoints", signed / "audit-checkpoints.txt")
    code, told = verified(tmp_path / "log.jsonl", *kept)
    assert (code, told.startswith("6 entries hold, under 3 checkpoints")) == (0, True)
    assert "own word" not in told
    assert "own word" in verified(tmp_path / "log.jsonl")[1]
    content = (tmp_path / "log.jsonl").read_text()
    for harmed in (
        content.replace("deed-2", "deed-9"),
        "\n".join(content.splitlines()[:-1]),
        content.replace('"seq":3', '"seq":4'),
    ):
        (tmp_path / "harmed.jsonl").write_text(harmed)
        code, told = verified(tmp_path / "harmed.jsonl", *kept)
        assert (code, "DOES NOT HOLD" in told) == (1, True)
    (tmp_path / "other.jsonl").write_text("{}\n")
    assert verified(tmp_path / "other.jsonl")[0] == 2


def test_an_export_is_itself_in_the_log_and_what_an_operator_did_is_named_by_account(hub, signed, tmp_path):
    hub("audit", "export", str(tmp_path / "log.jsonl"))
    hub("audit", "list")
    entries = [json.loads(line) for line in hub("audit", "list", "--json").stdout.splitlines()]
    assert entries.pop()["action"] == "read-log"
    assert (entries[-1]["action"], entries[-1]["who"]["kind"]) == ("export-log", "operator")
    assert entries[-1]["who"]["subject"]


def test_an_entry_is_proven_to_stand_under_the_last_checkpoint(hub, signed):
    found = json.loads(hub("audit", "prove", "2").stdout)
    checkpoint = read(found["checkpoint"], load(signed).keys)
    [head] = checkpoint.shards
    path = [bytes.fromhex(each) for each in found["path"]]
    assert included(leaf_hash(found["entry"].encode()), 2, head.size, path, head.root)
    assert "no such entry" in hub("audit", "prove", "4", code=1).stderr


@pytest.mark.parametrize("scope", ["", "hospital/"], ids=["given", "chosen"])
def test_who_saw_a_resource_is_listed_and_that_nobody_did_is_said(hub, held, scope):
    """Whoever chose its id. An empty table would be the answer to a resource that there is not, too."""
    path = held.parent / "hub.toml"
    path.write_text(path.read_text() + "\n[[client]]\nclient_id = 'hospital'\nsource = 'hospital'\n")
    store = Store(f"sqlite:///{held / 'hub.db'}", key_files.load(held), lambda: datetime.now(UTC))
    store.open()
    with store.database.writing() as connection:
        insert_new(connection, locator, [{"rid": rid(store.keys.identity, f"{scope}Observation", "o1"), "pk": 7}])
    read = {"action": "read", "outcome": "permit", "who": {"subject": "SE1-E1"}}
    store.audit.append(Leaf(7, read, kept={"released": ["o1/v1"]}))
    store.close()
    assert "hub audit prove 4 --shard 0 --resource o1/v1" in hub("audit", "saw", "se1-e1", "Observation/o1").stdout
    assert "no answer to anybody whom the log names SE1-E2 held it" in hub("audit", "saw", "SE1-E2", "Observation/o1").stdout
    for wrong in ("Observation/o2", "Observation", "o1"):
        assert "no resource has that id; it is written as TYPE/ID" in hub("audit", "saw", "SE1-E1", wrong, code=1).stderr


def test_the_log_of_one_checkpoint_is_proven_to_begin_with_that_of_another(hub, signed):
    hub("keys", "rotate")
    found = json.loads(hub("audit", "consistency", "1", "2").stdout)
    first, second = read_all(split((signed / "audit-checkpoints.txt").read_text()), load(signed).keys)
    [step] = found["shards"]
    path = [bytes.fromhex(each) for each in step["path"]]
    assert consistent(step["from"], step["to"], path, first.shards[0].root, second.shards[0].root)
    for wrong in (("1", "3"), ("2", "1")):
        assert "there are 2 checkpoints: name an earlier and a later" in hub("audit", "consistency", *wrong, code=1).stderr


def test_no_proof_is_handed_over_that_would_not_hold(hub, signed):
    hub("keys", "rotate")
    forge(signed, "UPDATE audit SET entry = X'7B7D', leaf = X'00' WHERE seq IN (1, 4)")
    assert "not the one that the last checkpoint covers" in hub("audit", "prove", "1", code=1).stderr
    assert "not the one that both checkpoints cover" in hub("audit", "consistency", "1", "2", code=1).stderr


@pytest.fixture
def aged(hub, held):
    """A log of three shards of which most was written, and signed, eleven years ago."""
    from hub.checkpointing import Checkpoints

    (held / "hub.db").unlink()
    (held.parent / "hub.toml").write_text(
        (held.parent / "hub.toml").read_text() + "\n[[retention]]\nprovider = 'SE9'\nyears = 30\n"
    )
    configuration = (held.parent / "hub.toml").read_text().replace("[hub]", "[hub]\naudit_shards = 3")
    (held.parent / "hub.toml").write_text(configuration)
    then = datetime.now(UTC) - timedelta(days=4100)
    url = f"sqlite:///{held / 'hub.db'}"
    store = Store(url, key_files.load(held), lambda: then, audit_shards=3)
    store.open()
    for number in range(9):
        store.audit.append(Leaf(number % 4, {"action": "read", "who": {"provider": "SE1"}}))
    Checkpoints(held / "audit-checkpoints.txt", held).make(store)
    store.close()
    return held


def test_the_newest_entries_of_all_shards_are_listed(hub, aged):
    entries = [json.loads(line) for line in hub("audit", "list", "--json").stdout.splitlines()]
    assert [each["action"] for each in entries] == ["read"] * 9
    told = hub("audit", "list", "--count", "4").stdout
    assert told.count(" read ") == 3  # and the entry of the list before
    assert "read-log" in told
    refused = CliRunner().invoke(main, ["audit", "list", "--count", "0"])
    assert (refused.exit_code, "--count" in refused.stderr) == (2, True)


def test_what_has_outlived_its_retention_is_removed_after_it_was_said_to_be(hub, aged, tmp_path):
    told = hub("audit", "expire", "--dry-run").stdout
    assert "SE1: 9 entries, kept for 10 years" in told
    assert "9 entries may be removed" in told
    assert "unbroken: 9 entries" in hub("audit", "verify").stdout
    assert "removed 9 entries" in hub("audit", "expire").stdout
    told = hub("audit", "verify").stdout
    assert "unbroken: 1 entries" in told
    assert "The first 9 entries were removed" in " ".join(told.split())
    assert "nothing is due" in hub("audit", "expire").stdout
    assert '"action":"expire-log"' in hub("audit", "list", "--json").stdout
    hub("audit", "export", str(tmp_path / "log"))
    code, said = verified(tmp_path / "log", "--keys", aged / "audit-keys.json", "--checkpoints", aged / "audit-checkpoints.txt")
    assert code == 0
    assert "The first 9 entries were removed" in said
    forge(aged, "DELETE FROM audit_ended WHERE pk = 3")
    assert "ends of the lists" in hub("audit", "verify", code=1).stderr


@pytest.mark.parametrize("years", ["4", "0", "'ten'", "true", "5.5"])
def test_nothing_is_kept_for_less_than_five_years(hub, aged, years):
    path = aged.parent / "hub.toml"
    for wrong in (
        path.read_text().replace("years = 30", f"years = {years}"),
        path.read_text().replace("[hub]", f"[hub]\naudit_years = {years}"),
    ):
        path.write_text(wrong)
        assert "never under 5" in hub("audit", "expire", code=1).stderr


def test_a_legal_hold_names_somebody(hub, aged):
    path = aged.parent / "hub.toml"
    written = path.read_text()
    path.write_text(written + "[[legal_hold]]\nreason = 'case 1'\n")
    assert "a provider or a patient" in hub("audit", "expire", code=1).stderr
    path.write_text(written + "[[legal_hold]]\nprovider = 'se1'\n")
    assert "must be kept: a legal hold" in hub("audit", "expire").stdout
    path.write_text(written + "[[legal_hold]]\npatient = 'nobody'\n")
    assert "no patient has that id" in hub("audit", "expire", code=1).stderr


def test_how_far_the_log_went_to_a_log_service_is_told_and_holds_what_it_has_not_taken(hub, aged):
    assert "no [log_service]" in hub("audit", "position", code=1).stderr
    path = aged.parent / "hub.toml"
    path.write_text(path.read_text() + "[log_service]\naddress = 'http://127.0.0.1:1/'\nsystem = 'SE1-HUB'\n")
    assert [line.split() for line in hub("audit", "position").stdout.splitlines() if "2015" in line or "0" in line]
    assert "the log service has not taken it yet" in hub("audit", "expire").stdout
    forge(aged, "INSERT INTO audit_sent (shard, sent) VALUES (0, 5), (1, 2), (2, 2)")
    assert "removed 9 entries" in hub("audit", "expire").stdout
