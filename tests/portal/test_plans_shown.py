"""Care plans with their goals and what state they are in; who is in a team now; and which contacts go on."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.interactions.overview import SECTIONS, Part, Row
from hub.portal.language import words
from hub.portal.rows import MOST, Line, plans, team
from tests.portal.test_results_shown import Badges
from tests.portal.test_states_shown import rendered, with_part

House = Any
"""As conftest makes it."""

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


def section(name: str, *resources: dict[str, Any]) -> Part:
    rows = tuple(Row(each, own=False) for each in resources)
    return Part(next(each for each in SECTIONS if each.name == name), rows=rows, connected=True)


def plan(status: str = "active", *goals: str, **more: Any) -> dict[str, Any]:
    held = {"resourceType": "CarePlan", "id": "p", "status": status, "intent": "plan", "title": "Plan"}
    return held | {"goal": [{"reference": f"Goal/{each}"} for each in goals]} | more


def goal(name: str, status: str = "active") -> dict[str, Any]:
    return {"resourceType": "Goal", "id": name, "lifecycleStatus": status, "description": {"text": name}}


def told(*resources: dict[str, Any], language: str = "sv") -> list[Line]:
    return plans(section("vardplaner", *resources), Badges(), words(language))


@pytest.mark.parametrize(
    ("status", "swedish", "english"),
    [
        ("active", "", ""),
        ("unknown", "", ""),
        ("draft", "Utkast", "Draft"),
        ("on-hold", "Pausad", "On hold"),
        ("completed", "Avslutad", "Completed"),
    ],
)
def test_a_plan_says_what_state_it_is_in(status: str, swedish: str, english: str) -> None:
    assert [told(plan(status), language=language)[0].tag for language in ("sv", "en")] == [swedish, english]


def test_goals_stand_in_their_plan_whether_within_it_or_beside_it() -> None:
    inside = {"contained": [goal("Gå till affären")]}
    [line] = told(plan("active", "Sova bättre", "Avbrutet", **inside), goal("Sova bättre"), goal("Avbrutet", "cancelled"))
    assert line.paragraphs == ("Mål: Gå till affären", "Mål: Sova bättre")


def test_a_goal_of_no_plan_is_shown_and_one_of_a_revoked_plan_is_not() -> None:
    assert [line.title for line in told(goal("Sova bättre"))] == ["Mål: Sova bättre"]
    assert told(plan("revoked", "Sova bättre"), goal("Sova bättre")) == []


@pytest.mark.parametrize(
    ("end", "there"),
    [("", True), ("2026-11-21", True), ("2027-01-01", True), ("2026-11-20", False), ("2026-11-20T22:00:00Z", False)],
)
def test_who_has_left_a_team_is_not_told_as_in_it(end: str, there: bool) -> None:
    member = {"member": {"display": "Ahmed Salih"}} | ({"period": {"end": end}} if end else {})
    held = {"resourceType": "CareTeam", "status": "active", "participant": [member]}
    assert bool(team(section("vardteam", held), Badges(), words("sv"), NOW)) is there


@pytest.mark.anyio
async def test_a_contact_that_is_folded_still_says_that_it_goes_on(house: House) -> None:
    section = next(each for each in SECTIONS if each.name == "kontakter")
    days = range(1, MOST + 2)
    rows = [
        Row({"resourceType": "Encounter", "status": "finished", "period": {"start": f"2026-01-{day:02}"}}, own=False)
        for day in days
    ]
    rows[0].resource["status"] = "in-progress"
    html = rendered(house, with_part(Part(section, rows=tuple(rows), connected=True)), "sv")
    assert '<span class="tag">Pågår</span>' in html.split('id="kontakter"')[1].split("<details>")[1]
