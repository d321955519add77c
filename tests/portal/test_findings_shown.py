"""Cultures and other results that belong together: which are shown as one, whole, and never taken apart by code."""

import re
from typing import Any

import pytest

from hub.portal.findings import Finding, Findings, findings
from hub.portal.language import words
from hub.portal.rows import SHOWN
from tests.portal.test_results_shown import V3, Badges, observation, part, trends
from tests.portal.test_states_shown import rendered, with_part

pytestmark = pytest.mark.anyio
House = Any
"""As conftest makes it."""
RESISTANT, SUSCEPTIBLE = ({"interpretation": [{"coding": [{"system": V3, "code": code}]}]} for code in "RS")


def result(name: str, value: str = "", *beneath: str, day: str = "2026-06-30", **more: Any) -> dict[str, Any]:
    """An observation with an answer in words; without one where `value` is empty."""
    bare = {key: held for key, held in observation(day, code=name, id=name).items() if key != "valueQuantity"}
    members = {"hasMember": [{"reference": f"Observation/{each}"} for each in beneath]} if beneath else {}
    return bare | {"code": {"text": name}} | ({"valueString": value} if value else {}) | members | more


def number(name: str, *beneath: str, **more: Any) -> dict[str, Any]:
    members = {"hasMember": [{"reference": f"Observation/{each}"} for each in beneath]} if beneath else {}
    return observation("2026-06-30", code=name, id=name) | {"code": {"text": name}} | members | more


def report(*results: str, section: str = "MB", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "status": "final",
        "code": {"text": "Odling"},
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": section}]}],
        "effectiveDateTime": "2026-06-30",
        "result": [{"reference": f"Observation/{each}"} for each in results],
    } | more


def told(*resources: dict[str, Any]) -> Findings:
    return findings(part(*resources), Badges(), words("sv"))


def tree(found: Finding) -> dict[str, Any]:
    """Name and values -> what is beneath."""
    return {" ".join([found.name, *(each.text for each in found.values)]): [tree(each) for each in found.beneath]}


def shown(house: House, *resources: dict[str, Any], kind: str = "clinician", language: str = "sv") -> str:
    page = rendered(house, with_part(part(*resources)), language, kind)
    return page.split('id="provsvar"')[1].split("</section>")[0]


CULTURE = (
    result("Odling", "E. coli", "Panel"),
    result("Panel", "", "Mecillinam", "Trimetoprim"),
    result("Mecillinam", "S"),
    result("Trimetoprim", "R", "MIC"),
    number("MIC"),
)


def test_a_culture_is_one_tree_with_its_susceptibility_and_nothing_of_it_stands_elsewhere() -> None:
    [found] = told(*CULTURE).trees
    assert tree(found) == {
        "Odling E. coli": [{"Panel": [{"Mecillinam S": []}, {"Trimetoprim R": [{"MIC 4,1 mmol/L": []}]}]}],
    }
    held = trends(*CULTURE)
    assert (held.others, held.care, len(held)) == ((), (), 1)


async def test_two_isolates_keep_their_own_answers_of_the_same_code(house: House) -> None:
    rows = [result("Isolat 1", "E. coli", "a"), result("Isolat 2", "Klebsiella", "b")]
    rows += [result(name, "") | {"code": {"text": "Mecillinam"}} | more for name, more in (("a", SUSCEPTIBLE), ("b", RESISTANT))]
    html = re.sub(r"\s+", " ", shown(house, *rows))
    one, other = html.split("Isolat 2")
    assert "E. coli" in one
    assert "känslig (S)" in one
    assert "resistent (R)" not in one
    assert "Klebsiella" in other
    assert "resistent (R)" in other


def test_a_panel_of_numbers_stays_in_charts_and_one_of_words_is_one() -> None:
    assert told(result("Status", "", "Hb"), number("Hb")).trees == ()
    assert told(result("Status", "", "Hb", "Färg"), number("Hb"), result("Färg", "Gul")).trees == ()
    assert told(result("Hjärta", "", "Troponin"), result("Troponin", "<5")).trees == ()
    assert told(result("Diabetes", "", "A", "B"), result("A", status="registered"), result("B", status="registered")).trees == ()
    once = number("Nitrit") | {"id": "earlier"}
    sticks = (result("Sticka", "", "Nitrit", "Leukocyter"), result("Nitrit", "Neg"), result("Leukocyter", "2+"))
    assert told(*sticks, once).trees == ()
    [found] = told(result("Sticka", "", "Nitrit", "Leukocyter"), result("Nitrit", "Neg"), result("Leukocyter", "2+")).trees
    assert tree(found) == {"Sticka": [{"Nitrit Neg": []}, {"Leukocyter 2+": []}]}


def test_a_report_of_microbiology_is_one_and_of_chemistry_is_not() -> None:
    rows = [result("Odling urin", "E. coli"), result("Ampicillin", "R"), number("Kolonier")]
    names = ("Odling urin", "Ampicillin", "Kolonier")
    [found] = told(report(*names), *rows).trees
    assert tree(found) == {"Odling": [{"Odling urin E. coli": []}, {"Ampicillin R": []}, {"Kolonier 4,1 mmol/L": []}]}
    assert told(report(*names, section="CH"), *rows).trees == ()
    assert told(report("Odling urin"), *rows).trees == ()
    assert told(report(*names, status="entered-in-error"), *rows).trees == ()


def test_what_a_report_lists_with_what_is_beneath_it_stands_once() -> None:
    [found] = told(report("Odling", "Panel", "Mecillinam", "Trimetoprim", "MIC"), *CULTURE).trees
    assert list(tree(found)) == ["Odling"]
    assert [each.name for each in found.beneath] == ["Odling"]


def test_what_is_withheld_or_void_takes_nothing_with_it() -> None:
    assert [each.name for each in trends(*CULTURE[1:]).findings] == ["Panel"]
    void = result("Odling", "E. coli", "Mecillinam", status="entered-in-error")
    for rows in ([CULTURE[2]], [void, CULTURE[2]]):
        assert (trends(*rows).findings, [each.name for each in trends(*rows).others]) == ((), ["Mecillinam"])
    [found] = told(CULTURE[0], CULTURE[1], CULTURE[2]).trees
    assert tree(found) == {"Odling E. coli": [{"Panel": [{"Mecillinam S": []}]}]}


def test_results_that_are_beneath_each_other_are_all_shown() -> None:
    rows = [result("A", "x", "B"), result("B", "y", "A")]
    assert told(*rows).trees == ()
    assert {each.name for each in trends(*rows).others} == {"A", "B"}
    assert told(result("A", "", "A")).trees == ()


def test_results_of_a_report_that_are_beneath_each_other_or_themselves_are_all_in_its_tree() -> None:
    rows = [result("A", "x", "B"), result("B", "y", "A"), result("C", "z"), report("A", "B", "C")]
    [found] = told(*rows).trees
    assert tree(found) == {"Odling": [{"C z": []}, {"A x": [{"B y": []}]}]}
    [found] = told(result("A", "x", "A"), result("C", "z"), report("A", "C")).trees
    assert tree(found) == {"Odling": [{"C z": []}, {"A x": []}]}


def test_what_is_beneath_several_stands_beneath_each_and_what_has_more_beneath_itself_stands_once() -> None:
    """A tree is no larger than what was sent: layers that each name all of the next would double it each time."""
    rows = [
        result("A", "x", "P", "Q"),
        result("P", "y", "R", "s"),
        result("Q", "z", "R", "s"),
        result("R", "v", "s"),
        result("s", "w"),
    ]
    [found] = told(*rows).trees
    below = {"s w": []}
    assert tree(found) == {"A x": [{"P y": [{"R v": [below]}, below]}, {"Q z": [below]}]}
    layers = [result(f"{side}{n}", "x", *(f"{other}{n + 1}" for other in "ab" if n < 30)) for n in range(31) for side in "ab"]
    assert len(told(*layers).held) == len(layers)


async def test_what_a_panel_itself_says_is_shown_with_it_or_alone(house: House) -> None:
    note = {"note": [{"text": "Provet hemolyserat"}]}
    in_words = (result("Odling", "", "a", "b", **note, **RESISTANT), result("a", "x"), result("b", "y"))
    html = shown(house, *in_words)
    assert "Provet hemolyserat" in html
    assert "resistent (R)" in html
    of_numbers = (result("Status", "", "Hb", **note), number("Hb"))
    html = shown(house, *of_numbers)
    assert "Provet hemolyserat" in html
    assert "inget värde" not in html


def test_the_newest_tree_stands_first() -> None:
    rows = [result("Äldre", "x", "a", day="2026-01-01"), result("a", "y"), result("Nyare", "x", "b"), result("b", "y")]
    assert [each.name for each in told(*rows).trees] == ["Nyare", "Äldre"]


@pytest.mark.parametrize("kind", ["clinician", "patient"])
async def test_the_page_shows_the_tree_with_day_source_and_state(house: House, kind: str) -> None:
    awaited = result("Ciprofloxacin") | {"status": "registered"}
    html = shown(house, result("Odling", "<E. coli>", "Ciprofloxacin"), awaited, kind=kind)
    for said in (
        "Odlingar och andra svar som hör ihop",
        "&lt;E. coli&gt;",
        "30 juni 2026",
        "svar har inte kommit",
    ):
        assert said in html
    assert "Inte slutligt" not in html
    assert html.count('class="src ') == 1
    assert "Cultures and other results that belong together" in shown(house, *CULTURE, kind=kind, language="en")
    assert "Odlingar" not in shown(house, number("Hb"), kind=kind)


def specimen(name: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Specimen", "id": name, "type": {"text": name}} | more


async def test_what_a_culture_was_taken_from_is_told_once(house: House) -> None:
    taken = {"specimen": {"reference": "Specimen/Blod"}}
    rows = [result("Odling", "E. coli", "Mecillinam", **taken), result("Mecillinam", "S", **taken)]
    site = {"collection": {"bodySite": {"text": "Höger arm"}}}
    html = shown(house, *rows, specimen("Blod", **site))
    assert html.count("Blod, Höger arm") == 1
    for withheld in ((), (specimen("Blod", status="entered-in-error"),), (specimen("Urin"),)):
        assert [each.material for each in told(*rows, *withheld).trees] == [""]
    of_report = report("Odling", "Annat") | {"specimen": [{"reference": "Specimen/Blod"}, {"reference": "Specimen/Urin"}]}
    [found] = told(of_report, *rows, result("Annat", "x"), specimen("Blod"), specimen("Urin")).trees
    assert found.material == "Blod, Urin"


async def test_more_than_a_few_trees_are_folded_and_none_is_lost(house: House) -> None:
    rows = [
        row
        for day in range(1, SHOWN + 3)
        for row in (result(f"Odling nr {day}.", "x", f"m{day}", day=f"2026-01-{day:02d}"), result(f"m{day}", "y"))
    ]
    html = shown(house, *rows)
    assert re.findall(r"Odling nr (\d)", html) == ["6", "5", "4", "3", "2", "1"]
    assert re.findall(r"Odling nr (\d)", html.split("<details>")[0]) == ["6", "5", "4", "3"]
