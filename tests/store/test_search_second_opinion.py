"""The store finds, orders, counts and pages as one who looks everything through: on both databases, under drawn Releases."""

import importlib.util
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.consent.release import TRUE, And, Equals, Flag, In, IsNull, Not, Or, Outcome, Overlaps, Release, Row, closed
from hub.fhir.identity import rid
from hub.fhir.query import read_query
from hub.store.search import View
from hub.store.values import micros

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
UNITS = (("SE1", "SE1-U1"), ("SE1", "SE1-U2"), ("SE2", "SE2-U1"), ("SE2", None), (None, None))
CODES = (("http://loinc.org", "718-7"), ("http://loinc.org", "4548-4"), ("", "HB"), ("urn:x", "718-7"), ("urn:x", "Ä-1"))
DATES = (
    "2024",
    "2024-02",
    "2024-02-29",
    "2024-02-29T10:00:00Z",
    "2024-02-29T11:00:00+01:00",
    "2026-11-20",
    "2024-03-01T00:00:00.5Z",
)
TEXTS = ("Åsa", "asa", "Äpple och päron", "apple", "ÅSA Å", "x" * 60, "x" * 41 + "y", "zebra")
PERFORMERS = ("Practitioner/p1", "Organization/o1", "Practitioner/p2")
SETTINGS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
LIMITED = {"derandomize": True, "print_blob": True}


def _module(name):
    path = Path(__file__).parent.parent / "reference" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


naive, opinion = _module("search_naive"), _module("search_store")


def _resource(drawn, number, patient):
    made = {"resourceType": "Observation", "id": f"o{number}", "status": drawn.choice(["final", "amended", "registered"])}
    codings = drawn.sample(CODES, drawn.choice([1, 1, 2]))
    made["code"] = {"coding": [({"system": system} if system else {}) | {"code": code} for system, code in codings]}
    made["subject"] = {"reference": f"Patient/{patient}"}
    if drawn.random() < 0.5:
        made["category"] = [
            {"coding": [{"system": "urn:c", "code": drawn.choice(["lab", "Vital"])}]} for _ in range(drawn.choice([1, 2]))
        ]
    if drawn.random() < 0.5:
        made["identifier"] = [{"system": drawn.choice(["urn:i", "urn:j"]), "value": drawn.choice(["1", "a", "A", "å"])}]
    kind = drawn.choice(["none", "moment", "moment", "moment", "period", "open"])
    if kind == "moment":
        made["effectiveDateTime"] = drawn.choice(DATES)
    elif kind == "period":
        made["effectivePeriod"] = {"start": "2024-02-01", "end": drawn.choice(["2024-02-20", "2025"])}
    elif kind == "open":
        made["effectivePeriod"] = drawn.choice([{"start": "2024-02-28"}, {"end": "2024-03"}])
    if drawn.random() < 0.4:
        made["performer"] = [{"reference": each} for each in drawn.sample(PERFORMERS, 2)]
    if drawn.random() < 0.5:
        made["valueString"] = drawn.choice(TEXTS)
    return made


@pytest.fixture(scope="module")
def lying(shared_store, write):
    """What the store is filled with: two patients, all kinds of custody; some changed, some gone."""
    drawn, held = random.Random(7), {}
    shared_store.patient(write.PK, "p-one")
    shared_store.patient(write.PK + 1, "p-two")
    for number in range(130):
        pk = write.PK + number % 3 // 2
        provider, unit = drawn.choice(UNITS)
        facts = {
            name: drawn.choice([True, False, False, None]) for name in ("released", "secret", "nullified", "insurance", "social")
        }
        span = drawn.choice(
            [(None, None), (NOW - timedelta(days=20), NOW - timedelta(days=10)), (NOW - timedelta(days=20), None)]
        )
        custody = replace(write.CUSTODY, provider=provider, unit=unit, source=drawn.choice(["north", "south"]), **facts)
        custody = replace(custody, time_from=span[0], time_to=span[1], regime=drawn.choice(["SVOD", "NLL"]))
        made = _resource(drawn, number, f"p-{'two' if pk > write.PK else 'one'}")
        held[number] = [pk, made, custody]
        shared_store.put(write.Held and write.record(number, made), pk=pk) if number % 5 == 0 else None
    for number, (pk, made, custody) in held.items():  # those written already are changed here, in custody too
        shared_store.put(replace(write.record(number, made | {"note": [{"text": "n"}]}), custody=custody), pk=pk)
        held[number].append(shared_store.known(pk).recorded)
    for number in range(0, 130, 13):
        shared_store.put(pk=held[number][0], gone=(number,))
        del held[number]
    found = [
        opinion.Lying(pk, rid(write.KEY, "Observation", made["id"]), made, custody, recorded, number)
        for number, (pk, made, custody, recorded) in held.items()
    ]
    return opinion.Everything(found)


LEAVES = st.one_of(
    st.sampled_from(["SE1", "SE2"]).map(lambda value: Equals("provider", value)),
    st.lists(st.sampled_from(["SE1-U1", "SE1-U2", "SE2-U1"]), min_size=1, max_size=5).map(
        lambda values: In("unit", tuple(values))
    ),
    st.sampled_from(["provider", "unit", "released", "time_to"]).map(IsNull),
    st.sampled_from(["released", "secret", "nullified", "insurance", "social"]).map(Flag),
    st.just(Overlaps(NOW - timedelta(days=12), None)),
    st.just(TRUE),
)
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda parts: st.one_of(
        st.lists(parts, min_size=1, max_size=3).map(tuple).map(And),
        st.lists(parts, min_size=1, max_size=3).map(tuple).map(Or),
        parts.map(Not),
    ),
    max_leaves=5,
)
OPEN = Release(closed([Row(TRUE, Outcome.PERMIT, "R47")]))
RELEASES = st.one_of(
    st.just(OPEN),
    st.lists(
        st.builds(Row, EXPRESSIONS, st.sampled_from([Outcome.PERMIT, Outcome.PERMIT, Outcome.HIDE]), st.just("R")), max_size=4
    ).map(lambda rows: Release(closed(rows))),
)
PREFIXES = ("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
WRITTEN = {
    "code": st.one_of(
        st.sampled_from(CODES).map(lambda each: each[1]),
        st.sampled_from(CODES).map("|".join),
        st.just("http://loinc.org|"),
        st.just("hb"),
    ),
    "status": st.sampled_from(["final", "amended", "nonsense"]),
    "category": st.sampled_from(["lab", "vital", "urn:c|VITAL", "|lab"]),
    "identifier": st.sampled_from(["1", "urn:i|1", "A", "a", "urn:j|", "|1"]),
    "date": st.tuples(st.sampled_from(PREFIXES), st.sampled_from((*DATES, "2025", "2026"))).map("".join),
    "subject": st.sampled_from(["Patient/p-one", "Patient/p-two"]),
    "performer": st.sampled_from(["Practitioner/p1", "Organization/o1", "p2"]),
    "value-string": st.sampled_from(["ås", "as", "ÄPPLE", "x" * 45, "zebra crossing", "x" * 41 + "y"]),
    "_id": st.integers(0, 140).map(lambda number: f"o{number}"),
    "_lastUpdated": st.tuples(
        st.sampled_from(PREFIXES), st.sampled_from(["2026-11-21", "2026", "2026-11-21T09:05Z", "2026-11-21T09:04:30Z", "2027"])
    ).map("".join),
}
PARAMS = st.lists(
    st.sampled_from(sorted(WRITTEN)).flatmap(
        lambda name: st.tuples(st.just(name), st.lists(WRITTEN[name], min_size=1, max_size=3).map(",".join))
    ),
    max_size=3,
    unique_by=lambda one: "subject" if one[0] == "subject" else one,
)
SORTS = st.lists(
    st.tuples(
        st.sampled_from(["", "-"]),
        st.sampled_from(["date", "code", "status", "category", "identifier", "value-string", "_id", "_lastUpdated"]),
    ).map("".join),
    max_size=3,
    unique_by=lambda name: name.lstrip("-"),
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(0, 1),
    RELEASES,
    PARAMS,
    SORTS,
    st.sampled_from(["patient", "patient", "unit", "source"]),
    st.sampled_from([0, 1, 3, 7, 50]),
)
def test_a_search_is_what_looking_everything_through_gives(shared_store, lying, write, nth, release, params, sort, kind, count):
    place = {
        "patient": (write.PK, write.PK + 1),
        "unit": UNITS[:2],
        "source": ("north", "south"),
    }
    where = place[kind][nth]
    view = _view(shared_store, kind, where, release)
    written = [*params, ("_count", str(count)), *([("_sort", ",".join(sort))] if sort else [])]
    query = read_query("Observation", written, now=NOW)
    expected = opinion.found(naive, lying, (kind, where, release), params, sort, NOW)
    page = shared_store.search.page(shared_store.reader(), view, query)
    assert page.total == len(expected)
    if count == 0:
        assert (page.hits, page.more) == ((), False)
        return
    walked = list(page.hits)
    while page.more:
        assert len(page.hits) == count
        last = page.hits[-1]
        page = shared_store.search.page(shared_store.reader(), view, query, (*last.keys, last.rid))
        assert page.total is None
        walked += page.hits
    assert [each.fhir_id for each in walked] == [each.resource["id"] for each in expected]
    assert [each.recorded for each in walked] == [each.recorded for each in expected]


def _view(store, kind, where, release):
    match kind:
        case "patient":
            return View("patient", release, pk=where, asof=store.known(where).recorded)
        case "unit":
            return View("unit", release, provider=where[0], unit=where[1])
        case _:
            return View("source", release, source=where)


@settings(max_examples=40, deadline=None)
@given(RELEASES)
def test_a_read_gives_what_the_release_lets_through_and_says_by_which_row(shared_store, lying, release):
    for each in list(lying)[::7]:
        view = _view(shared_store, "patient", each.pk, release)
        found = shared_store.search.read(shared_store.reader(), view, "Observation", each.rid, each.resource["id"])
        history = shared_store.search.versions(shared_store.reader(), view, "Observation", each.rid, each.resource["id"])
        seen = opinion.looked_at(each, "patient", each.pk, release)
        assert (found is not None) is seen
        assert bool(history) is seen
        if found:
            assert found.recorded == history[0].recorded == each.recorded
            assert release.rows[found.row].outcome is Outcome.PERMIT
            assert {one.row for one in history} == {found.row}


def test_the_times_of_the_second_opinion_are_those_of_the_store(shared_store, lying):
    assert min(each.recorded for each in lying) > micros(NOW)
