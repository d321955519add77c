"""Reference intervals: numbers as readers write them, what the source's words add, and what is drawn."""

from decimal import Decimal
from typing import Any

import pytest

from hub.portal.intervals import references
from hub.portal.language import words
from tests.portal.test_results_shown import held, observation, trends

OPEN = {"extension": [{"url": "https://samsyn.example/fhir/StructureDefinition/high-closed", "valueBoolean": False}]}


def interval(low: str = "", high: str = "", unit: str = "mmol/L", **more: Any) -> dict[str, Any]:
    ends = {name: {"value": Decimal(value), "unit": unit} for name, value in (("low", low), ("high", high)) if value}
    return ends | more


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (interval("3.5", "5.0"), "3,5–5,0"),
        (interval("3.5", "5.0", text="3.5-5.0"), "3,5–5,0"),
        (interval("3.5", "5.0", text="3.5 – 5.0 mmol/L"), "3,5–5,0"),
        (interval("-2", "2.5", text="-2 - 2.5"), "\u22122–2,5"),
        (interval("1000", "2500"), "1\u202f000–2\u202f500"),
        (interval("3.5", "5.0", text="Gäller vuxna"), "3,5–5,0 (Gäller vuxna)"),
        (interval("3.5", "5.0", text="3.6-4.6"), "3,5–5,0 (3.6-4.6)"),
        (interval("3.5", "5.0", appliesTo=[{"text": "Kvinnor"}], text="Kvinnor"), "3,5–5,0 (Kvinnor)"),
        (interval("3.5", "5.0", age={"low": {"value": 18, "unit": "år"}}), "3,5–5,0 (18 år)"),
        (interval("3.5", "5.0", type={"text": "Behandlingsmål"}), "3,5–5,0 (Behandlingsmål)"),
        (interval("3.5", "5.0", type={"coding": [{"code": "normal", "display": "Normal Range"}]}), "3,5–5,0"),
        (interval("63", "90", unit="mg/dL"), "63–90 mg/dL"),
        (interval("3.5", "5.0", unit=""), "3,5–5,0"),
        (interval("60"), "≥60"),
        (interval(high="0.5"), "≤0,5"),
        (interval(high="0.5") | OPEN, "<0,5"),
        (interval(high="0.5", text="<0.5"), "<0,5"),
        (interval(high="0.5", text="<18 år"), "≤0,5 (<18 år)"),
        (interval(text="3.5-5.0 hos vuxna"), "3.5-5.0 hos vuxna"),
        (interval(text="<2.5"), "<2.5"),
        (interval(text="Negativ", appliesTo=[{"text": "Alla"}]), "Negativ (Alla)"),
        (interval(text="Alla", appliesTo=[{"text": "Alla"}]), "Alla"),
        ({}, ""),
    ],
    ids=str,
)
def test_an_interval_reads_as_numbers_do_and_keeps_the_words_that_say_more(sent: dict[str, Any], said: str) -> None:
    assert held(observation("2026-01-01", referenceRange=[sent]))[0].latest.reference == said


def test_in_english_numbers_have_points() -> None:
    sent = {
        "valueQuantity": {"value": Decimal("4.1"), "unit": "mmol/L"},
        "referenceRange": [interval("3.5", "5.0", text="3,5-5,0")],
    }
    assert references(sent, words("en")) == "3.5–5.0"


def test_every_interval_is_told_with_what_it_is_for() -> None:
    several = [interval("3.5", "5.0"), interval("4.0", "4.5", type={"text": "Mål"}), interval("3.5", "5.0")]
    assert held(observation("2026-01-01", referenceRange=several))[0].latest.reference == "3,5–5,0; 4,0–4,5 (Mål)"


@pytest.mark.parametrize(
    ("sent", "drawn"),
    [
        ([interval("3.5", "5.0")], ("3.5", "5.0")),
        ([interval("3.5", "5.0", unit="")], ("3.5", "5.0")),
        ([interval("4.0", "4.5", type={"text": "Mål"}), interval("3.5", "5.0")], ("3.5", "5.0")),
        ([interval("63", "90", unit="mg/dL")], None),
        ([interval("3.5", "5.0", type={"text": "Mål"})], None),
        ([interval("3.5", "5.0"), interval("3.2", "4.8")], None),
        ([interval(text="3.5-5.0")], None),
    ],
    ids=str,
)
def test_only_the_one_interval_of_the_values_unit_is_drawn(sent: list[dict[str, Any]], drawn: tuple[str, str] | None) -> None:
    rows = [observation(day, referenceRange=sent) for day in ("2026-01-01", "2026-02-01")]
    [point, *_] = held(*rows)[0].points
    assert (point.low, point.high) == (tuple(map(Decimal, drawn)) if drawn else (None, None))
    assert ('class="ref"' in trends(*rows).care[0].svg) is bool(drawn)
