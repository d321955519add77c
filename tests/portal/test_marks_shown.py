"""How values are marked: by the laboratory's code, by its words, by the interval that was sent; everywhere that they stand."""

import re
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from hub.portal.observed import Mark
from tests.portal.test_results_shown import V3, held, observation, part, trends
from tests.portal.test_states_shown import rendered, with_part

pytestmark = pytest.mark.anyio
House = Any
"""As conftest makes it."""
WORDS = {"interpretation": [{"text": "Över referensintervall"}]}
SNOMED = {"interpretation": [{"coding": [{"system": "http://snomed.info/sct", "code": "1", "display": "Kritiskt"}]}]}
NORMAL = {"interpretation": [{"coding": [{"system": V3, "code": "N"}]}]}


def coded(code: str, text: str = "", **more: Any) -> dict[str, Any]:
    """A flag of the laboratory's own."""
    return {"interpretation": [{"coding": [{"system": V3, "code": code} | more]} | ({"text": text} if text else {})]}


def interval(low: str = "", high: str = "", unit: str = "mmol/L", **more: Any) -> dict[str, Any]:
    ends = {name: {"value": Decimal(value), "unit": unit} for name, value in (("low", low), ("high", high)) if value}
    return {"referenceRange": [ends | more]}


def sent(value: str, unit: str = "mmol/L", comparator: str = "") -> dict[str, Any]:
    return {"valueQuantity": {"value": Decimal(value), "unit": unit} | ({"comparator": comparator} if comparator else {})}


def shown_page(house: House, results: Any, kind: str = "clinician", language: str = "sv") -> str:
    """The section of results of an overview that holds these."""
    return rendered(house, with_part(results), language, kind).split('id="provsvar"')[1].split("</section>")[0]


@pytest.mark.parametrize(
    ("more", "mark"),
    [
        ({}, Mark()),
        (WORDS, Mark(said="Över referensintervall")),
        (coded("HH"), Mark(flag="high", told=("critical",))),
        (coded("LL"), Mark(flag="low", told=("critical",))),
        (coded("HX"), Mark(flag="high")),
        (coded("LX"), Mark(flag="low")),
        (coded("AA"), Mark(flag="abnormal", told=("critical",))),
        (coded("R"), Mark(told=("resistant",))),
        (coded("S", display="Susceptible"), Mark(told=("susceptible",))),
        (coded("R", text="Resistent (EUCAST)"), Mark(said="Resistent (EUCAST)")),
        (coded("HH", text="Larmgräns"), Mark(flag="high", told=("critical",))),
        (coded("CAR", display="Carrier"), Mark(said="Carrier")),
        (coded("CAR"), Mark(said="CAR")),
        (sent("9") | coded("POS") | interval("3", "5"), Mark(told=("positive",))),
        (SNOMED, Mark(said="Kritiskt")),
        ({"interpretation": [{"text": "*"}, {"text": "*"}, {"text": "!"}]}, Mark(said="*, !")),
        ({"interpretation": [{"coding": [{"system": V3, "code": "H"}], "text": "Över referensintervall"}]}, Mark(flag="high")),
        ({"interpretation": [*NORMAL["interpretation"], {"text": "Kontrollera"}]}, Mark(said="Kontrollera")),
        (sent("9") | WORDS | interval("3", "5"), Mark(said="Över referensintervall")),
        (sent("9") | NORMAL | interval("3", "5"), Mark()),
        (sent("9") | interval("3", "5"), Mark(outside="high")),
        (sent("2") | interval("3", "5"), Mark(outside="low")),
        (sent("2480", "ng/L") | interval(high="300", unit="ng/L"), Mark(outside="high")),
        (sent("2") | interval(low="3"), Mark(outside="low")),
        (sent("4") | interval("3", "5"), Mark()),
        (sent("3") | interval("3", "5"), Mark()),
        (sent("5") | interval("3", "5"), Mark()),
        (sent("9") | interval("3", "5", unit="mg/L"), Mark()),
        (sent("9") | interval("3", "5", unit=""), Mark()),
        (sent("9") | interval(text="3-5"), Mark()),
        (sent("9") | interval("3", "5", type={"coding": [{"code": "normal"}]}), Mark(outside="high")),
        (sent("9") | interval("3", "5", type={"coding": [{"code": "therapeutic"}]}), Mark()),
        (sent("9") | interval("3", "5", type={"text": "Mål"}), Mark()),
        (sent("9") | {"referenceRange": interval("3", "5")["referenceRange"] * 2}, Mark()),
        (sent("3", comparator="<") | interval("3", "5"), Mark(outside="low")),
        (sent("3", comparator="<=") | interval("3", "5"), Mark()),
        (sent("5", comparator=">") | interval("3", "5"), Mark(outside="high")),
        (sent("2", comparator=">") | interval("3", "5"), Mark()),
        (sent("9", comparator="<") | interval("3", "5"), Mark()),
    ],
    ids=str,
)
def test_a_value_is_marked_by_code_or_words_and_only_without_either_by_its_interval(more: dict[str, Any], mark: Mark) -> None:
    [one] = held(observation("2026-01-01", **more))
    assert one.latest.mark == mark


MARKED = (
    ({"interpretation": [{"coding": [{"system": V3, "code": "H"}]}]}, "▲ hög", "▲ high"),
    (WORDS, "Över referensintervall", "Över referensintervall"),
    (coded("HH"), "kritiskt", "critical"),
    (coded("R"), "resistent (R)", "resistant (R)"),
    (coded("NEG"), "negativ", "negative"),
    (sent("9") | interval("3", "5"), "över källans referensintervall", "above the source&#39;s reference interval"),
    (sent("2") | interval("3", "5"), "under källans referensintervall", "below the source&#39;s reference interval"),
)


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize(("more", "swedish", "english"), MARKED, ids=str)
@pytest.mark.parametrize("kind", ["clinician", "patient"])
async def test_the_mark_stands_in_lists_charts_and_tables_for_staff_and_patients(
    house: House, kind: str, more: dict[str, Any], swedish: str, english: str, language: str
) -> None:
    said = swedish if language == "sv" else english
    shown = partial(shown_page, house, kind=kind, language=language)
    assert shown(part(observation("2026-01-01", **more))).count(said) == 1
    assert said not in shown(part(observation("2026-01-01")))
    charted = shown(part(observation("2026-01-01"), observation("2026-02-01", **more)))
    assert re.findall(r'(?s)<p class="val">.*?</p>', charted)[0].count(said) == 1
    assert re.findall(r"(?s)<details>.*?</details>", charted)[0].count(said) == 1


async def test_a_chart_gives_words_a_shape_of_their_own_and_says_how_many(house: House) -> None:
    rows = [
        observation("2026-01-01"),
        observation("2026-02-01", **WORDS),
        observation("2026-03-01", **sent("9"), **interval("3", "5")),
    ]
    [trend] = trends(*rows).care
    assert (trend.svg.count("mark m-lab"), trend.svg.count("mark m-said"), trend.svg.count("mark m-out")) == (1, 1, 1)
    assert "1 utanför referensintervallet. 1 märkta av källan utan riktning." in trend.svg
    legend = "Märkt av källan utan riktning, se värdet i tabellen"
    assert legend in shown_page(house, part(*rows))
    assert legend not in shown_page(house, part(rows[0], rows[2]))


def test_what_is_marked_in_words_or_by_its_interval_is_drawn_before_what_is_not() -> None:
    plain = [observation(f"2026-0{month}-09", code=f"P{number}") for number in range(9) for month in (1, 2)]
    for more in (WORDS, sent("9") | interval("3", "5")):
        marked = [observation(f"2026-0{month}-01", code="M", **more) for month in (1, 2)]
        assert trends(*plain, *marked).care[0].name == "Analys M"
