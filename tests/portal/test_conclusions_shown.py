"""Written conclusions of reports: which are shown, in what order, with date, results and source."""

import re
from typing import Any

import pytest

from hub.interactions.overview import Part, Row
from hub.portal.conclusions import conclusions
from hub.portal.language import words
from hub.portal.rows import SHOWN, Line
from tests.portal.test_results_shown import Badges, observation, part
from tests.portal.test_states_shown import rendered, with_part

pytestmark = pytest.mark.anyio
House = Any
"""As conftest makes it."""
SAID = "NT-proBNP förhöjt.\nRemiss <rekommenderas>."


def report(day: str = "2026-09-21", conclusion: str = SAID, **more: Any) -> dict[str, Any]:
    held = {"resourceType": "DiagnosticReport", "status": "final", "code": {"text": "Hjärta"}, "effectiveDateTime": day}
    return held | ({"conclusion": conclusion} if conclusion else {}) | more


def told(*resources: dict[str, Any], language: str = "sv") -> tuple[Line, ...]:
    return conclusions(part(*resources), Badges(), words(language))


def shown(house: House, *resources: dict[str, Any], kind: str = "clinician", language: str = "sv") -> str:
    page = rendered(house, with_part(part(*resources)), language, kind)
    return page.split('id="provsvar"')[1].split("</section>")[0]


def test_a_conclusion_has_its_date_its_results_and_its_source() -> None:
    results = [{"reference": f"Observation/{name}"} for name in ("a", "b", "a2", "withheld")]
    held = [observation("2026-09-21", code=code, id=name) for name, code in (("a", "A"), ("a2", "A"), ("b", "B"), ("c", "C"))]
    [line] = told(report(result=results), *held)
    assert (line.title, line.detail, line.badge.title) == ("Hjärta", "21 sep 2026. Analys A, Analys B", "Region")
    assert line.paragraphs == ("NT-proBNP förhöjt.", "Remiss <rekommenderas>.")


def test_a_conclusion_says_what_it_is_about_was_taken_from() -> None:
    taken = {"resourceType": "Specimen", "id": "s", "type": {"text": "Likvor"}}
    [line] = told(report(specimen=[{"reference": "Specimen/s"}]), taken)
    assert line.detail == "21 sep 2026. Likvor"


@pytest.mark.parametrize(
    "more", [{"conclusion": ""}, {"conclusion": " \n "}, {"status": "entered-in-error"}, {"status": "cancelled"}], ids=str
)
def test_a_report_without_words_or_that_does_not_count_is_left_out(more: dict[str, Any]) -> None:
    assert told(report(**more)) == ()


@pytest.mark.parametrize(
    ("more", "swedish", "english"),
    [
        ({"conclusionCode": [{"text": "Adenokarcinom"}]}, "Adenokarcinom", "Adenokarcinom"),
        (
            {"presentedForm": [{"contentType": "application/pdf", "title": "Remissvar"}]},
            "Dokument: Remissvar. Det kan inte öppnas här.",
            "Document: Remissvar. It cannot be opened here.",
        ),
        (
            {"presentedForm": [{"contentType": "application/pdf"}]},
            "Dokument: application/pdf. Det kan inte öppnas här.",
            "Document: application/pdf. It cannot be opened here.",
        ),
        ({"status": "registered"}, "Svar har inte kommit.", "No answer yet."),
    ],
    ids=["code", "document", "document without a title", "awaited"],
)
async def test_a_report_without_words_tells_of_its_codes_documents_or_that_it_is_awaited(
    house: House, more: dict[str, Any], swedish: str, english: str
) -> None:
    bare = report(conclusion="", **more)
    assert [line.paragraphs for line in told(bare)] == [(swedish,)]
    assert english in shown(house, bare, language="en")
    assert "absent" not in shown(house, bare)


def test_a_report_that_is_awaited_stands_after_those_that_conclude_and_not_where_its_results_do() -> None:
    waiting = report("2026-11-01", "", status="registered")
    assert [line.tag for line in told(waiting, report("2026-01-01"))] == ["", "Inte slutligt"]
    assert told(waiting | {"result": [{"reference": "Observation/a"}]}, observation("2026-11-01", id="a")) == ()


def test_the_newest_stands_first_and_one_without_a_time_last() -> None:
    bare = {name: value for name, value in report(conclusion="odaterad").items() if name != "effectiveDateTime"}
    held = told(bare, report("2026-01-01", "äldre"), report("2026-03-01", "nyare"))
    assert [line.paragraphs for line in held] == [("nyare",), ("äldre",), ("odaterad",)]


@pytest.mark.parametrize(
    ("status", "swedish", "english"),
    [("preliminary", "Inte slutligt", "Not final"), ("final", "", ""), ("amended", "Rättat", "Corrected")],
)
def test_one_that_is_not_final_or_was_corrected_is_tagged(status: str, swedish: str, english: str) -> None:
    assert told(report(status=status))[0].tag == swedish
    assert told(report(status=status), language="en")[0].tag == english


@pytest.mark.parametrize("kind", ["clinician", "patient"])
async def test_staff_and_patients_are_shown_it_as_text(house: House, kind: str) -> None:
    html = shown(house, report(), observation("2026-09-21"), kind=kind)
    for said in (
        "Skriftliga utlåtanden",
        "21 sep 2026",
        "<p>NT-proBNP förhöjt.</p>",
        "<p>Remiss &lt;rekommenderas&gt;.</p>",
        'class="src ',
    ):
        assert said in html
    assert "Written conclusions" in shown(house, report(), kind=kind, language="en")
    assert "Skriftliga utlåtanden" not in shown(house, report(conclusion=""), observation("2026-09-21"), kind=kind)


async def test_one_without_results_is_shown_and_nothing_says_that_there_is_nothing(house: House) -> None:
    html = shown(house, report())
    assert "NT-proBNP förhöjt." in html
    assert "absent" not in html
    assert "absent" in shown(house, report(conclusion=""))


async def test_more_than_a_few_are_folded_and_none_is_lost(house: House) -> None:
    html = shown(house, *(report(f"2026-01-{day:02d}", f"Utlåtande nr {day}.") for day in range(1, SHOWN + 3)))
    assert "2 tidigare utlåtanden" in html
    assert re.findall(r"Utlåtande nr (\d)", html) == ["6", "5", "4", "3", "2", "1"]
    assert re.findall(r"Utlåtande nr (\d)", html.split("<details>")[0]) == ["6", "5", "4", "3"]


def test_an_emergency_is_told_on_the_row_as_on_any_other() -> None:
    class Opened(Badges):
        def badge(self, row: Row) -> Any:
            return "opened" if row.emergency else "plain"

    rows = (Row(report(), own=False, emergency=True), Row(report("2026-01-01"), own=False))
    held = conclusions(Part(part().section, rows=rows), Opened(), words("sv"))
    assert [line.badge for line in held] == ["opened", "plain"]
