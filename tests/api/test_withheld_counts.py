"""What was withheld is in the log, by rule and custody class; an answer, and whoever reads the log, are told nothing of it."""

import json

import pytest

from hub.audit import leaf_hash, root_of
from hub.fhir.json import loads
from hub.store.tables import audit


@pytest.fixture
def mixed(house, kit):
    """A patient with three entries at another provider, one at the own, and no consent."""
    patient = house.enroll()
    house.near(patient)
    own = house.hold(patient, provider=kit.P1, unit=kit.U1)
    for number in range(3):
        house.hold(patient, key=f"other-{number}")
    return patient, own


def inner_of(house):
    """What lies beside the entries of searches."""
    rows = house.store.reader().execute(audit.select().order_by(audit.c.seq))
    return [loads(row.kept) for row in rows if loads(row.entry)["action"] == "search"]


def test_a_search_logs_how_many_entries_it_withheld_and_by_which_rule(house, kit, mixed):
    patient, own = mixed
    answer = house.get(f"/fhir/Observation?patient={patient.id}", "doctor").json()
    entry = inner_of(house)[-1]
    assert [each["resource"]["id"] for each in answer["entry"] if each["resource"]["resourceType"] == "Observation"] == [own]
    [counted] = entry["withheld"]
    assert (counted["provider"], counted["entries"], counted["rule"]) == (kit.P2, 3, "R48")
    assert "withheld" not in json.dumps(answer)


def test_what_was_counted_follows_the_record_and_the_grounds(house, kit, mixed):
    patient, _ = mixed
    path = f"/fhir/Observation?patient={patient.id}&code=nothing-has-this"
    house.get(path, "doctor")
    house.hold(patient, key="other-9")
    house.get(path, "doctor")
    house.consent(patient)
    house.get(path, "doctor")
    counts = [sum(each["entries"] for each in entry.get("withheld", ())) for entry in inner_of(house)]
    assert counts == [3, 4, 0]


def test_counting_costs_a_statement_only_where_something_has_moved(house, mixed):
    patient, _ = mixed
    path = f"/fhir/Observation?patient={patient.id}"
    house.get(path, "doctor")
    with house.store.database.count() as counter:
        house.get(path, "doctor")
    assert not [each for each in counter.statements if "count(DISTINCT" in each]


def test_a_read_that_is_withheld_logs_the_rule_and_one_of_nothing_none(house, mixed, kit):
    patient, _ = mixed
    hidden = house.hold(patient, key="hidden")
    for id in (hidden, "never-issued"):
        assert house.get(f"/fhir/Observation/{id}", "doctor").status_code == 404
    found = [(entry["outcome"], entry["rules"]) for entry in house.log() if entry["action"] == "read"]
    assert found == [("nothing", ["R48"]), ("nothing", [])]


def test_the_root_in_the_entry_is_that_of_what_was_released(house, mixed):
    patient, own = mixed
    house.get(f"/fhir/Observation?patient={patient.id}", "doctor")
    row = house.store.reader().execute(audit.select().order_by(audit.c.seq.desc()).limit(1)).one()
    lines = loads(row.kept)["released"]
    assert [line.split("/")[0] for line in lines] == [own]
    assert house.log()[-1]["root"] == root_of([leaf_hash(line.encode()) for line in lines]).hex()
    assert own not in row.entry.decode()
