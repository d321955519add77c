"""Every state of the overview in both languages: the words it must say, rendered by calling functions."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from starlette.requests import Request

from hub.caller import Caller
from hub.fhir.outcome import SourceReport
from hub.interactions.overview import SECTIONS, Overview, Part, Row
from hub.portal.language import LANGUAGES, words
from hub.portal.pages import view
from hub.portal.site import Portal
from hub.portal.visit import Visit
from hub.store.known import Known
from hub.store.patients import Facts

pytestmark = pytest.mark.anyio
House = Any
"""As conftest makes it."""
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
INLINE = re.compile(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=|javascript:", re.IGNORECASE)
WELL = SourceReport(source="Region Norrdal", contract="vårdplaner", code="DataFromSource", updated=NOW)
EARLIER = datetime(2026, 11, 18, 21, 10, tzinfo=UTC)
PLAN = Row(
    {"resourceType": "CarePlan", "id": "p", "status": "active", "intent": "plan", "title": "Vårdplan <b>hjärta</b>"}, own=False
)


def failing(**more: Any) -> SourceReport:
    held = {"source": "Åkerby kommun", "contract": "vårdplaner", "code": "NoDataSynchFailed", "fault": "timed-out"}
    return SourceReport(**(held | more))


def told(part: Part, **facts: Any) -> Overview:
    """An overview whose care plans are `part`."""
    parts = tuple(part if each.name == "vardplaner" else Part(each, (), (WELL,), (), connected=True) for each in SECTIONS)
    patient = {
        "resourceType": "Patient",
        "name": [{"text": "Test <Testsson>"}],
        "identifier": [{"system": "http://electronichealth.se/identifier/personnummer", "value": "196101182803"}],
    }
    known = Known(1, "x", 0, 0, Facts(born=date(1961, 1, 18), registered=True, **facts), (), ())
    return Overview(patient, known, parts)


def with_part(part: Part) -> Overview:
    """An overview with this part in the place of its own."""
    held = told(plans())
    return replace(held, parts=tuple(part if each.section == part.section else each for each in held.parts))


def plans(*reports: SourceReport, rows: tuple[Row, ...] = (), **more: Any) -> Part:
    section = next(each for each in SECTIONS if each.name == "vardplaner")
    return replace(Part(section, rows=rows, reports=reports or (WELL,), connected=True), **more)


STATES: dict[str, tuple[Overview, tuple[str, ...], tuple[str, ...]]] = {
    "a security service did not answer": (
        told(plans(failing(source="Säkerhetstjänsterna", contract="spärrar"), notices=("incomplete",))),
        (
            "Säkerhetstjänsterna svarade inte",
            "Bara den egna enhetens uppgifter visas, eftersom spärrar inte kunde kontrolleras.",
            "Resultatet kan vara ofullständigt.",
        ),
        (
            "Säkerhetstjänsterna did not answer",
            "Only your own unit&#39;s data are shown, since blocks could not be checked.",
            "The result may be incomplete.",
        ),
    ),
    "all well": (
        told(plans(rows=(PLAN,))),
        ("Källan svarade 10.00.", "Vårdplan &lt;b&gt;hjärta&lt;/b&gt;"),
        ("The source answered at 10:00.", "Vårdplan &lt;b&gt;hjärta&lt;/b&gt;"),
    ),
    "empty, all answered": (
        told(plans(WELL, replace(WELL, source="Region Västvik"))),
        ("Inga uppgifter. Alla 2 källor svarade.", "Alla 2 källor svarade 10.00."),
        ("No data. All 2 sources answered.",),
    ),
    "empty, some failed": (
        told(plans(WELL, failing())),
        ("Går inte att avgöra. Åkerby kommun svarade inte.", "Översikten är inte komplett"),
        ("Cannot tell. Åkerby kommun did not answer.", "The overview is not complete"),
    ),
    "empty, some answered in part": (
        told(plans(WELL, replace(WELL, source="Region Västvik", partial=True))),
        ("Går inte att avgöra. Region Västvik lämnade bara en del av svaret.",),
        ("Cannot tell. Region Västvik gave only part of its answer.",),
    ),
    "empty, an older copy": (
        told(plans(WELL, failing(code="DataFromCacheSynchFailed", updated=EARLIER))),
        ("Går inte att avgöra. Åkerby kommun svarade inte.",),
        ("Cannot tell. Åkerby kommun did not answer.",),
    ),
    "source failed": (
        told(plans(WELL, failing(), rows=(PLAN,))),
        ("Åkerby kommun svarade inte", "Försök 10.00 avbröts. Vårdplaner kan saknas.", "Hämta igen", "Uppgifter kan saknas."),
        ("Åkerby kommun did not answer", "Care plans may be missing.", "Try again", "Data may be missing."),
    ),
    "source answered in part": (
        told(plans(replace(WELL, partial=True), rows=(PLAN,))),
        ("Region Norrdal lämnade bara en del av svaret",),
        ("Region Norrdal gave only part of its answer",),
    ),
    "never given by the source": (
        told(plans(never=("Hjärtgården",))),
        ("Hjärtgården lämnar inte ut vårdplaner.", "Lämnas inte ut"),
        ("Not shared by Hjärtgården: care plans.", "Not shared"),
    ),
    "older copy shown": (
        told(plans(failing(code="DataFromCacheSynchFailed", updated=EARLIER), rows=(PLAN,))),
        ("Visar uppgifter från 18 nov 2026 22.10", "Åkerby kommun svarar inte nu"),
        ("Showing data from 18 Nov 2026 22:10", "Åkerby kommun does not answer now"),
    ),
    "a pushing source that never sent": (
        told(plans(failing(code="DataFromCache", fault=""))),
        ("Åkerby kommun har inte skickat något", "Går inte att avgöra."),
        ("Åkerby kommun has not sent anything", "Cannot tell."),
    ),
    "no relation": (
        told(plans(notices=("relation-required",))),
        ("Registrera patientrelation för att gå vidare.",),
        ("Register a patient relation to continue.",),
    ),
    "no need": (told(plans(notices=("need-required",))), ("Behov saknas.",), ("No need is stated.",)),
    "no consent": (
        told(plans(notices=("consent-required",))),
        ("Samtycke saknas. Bara er egen vårdgivares uppgifter visas.",),
        ("No consent. Only your own organisation&#39;s data are shown.",),
    ),
    "not allowed": (
        told(plans(refused=True)),
        ("Ditt uppdrag ger inte åtkomst till det här.",),
        ("Your assignment does not give access to this.",),
    ),
    "some not allowed": (
        told(plans(rows=(PLAN,), refused=True)),
        ("hjärta", "En del visas inte: ditt uppdrag ger inte åtkomst till allt här."),
        ("Some is not shown: your assignment does not give access to all of this.",),
    ),
    "no source": (
        told(plans(connected=False)),
        ("Inga källor är anslutna för vårdplaner.",),
        ("No sources are connected for care plans.",),
    ),
    "protected identity": (
        told(plans(), protected="sekretessmarkering"),
        ("Skyddade personuppgifter. Röj inte var patienten finns.",),
        ("Protected identity.",),
    ),
    "deceased": (told(plans(), deceased=date(2026, 5, 2)), ("Avliden 2 maj 2026.",), ("Deceased 2 May 2026.",)),
    "more than fits": (told(plans(more=True, rows=(PLAN,))), ("Det finns fler uppgifter",), ("There are more data",)),
}


def rendered(house: House, held: Overview, language: str, kind: str = "clinician") -> str:
    async def post(url: str, form: object) -> tuple[int, bytes]:
        raise AssertionError("no page sends a form")

    portal = Portal(
        hub=house.hub,
        refresher=house.refresher,
        verifier=house.verifier,
        limits=None,
        post=post,
        client_id="portal",  # type: ignore[arg-type]  # no request is counted
    )
    who: Any = {"client": "c", "issuer": "i", "loa": 3, "name": "Anna <Lindqvist>"}
    who |= {"purpose": "care", "scope": "SJF"} if kind == "clinician" else {}
    caller = Caller(kind=kind, subject="SE-1", **who)  # type: ignore[arg-type]  # as the test names it
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/patient/h",
        "headers": [],
        "query_string": b"",
        "server": ("hub.test", 80),
    }
    visit = Visit(Request(scope), words(language), None, caller)
    return bytes(portal.show(visit, "overview", handle="h", **view(portal, visit, held)).body).decode()


@pytest.mark.parametrize("state", STATES)
async def test_a_state_says_its_words_in_both_languages(house: House, state: str) -> None:
    held, *expected = STATES[state]
    for language, said in zip(LANGUAGES, expected, strict=True):
        html = rendered(house, held, language)
        for words_ in said:
            assert words_ in html, (language, words_)
        assert INLINE.findall(html) == []
        assert f'<html lang="{language}">' in html
        assert "<Testsson>" not in html
        assert "<Lindqvist>" not in html


@pytest.mark.parametrize("state", STATES)
async def test_a_failure_and_nothing_to_tell_never_stand_together(house: House, state: str) -> None:
    html = rendered(house, STATES[state][0], "sv")
    for section in re.findall(r'(?s)<section class="card.*?</section>', html):
        failed = any(said in section for said in ("svarade inte", "svarar inte", "har inte skickat", "en del av svaret"))
        assert not (failed and "Inga uppgifter" in section)


async def test_a_source_that_is_still_asked_is_told_as_waiting(house: House) -> None:
    house.refresher.running[(1, "akerby", "csv_care_plans")] = None
    try:
        html = rendered(house, told(plans(WELL, failing())), "sv")
    finally:
        house.refresher.running.clear()
    assert "Hämtar från Åkerby kommun …" in html
    assert 'id="vardplaner" aria-labelledby="h-vardplaner" aria-busy="true"' in html


async def test_five_hundred_results_fit_the_budget(house: House) -> None:
    def observation(number: int) -> Row:
        return Row(
            {
                "resourceType": "Observation",
                "status": "final",
                "meta": {"source": "urn:oid:1.2.752.129.2.1.4.1#SE2321990018-LABBOK"},
                "code": {"coding": [{"system": "urn:npu", "code": f"NPU{number % 10}"}], "text": f"P-Analys {number % 10}"},
                "effectiveDateTime": f"202{2 + number // 120}-{1 + number // 10 % 12:02d}-{1 + number % 27:02d}T08:00:00+01:00",
                "valueQuantity": {"value": Decimal(f"{number % 90}.5"), "unit": "mmol/L"},
                "referenceRange": [{"low": {"value": Decimal(20)}, "high": {"value": Decimal(60)}}],
            },
            own=False,
        )

    held = told(plans(rows=(PLAN,)))
    rows = tuple(observation(number) for number in range(500))
    parts = tuple(replace(each, rows=rows) if each.section.name == "provsvar" else each for each in held.parts)
    html = rendered(house, replace(held, parts=parts), "sv")
    assert len(html.encode()) < 150_000
    assert html.count('class="mark ') == 400
