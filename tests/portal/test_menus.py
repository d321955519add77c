"""What pages offer somebody is what that somebody may do, and what they say of the log is said to who reads it."""

import re
from typing import Any

import pytest

from hub.demo.personas import PERSONAS
from hub.demo.world.stories.ingrid import INGRID

pytestmark = pytest.mark.anyio
House = Any
"""As conftest makes it."""
PEOPLE = [each.name for each in PERSONAS if each.kind not in ("system", "technician")]
SEARCHES = {"clinician": "Sök patient", "social": "Sök patient", "guardian": "Välj barn"}
LOGGED = {
    "clinician": "Din åtkomst loggas och visas för patienten.",
    "social": "Din åtkomst loggas och visas för patienten.",
    "patient": "Det loggas varje gång någon läser dina uppgifter, också när du gör det själv.",
    "guardian": "Det loggas varje gång någon läser barnets uppgifter, också när du gör det.",
}


def links(html: str) -> list[str]:
    """Where a page leads, but to its own parts."""
    return [each.replace("&amp;", "&") for each in re.findall(r'<a [^>]*href="([^"]+)"', html) if not each.startswith("#")]


@pytest.mark.parametrize("name", PEOPLE)
async def test_every_link_that_somebody_is_offered_leads_somewhere(house: House, name: str) -> None:
    browser = house.browser()
    page = await browser.sign_in(name)
    assert page.status_code == 200, page.text
    seen: dict[str, int] = {}
    left = ["/"]
    while left:
        place = left.pop()
        if place not in seen:
            answer = await browser.get(place)
            seen[place] = answer.status_code
            left += links(answer.text)
    assert {place: status for place, status in seen.items() if status != 200} == {}
    assert ("/sok" in seen) is (next(each for each in PERSONAS if each.name == name).kind in SEARCHES and "sparr" not in name)


@pytest.mark.parametrize("name", PEOPLE)
async def test_menus_and_footers_speak_to_who_reads_them(house: House, name: str) -> None:
    persona = next(each for each in PERSONAS if each.name == name)
    page = await house.browser().sign_in(name)
    assert LOGGED.get(persona.kind, "Det du gör här loggas.") in page.text
    searches = persona.kind == "guardian" or persona.purpose == "care"
    assert ("/sok" in page.text) is searches
    assert (SEARCHES.get(persona.kind, "Sök") in page.text) is searches


async def test_the_patients_overview_speaks_to_the_patient(house: House) -> None:
    browser = house.browser()
    await browser.sign_in("patient-ingrid")
    own = (await browser.get("/min")).text
    assert LOGGED["patient"] in own
    assert "visas för patienten" not in own
    staff = house.browser()
    await staff.sign_in("lakare-norrdal-1")
    assert LOGGED["clinician"] in (await staff.all_steps(INGRID)).text


@pytest.mark.parametrize("place", ["/logga-ut", "/sok", "/patient/{handle}/atkomst"])
async def test_the_other_language_can_be_chosen_on_the_answer_to_a_form(house: House, place: str) -> None:
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    handle, page = await browser.open(INGRID)
    at = place.format(handle=handle)
    held = await browser.get("/sok") if place == "/sok" else page
    answer = await browser.send(held, at, **({"number": "x"} if place == "/sok" else {}))
    [link] = [each for each in links(answer.text) if "lang=en" in each]
    assert '<html lang="en">' in (await browser.get(link)).text
    assert (await browser.get(link)).status_code == 200


@pytest.mark.parametrize("asked", ["//elsewhere.example/x", "///elsewhere.example/", "/\\elsewhere.example/"])
async def test_no_page_leads_to_another_host_whatever_was_asked_for(house: House, asked: str) -> None:
    browser = house.browser()
    answer = await browser.http.get(f"{house.hub.config.base_url}{asked}", headers={"accept": "text/html"})
    assert answer.status_code == 404
    found = links(answer.text)
    assert found
    assert [each for each in found if not re.match(r"/(?![/\\])", each)] == []
