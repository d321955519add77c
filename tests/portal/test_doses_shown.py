"""How a dose reads: in the prescriber's words, else how much, how often and when; and never less than was said."""

from decimal import Decimal
from typing import Any

import pytest

from hub.portal.doses import dose, to_patient
from hub.portal.language import words

MORE = "(doseringen säger mer än vad som visas här)"
TABLET = {"doseAndRate": [{"doseQuantity": {"value": Decimal(1), "unit": "tablett"}}]}
EACH_DAY = {"frequency": 1, "period": 1, "periodUnit": "d"}


def taken(**repeat: Any) -> dict[str, Any]:
    return TABLET | {"timing": {"repeat": repeat}}


def said(*dosage: dict[str, Any], language: str = "sv") -> str:
    return dose(dosage, words(language))


@pytest.mark.parametrize(
    ("repeat", "swedish", "english"),
    [
        (EACH_DAY, "1 tablett 1 gång per dag", "1 tablett 1 time per day"),
        (EACH_DAY | {"frequency": 3}, "1 tablett 3 gånger per dag", "1 tablett 3 times per day"),
        (EACH_DAY | {"frequencyMax": 2}, "1 tablett 1–2 gånger per dag", "1 tablett 1–2 times per day"),
        (EACH_DAY | {"period": 2}, "1 tablett 1 gång per 2 dagar", "1 tablett 1 time per 2 days"),
        (EACH_DAY | {"periodUnit": "wk"}, "1 tablett 1 gång per vecka", "1 tablett 1 time per week"),
        ({"when": ["MORN", "ACV"]}, "1 tablett på morgonen ACV", "1 tablett in the morning ACV"),
        ({"dayOfWeek": ["mon"], "timeOfDay": ["08:00:00"]}, "1 tablett måndag kl. 08.00", "1 tablett Monday at 08:00"),
    ],
    ids=str,
)
def test_how_often_and_when_is_told(repeat: dict[str, Any], swedish: str, english: str) -> None:
    assert [said(taken(**repeat)), said(taken(**repeat), language="en")] == [swedish, english]


def test_parts_that_differ_by_time_alone_are_all_told() -> None:
    assert said(taken(when=["MORN"]), taken(when=["EVE"])) == "1 tablett på morgonen; 1 tablett på kvällen"


def test_the_most_that_may_be_taken_is_told_beside_the_prescriber_s_words() -> None:
    most = {"maxDosePerPeriod": {"numerator": {"value": Decimal(4), "unit": "tablett"}, "denominator": {"value": 1, "code": "d"}}}
    needed = {"text": "1 tablett vid behov", "asNeededCodeableConcept": {"text": "smärta"}}
    assert said(needed | most) == "1 tablett vid behov, smärta, högst 4 tablett per dag"
    hourly = {"maxDosePerPeriod": most["maxDosePerPeriod"] | {"denominator": {"value": 12, "unit": "h"}}}
    assert said(needed | hourly).endswith("högst 4 tablett per 12 timmar")
    assert said({"text": "1 vid behov, högst 4"} | most) == "1 vid behov, högst 4"
    assert said({"text": "1 vid behov, högst 40 kg"} | most) == "1 vid behov, högst 40 kg, högst 4 tablett per dag"
    told = {"text": "1x1", "additionalInstruction": [{"text": "Maxdos: 8 om dagen"}]}
    assert said(told) == "1x1, Maxdos: 8 om dagen"


def test_a_dose_that_is_a_span_is_told_as_one() -> None:
    ends = {name: {"value": Decimal(number), "unit": "tablett"} for name, number in (("low", 1), ("high", 2))}
    assert said({"doseAndRate": [{"doseRange": ends}]}) == "1 tablett–2 tablett"
    assert said({"doseAndRate": [{"doseRange": {"high": ends["high"]}}]}) == "≤2 tablett"


def test_a_dose_of_one_day_has_its_day() -> None:
    assert said(TABLET | {"timing": {"event": ["2026-01-01"]}}) == "1 tablett 1 jan 2026"


def test_the_short_form_of_the_source_stands_for_its_times() -> None:
    assert said(TABLET | {"timing": {"code": {"text": "1+0+1"}, "repeat": EACH_DAY}}) == "1 tablett 1+0+1"


@pytest.mark.parametrize(
    "part",
    [
        taken(**EACH_DAY, offset=30),
        taken(frequency=1, period=1, periodUnit="s"),
        TABLET | {"timing": {"extension": [{}]}},
        TABLET | {"maxDosePerLifetime": {"value": 3}},
        {"doseAndRate": [TABLET["doseAndRate"][0] | {"rateQuantity": {"value": 5, "unit": "ml/h"}}]},
    ],
    ids=str,
)
def test_what_there_are_no_words_for_is_said_to_be_there(part: dict[str, Any]) -> None:
    assert said(part).startswith("1 tablett")
    assert MORE in said(part)


def test_what_the_patient_is_told_stands_apart_from_the_dose_and_once() -> None:
    """Side by side with the dose it would read as one dose more."""
    part = {"text": "1 tablett på morgonen", "patientInstruction": "1 tablett på morgonen, vattendrivande"}
    assert said(part) == "1 tablett på morgonen"
    assert to_patient([part], "", words("sv")) == "Till patienten: 1 tablett på morgonen, vattendrivande"
    assert to_patient([part | {"patientInstruction": "Hjärtsvikt"}], "1x1; hjärtsvikt", words("sv")) == ""
    assert said({"patientInstruction": "Tas med mat"}) == "Tas med mat"


def test_of_nothing_nothing_is_said() -> None:
    assert said() == said({"route": {"text": "oralt"}}) == said({"timing": {"repeat": {"boundsPeriod": {}}}}) == ""
