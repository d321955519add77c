"""How results are gathered, converted and told; and what a trend says of itself."""

from decimal import Decimal
from html import escape
from typing import Any

import pytest

from hub.interactions.overview import SECTIONS, Part, Row
from hub.portal.badges import Badge, Sources
from hub.portal.language import words
from hub.portal.results import Analyte, analytes
from hub.portal.trends import Results, results
from hub.portal.values import unit_in_words
from tests.portal.test_states_shown import rendered, with_part

pytestmark = pytest.mark.anyio
House = Any
"""As conftest makes it."""
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
        ({"valueQuantity": {"unit": "mmol/L"}}, "inget värde"),
        ({"status": "registered"}, "svar har inte kommit"),
        ({"interpretation": [{"text": "Resistent"}]}, ""),
        ({"valueSampledData": {"origin": {"value": 0}, "period": 1, "dimensions": 1}}, "kan inte visas här"),
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


@pytest.mark.parametrize(
    ("status", "swedish", "english"),
    [
        ("final", "", ""),
        ("preliminary", "Inte slutligt", "Not final"),
        ("registered", "Inte slutligt", "Not final"),
        ("corrected", "Rättat", "Corrected"),
        ("amended", "Rättat", "Corrected"),
        ("unknown", "Oklart om svaret är slutligt", "Unclear whether it is final"),
    ],
)
def test_a_result_that_is_not_simply_final_says_so(status: str, swedish: str, english: str) -> None:
    for language, said in (("sv", swedish), ("en", english)):
        [one] = analytes(part(observation("2026-01-01", status=status)), Badges(), words(language))
        assert one.latest.tag == said


@pytest.mark.parametrize(
    ("value", "flag", "told"),
    [
        ("Resistent", "R", ()),
        ("R", "R", ("resistant",)),
        ("Känslig", "R", ("resistant",)),
        ("Positiv", "POS", ()),
    ],
)
def test_what_the_value_says_is_not_said_again_beside_it(value: str, flag: str, told: tuple[str, ...]) -> None:
    bare = {name: held for name, held in observation("2026-01-01").items() if name != "valueQuantity"}
    coded = {"interpretation": [{"coding": [{"system": V3, "code": flag}]}], "valueString": value}
    assert held(bare | coded)[0].latest.mark.told == told
    assert held(bare | {"interpretation": [{"text": value}], "valueString": value})[0].latest.mark.said == ""


def several(day: str = "2026-01-01", *texts: str, **more: Any) -> dict[str, Any]:
    """Components with answers in words, called A, B and so on."""
    bare = {name: value for name, value in observation(day).items() if name != "valueQuantity"}
    held = [{"code": {"text": name}, "valueString": text} for name, text in zip("ABC", texts, strict=False)]
    return bare | {"component": held} | more


def test_components_in_words_are_all_current_each_with_its_name() -> None:
    [one] = held(several("2026-02-01", "neg", "2+"), several("2026-01-01", "pos", "1+"))
    assert [(value.what, value.text) for value in one.current] == [("A", "neg"), ("B", "2+")]
    assert [(value.what, value.text) for value in one.earlier] == [("A", "pos"), ("B", "1+")]


def test_a_value_beside_components_is_not_lost() -> None:
    [one] = held(several("2026-01-01", "2", valueInteger=9))
    assert [(value.what, value.text) for value in one.current] == [("", "9"), ("A", "2")]


def test_what_is_said_of_the_whole_holds_for_components_that_say_nothing() -> None:
    high = {"interpretation": [{"coding": [{"system": V3, "code": "H"}]}]}
    [one] = held(several("2026-01-01", "x", "y", **high))
    assert [value.flag for value in one.current] == ["high", "high"]
    [own] = held(several("2026-01-01", valueInteger=9, component=[{"code": {"text": "A"}, "valueString": "x"}], **high))
    assert [value.flag for value in own.current] == ["high", ""]
    one_flagged = [{"code": {"text": "A"}, "valueString": "x"} | high, {"code": {"text": "B"}, "valueString": "y"}]
    [mixed] = held(several("2026-01-01", component=one_flagged, **high))
    assert [value.flag for value in mixed.current] == ["high", ""]


def test_the_interval_of_the_whole_holds_for_values_of_the_same_thing_alone() -> None:
    ranged = observation("2026-01-01", referenceRange=[{"text": "3-5"}])
    values = [{"code": ranged["code"], "valueString": "4"}, {"code": {"text": "Annat"}, "valueString": "4"}]
    [one] = held({name: value for name, value in ranged.items() if name != "valueQuantity"} | {"component": values})
    assert [value.reference for value in one.current] == ["3-5", ""]


def test_answers_of_one_time_are_all_current() -> None:
    [one] = held(observation("2026-02-01", "4.1"), observation("2026-02-01", "9.9"), observation("2026-01-01", "1.0"))
    assert [value.text for value in one.current] == ["4,1 mmol/L", "9,9 mmol/L"]
    assert [value.text for value in one.earlier] == ["1,0 mmol/L"]


async def test_the_table_tells_every_current_answer_its_state_and_note_and_folds_the_earlier(house: House) -> None:
    note = {"note": [{"text": "Provet var hemolyserat"}]}
    rows = [several("2026-02-01", "rad ett\nrad två", status="preliminary", **note), several("2026-01-01", "gammalt")]
    html = rendered(house, with_part(part(*rows)), "sv").split('id="provsvar"')[1].split("</section>")[0]
    for said in ("Analys NPU03230, A", '<span class="lines">rad ett\nrad två</span>', "Inte slutligt", "Provet var hemolyserat"):
        assert said in html
    folded = html.split("<details>")[1].split("</details>")[0]
    assert "och 1 tidigare" in folded
    assert "gammalt" in folded


async def test_an_answer_in_words_after_the_last_drawn_one_stands_above_the_chart(house: House) -> None:
    words_alone = {name: value for name, value in observation("2026-03-01").items() if name != "valueQuantity"}
    rows = [
        observation("2026-01-01"),
        observation("2026-02-01", note=[{"text": "Omprov"}]),
        words_alone | {"valueString": "hemolys"},
    ]
    html = rendered(house, with_part(part(*rows)), "sv").split('id="provsvar"')[1].split("</section>")[0]
    box = html.split('<article class="chartbox">')[1].split("<details>")[0]
    assert "1 mars 2026" in box
    above = box.split('<svg class="chart"')[0]
    assert above.index("1 feb 2026") < above.index("1 mars 2026") < above.index("hemolys")
    assert "Omprov" in box


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


@pytest.mark.parametrize(
    ("more", "legend"),
    [
        ({}, ("care",)),
        ({"referenceRange": [{"low": {"value": Decimal(3)}, "high": {"value": Decimal(5)}}]}, ("care", "reference")),
        ({"interpretation": [{"coding": [{"system": V3, "code": "H"}]}]}, ("care", "outside")),
        ({"interpretation": [{"text": "!"}]}, ("care", "said")),
        ({"valueQuantity": {"value": Decimal(5), "comparator": "<", "unit": "mmol/L"}}, ("care", "limit")),
    ],
    ids=str,
)
async def test_the_legend_explains_what_the_charts_hold_and_nothing_else(
    house: House, more: dict[str, Any], legend: tuple[str, ...]
) -> None:
    rows = [observation(day, **more) for day in ("2026-01-01", "2026-02-01")]
    assert trends(*rows).legend == legend
    html = rendered(house, with_part(part(*rows)), "sv")
    keys = ("care", "outside", "said", "own", "limit", "reference")
    told = html.split('<ul class="legend"')[1].split("</ul>")[0]
    assert [key for key in keys if escape(words("sv")(f"legend.{key}")) in told] == list(legend)


def test_the_legend_of_blood_pressure_and_the_patients_own_tells_of_no_interval() -> None:
    assert trends(pressure("2026-01-01", "140", "90"), pressure("2026-02-01", "119", "65")).legend == ("care",)
    own = results(part(pressure("2026-01-01", "140", "90"), pressure("2026-02-01", "1", "2"), own=True), Badges(), words("sv"))
    assert own.legend == ("own",)
    assert trends(observation("2026-01-01")).legend == ()


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
    [trend] = trends(pressure("2026-01-01", "140", "90"), pressure("2026-02-01", "119", "65")).vital
    assert (trend.latest, trend.unit, trend.lines) == ("119/65", "mmHg", True)
    assert trend.svg.count("mark ") == len(trend.values) == 4


def test_two_lines_of_different_times_are_never_put_together_as_one_value() -> None:
    alone = pressure("2026-03-01", "150", "1")
    alone["component"] = alone["component"][:1]
    [trend] = trends(pressure("2026-01-01", "140", "90"), pressure("2026-02-01", "119", "65"), alone).vital
    assert (trend.latest, trend.unit) == ("Systoliskt 150 mmHg", "")


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


def test_why_there_is_no_value_is_told() -> None:
    bare = {key: value for key, value in observation("2026-01-01").items() if key != "valueQuantity"}
    for reason, said in (
        ({"text": "Provet hemolyserat"}, "inget värde, Provet hemolyserat"),
        ({"coding": [{"code": "x"}]}, "inget värde"),
    ):
        assert held(bare | {"dataAbsentReason": reason})[0].latest.text == said
    awaited = {"status": "registered", "dataAbsentReason": {"text": "Väntar"}}
    assert held(bare | awaited)[0].latest.text == "svar har inte kommit"


def test_values_of_one_code_say_what_they_were_taken_from_where_that_differs() -> None:
    def grown(of: str) -> dict[str, Any]:
        return observation("2026-01-01", id=of, specimen={"reference": f"Specimen/{of}"}, method={"text": "Odling"})

    taken = [{"resourceType": "Specimen", "id": each, "type": {"text": each}} for each in ("Blod", "Urin")]
    [one] = held(grown("Blod"), grown("Urin"), *taken)
    assert [value.basis for value in one.values] == ["Blod, Odling", "Urin, Odling"]
    for others in ((), (grown("okänt"),)):
        [one] = held(grown("Blod"), *others, *taken)
        assert one.latest.basis == "Odling"
