"""Choosing a patient and passing the gate: what is typed, what is registered, what is then seen."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hub.demo.world.stories.ingrid import INGRID
from hub.demo.world.stories.nordin import ALVA
from hub.fhir.json import loads
from hub.store.tables import audit

pytestmark = pytest.mark.anyio
LOOKUPS = 12
"""As conftest limits them."""
House = Any
"""As conftest makes it."""


async def entries(house: House) -> list[dict[str, Any]]:
    def read(store: Any) -> list[dict[str, Any]]:
        rows = store.reader().execute(select(audit.c.entry).order_by(audit.c.seq)).all()
        return [loads(row.entry) for row in rows]

    found: list[dict[str, Any]] = await house.hub.store(read)
    return found


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Skriv tolv siffror"),
        ("Ingrid Sandell", "Skriv tolv siffror"),
        ("196101182804", "Kontrollsiffran stämmer inte."),
        ("19611318-2803", "Datumet i numret finns inte."),
        ("6101182803", "Skriv hela årtalet"),
        ("189002029800", "Ingen person med det numret. Kontrollera siffrorna."),
    ],
)
async def test_a_number_that_does_not_hold_is_told_what_is_wrong(house: House, typed: str, said: str) -> None:
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    page = await browser.send(await browser.get("/sok"), "/sok", number=typed)
    assert page.status_code == 400
    assert said in page.text
    assert f'value="{typed}"' in page.text


@pytest.mark.parametrize("typed", ["196101182803", "19610118-2803", "610118-2803", " 1961 0118 2803 "])
async def test_a_number_may_be_written_in_many_ways(house: House, typed: str) -> None:
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    _, page = await browser.open(typed)
    assert "Är det här rätt patient?" in page.text
    assert "Ingrid" in page.text


async def test_no_number_is_in_an_address_or_a_title(house: House) -> None:
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    page = await browser.all_steps(INGRID)
    title = page.text.split("<title>")[1].split("</title>")[0]
    assert title == "Översikt I.M.S. 1961 – Sammanhållen patientöversikt"
    for each in [*page.history, page]:
        assert INGRID not in str(each.url)
        assert INGRID[2:8] not in str(each.url)


async def test_nothing_is_chosen_beforehand_and_each_step_waits_for_the_one_before(house: House) -> None:
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    _, page = await browser.open(INGRID)
    assert " checked" not in page.text
    assert 'name="relation"' in page.text
    assert 'name="need"' not in page.text
    assert 'name="consent"' not in page.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"relation-end": "2026-11-27"}, "Kryssa för att du har en aktuell patientrelation."),
        ({"relation": "yes", "relation-end": "2025-01-01"}, "Välj en dag framåt i tiden"),
        ({"relation": "yes", "relation-end": "2036-01-01"}, "Välj en dag framåt i tiden"),
        ({"relation": "yes", "relation-end": "snart"}, "Välj en dag framåt i tiden"),
    ],
    ids=["not ticked", "over", "too far", "no day"],
)
async def test_a_step_that_is_not_whole_registers_nothing(house: House, fields: dict[str, str], said: str) -> None:
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    handle, page = await browser.open(INGRID)
    page = await browser.send(page, f"/patient/{handle}/atkomst", **fields)
    assert page.status_code == 400
    assert said in page.text
    assert 'name="relation"' in page.text


async def test_before_a_relation_the_overview_asks_for_one(house: House) -> None:
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    handle, _ = await browser.open(INGRID)
    page = await browser.get(f"/patient/{handle}")
    assert "Registrera patientrelation för att gå vidare." in page.text
    assert "Furosemid" not in page.text
    assert "aktuella" not in page.text  # how many there are is not known, so it is not said to be none


async def test_relation_need_and_consent_open_what_other_providers_hold(house: House) -> None:
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    page = await browser.all_steps(INGRID)
    assert page.status_code == 200
    for said in ("Region Västvik", "Hjärtgården", "Åkerby kommun", "Furosemid", "<b>Samtycke</b> till 19 maj 2027"):
        assert said in page.text
    kinds = [each["action"] for each in await entries(house)]
    assert [kinds.count(kind) for kind in ("register-relation", "register-need", "create")] == [1, 1, 1]


async def test_a_no_registers_nothing_and_shows_the_own_providers_data(house: House) -> None:
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    page = await browser.all_steps(INGRID, consent="no")
    assert "Samtycke saknas. Bara er egen vårdgivares uppgifter visas." in page.text
    assert "Furosemid" in page.text
    assert "Hjärtgården" not in page.text
    assert "create" not in [each["action"] for each in await entries(house)]


async def test_a_consent_that_is_over_is_told_with_its_day(house: House) -> None:
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    handle, page = await browser.open(INGRID)
    gate = f"/patient/{handle}/atkomst"
    page = await browser.send(page, gate, **{"relation": "yes", "relation-end": "2027-06-30"})
    page = await browser.send(page, gate, need="treatment")
    await browser.send(page, gate, **{"consent": "unit", "consent-end": "2026-11-22"})
    house.clock.now += timedelta(days=3)
    await browser.sign_in("lakare-norrdal-1")
    handle, page = await browser.open(INGRID)
    assert "Samtycket gick ut 22 nov 2026. Fråga patienten igen." in page.text


async def test_every_section_is_in_the_log_as_any_other_search(house: House) -> None:
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    await browser.all_steps(INGRID)
    searched = {each.get("type") for each in await entries(house) if each["action"] == "search"}
    assert searched >= {"Patient", "MedicationRequest", "Observation", "Encounter", "Appointment", "CarePlan", "CareTeam"}


async def test_a_handle_belongs_to_its_session(house: House) -> None:
    mine, other = house.browser(), house.browser()
    await mine.sign_in("lakare-norrdal-1")
    await other.sign_in("lakare-norrdal-2")
    handle, _ = await mine.open(INGRID)
    page = await other.get(f"/patient/{handle}")
    assert page.status_code == 410
    assert "Patienten är stängd" in page.text


async def test_a_closed_patients_tab_says_so(house: House) -> None:
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    handle, page = await browser.open(INGRID)
    await browser.send(page, f"/patient/{handle}/stang")
    assert (await browser.get(f"/patient/{handle}/atkomst")).status_code == 410


async def test_who_reads_only_the_own_unit_is_asked_for_a_relation_alone(house: House) -> None:
    browser = house.browser()
    await browser.sign_in("sjukskoterska-norrdal")
    handle, page = await browser.open(INGRID)
    page = await browser.send(page, f"/patient/{handle}/atkomst", **{"relation": "yes", "relation-end": "2026-11-27"})
    assert "Vad säger patienten?" not in page.text
    assert "Furosemid" in (await browser.get(f"/patient/{handle}")).text


async def test_a_guardian_chooses_the_child_and_sees_it_in_plain_words(house: House) -> None:
    browser = house.browser()
    await browser.sign_in("vardnadshavare-elin")
    page = await browser.get("/sok")
    assert "Välj barn" in page.text
    _, page = await browser.open(ALVA)
    assert "Alva" in page.text
    assert "Patientrelation" not in page.text


async def test_a_guardian_does_not_find_another_person(house: House) -> None:
    browser = house.browser()
    await browser.sign_in("vardnadshavare-elin")
    page = await browser.send(await browser.get("/sok"), "/sok", number=INGRID)
    assert "Ingen person med det numret." in page.text


async def test_without_a_log_nothing_is_shown(house: House) -> None:
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    page = await browser.all_steps(INGRID)

    def lose(store: Any) -> None:
        with store.database.writing() as connection:
            connection.exec_driver_sql("ALTER TABLE audit RENAME TO elsewhere")

    await house.hub.store(lose)
    page = await browser.get(str(page.url))
    assert page.status_code == 503
    assert "Tjänsten är stängd: åtkomst kan inte loggas just nu." in page.text
    assert "Furosemid" not in page.text


async def test_too_many_lookups_are_told_so(house: House) -> None:
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    form = await browser.get("/sok")
    answers = [await browser.send(form, "/sok", number="189002029800") for _ in range(LOOKUPS + 1)]
    assert [answers[0].status_code, answers[-1].status_code] == [400, 429]
    assert "Vänta en minut" in answers[-1].text
    assert [who for kind, who in house.unlogged if kind == "throttled"] == ["SE2321990018-1001"]  # counted at the door
