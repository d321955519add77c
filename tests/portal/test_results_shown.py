"""How results are gathered, converted and told; and what a trend says of itself."""

from decimal import Decimal
from typing import Any

import pytest

from hub.interactions.overview import SECTIONS, Part, Row
from hub.portal.badges import Badge, Sources
from hub.portal.language import words
from hub.portal.results import Analyte, analytes
from hub.portal.trends import Results, results
from hub.portal.values import unit_in_words

SECTION = next(each for each in SECTIONS if each.name == "provsvar")
V3 = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"


class Badges(Sources):
    """One source."""

    def __init__(self) -> None:
        pass

    def badge(self, row: Row) -> Badge:
        return Badge("E" if row.own else "R", "Region")


def observation(day: str, value: str = "4.1", unit: str = "mmol/L", code: str = "NPU03230", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "urn:npu", "code": code}], "text": f"Analys {code}"},
        "effectiveDateTime": day,
        "valueQuantity": {"value": Decimal(value), "unit": unit},
    } | more


def part(*resources: dict[str, Any], own: bool = False) -> Part:
    return Part(SECTION, rows=tuple(Row(each, own) for each in resources), connected=True)


def held(*resources: dict[str, Any]) -> list[Analyte]:
    return analytes(part(*resources), Badges(), words("sv"))


def trends(*resources: dict[str, Any]) -> Results:
    return results(part(*resources), Badges(), words("sv"))


def test_the_same_code_is_one_analyte_newest_first() -> None:
    [one] = held(observation("2026-01-01"), observation("2026-05-01", "4.4"), observation("2026-03-01", "4.2"))
    assert [value.text for value in one.values] == ["4,4 mmol/L", "4,2 mmol/L", "4,1 mmol/L"]


def test_codes_are_never_merged_by_name() -> None:
    other = observation("2026-01-02", code="X") | {"code": {"coding": [{"code": "X"}], "text": "Analys NPU03230"}}
    assert len(held(observation("2026-01-01"), other)) == 2


@pytest.mark.parametrize("more", [{"status": "entered-in-error"}, {"status": "cancelled"}], ids=str)
def test_what_does_not_count_is_left_out(more: dict[str, Any]) -> None:
    assert held(observation("2026-01-01", **more)) == []


@pytest.mark.parametrize(
    ("element", "text"),
    [
        ({"valueQuantity": {"value": Decimal("5"), "comparator": "<", "unit": "mg/L"}}, "<5 mg/L"),
        ({"valueQuantity": {"value": Decimal("1.50"), "comparator": ">=", "unit": "umol/L"}}, "≥1,50 µmol/L"),
        ({"valueCodeableConcept": {"text": "Positiv"}}, "Positiv"),
        ({"valueString": "Växt av E. coli"}, "Växt av E. coli"),
        ({"valueBoolean": True}, "ja"),
        ({"valueRange": {"low": {"value": 1}, "high": {"value": 3}}}, "1–3"),
        ({}, "inget värde"),
    ],
    ids=str,
)
def test_a_value_reads_as_it_was_sent(element: dict[str, Any], text: str) -> None:
    bare = {name: value for name, value in observation("2026-01-01").items() if name != "valueQuantity"}
    assert held(bare | element)[0].latest.text == text


@pytest.mark.parametrize(("code", "flag"), [("H", "high"), ("LL", "low"), ("A", "abnormal"), ("N", ""), ("S", "")])
def test_the_flag_is_the_laboratorys_own(code: str, flag: str) -> None:
    [one] = held(observation("2026-01-01", interpretation=[{"coding": [{"system": V3, "code": code}]}]))
    assert one.latest.flag == flag


def test_no_flag_is_reckoned_from_the_interval() -> None:
    interval = [{"low": {"value": Decimal("3.5")}, "high": {"value": Decimal("4.6")}}]
    [one] = held(observation("2026-01-01", "9.9", referenceRange=interval))
    assert (one.latest.flag, one.latest.reference) == ("", "3,5–4,6")


def test_one_value_is_told_in_the_table_and_never_drawn() -> None:
    found = trends(observation("2026-01-01"))
    assert (found.care, [each.name for each in found.others]) == ((), ["Analys NPU03230"])


def test_coded_answers_are_never_a_chart() -> None:
    coded = {"valueCodeableConcept": {"text": "Negativ"}}
    rows = [
        {name: v for name, v in observation(day).items() if name != "valueQuantity"} | coded
        for day in ("2026-01-01", "2026-02-01")
    ]
    assert trends(*rows).care == ()


def test_an_exact_factor_is_reckoned_away_and_the_table_keeps_the_original() -> None:
    [trend] = trends(observation("2026-01-01", "5.0", "mg/L"), observation("2026-03-01", "0.0060", "g/L")).care
    assert [value.text for value in trend.values] == ["0,0060 g/L", "5,0 mg/L"]
    assert trend.svg.count('class="axis"') == 1
    assert trend.breaks == ("Från 1 mars 2026 i enheten g/L: linjen bryts.",)


def test_another_unit_is_another_panel_and_no_change_is_told() -> None:
    [trend] = trends(observation("2026-01-01", "84", "pmol/L"), observation("2026-03-01", "1500", "ng/L")).care
    assert trend.svg.count('class="axis"') == 2
    assert trend.change == ""


def test_another_method_breaks_the_line_in_words() -> None:
    new = {"method": {"text": "Elecsys"}}
    [trend] = trends(observation("2026-01-01"), observation("2026-02-01"), observation("2026-03-01", **new)).care
    assert trend.breaks == ("Från 1 mars 2026 med metoden Elecsys: linjen bryts.",)
    assert trend.change == ""


def test_the_latest_step_is_told_in_words() -> None:
    [trend] = trends(observation("2026-01-01", "4.7"), observation("2026-02-01", "4.6")).care
    assert trend.change == "\u22120,1 sedan 1 jan 2026"


def test_the_description_holds_what_the_eye_would_see() -> None:
    high = {"interpretation": [{"coding": [{"system": V3, "code": "H"}]}]}
    [trend] = trends(
        observation("2026-01-01", "4.1"), observation("2026-02-01", "5.6", **high), observation("2026-03-01", "4.4")
    ).care
    assert "3 värden, 1 jan 2026 till 1 mars 2026, lägst 4,1, högst 5,6, senast 4,4 mmol/L. 1 utanför" in trend.svg


def test_blood_pressure_has_two_lines_and_one_latest() -> None:
    def pressure(day: str, upper: str, lower: str) -> dict[str, Any]:
        parts = [("8480-6", "Systoliskt", upper), ("8462-4", "Diastoliskt", lower)]
        bare = {name: v for name, v in observation(day, code="85354-9").items() if name != "valueQuantity"}
        return bare | {
            "category": [{"coding": [{"code": "vital-signs"}]}],
            "component": [
                {"code": {"coding": [{"code": code}], "text": text}, "valueQuantity": {"value": Decimal(value), "unit": "mm[Hg]"}}
                for code, text, value in parts
            ],
        }

    [trend] = trends(pressure("2026-01-01", "140", "90"), pressure("2026-02-01", "119", "65")).vital
    assert (trend.latest, trend.unit, trend.lines) == ("119/65", "mmHg", True)
    assert trend.svg.count("mark ") == len(trend.values) == 4


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ("mm[Hg]", "mmHg"),
        ("umol/L", "µmol/L"),
        ("10*9/L", "10⁹/L"),
        ("mL/min/{1.73_m2}", "mL/min/1,73 m²"),
        ("kg", "kg"),
        ("ug/L", "µg/L"),
    ],
)
def test_a_unit_is_written_as_people_write_it(unit: str, said: str) -> None:
    assert unit_in_words(unit) == said
