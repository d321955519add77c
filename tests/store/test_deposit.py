"""Writing a record: the same twice changes nothing, a change makes one version, custody reaches the past, nothing is lost."""

import itertools
import multiprocessing
import threading
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from hub.consent.release import TRUE, Flag, IsNull, Outcome, Release, Row, closed
from hub.fhir.identifiers import Identifier
from hub.fhir.identity import rid
from hub.fhir.json import loads
from hub.fhir.query import read_query
from hub.store import patients
from hub.store.deposit import Change, entries_of, patients_of, release_ids
from hub.store.patients import Facts
from hub.store.tables import FOREVER, METADATA, NO_PATIENT, body, entry, ix_token, locator, number, patient, resource
from hub.store.values import fitted, insert_new

NOT_SECRET = Release(closed([Row(Flag("secret"), Outcome.HIDE, "R10"), Row(TRUE, Outcome.PERMIT, "R47")]))
KNOWN_UNIT = Release(closed([Row(IsNull("unit"), Outcome.HIDE, "R05"), Row(TRUE, Outcome.PERMIT, "R47")]))


def _all(store):
    """Every row of every table."""
    connection = store.reader()
    return {table.name: sorted(map(tuple, connection.execute(select(table))), key=repr) for table in METADATA.sorted_tables}


def _found(store, release, *params):
    query = read_query("Observation", list(params), now=store.clock())
    return sorted(each.fhir_id for each in store.search.page(store.reader(), store.view(release), query).hits)


def test_the_same_deposit_twice_changes_nothing_at_all(store, write) -> None:
    records = [write.record(1, write.observation("a"), write.observation("b")), write.record(2, write.observation("c"))]
    assert store.put(*records) == Change(created=2)
    before = _all(store)
    assert store.put(*records) == Change()
    assert not store.put(*reversed(records)).anything
    assert _all(store) == before


def test_changed_content_is_one_new_version_and_moves_no_epoch(store, write) -> None:
    store.put(write.record(1, write.observation("a"), write.observation("b")))
    told = store.known()
    assert store.put(write.record(1, write.observation("a", status="amended"), write.observation("b"))) == Change(updated=1)
    assert [loads(each.bytes)["status"] for each in store.versions("a")] == ["amended", "final"]
    assert len(store.versions("b")) == 1
    assert store.known().recorded > told.recorded
    assert store.known().epoch == told.epoch


def test_a_version_says_its_own_id_and_time_whatever_the_giver_wrote(store, write) -> None:
    meta = {"versionId": "99", "lastUpdated": "1999-01-01T00:00:00Z", "source": "urn:s"}
    store.put(write.record(1, write.observation("a", meta=meta)))
    found = store.read("a")
    held = loads(found.bytes)
    assert list(held)[:3] == ["resourceType", "id", "meta"]
    assert held["meta"]["versionId"] == found.version_id != "99"
    assert held["meta"]["lastUpdated"].startswith("2026-11-21T09:")
    assert held["meta"]["source"] == "urn:s"


def test_each_version_of_a_resource_has_an_id_of_its_own_also_under_another_patient(store, write) -> None:
    store.patient(write.PK + 1)
    for status in ("final", "amended", "final"):
        store.put(write.record(1, write.observation("a", status=status)))
    store.put(gone=(1,))
    store.put(write.record(1, write.observation("a")), pk=write.PK + 1)
    ids = store.reader().execute(select(resource.c.version_id)).scalars().all()
    assert len(ids) == len(set(ids)) == 5


@pytest.mark.parametrize(("release", "custody"), [(NOT_SECRET, {"secret": True}), (KNOWN_UNIT, {"unit": None})])
def test_custody_of_today_holds_for_every_version_and_moves_the_epoch(store, write, release, custody) -> None:
    store.put(write.record(1, write.observation("a")))
    store.put(write.record(1, write.observation("a", status="amended")))
    assert len(store.versions("a", release)) == 2
    epoch = store.known().epoch
    store.put(write.record(1, write.observation("a", status="amended"), **custody))
    assert store.known().epoch > epoch
    assert store.versions("a", release) == ()
    assert store.read("a", release) is None
    assert _found(store, release) == []
    assert len(store.versions("a")) == 2
    store.put(write.record(1, write.observation("a", status="amended")))
    assert len(store.versions("a", release)) == 2


def test_custody_of_other_entries_stays_as_it_is(store, write) -> None:
    store.put(write.record(1, write.observation("a")), write.record(2, write.observation("b")))
    store.put(write.record(1, write.observation("a"), secret=True), write.record(2, write.observation("b", status="amended")))
    assert store.read("a", NOT_SECRET) is None
    assert store.read("b", NOT_SECRET) is not None


def test_a_withdrawn_entry_is_found_by_nothing_and_its_history_tells_of_its_end(store, write) -> None:
    store.put(write.record(1, write.observation("a")), write.record(2, write.observation("b")))
    epoch = store.known().epoch
    assert store.put(gone=(1, 77)) == Change(withdrawn=1)
    assert store.known().epoch > epoch
    assert store.read("a") is None
    assert _found(store, write.EVERYTHING) == ["b"]
    assert _found(store, write.EVERYTHING, ("_id", "a")) == []
    assert [each.bytes is None for each in store.versions("a")] == [True, False]
    before = _all(store)
    assert store.put(gone=(1,)) == Change()
    assert _all(store) == before


def test_a_withdrawn_entry_that_reappears_is_there_again_with_its_history(store, write) -> None:
    one = write.record(1, write.observation("a"))
    store.put(one)
    store.put(gone=(1,))
    assert store.put(one) == Change(updated=1)
    assert [each.bytes is None for each in store.versions("a")] == [False, True, False]
    assert store.read("a").version_id == store.versions("a")[0].version_id
    assert _found(store, write.EVERYTHING, ("code", "a")) == ["a"]


def test_an_entry_that_is_made_secret_while_gone_is_secret_in_its_past(store, write) -> None:
    store.put(write.record(1, write.observation("a")))
    store.put(gone=(1,))
    store.put(write.record(1, write.observation("a"), secret=True))
    assert store.versions("a", NOT_SECRET) == ()
    assert len(store.versions("a")) == 3


def test_an_entry_that_loses_a_resource_keeps_the_others(store, write) -> None:
    store.put(write.record(1, write.observation("a"), write.observation("b")))
    store.put(write.record(1, write.observation("b"), secret=True))
    assert store.read("a") is None
    assert [each.bytes is None for each in store.versions("a")] == [True, False]
    assert store.versions("a", NOT_SECRET) == ()
    assert len(store.versions("b")) == 1


def test_an_entry_named_both_to_write_and_to_withdraw_is_written(store, write) -> None:
    store.put(write.record(1, write.observation("a")))
    assert store.put(write.record(1, write.observation("a", status="amended")), gone=(1,)) == Change(updated=1)
    assert loads(store.read("a").bytes)["status"] == "amended"


def test_a_message_tried_again_leaves_what_a_later_one_told(store, write) -> None:
    store.put(write.record(1, write.observation("a")), told=100)
    store.put(write.record(1, write.observation("a", status="amended")), told=300)
    assert store.put(write.record(1, write.observation("a")), told=200, late=True) == Change(outdated=1)
    assert loads(store.read("a").bytes)["status"] == "amended"
    assert store.put(told=200, gone=(1,), late=True) == Change(outdated=1)
    assert store.put(write.record(1, write.observation("a")), told=300, late=True) == Change(updated=1)


def test_an_unchanged_deposit_costs_as_few_statements_for_a_hundred_entries_as_for_one(store, write) -> None:
    counts = []
    for many in (1, 100):
        records = [write.record(number, write.observation(f"o{number}")) for number in range(many)]
        store.put(*records)
        with store.database.count() as counter:
            store.put(*records)
        counts.append(len(counter.statements))
    assert counts == [2, 2]


def test_a_changed_deposit_costs_as_few_statements_for_a_hundred_entries_as_for_one(store, write) -> None:
    counts = []
    for many in (1, 100):
        store.put(*(write.record(n, write.observation(f"o{n}"), write.observation(f"p{n}")) for n in range(many)))
        with store.database.count() as counter:
            changed = (write.record(n, write.observation(f"o{n}", status="amended"), secret=True) for n in range(many))
            store.put(*changed, gone=range(many, many + 50))
        counts.append(len(counter.statements))
        store.put(*(write.record(n, write.observation(f"o{n}")) for n in range(many)))
    assert counts[0] == counts[1] <= 13


def test_more_entries_than_one_statement_names_are_written_alike(store, write) -> None:
    records = [write.record(number, write.observation(f"o{number}")) for number in range(1_500)]
    assert store.put(*records) == Change(created=1_500)
    assert store.put(*records) == Change()
    changed = [replace(each, custody=replace(write.CUSTODY, secret=True)) for each in records[:1_200]]
    assert store.put(*changed, gone=range(1_200, 1_500)) == Change(updated=1_200, withdrawn=300)
    assert len(entries_of(store.reader(), write.PK, "north", "lab")) == 1_200


LONG = "Långt " * 700


@pytest.mark.parametrize(
    ("resource_type", "given", "params"),
    [
        ("Observation", {"valueString": LONG}, [("value-string", LONG[:200])]),
        ("Observation", {"identifier": [{"system": LONG, "value": LONG}]}, [("identifier", f"{LONG}|{LONG}")]),
        ("Observation", {"code": {"coding": [{"system": "urn:x", "code": LONG}]}}, [("code", f"urn:x|{LONG}")]),
    ],
    ids=["text", "identifier", "code"],
)
def test_values_longer_than_a_key_are_kept_and_found(store, write, resource_type, given, params) -> None:
    store.put(write.record(1, write.observation("a", **given)), write.record(2, write.observation("b")))
    assert _found(store, write.EVERYTHING, *params) == ["a"]
    assert all(loads(store.read("a").bytes)[name] == value for name, value in given.items())


def test_two_long_values_that_begin_alike_are_two() -> None:
    assert fitted(LONG + "a") != fitted(LONG + "b")
    assert len(fitted(LONG)) == 256
    assert fitted("short") == "short"


def test_a_character_that_no_database_takes_costs_no_deposit(store, write) -> None:
    store.put(write.record(1, write.observation("a", valueString="a\0b", code={"coding": [{"code": "\0"}]})))
    assert _found(store, write.EVERYTHING, ("_id", "a")) == ["a"]
    assert _found(store, write.EVERYTHING, ("_id", "\0")) == []
    assert store.read("\0") is None


def test_the_entries_and_patients_of_a_source_are_those_it_gives_now(store, write) -> None:
    store.patient(write.PK + 1)
    store.put(write.record(1, write.observation("a")), write.record(2, write.observation("b"), source="south"))
    store.put(write.record(3, write.observation("c")), pk=write.PK + 1)
    assert entries_of(store.reader(), write.PK, "north", "lab") == {1}
    assert patients_of(store.reader(), "north", "lab") == {write.PK, write.PK + 1}
    store.put(gone=(3,), pk=write.PK + 1)
    assert patients_of(store.reader(), "north", "lab") == {write.PK}
    assert patients_of(store.reader(), "north", "other") == set()


def test_a_resource_is_located_with_its_patient_and_no_longer_when_its_ids_are_let_go(store, write) -> None:
    store.put(write.record(1, write.observation("a")), write.record(2, write.observation("b")))
    at = {name: patients.locate(store.reader(), write.KEY, "Observation", name) for name in ("a", "b", "c")}
    assert at == {"a": write.PK, "b": write.PK, "c": None}
    with store.database.writing() as connection:
        release_ids(connection, write.PK, 1)
    assert patients.locate(store.reader(), write.KEY, "Observation", "a") is None
    assert patients.locate(store.reader(), write.KEY, "Observation", "b") == write.PK


def _consistent(store) -> None:
    """What must hold of every record, however it came about."""
    connection = store.reader()
    current = connection.execute(select(resource.c.pk, resource.c.type, resource.c.rid).where(resource.c.rec_to == FOREVER)).all()
    assert len(current) == len(set(current)), "two current versions"
    versions = connection.execute(
        select(resource.c.rid, func.count(), func.max(resource.c.version)).group_by(
            resource.c.pk, resource.c.type, resource.c.rid
        )
    )
    assert all(count == highest for _, count, highest in versions), "a version is missing"
    chain = select(resource).order_by(resource.c.pk, resource.c.type, resource.c.rid, resource.c.version)
    rows = connection.execute(chain).all()
    for one, next_ in itertools.pairwise(rows):
        if one.rid == next_.rid:
            assert one.rec_to == next_.rec_from, "a gap between versions"
    recorded = dict(connection.execute(select(patient.c.pk, patient.c.recorded)).all())
    assert all(row.rec_from <= recorded[row.pk] for row in rows), "a version from the future"
    custody = {row.entry: row for row in connection.execute(select(entry))}
    assert all(row.secret == custody[row.entry].secret for row in rows), "custody of an entry differs from its resources'"
    bodies = connection.execute(select(func.count()).select_from(body)).scalar_one()
    assert bodies == sum(not row.gone for row in rows), "a body too many or too few"
    located = dict(connection.execute(select(locator.c.rid, locator.c.pk)).all())
    assert all(located[row.rid] == row.pk for row in rows), "a resource that cannot be found by its id"


TOLD = st.tuples(st.sets(st.sampled_from("xyz"), min_size=1), st.booleans(), st.integers(0, 1))
NUMBERS = st.integers(0, 4)
STEPS = st.lists(st.tuples(st.dictionaries(NUMBERS, TOLD, max_size=4), st.sets(NUMBERS, max_size=2)), min_size=1, max_size=6)
FRESH = itertools.count(1)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(STEPS)
def test_any_sequence_of_deposits_leaves_a_whole_record_that_shows_the_last_of_each(store, write, steps) -> None:
    pk = store.patient(next(FRESH))
    now = {}
    for told, gone in steps:
        records = []
        for place, (names, secret, value) in told.items():
            made = [write.observation(f"{pk}-{place}-{name}", valueInteger=value) for name in sorted(names)]
            records.append(write.record(pk * 10 + place, *made, secret=secret))
        store.put(*records, pk=pk, gone=tuple(pk * 10 + each for each in gone))
        now |= told
        now = {place: its for place, its in now.items() if place not in gone - told.keys()}
    shown = {f"{pk}-{place}-{name}" for place, (names, secret, _) in now.items() for name in names if not secret}
    query = read_query("Observation", [("_count", "100")], now=store.clock())
    found = store.search.page(store.reader(), store.view(NOT_SECRET, pk), query)
    assert {each.fhir_id for each in found.hits} == shown
    _consistent(store)


def _write_many(url: str, writer: int, held, write_record) -> None:
    store = held(url, *_keys())
    for place in range(12):
        both = {"resourceType": "Observation", "id": f"both-{place}", "status": "final", "code": {}, "valueInteger": writer}
        own = {"resourceType": "Observation", "id": f"w{writer}-{place}", "status": "final", "code": {}}
        store.put(write_record(place, both), write_record(1_000 * (writer + 1) + place, own))
    store.close()


def _keys():
    from datetime import UTC, datetime

    from hub.keys import Keys

    return Keys(b"k" * 32, b"c" * 32), lambda: datetime.now(UTC)


def _in_process(url: str, writer: int, path: str) -> None:
    import importlib.util

    spec = importlib.util.spec_from_file_location("store_conftest", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    _write_many(url, writer, module.Held, module.record)


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_two_writers_on_one_patient_lose_nothing_and_write_nothing_twice(store, write, kind, pytestconfig) -> None:
    if kind == "threads":
        workers = [threading.Thread(target=_write_many, args=(store.database.url, n, write.Held, write.record)) for n in range(2)]
    else:
        path = str(pytestconfig.rootpath / "tests" / "store" / "conftest.py")
        context = multiprocessing.get_context("spawn")
        workers = [context.Process(target=_in_process, args=(store.database.url, n, path)) for n in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert all(getattr(worker, "exitcode", 0) == 0 for worker in workers)
    _consistent(store)
    query = read_query("Observation", [("_count", "100")], now=store.clock())
    found = {each.fhir_id for each in store.search.page(store.reader(), store.view(), query).hits}
    assert found == {f"{who}-{n}" for who in ("both", "w0", "w1") for n in range(12)}
    assert all(1 <= len(store.versions(f"both-{n}")) <= 2 for n in range(12))


MAIN = Identifier("http://electronichealth.se/identifier/personnummer", "195009072553")
OTHER = Identifier("http://electronichealth.se/identifier/samordningsnummer", "196109732393")


def test_everyone_who_enrolls_one_person_at_once_gets_one_patient(store, write) -> None:
    found, faults = [], []

    def one(numbers) -> None:
        try:
            with store.database.writing() as connection:
                found.append(patients.enroll(connection, write.KEY, Facts(numbers)))
        except Exception as fault:
            faults.append(fault)

    orders = [(MAIN, OTHER), (OTHER, MAIN), (OTHER,), (MAIN,)] * 4
    threads = [threading.Thread(target=one, args=(numbers,)) for numbers in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    connection = store.reader()
    if not patients.split(connection, write.KEY, (MAIN, OTHER)):
        assert len(set(found)) == 1
    pks = set(connection.execute(select(number.c.pk)).scalars())
    assert pks <= set(connection.execute(select(patient.c.pk)).scalars())
    assert set(found) == pks
    assert set(connection.execute(select(locator.c.pk)).scalars()) == pks


def test_a_person_is_found_by_every_number_and_facts_of_the_register_stand(store, write) -> None:
    with store.database.writing() as connection:
        pk = patients.enroll(connection, write.KEY, Facts((OTHER,)))
        assert patients.enroll(connection, write.KEY, Facts((MAIN, OTHER), protected="sekretessmarkering", registered=True)) == pk
        assert patients.enroll(connection, write.KEY, Facts((MAIN,))) == pk
    assert patients.pks_of(store.reader(), write.KEY, (MAIN, OTHER)) == (pk, pk)
    assert patients.find_all(store.reader(), write.KEY, [MAIN, Identifier("urn:x", "1")]) == {MAIN: pk}
    fhir_id, facts = patients.facts_of(store.reader(), pk)
    assert facts.protected == "sekretessmarkering"
    assert facts.numbers == (MAIN, OTHER)
    assert store.known(pk).epoch == 3
    assert patients.locate(store.reader(), write.KEY, "Patient", fhir_id) == pk


def test_no_number_and_no_id_stands_readable_where_patients_are_found(store, write) -> None:
    with store.database.writing() as connection:
        patients.enroll(connection, write.KEY, Facts((MAIN,)))
    assert MAIN.value not in repr(store.reader().execute(select(number)).all())
    assert rid(write.KEY, "Patient", "x") != rid(b"z" * 32, "Patient", "x")


def test_the_directory_is_a_record_like_any_other(store, write) -> None:
    assert store.put(write.record(1, write.observation("a")), pk=NO_PATIENT) == Change(created=1)
    assert store.put(write.record(1, write.observation("a")), pk=NO_PATIENT) == Change()


ODD = ("NULL", "null", "{}", "a,b", '"', "\\", '\\"', "{1,2}", "å ä\nö\t", "''", "\U0001d509", "$1", "?")


def test_texts_are_kept_letter_for_letter_whatever_they_mean_to_a_database(store, write) -> None:
    rows = [
        {"pk": write.PK, "param": 1, "code": each, "system": f"urn:{each}", "rid": n, "version": 1} for n, each in enumerate(ODD)
    ]
    with store.database.writing() as connection:
        insert_new(connection, ix_token, rows)
        insert_new(connection, ix_token, rows)
    found = store.reader().execute(select(ix_token).order_by(ix_token.c.rid)).all()
    assert [dict(row._mapping) for row in found] == rows
