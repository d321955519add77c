"""What a caller may not see tells nothing of itself: the same requests, with it and without, the same bytes. LEAKS.md, all rows.

CONSENT.md section 8, property 5. For each caller another world without what is withheld from just that caller.
"""

import ast
import os
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.store.tables import FOREVER, resource
from tests.api.conftest import U3, observation
from tests.leaks.leak_requests import ROWS, Requests
from tests.leaks.twins import AT_HOME, CALLERS, ENTRIES, Asked

PAIRS = int(os.environ.get("HUB_TWIN_PAIRS", "20000"))
ALL = PAIRS > 20_000
SHAPES = 1_000 if ALL else 30
"""Of searches: a statement is written for each, and for each form of a Release, which costs more than a pair."""
PARTS = 2
"""Which may be asked beside each other."""
ON_POSTGRESQL = 40
"""One in so many pairs: the statements are the same but for the dialect."""
ELSEWHERE = {
    12: "tests/api/test_types_over_http.py",
    16: "tests/leaks/test_twin_worlds.py::test_no_write_tells_the_worlds_apart",
    17: "tests/leaks/test_twin_worlds.py::test_no_write_tells_the_worlds_apart",
    23: "tests/api/test_withdrawal_bites.py::test_a_withdrawal_closes_the_next_search_the_next_page_and_the_read",
    24: "tests/leaks/test_withdrawals_under_load.py::test_no_answer_follows_the_acknowledgement_of_a_withdrawal",
    25: "tests/leaks/test_timing.py::test_absent_and_withheld_take_the_same_time",
    26: "tests/api/test_search_and_paging.py::test_a_source_is_not_asked_for_who_may_see_nothing_of_it",
    27: "tests/api/test_existence.py::test_it_is_asked_so_often_and_no_more",
    28: "tests/api/test_existence.py::test_it_is_logged_and_what_was_told_lies_beside_the_entry",
    35: "tests/fhir/test_masking.py::test_a_resource_about_a_protected_person_names_no_place",
    36: "tests/leaks/test_twin_writers.py::test_no_interaction_tells_a_writer_what_is_withheld",
    38: "tests/api/test_grounds.py::test_a_second_step_comes_within_the_hour",
    39: "tests/api/test_search_and_paging.py::test_a_page_is_its_callers_under_one_commission_of_one_query",
    40: "tests/api/test_withdrawal_bites.py::test_a_consent_ends_at_its_end_to_the_second",
}
"""Rows of LEAKS.md that are no matter of two worlds, and the test that holds each."""
ABSENT = {
    19: ("GET", "/fhir/$export"),
    20: ("POST", "/fhir/$graphql"),
    22: ("POST", "/fhir/Subscription"),
    33: ("GET", "/fhir/ValueSet/$expand?url=http://loinc.org/vs"),
}
"""Rows whose surface does not exist, with a request to it; Subscriptions can be read about, and nobody makes one."""


@pytest.fixture(scope="module")
def versions(readers):
    rows = select(resource.c.fhir_id, resource.c.version_id).where(resource.c.rec_to == FOREVER)
    return {row.fhir_id: row.version_id for row in readers.full.house.store.reader().execute(rows)}


def test_a_consent_by_what_resources_say_shows_one_unit_some_of_what_another_care_provider_has(readers):
    shown = {each.number for each in readers.entries if each.custody["unit"] == U3} - readers.withheld("doctor")
    both = shown - readers.withheld("sister")
    assert both
    assert shown - both


def test_something_else_is_withheld_from_each_kind_of_caller_and_most_see_something(readers):
    withheld = {who: readers.withheld(who) for who in CALLERS}
    assert all(withheld.values())
    assert len(set(withheld.values())) >= 8
    assert [who for who in CALLERS if len(withheld[who]) == ENTRIES] == ["assistant", "reviewer", "technician"]
    assert len(readers.bare("doctor").held) == ENTRIES - len(withheld["doctor"])


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("who", CALLERS if ALL else ["doctor", "assistant"])
def test_no_template_of_a_request_tells_the_worlds_apart(readers, versions, who):
    asked = list(Requests(readers.full, versions, 1).each_once(who))
    assert {each.family for each in asked} == set(ROWS)
    assert readers.differences(asked) == []


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", range(PARTS))
def test_no_request_tells_the_worlds_apart(readers, versions, part):
    pairs = PAIRS // PARTS if readers.dialect == "sqlite" else PAIRS // PARTS // ON_POSTGRESQL
    requests, begun = Requests(readers.full, versions, 7 + part), readers.asked
    drawn = requests.drawn(pairs, SHAPES if readers.dialect == "sqlite" else SHAPES // 4)
    assert readers.differences(drawn) == []
    assert readers.asked - begun >= pairs


def test_the_harness_sees_one_entry_more(readers):
    """In the last place, for it changes the full world: the comparison can fail."""
    full = readers.full
    full.house.hold(full.patient, "leak", observation(full.patient), **AT_HOME)
    leaked = [Asked("whole", "doctor", "GET", f"/fhir/Observation?patient={full.patient.id}{more}") for more in ("", "&_count=0")]
    assert readers.differences(leaked) == leaked


def test_every_row_has_its_requests_or_its_test_or_no_surface():
    asked = {row for rows in ROWS.values() for row in rows}
    assert asked | ELSEWHERE.keys() | ABSENT.keys() == set(range(1, 41))
    for place in ELSEWHERE.values():
        path, _, name = place.partition("::")
        held = ast.parse(Path(path).read_text("utf-8"))
        assert not name or name in {each.name for each in ast.walk(held) if isinstance(each, ast.FunctionDef)}, place


@pytest.mark.parametrize(("method", "path"), ABSENT.values())
def test_a_surface_that_does_not_exist_answers_nothing(light, method, path):
    assert light.do(method, path, "doctor", json={} if method == "POST" else None).status_code in (400, 403, 404, 405)
