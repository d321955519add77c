"""Allergies, warnings, diagnoses and treatments, as sources' clients push them: shown, marked, and never said not to be there."""

from dataclasses import replace
from typing import Any

import pytest

from hub import scopes
from hub.caller import Caller
from hub.demo.world import organisations as o
from hub.demo.world.stories.ingrid import INGRID
from hub.fhir.identifiers import PERSONNUMMER
from hub.interactions import write as writing
from hub.interactions.changes import Change
from hub.interactions.context import Context
from hub.interactions.overview import SECTIONS, Part, Row, found, part
from hub.portal.language import words
from hub.portal.problems import Alert, cautions, diagnoses, treatments
from tests.portal.test_results_shown import Badges
from tests.portal.test_states_shown import WELL, failing, rendered, with_part

pytestmark = pytest.mark.anyio
House = Any
"""As conftest makes it."""


def section(name: str, *resources: dict[str, Any], **more: Any) -> Part:
    rows = tuple(Row(each, own=False) for each in resources)
    return Part(next(each for each in SECTIONS if each.name == name), rows=rows, connected=True, **more)


def coded(*codes: str) -> dict[str, Any]:
    return {"coding": [{"code": code} for code in codes]}


def allergy(name: str = "Penicillin", clinical: str = "active", verified: str = "confirmed", **more: Any) -> dict[str, Any]:
    status = {"clinicalStatus": coded(clinical), "verificationStatus": coded(verified)}
    return {"resourceType": "AllergyIntolerance", "code": {"text": name}} | status | more


def flag(status: str = "active") -> dict[str, Any]:
    return {"resourceType": "Flag", "status": status, "code": {"text": "Antikoagulantia"}}


def condition(name: str = "Hjärtsvikt", clinical: str = "active", verified: str = "confirmed", **more: Any) -> dict[str, Any]:
    status = {"clinicalStatus": coded(clinical), "verificationStatus": coded(verified)}
    return {"resourceType": "Condition", "code": {"text": name} | coded("I50.9")} | status | more


@pytest.mark.parametrize(
    ("sent", "swedish", "english"),
    [
        (allergy(), Alert("Överkänslighet: Penicillin"), Alert("Allergy: Penicillin")),
        (
            allergy(criticality="high"),
            Alert("Allvarlig överkänslighet: Penicillin", severe=True),
            Alert("Severe allergy: Penicillin", severe=True),
        ),
        (
            allergy(reaction=[{"manifestation": [{"text": "Anafylaxi"}], "severity": "severe"}]),
            Alert("Allvarlig överkänslighet: Penicillin", severe=True),
            Alert("Severe allergy: Penicillin", severe=True),
        ),
        (allergy(verified="unconfirmed"), Alert("Överkänslighet: Penicillin"), Alert("Allergy: Penicillin")),
        (
            allergy() | {"code": coded("716186003") | {"text": "Ingen känd överkänslighet"}},
            Alert("Ingen känd överkänslighet, enligt Region", plain=True),
            Alert("Ingen känd överkänslighet, says Region", plain=True),
        ),
        (flag(), Alert("Antikoagulantia"), Alert("Antikoagulantia")),
    ],
    ids=str,
)
def test_what_holds_now_is_an_alert(sent: dict[str, Any], swedish: Alert, english: Alert) -> None:
    for language, alert in (("sv", swedish), ("en", english)):
        assert cautions(section("uppmarksamhet", sent), Badges(), words(language)).alerts == (alert,)


@pytest.mark.parametrize(
    ("sent", "tag"),
    [
        (allergy(verified="refuted"), "Avfärdad"),
        (allergy(clinical="resolved"), "Inte aktuell"),
        (flag("inactive"), "Inte aktuell"),
    ],
    ids=str,
)
def test_what_no_longer_holds_is_a_row_that_says_so_and_no_alert(sent: dict[str, Any], tag: str) -> None:
    held = cautions(section("uppmarksamhet", sent), Badges(), words("sv"))
    assert (held.alerts, [line.tag for line in held.lines]) == ((), [tag])


@pytest.mark.parametrize("sent", [allergy(verified="entered-in-error"), flag("entered-in-error")], ids=str)
def test_what_was_written_in_error_is_left_out(sent: dict[str, Any]) -> None:
    assert not cautions(section("uppmarksamhet", sent), Badges(), words("sv"))
    assert not diagnoses(section("diagnoser", condition(verified="entered-in-error")), Badges(), words("sv"))


def test_an_allergy_tells_its_reactions_when_and_notes_and_the_severe_stands_first() -> None:
    reaction = [{"manifestation": [{"text": "Anafylaxi"}, {"text": "Utslag"}]}]
    severe = allergy(criticality="high", reaction=reaction, recordedDate="2009-03-01", note=[{"text": "Bekräftad"}])
    first, second = cautions(section("uppmarksamhet", allergy("Nickel"), severe), Badges(), words("sv")).lines
    assert (first.title, first.detail, first.paragraphs) == (
        "Penicillin",
        "1 mars 2009, allvarlig, Anafylaxi, Utslag",
        ("Bekräftad",),
    )
    assert second.title == "Nickel"


def test_a_diagnosis_has_its_code_and_day_and_says_what_it_is_where_it_is_not_established() -> None:
    rows = [
        condition("Lunginflammation", clinical="resolved", onsetDateTime="2026-05-01"),
        condition(onsetDateTime="2025-10-29"),
        condition("Njursvikt", verified="provisional", recordedDate="2026-01-02"),
    ]
    held = diagnoses(section("diagnoser", *rows), Badges(), words("sv"))
    assert [(line.title, line.detail, line.tag) for line in held] == [
        ("Njursvikt", "I50.9, 2 jan 2026", "Inte bekräftad"),
        ("Hjärtsvikt", "I50.9, 29 okt 2025", ""),
        ("Lunginflammation", "I50.9, 1 maj 2026", "Inte aktuell"),
    ]


@pytest.mark.parametrize(("status", "tag"), [("completed", ""), ("not-done", "Inte utförd"), ("in-progress", "Pågår")])
def test_a_treatment_says_what_became_of_it(status: str, tag: str) -> None:
    sent = {"resourceType": "Procedure", "status": status, "code": {"text": "Artroskopi"}, "performedDateTime": "2026-05-12"}
    [line] = treatments(section("behandlingar", sent), Badges(), words("sv"))
    assert (line.title, line.detail, line.tag) == ("Artroskopi", "12 maj 2026", tag)


async def test_the_banner_warns_and_the_section_tells(house: House) -> None:
    html = rendered(house, with_part(section("uppmarksamhet", allergy("<Penicillin>", criticality="high"))), "sv")
    banner, rest = html.split("<main")
    assert '<li class="al al-1"><svg' in banner
    assert "Allvarlig överkänslighet: &lt;Penicillin&gt;" in banner
    assert "Inga källor är anslutna för överkänslighet" not in html
    assert "&lt;Penicillin&gt;" in rest.split('id="uppmarksamhet"')[1].split("</section>")[0]


async def test_the_banner_says_why_it_does_not_warn(house: House) -> None:
    def banner(part: Part) -> str:
        return rendered(house, with_part(part), "sv").split("<main")[0]

    assert "Inga källor är anslutna för överkänslighet" in banner(Part(SECTIONS[0]))
    assert "Överkänslighet: Inga uppgifter. Källan svarade." in banner(section("uppmarksamhet", reports=(WELL,)))
    silent = banner(section("uppmarksamhet", reports=(failing(),)))
    assert "Överkänslighet: Går inte att avgöra. Åkerby kommun svarade inte." in silent
    partly = banner(section("uppmarksamhet", allergy(), reports=(failing(),)))
    assert "Överkänslighet: Penicillin" in partly
    assert "Åkerby kommun svarade inte" in partly


async def test_that_no_source_is_connected_is_not_said_to_who_might_see_something_with_more_access(house: House) -> None:
    """What clients push is seen by who has access to it alone; whether there is anything decides nothing here."""
    who = {"subject": "p", "client": "portal", "issuer": "i", "loa": 3}
    herself = Caller(kind="patient", person=f"{PERSONNUMMER}|{INGRID}", smart=scopes.parse("patient/*.rs"), **who)
    commission = {"purpose": "care", "scope": "SJF", "provider": o.NORRDAL, "unit": o.HEART, "social_unit": False}
    stranger = Caller(kind="clinician", role="physician", smart=scopes.parse("user/*.rs"), **commission, **who)
    barred = replace(herself, smart=scopes.parse("patient/Observation.rs"))
    patient, _ = await found(Context(house.hub, house.refresher, herself, "find", house.hub.store.now()))
    told = {}
    for caller in (herself, stranger, barred):
        context = Context(house.hub, house.refresher, caller, "look", house.hub.store.now())
        held = await part(context, patient["id"], SECTIONS[0])
        told[caller] = (held.connected, held.refused, "relation-required" in held.notices)
    assert told == {herself: (False, False, False), stranger: (True, False, True), barred: (True, True, False)}


async def test_what_the_client_of_a_source_has_pushed_is_shown_though_no_contract_gives_it(house: House) -> None:
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    before = await browser.all_steps(INGRID)
    assert "Inga källor är anslutna för överkänslighet och varningar." in before.text
    who = {"client": "system-norrdal-hospital", "issuer": "i", "loa": 3}
    herself = Caller(kind="patient", subject="p", person=f"{PERSONNUMMER}|{INGRID}", smart=scopes.parse("patient/*.rs"), **who)
    client = Caller(kind="system", subject="c", source=o.HOSPITAL, smart=scopes.parse("system/*.cruds"), **who)
    patient, _ = await found(Context(house.hub, house.refresher, herself, "find", house.hub.store.now()))
    subject = {"reference": f"Patient/{patient['id']}"}
    clinical = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
    for resource in (
        allergy(criticality="high", patient=subject)
        | {"clinicalStatus": {"coding": [{"system": clinical, "code": "active"}]}, "verificationStatus": {"text": "x"}},
        {"resourceType": "Condition", "code": {"text": "Förmaksflimmer"}, "subject": subject},
        {"resourceType": "Procedure", "status": "completed", "code": {"text": "Elkonvertering"}, "subject": subject},
    ):
        made = {name: value for name, value in resource.items() if name != "verificationStatus"}
        again = Context(house.hub, house.refresher, client, "push", house.hub.store.now())
        await writing.write(again, Change(action="create", type=made["resourceType"], resource=made))
    page = await browser.get(str(before.url))
    assert "Allvarlig överkänslighet: Penicillin" in page.text
    for name, said in (("uppmarksamhet", "Penicillin"), ("diagnoser", "Förmaksflimmer"), ("behandlingar", "Elkonvertering")):
        held = page.text.split(f'id="{name}"')[1].split("</section>")[0]
        assert said in held
        assert "Inga källor" not in held
        assert "Norrdals sjukhus" in held
    assert "överkänslighet" not in (await browser.get(f"{before.url}/atkomst")).text
