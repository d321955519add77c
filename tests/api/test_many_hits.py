"""Pages over 50,000 hits: each hit once, in order, the same total on every page, and no dearer at the end. API.md 5."""

import pytest

from hub.store.tables import METADATA

MANY, COUNT = 50_000, 1_000
STEP, MASK = 7_919_000_003, 2**62 - 1
MINUTE = 60_000_000
COPIES = f"copies (n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM copies WHERE n < {MANY - 2})"


@pytest.fixture(scope="module")
def crowded(shared, kit):
    """A patient with so many results; all but two are copies of the newer one's rows, each a minute later."""
    patient = shared.enroll()
    shared.near(patient)
    shared.consent(patient)
    for year in (1990, 2001):
        shared.hold(patient, resource=kit.observation(patient, effectiveDateTime=f"{year}-01-01T08:00:00Z"))
    newest = f"SELECT rid FROM resource WHERE pk = {patient.pk} AND type = 'Observation' ORDER BY sort DESC LIMIT 1"
    tables = [each for each in METADATA.sorted_tables if {"pk", "rid"} <= {*each.columns.keys()} and each.name != "locator"]
    with shared.store.database.writing() as connection:
        rid = connection.exec_driver_sql(newest).scalar_one()
        for table in tables:
            moved = {"rid": f"(rid + n * {STEP}) & {MASK}", "fhir_id": "fhir_id || 'x' || n"}
            if table.name in ("resource", "ix_date"):
                moved |= {name: f"{name} + n * {MINUTE}" for name in ("sort", "lo", "hi")}
            names = [column.name for column in table.columns]
            made = ", ".join(moved.get(name, name) for name in names)
            connection.exec_driver_sql(
                f"WITH RECURSIVE {COPIES} INSERT INTO {table.name} ({', '.join(names)})"
                f" SELECT {made} FROM {table.name}, copies WHERE pk = {patient.pk} AND rid = {rid}"
            )
        connection.exec_driver_sql("ANALYZE")
    return patient


def test_pages_over_fifty_thousand_hits_hold_each_once_in_order(shared, crowded):
    url, found, asked = f"/fhir/Observation?patient={crowded.id}&_sort=-date&_count={COUNT}", [], []
    while url:
        with shared.store.database.count() as counter:
            answer = shared.get(url, "doctor").json()
        asked.append(len(counter.statements))
        assert answer["total"] == MANY
        found += [each["fullUrl"] for each in answer["entry"] if each["search"]["mode"] == "match"]
        url = next((each["url"] for each in answer["link"] if each["relation"] == "next"), "")
        assert crowded.number.value not in url
    assert len(found) == len(set(found)) == MANY
    copies = [int(each.rpartition("x")[2]) for each in found[:-2]]
    assert copies == sorted(copies, reverse=True)
    assert len(asked) == MANY / COUNT
    assert max(asked[1:]) <= asked[0], "a later page asks no more than the first"
