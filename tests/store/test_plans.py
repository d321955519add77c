"""How statements reach their rows: a patient's by index alone, on both databases, and no Bloom filter is built."""

import pytest
from psycopg import RawCursor
from sqlalchemy import event

from hub.consent._labels import CONFIDENTIALITY
from hub.consent.limits import Data, Limits, within
from hub.consent.release import Every, Outcome, Release, Row, closed
from hub.fhir.identity import rid
from hub.fhir.query import read_query
from hub.keys import Keys
from hub.store.known import known
from hub.store.patients import locate
from hub.store.search import View, Views
from hub.store.tables import METADATA

PATIENTS, EACH = 40, 80
QUERIES = {
    "nothing asked": [],
    "token": [("code", "c3")],
    "token with system": [("code", "urn:s|c3")],
    "several tokens": [("code", "c1,c2,c3")],
    "token and date": [("code", "c3"), ("date", "ge2024-05-03"), ("date", "lt2024-06")],
    "reference": [("performer", "Practitioner/p2")],
    "text": [("value-string", "ab")],
    "id": [("_id", "o5")],
    "sorted by code": [("_sort", "code,-date")],
    "the total alone": [("_count", "0"), ("code", "c3")],
    "last updated": [("_lastUpdated", "ge2026")],
    "quantity": [("value-quantity", "gt5||mg")],
    "composite": [("code-value-quantity", "c3$gt5")],
    "text within": [("value-string:contains", "b 1")],
    "text letter for letter": [("value-string:exact", "ab 1")],
    "not": [("code:not", "c3")],
    "missing": [("performer:missing", "true")],
    "words": [("_content", "ab -c3")],
    "filter": [("_filter", "code eq c3 and not (value-quantity lt 5 or performer pr false)")],
    "sorted by reference and number": [("_sort", "performer,-value-quantity")],
}
ACROSS = {
    "chained": [("has-member:Observation.code", "c3")],
    "chained twice": [("has-member:Observation.has-member:Observation.code", "c3")],
    "pointed at": [("_has:Observation:has-member:code", "c3")],
    "pointed at from afar": [("_has:Observation:has-member:_has:Observation:has-member:code", "c3")],
    "not pointed at": [("_filter", "not (has-member.code eq c3)")],
}


@pytest.fixture(scope="module")
def filled(shared_store, write):
    for number in range(PATIENTS):
        pk = shared_store.patient(write.PK + 1_000 + number)
        made = [
            write.observation(
                f"{number}-o{n}",
                code={"coding": [{"system": "urn:s", "code": f"c{n % 9}"}]},
                effectiveDateTime=f"2024-05-{n % 28 + 1:02}",
                performer=[{"reference": f"Practitioner/p{n % 4}"}],
                **({"valueString": f"ab {n}"} if n % 2 else {"valueQuantity": {"value": n, "unit": "mg"}}),
                hasMember=[{"reference": f"Observation/{number}-o{(n + 1) % EACH}"}],
            )
            for n in range(EACH)
        ]
        shared_store.put(*(write.record(number * 1_000 + n, each) for n, each in enumerate(made)), pk=pk)
    with shared_store.database.writing() as connection:
        connection.exec_driver_sql("ANALYZE")
    return shared_store


def _plan(store, work) -> str:
    """The plans of all statements that `work` sends, as the database tells them."""
    sent = []

    def seen(_connection, _cursor, statement, parameters, *_):
        sent.append((statement, parameters if isinstance(parameters, dict) else tuple(parameters)))

    engine = store.reader().engine
    event.listen(engine, "before_cursor_execute", seen)
    try:
        work()
    finally:
        event.remove(engine, "before_cursor_execute", seen)
    return "\n".join(str(row[-1]) for statement, parameters in sent for row in _explained(store, statement, parameters))


def _explained(store, statement, parameters):
    """The answer path runs statements on the driver ($1, ?), the rest goes through SQLAlchemy (%(name)s)."""
    driver = store.reader().connection.dbapi_connection
    if store.database.sqlite:
        return driver.execute("EXPLAIN QUERY PLAN " + statement, parameters).fetchall()
    cursor = RawCursor(driver) if "$1" in statement else driver.cursor()
    return cursor.execute("EXPLAIN " + statement, parameters).fetchall()


def _by_index_alone(store, plan: str) -> None:
    assert plan
    if store.database.sqlite:
        assert "BLOOM FILTER" not in plan, plan
        scanned = {line.split()[1] for line in plan.split("\n") if line.startswith("SCAN ")}
        assert not scanned & METADATA.tables.keys(), plan
    else:
        assert "Seq Scan" not in plan, plan


@pytest.mark.parametrize("continued", [False, True], ids=["first page", "next page"])
@pytest.mark.parametrize("asked", QUERIES)
def test_a_page_of_one_patient_is_reached_by_index_alone(filled, write, asked, continued) -> None:
    pk = write.PK + 1_007
    query = read_query("Observation", QUERIES[asked], now=filled.clock())
    after = (*[0 if key.kind == "date" else "" for key in query.sort or [0]] * bool(query.sort), 0) if query.sort else (0, 0)
    view = View("patient", write.EVERYTHING, pk=pk, asof=filled.known(pk).recorded)
    plan = _plan(filled, lambda: filled.search.page(filled.reader(), view, query, after if continued else None))
    _by_index_alone(filled, plan)


@pytest.mark.parametrize("asked", ACROSS)
def test_what_looks_at_other_resources_of_the_patient_is_reached_by_index_alone(filled, write, asked) -> None:
    pk = write.PK + 1_007
    view = View("patient", write.EVERYTHING, pk=pk, asof=filled.known(pk).recorded)
    query = read_query("Observation", ACROSS[asked], now=filled.clock())
    others = Views({"Observation": view} | dict.fromkeys(query.reached(), view))
    _by_index_alone(filled, _plan(filled, lambda: filled.search.page(filled.reader(), view, query, others=others)))
    assert filled.search.page(filled.reader(), view, query, others=others).hits


def test_what_is_included_of_the_patient_is_reached_by_index_alone(filled, write) -> None:
    pk = write.PK + 1_007
    view = View("patient", write.EVERYTHING, pk=pk, asof=filled.known(pk).recorded)
    at, includes = (filled.reader(), view), filled.search.includes
    numbers = [rid(write.KEY, "Observation", f"7-o{n}") for n in range(20)]
    targets = [f"Observation/7-o{n}" for n in range(20)]
    params = {"Observation": ["has-member"]}
    _by_index_alone(filled, _plan(filled, lambda: includes.named(*at, ["Observation"], numbers, 100)))
    _by_index_alone(filled, _plan(filled, lambda: includes.pointing(*at, params, targets, 100)))
    assert len(includes.named(*at, ["Observation"], numbers, 100)) == len(includes.pointing(*at, params, targets, 100)) == 20


def test_a_read_its_versions_and_what_is_known_are_reached_by_index_alone(filled, write) -> None:
    pk = write.PK + 1_007
    view = View("patient", write.EVERYTHING, pk=pk, asof=filled.known(pk).recorded)
    at = (filled.reader(), view, "Observation", rid(write.KEY, "Observation", "7-o1"), "7-o1")
    _by_index_alone(filled, _plan(filled, lambda: filled.search.read(*at)))
    _by_index_alone(filled, _plan(filled, lambda: filled.search.versions(*at)))
    _by_index_alone(filled, _plan(filled, lambda: locate(filled.reader(), write.KEY, "Observation", "7-o1")))
    if not filled.database.sqlite:  # tables of a few rows are read from end to end unless it is made dear
        filled.reader().exec_driver_sql("SET enable_seqscan = off")
    _by_index_alone(filled, _plan(filled, lambda: known(filled.reader(), pk, 0)))
    if not filled.database.sqlite:
        filled.reader().exec_driver_sql("RESET enable_seqscan")


def test_what_resources_say_is_read_by_keys_and_a_record_is_not_looked_through_for_each_entry(filled, write) -> None:
    pk = write.PK + 1_007
    labels, by = Limits(labels=((CONFIDENTIALITY, "N"),)), Limits(data=(Data("authoredby", "Practitioner/p3"),))
    limits = Limits(data=(Data("authoredby", "Practitioner/p2"), Data("related", "Encounter/e")), but=(labels, by))
    release = Release(closed([Row(Every(within(limits)), Outcome.PERMIT, "R47")]))
    view = View("patient", release, pk=pk, asof=filled.known(pk).recorded)
    query = read_query("Observation", [], now=filled.clock())
    at = (filled.reader(), view, "Observation", rid(write.KEY, "Observation", "7-o1"), "7-o1")
    for work in (
        lambda: filled.search.page(filled.reader(), view, query),
        lambda: filled.search.read(*at),
        lambda: filled.search.versions(*at),
    ):
        plan = _plan(filled, work)
        _by_index_alone(filled, plan)
        assert "resource_by_entry (pk=? AND entry=?)" in plan or not filled.database.sqlite, plan


@pytest.mark.parametrize("kind", ["unit", "source"])
def test_the_named_fan_outs_start_from_an_index_of_their_own(filled, write, kind) -> None:
    where = {"unit": {"provider": "SE9", "unit": "SE9-U1"}, "source": {"source": "nowhere"}}[kind]
    view = View(kind, write.EVERYTHING, **where)
    query = read_query("Observation", [("code", "c3")], now=filled.clock())
    plan = _plan(filled, lambda: filled.search.page(filled.reader(), view, query))
    assert f"resource_by_{kind}" in plan


@pytest.mark.parametrize("kind", ["unit", "source"])
@pytest.mark.parametrize("asked", [*QUERIES, "sorted by quantity, downwards"])
def test_across_patients_the_same_is_found_in_the_same_order(filled, write, kind, asked) -> None:
    """All patients hold alike, so that of all together as many times as much is found as of one."""
    asking = [*QUERIES.get(asked, [("_sort", "-value-quantity,code")])]
    held = write.CUSTODY
    where = {"unit": {"provider": held.provider, "unit": held.unit}, "source": {"source": held.source}}[kind]
    pk = write.PK + 1_007
    one = View("patient", write.EVERYTHING, pk=pk, asof=filled.known(pk).recorded)
    query = read_query("Observation", asking, now=filled.clock())
    of_all = filled.search.page(filled.reader(), View(kind, write.EVERYTHING, **where), query)
    of_one = filled.search.page(filled.reader(), one, query)
    assert of_all.total == PATIENTS * of_one.total
    several = [hit.keys for hit in of_one.hits for _ in range(PATIENTS)]
    if query.sort:
        assert [hit.keys for hit in of_all.hits] == several[: len(of_all.hits)]


def test_on_sqlite_a_larger_record_makes_a_search_dearer_in_proportion_at_most(tmp_path, write) -> None:
    """Where keys have no way back from the versions, going through them once a row would cost the square."""
    store = write.Held(f"sqlite:///{tmp_path / 'hub.db'}", Keys(identity=write.KEY, cursor=b"c" * 32), write.Clock())
    store.open()
    try:
        steps = [_steps(store, write, pk, count) for pk, count in ((write.PK + 1, 100), (write.PK + 2, 400))]
    finally:
        store.close()
    for few, many in zip(*steps, strict=True):
        assert many < 6 * few


def test_on_sqlite_what_a_resource_says_takes_no_longer_where_a_patient_has_much(tmp_path, write) -> None:
    """A denial by author: whom it names, and whether it names anybody."""
    store = write.Held(f"sqlite:///{tmp_path / 'hub.db'}", Keys(identity=write.KEY, cursor=b"c" * 32), write.Clock())
    store.open()
    denied = Limits(but=(Limits(data=(Data("authoredby", "Practitioner/p2"),)),))
    release = Release(closed([Row(Every(within(denied)), Outcome.PERMIT, "R47")]))
    steps = []
    for pk, count in ((write.PK + 1, 20), (write.PK + 2, 400)):
        store.patient(pk)
        by = [{"reference": "Practitioner/p1"}]
        store.put(*(write.record(n, write.observation(f"{pk}-{n}", performer=by)) for n in range(count)), pk=pk)
        view = View("patient", release, pk=pk, asof=store.known(pk).recorded)
        at = (store.reader(), view, "Observation", rid(write.KEY, "Observation", f"{pk}-1"), f"{pk}-1")
        assert store.search.read(*at) is not None
        driver, taken = store.reader().connection.dbapi_connection, []
        driver.set_progress_handler(lambda taken=taken: taken.append(1), 1)
        assert store.search.read(*at) is not None
        driver.set_progress_handler(None, 1)
        steps.append(len(taken))
    store.close()
    few, many = steps
    assert many < 1.1 * few, steps


def _steps(store, write, pk, count):
    """How many steps of SQLite's machine each of some searches takes in a record of so many Observations."""
    made = {
        "code": {"coding": [{"system": "urn:s", "code": "c"}], "text": "c"},
        "valueQuantity": {"value": 1, "unit": "mg"},
    }
    store.patient(pk)
    custody = {"source": f"source-{pk}"}
    store.put(*(write.record(n, write.observation(f"{pk}-{n}", **made), **custody) for n in range(count)), pk=pk)
    driver, found = store.reader().connection.dbapi_connection, []
    patient = View("patient", write.EVERYTHING, pk=pk, asof=store.known(pk).recorded)
    for view in (patient, View("source", write.EVERYTHING, **custody)):
        for asked in (("_sort", "code"), ("_sort", "-value-quantity"), ("code-value-quantity", "c$gt0"), ("code:text", "c")):
            query, taken = read_query("Observation", [asked], now=store.clock()), []
            driver.set_progress_handler(lambda taken=taken: taken.append(1), 100)
            assert store.search.page(store.reader(), view, query).total == count
            driver.set_progress_handler(None, 100)
            found.append(len(taken))
    return found


def test_a_page_of_one_patient_costs_one_statement_whatever_is_asked(filled, write) -> None:
    pk = write.PK + 1_007
    view = View("patient", write.EVERYTHING, pk=pk, asof=filled.known(pk).recorded)
    for params in QUERIES.values():
        query = read_query("Observation", params, now=filled.clock())
        with filled.database.count() as counter:
            filled.search.page(filled.reader(), view, query)
        assert len(counter.statements) == 1


def test_statements_are_built_once_a_shape_and_hold_no_value(filled, write) -> None:
    pk = write.PK + 1_007
    view = View("patient", write.EVERYTHING, pk=pk, asof=filled.known(pk).recorded)
    prepared = filled.search._prepared
    for code in ("c1", "c2", "SECRET"):
        filled.search.page(filled.reader(), view, read_query("Observation", [("code", code)], now=filled.clock()))
        size = len(prepared)
    filled.search.page(filled.reader(), view, read_query("Observation", [("code", "c9")], now=filled.clock()))
    assert len(prepared) == size
    assert "SECRET" not in "".join(map(str, prepared)) + "".join(map(str, prepared.values()))
