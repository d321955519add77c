"""An emergency in the portal: two active choices with their reasons, who has blocked, a request to lift; all of it logged."""

from typing import Any

import pytest
from sqlalchemy import select

from hub.consent.grounds import Block
from hub.demo.world import organisations as o
from hub.demo.world.stories.ingrid import INGRID
from hub.fhir.identifiers import PERSONNUMMER, Identifier
from hub.fhir.json import loads
from hub.store.known import put_ground
from hub.store.patients import find
from hub.store.tables import audit

pytestmark = pytest.mark.anyio
House = Any
"""As conftest makes it."""
REASONS = {"why": "Medvetslös, oklar medicinering", "unasked": "Går inte att väcka"}


async def fetched(house: House) -> None:
    """The hub knows what all sources hold of Ingrid, since she has looked herself."""
    browser = house.browser()
    await browser.sign_in("patient-ingrid")
    assert (await browser.get("/min")).status_code == 200


async def blocked(house: House) -> None:
    """Ingrid has blocked what Region Västvik holds."""

    def write(store: Any) -> None:
        now, pk = house.hub.clock(), find(store.reader(), store.keys.identity, Identifier(PERSONNUMMER, INGRID))
        assert pk
        common = {"start": now, "end": None, "state": "active", "recorded": now, "recorded_by": "test", "readable": True}
        period = {"information_start": None, "information_end": None, "excluded": ()}
        made = Block(id="b", type="outer", regime="SVOD", provider=o.VASTVIK, unit="", **common, **period)  # type: ignore[arg-type]
        with store.database.writing() as connection:
            put_ground(connection, pk, made, "test", store.now())

    await house.hub.store(write)


async def actions(house: House) -> list[str]:
    """What was done, refusals apart, in the order of the log."""

    def read(store: Any) -> list[str]:
        rows = store.reader().execute(select(audit.c.entry).order_by(audit.c.seq)).all()
        held = [loads(row.entry) for row in rows]
        return [str(each["action"]) for each in held if each["outcome"] != "refuse"]

    found: list[str] = await house.hub.store(read)
    return found


async def arrived(house: House) -> tuple[Any, str, Any]:
    """A physician on the page of the emergency, without relation or consent."""
    await fetched(house)
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    handle, gate = await browser.open(INGRID)
    assert f'href="/patient/{handle}/nod"' in gate.text
    return browser, handle, await browser.get(f"/patient/{handle}/nod")


async def test_the_two_choices_open_what_is_chosen_and_an_end_closes_it(house: House) -> None:
    browser, handle, page = await arrived(house)
    at = f"/patient/{handle}/nod"
    assert "Hjärtgården AB" not in page.text
    assert "Nödöppning pågår" not in page.text
    page = await browser.send(page, at, **REASONS)
    assert "Nödöppning pågår till 11.00" in page.text
    assert f'name="provider-{o.VASTVIK}"' in page.text
    before = await browser.get(f"/patient/{handle}")
    assert "Öppnad i nödläge" not in before.text
    assert "Nödöppning pågår" in before.text
    assert "Lillhamns vårdcentral" not in before.text
    page = await browser.send(page, at, **{f"provider-{o.VASTVIK}": "yes", "matters": "Läkemedel"})
    assert str(page.url).endswith(f"/patient/{handle}")
    assert "Lillhamns vårdcentral" in page.text
    assert "Hjärtgården specialistmottagning" not in page.text
    listed = [row for row in page.text.split("<li>") if "Region Västvik" in row and 'class="src ' in row]
    assert listed
    assert all("Öppnad i nödläge" in row for row in listed)
    assert 'Region Norrdal</span> <span class="tag tag-w">' not in page.text
    others = [each for each in (o.NORRDAL, o.HJARTGARDEN, o.AKERBY) if f'name="provider-{each}"' in (await browser.get(at)).text]
    page = await browser.send(await browser.get(at), at, **{f"provider-{each}": "yes" for each in others}, matters="Mer")
    chosen = await browser.get(at)
    assert "Öppnat: Hjärtgården AB, Region Västvik, Åkerby kommun." in chosen.text
    assert "Ingen annan vårdgivare är känd" not in chosen.text
    page = await browser.http.post(at, data=_end(page.text), follow_redirects=True)
    assert "Nödöppning pågår" not in page.text
    assert "Lillhamns vårdcentral" not in page.text
    found = await actions(house)
    assert found.count("register-assertion") == 3
    assert {"existence", "end-assertion"} <= set(found)


def _end(page: str) -> dict[str, str]:
    token = page.split('name="csrf" value="')[1].split('"')[0]
    return {"csrf": token, "step": "end"}


async def test_a_blocked_record_is_not_opened_but_asked_for(house: House) -> None:
    await fetched(house)
    await blocked(house)
    browser, handle, page = await arrived(house)
    at = f"/patient/{handle}/nod"
    page = await browser.send(page, at, **REASONS)
    assert f'name="provider-{o.VASTVIK}"' not in page.text
    assert "Begär att Region Västvik häver spärren" in page.text
    refused = await browser.send(page, at, lift="")
    assert refused.status_code == 400
    page = await browser.send(page, at, lift="Medicinlista saknas")
    assert "Begäran har skickats till Region Västvik." in page.text
    assert "request-to-lift" in await actions(house)


@pytest.mark.parametrize("left_out", ["why", "unasked"])
async def test_a_choice_without_its_reason_registers_nothing(house: House, left_out: str) -> None:
    browser, handle, page = await arrived(house)
    page = await browser.send(page, f"/patient/{handle}/nod", **REASONS | {left_out: "  "})
    assert page.status_code == 400
    assert "Skriv varför." in page.text
    assert "register-assertion" not in await actions(house)


async def test_the_second_choice_names_a_care_provider_and_follows_a_first(house: House) -> None:
    browser, handle, page = await arrived(house)
    at = f"/patient/{handle}/nod"
    token = page.text.split('name="csrf" value="')[1].split('"')[0]
    forged = {"csrf": token, "step": "second", f"provider-{o.VASTVIK}": "yes", "matters": "Läkemedel"}
    assert (await browser.http.post(at, data=forged)).status_code == 400
    assert "register-assertion" not in await actions(house)
    page = await browser.send(page, at, **REASONS)
    page = await browser.send(page, at, matters="Läkemedel")
    assert page.status_code == 400
    assert "Välj minst en vårdgivare." in page.text


@pytest.mark.parametrize("persona", ["sjukskoterska-norrdal", "bistandshandlaggare"])
async def test_who_may_not_reach_other_care_providers_has_no_emergency(house: House, persona: str) -> None:
    browser = house.browser()
    await browser.sign_in(persona)
    handle, gate = await browser.open(INGRID)
    assert "/nod" not in gate.text
    assert (await browser.get(f"/patient/{handle}/nod")).status_code == 403
