"""How medicines are grouped, merged and marked."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.config import Config, SourceConfig
from hub.directory import Directory, Provider
from hub.hub import Hub
from hub.interactions.overview import SECTIONS, Part, Row
from hub.portal.badges import Sources
from hub.portal.language import words
from hub.portal.medicines import Medicine, medicines, strength
from tests.portal.test_states_shown import WELL, failing, rendered, with_part

pytestmark = pytest.mark.anyio
House = Any
"""As conftest makes it."""
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
SECTION = next(each for each in SECTIONS if each.name == "lakemedel")
ATC = "http://www.whocc.no/atc"
EXTENSION = "https://samsyn.example/fhir/StructureDefinition"


def on_page(house: House, *resources: dict[str, Any], language: str = "sv", **more: Any) -> str:
    """The section of medicines of an overview that holds these."""
    rows = tuple(Row(each, own=False) for each in resources)
    held = replace(Part(SECTION, rows=rows, reports=(WELL,), connected=True), **more)
    return rendered(house, with_part(held), language).split('id="lakemedel"')[1].split("</section>")[0]


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """Three sources: a region, a private provider and a municipality."""
    rows = [
        SourceConfig(name=name, title=name.upper(), kind="rivta", owner=f"SE-{name}", system=f"SE-{name}-SYS")
        for name in ("r", "p", "k")
    ]
    kinds = {"r": "region", "p": "private", "k": "municipality"}
    directory = Directory({f"SE-{name.upper()}": Provider(f"SE-{name.upper()}", name, kind=kind) for name, kind in kinds.items()})
    hub: Any = Hub(config=Config(sources=tuple(rows)), directory=directory, store=None, fetchers={}, clock=lambda: NOW)  # type: ignore[arg-type]  # no store is touched
    return Sources(hub, words("sv"))


def request(
    name: str, source: str = "r", code: str = "C03CA01", strength: str = "40 mg", dose: str = "1x1", **more: Any
) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "id": name,
        "meta": {"source": f"urn:oid:1.2.752.129.2.1.4.1#SE-{source.upper()}-SYS"},
        "status": "active",
        "intent": "order",
        "identifier": [{"system": "urn:x", "value": name}],
        "medicationCodeableConcept": {
            "coding": [{"system": ATC, "code": code, "display": "furosemid"}],
            "extension": [
                {"url": f"{EXTENSION}/drug-form", "valueString": "Tablett"},
                {"url": f"{EXTENSION}/drug-strength", "valueString": strength},
            ],
        },
        "authoredOn": "2026-01-10",
        "dosageInstruction": [{"text": dose}],
    } | more


def shown(sources: Sources, *resources: dict[str, Any], own: bool = False) -> dict[str, list[Medicine]]:
    part = Part(SECTION, rows=tuple(Row(each, own) for each in resources), connected=True)
    return medicines(part, sources, words("sv"), NOW)


@pytest.mark.parametrize(
    ("more", "group"),
    [
        ({}, "standing"),
        ({"authoredOn": "2026-11-04"}, "changed"),
        ({"authoredOn": "2026-12-04"}, "standing"),
        ({"status": "on-hold"}, "changed"),
        ({"dosageInstruction": [{"text": "1 vid behov", "asNeededBoolean": True}]}, "needed"),
        ({"status": "completed"}, "ended"),
        ({"status": "stopped"}, "ended"),
    ],
    ids=str,
)
def test_a_medicine_stands_in_its_group(sources: Sources, more: dict[str, Any], group: str) -> None:
    assert list(shown(sources, request("a", **more))) == [group]


def test_substance_comes_first_then_form_and_strength(sources: Sources) -> None:
    [row] = shown(sources, request("a"))["standing"]
    assert (row.substance, row.form, row.strength, row.dose) == ("Furosemid", "Tablett", "40\xa0mg", "1x1")


@pytest.mark.parametrize(
    ("written", "swedish", "english"),
    [
        ("2.5 mg", "2,5 mg", "2.5 mg"),
        ("0.25 mg/ml", "0,25 mg/ml", "0.25 mg/ml"),
        ("2.5 mg/5 ml", "2,5 mg/5 ml", "2.5 mg/5 ml"),
        ("2.50", "2,50", "2.50"),
        ("40 mg", "40 mg", "40 mg"),
        ("10000 IE", "10\u202f000 IE", "10,000 IE"),
        ("20 mg/12.5 mg", "20 mg/12.5 mg", "20 mg/12.5 mg"),
        ("Styrka 2.5 mg", "Styrka 2.5 mg", "Styrka 2.5 mg"),
        ("2.5–5 mg", "2.5–5 mg", "2.5–5 mg"),
        ("1.2.3", "1.2.3", "1.2.3"),
        ("", "", ""),
    ],
)
def test_a_strength_that_is_a_number_reads_as_numbers_do_and_words_stay_as_sent(written: str, swedish: str, english: str) -> None:
    assert [strength(written, words(language)).replace("\xa0", " ") for language in ("sv", "en")] == [swedish, english]


def test_a_row_has_its_strength_as_readers_write_it(sources: Sources) -> None:
    [row] = shown(sources, request("a", strength="2.5 mg"))["standing"]
    assert row.strength == "2,5\xa0mg"


@pytest.mark.parametrize(
    ("more", "name"),
    [
        (
            {"medicationReference": {"reference": "#m"}, "contained": [{"id": "m", "code": {"text": "kalciumkarbonat"}}]},
            "Kalciumkarbonat",
        ),
        ({"medicationReference": {"reference": "Medication/1", "display": "digoxin"}}, "Digoxin"),
        ({"medicationReference": {"reference": "Medication/1"}}, "Läkemedel utan namn"),
    ],
    ids=["contained", "by name", "unnamed"],
)
def test_a_medicine_that_is_referred_to_has_its_name(sources: Sources, more: dict[str, Any], name: str) -> None:
    bare = {key: value for key, value in request("a").items() if key != "medicationCodeableConcept"}
    assert [row.substance for row in shown(sources, bare | more)["standing"]] == [name]


def test_sources_that_say_the_same_are_one_row_with_both_badges(sources: Sources) -> None:
    [row] = shown(sources, request("a"), request("b", source="p"))["standing"]
    assert [badge.letter for badge in row.badges] == ["R", "P"]
    assert not row.conflict


def test_what_a_product_is_called_is_told_where_its_strength_is_not_said_apart(sources: Sources) -> None:
    def product(name: str, text: str) -> dict[str, Any]:
        drug = {"coding": [{"system": ATC, "code": "C07AB02", "display": "metoprolol"}], "text": text}
        return request(name, medicationCodeableConcept=drug)

    rows = shown(sources, product("a", "Metoprolol depottablett 50 mg"), product("b", "Metoprolol tablett 100 mg"))["standing"]
    assert [(row.substance, row.strength) for row in rows] == [
        ("Metoprolol", "Metoprolol depottablett 50 mg"),
        ("Metoprolol", "Metoprolol tablett 100 mg"),
    ]
    assert [row.strength for row in shown(sources, product("a", "Metoprolol"))["standing"]] == [""]


def test_two_forms_of_one_substance_are_two_rows_and_what_is_merged_loses_no_note(sources: Sources) -> None:
    other = request("b", source="p")
    other["medicationCodeableConcept"]["extension"][0]["valueString"] = "Depottablett"
    rows = shown(sources, request("a"), other)["standing"]
    assert {row.form: row.conflict for row in rows} == {"Tablett": True, "Depottablett": True}
    notes = {source: {"note": [{"text": f"Ändamål: {source}"}, {"text": f"sagt av {source}"}]} for source in "rp"}
    [row] = shown(sources, *(request(source, source=source, **notes[source]) for source in "rp"))["standing"]
    assert (row.purpose, row.note, len(row.badges)) == ("r; p", "sagt av r. sagt av p", 2)


def test_sources_that_disagree_stand_beneath_each_other_marked(sources: Sources) -> None:
    one, other = shown(sources, request("a"), request("b", source="p", dose="2x1"))["standing"]
    assert (one.conflict, other.conflict) == (True, True)
    assert (one.continued, other.continued) == (False, True)


def test_two_orders_of_one_source_are_no_disagreement(sources: Sources) -> None:
    rows = shown(sources, request("a"), request("b", dose="2x1"))["standing"]
    assert [row.conflict for row in rows] == [False, False]


def test_what_has_no_code_is_never_merged_on_its_name(sources: Sources) -> None:
    bare = {"medicationCodeableConcept": {"text": "Furosemid"}}
    rows = shown(sources, request("a", **bare), request("b", source="p", **bare))["standing"]
    assert len(rows) == 2
    assert not any(row.conflict for row in rows)


def test_the_patients_own_is_a_row_of_its_own(sources: Sources) -> None:
    statement = request("a") | {"resourceType": "MedicationStatement", "dosage": [{"text": "ibland"}]}
    [row] = shown(sources, statement, own=True)["needed"]
    assert (row.own, row.badges[0].letter, row.dose) == (True, "E", "ibland")


def test_purpose_is_apart_from_other_notes(sources: Sources) -> None:
    notes = {"note": [{"text": "Ändamål: Hjärtsvikt"}, {"text": "Tas med mat"}]}
    [row] = shown(sources, request("a", **notes))["standing"]
    assert (row.purpose, row.note) == ("Hjärtsvikt", "Tas med mat")


def test_sources_that_tell_the_patient_otherwise_say_the_same_dose(sources: Sources) -> None:
    ended = request(
        "a", note=[{"text": "Tas med mat."}], dosageInstruction=[{"text": "1x1", "patientInstruction": "Mot svullnad"}]
    )
    assert shown(sources, ended)["standing"][0].note == "Tas med mat. Till patienten: Mot svullnad"
    both = (request(each, source=each, dosageInstruction=[{"text": "1x1", "patientInstruction": f"av {each}"}]) for each in "rp")
    [row] = shown(sources, *both)["standing"]
    assert (row.dose, row.note) == ("1x1", "Till patienten: av r. Till patienten: av p")


async def test_over_ended_medicines_stands_that_none_is_current_and_no_empty_table(house: House) -> None:
    html = on_page(house, request("a", status="stopped"))
    assert "Inga aktuella läkemedel. Källan svarade." in html
    assert "0 aktuella" not in html
    assert html.count("<table") == 1
    assert "1 avslutat läkemedel" in html
    current = on_page(house, request("a"))
    assert "1 aktuellt." in current
    assert "Inga aktuella" not in current
    assert "No current medicines. The source answered." in on_page(house, request("a", status="stopped"), language="en")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"reports": (WELL, failing())}, "Går inte att avgöra. Åkerby kommun svarade inte."),
        (
            {"reports": (WELL, failing(code="DataFromCacheSynchFailed", updated=NOW))},
            "Går inte att avgöra. Åkerby kommun svarade inte.",
        ),
        (
            {"reports": (WELL, failing(code="DataFromSource", partial=True))},
            "Går inte att avgöra. Åkerby kommun lämnade bara en del av svaret.",
        ),
        ({"more": True}, "Det finns fler uppgifter än vad som ryms här."),
    ],
    ids=["failed", "older", "partial", "more"],
)
async def test_that_none_is_current_is_never_said_where_it_is_not_known(house: House, more: dict[str, Any], said: str) -> None:
    html = on_page(house, request("a", status="stopped"), **more)
    assert said in html
    assert "Inga aktuella" not in html
