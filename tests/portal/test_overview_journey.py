"""The overview as clinicians and patients see it: its parts, what is missing, its size, and nothing that runs in place."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import hub.portal
from hub.demo.rivta.trouble import Fault, Hang
from hub.demo.world import organisations as o
from hub.demo.world.stories.ingrid import INGRID

pytestmark = pytest.mark.anyio
House = Any
"""As conftest makes it."""
INLINE = re.compile(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=|javascript:", re.IGNORECASE)
BUDGET = 150_000
"""Bytes of the page, before compression."""


def clean(html: str) -> None:
    """Nothing in place that the policy would stop."""
    assert INLINE.findall(html) == []


def without_banner_and_forms(html: str) -> str:
    body = re.sub(r"(?s)<form.*?</form>", "", html)
    body = re.sub(r'(?s)<div class="banner".*?</div>\s*</div>', "", body)
    return re.sub(r'(?s)<div class="print-run">.*?</div>', "", body)


async def seen(house: House, persona: str = "lakare-norrdal-1") -> str:
    browser = house.browser()
    await browser.sign_in(persona)
    page = await browser.all_steps(INGRID)
    assert page.status_code == 200
    return str(page.text)


async def test_the_overview_has_every_section_in_its_order(house: House) -> None:
    html = await seen(house)
    sections = re.findall(r'<section class="card[^"]*" id="([a-z]+)"', html)
    assert sections == [
        *("uppmarksamhet", "diagnoser", "lakemedel", "provsvar", "kontakter", "tider"),
        *("vardplaner", "vardteam", "behandlingar", "egenvard", "meddelanden"),
    ]
    assert "Inga källor är anslutna för diagnoser." in html
    clean(html)


async def test_each_kind_of_thing_is_there_with_its_source(house: House) -> None:
    await house.measure(10)
    html = await seen(house)
    for said in (
        "Furosemid",
        "P-Kalium",
        "Kroppsvikt",
        "Vårdplan hjärtsvikt",
        "Samir Haddad",
        "Hjärtsviktsmottagning",
        "Patientens uppgift",
        "Nytt",
        "NT-proBNP förhöjt. Remiss till hjärtmottagning rekommenderas.",
        '<span class="tag tag-said">Över referensintervall</span>',
        "Odlingar och andra svar som hör ihop",
        '<span class="tag tag-w">Inte bekräftad</span>',
    ):
        assert said in html, said
    assert html.count('class="src ') > 50
    assert html.count('<svg class="chart"') >= 8


async def test_a_chart_has_a_mark_for_each_number_in_its_table(house: House) -> None:
    html = await seen(house)
    for box in re.findall(r'(?s)<article class="chartbox">(.*?)</article>', html):
        rows = [row for row in box.split("<tr><td>")[1:] if "inget värde" not in row and "svar har inte kommit" not in row]
        assert box.count('class="mark ') == len(rows), box[:200]


async def test_a_source_that_fails_is_named_and_the_others_are_shown(house: House) -> None:
    house.regions[o.REGION_VASTVIK].troubles["*"] = Fault("VP009 Error connecting to service producer")
    html = await seen(house)
    assert "Översikten är inte komplett" in html
    assert "Region Västvik svarade inte" in html
    assert "Hämta igen" in html
    assert "Furosemid" in html


async def test_an_empty_section_never_says_nothing_while_a_source_is_silent(house: House) -> None:
    house.regions[o.REGION_VASTVIK].troubles["*"] = Fault("x")
    html = await seen(house)
    contacts = html.split('id="kontakter"')[1].split("</section>")[0]
    assert "Går inte att avgöra. Region Västvik svarade inte." in contacts
    assert "Inga uppgifter" not in contacts


async def test_a_slow_source_does_not_hold_the_page(house: House) -> None:
    house.regions[o.REGION_VASTVIK].troubles["*"] = Hang(5)
    html = await seen(house)
    assert "Hämtar från Region Västvik …" in html
    assert 'aria-busy="true"' in html


async def test_an_older_copy_is_shown_with_its_time(house: House) -> None:
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    page = await browser.all_steps(INGRID)
    house.regions[o.REGION_VASTVIK].troubles["*"] = Fault("x")
    house.clock.now += timedelta(minutes=20)
    page = await browser.get(str(page.url))
    assert "Visar uppgifter från 21 nov 2026 10.00" in page.text
    assert "Mottagningsbesök" in page.text


async def test_the_patient_sees_the_own_overview_in_plain_words(house: House) -> None:
    browser = house.browser()
    await browser.sign_in("patient-ingrid")
    page = await browser.get("/min")
    assert page.status_code == 200
    assert "Här ser du uppgifter om dig" in page.text
    assert "Furosemid" in page.text
    assert "NT-proBNP förhöjt. Remiss till hjärtmottagning rekommenderas." in page.text
    assert "Patientrelation" not in page.text
    assert "/atkomst" not in page.text
    clean(page.text)


@pytest.mark.parametrize("persona", ["lakare-norrdal-1", "vardnadshavare-elin"])
async def test_others_have_no_overview_of_their_own(house: House, persona: str) -> None:
    browser = house.browser()
    await browser.sign_in(persona)
    assert str((await browser.get("/min")).url).endswith("/sok")


async def test_english_is_english_and_what_care_wrote_stays_swedish(house: House) -> None:
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    page = await browser.all_steps(INGRID)
    page = await browser.get(f"{page.url}?lang=en")
    assert '<html lang="en">' in page.text
    for said in ("The overview is not complete" if "gaps" in page.text else "sources answered", "Medicines", "4 Nov 2026"):
        assert said in page.text
    assert "1 tablett på morgonen" in page.text
    assert '<html lang="en">' in (await browser.get("/sok")).text


async def test_numbers_of_persons_stand_in_the_banner_and_nowhere_else(house: House) -> None:
    html = without_banner_and_forms(await seen(house))
    assert INGRID not in html
    assert "19610118-2803" not in html
    assert re.findall(r"\b(?:19|20)\d{6}-?\d{4}\b", html) == []


async def test_the_page_keeps_its_policy_and_its_budget(house: House) -> None:
    await house.measure()
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    page = await browser.all_steps(INGRID)
    assert len(page.content) < BUDGET
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    fetched = re.findall(r'(?:<script[^>]*src|<link rel="stylesheet" href)="([^"]+)"', page.text)
    assert len(fetched) == 2
    for name in fetched:
        assert (await browser.get(name)).status_code == 200


def test_scripts_are_small_and_reach_for_nothing_else() -> None:
    script = (Path(hub.portal.__file__).parent / "static" / "portal.js").read_text("utf-8")
    assert len(script.encode()) < 10_000
    assert "http" not in script
    assert "import" not in script


def test_the_style_fetches_nothing() -> None:
    style = (Path(hub.portal.__file__).parent / "static" / "portal.css").read_text("utf-8")
    assert "@import" not in style
    assert "http" not in style
