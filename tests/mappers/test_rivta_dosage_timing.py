"""The arithmetic of dosage: units, ratios, hours of the day and ramps."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.mappers._rivta_timing import duration, every, moment, per_unit, ramp, time_unit, times_per


@pytest.mark.parametrize(
    ("value", "unit", "frequency", "period", "period_unit"),
    [
        ("3", "/d", 3, 1, "d"),
        ("2", "1/d", 2, 1, "d"),
        ("2.0", "d-1", 2, 1, "d"),
        ("1", "/vecka", 1, 1, "wk"),
        ("4", "ggr/dygn", 4, 1, "d"),
        ("3", "gånger per dag", 3, 1, "d"),
        ("3", "{tabl}/d", 3, 1, "d"),
        ("0.5", "/d", 1, 2, "d"),
        ("1.5", "/d", 3, 2, "d"),
        ("0.25", "/wk", 1, 4, "wk"),
        ("5E-1", "/d", 1, 2, "d"),
    ],
)
def test_a_frequency_becomes_whole_numbers_with_the_same_ratio(value, unit, frequency, period, period_unit):
    assert times_per(Decimal(value), unit) == {"frequency": frequency, "period": period, "periodUnit": period_unit}


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        ("0.333", "/d"),  # rounded: once every 3.003 days is no instruction
        ("0", "/d"),
        ("-1", "/d"),
        ("3", "d"),  # 3 days, or 3 a day?
        ("3", ""),
        ("3", "?"),
        ("3", "/tablett"),
        ("NaN", "/d"),
        ("Infinity", "/d"),
        ("1E+400000", "/d"),
    ],
)
def test_a_frequency_that_is_no_clear_ratio_stays_text(value, unit):
    assert times_per(Decimal(value), unit) is None


@settings(max_examples=200, deadline=None)
@given(
    value=st.decimals(min_value=Decimal("-2"), max_value=Decimal("500"), places=4),
    unit=st.sampled_from(["/d", "1/d", "d-1", "ggr/dag", "/vecka", "per tim", "d", "1/6 tim", "", "/mån"]),
)
def test_any_frequency_keeps_its_ratio_or_stays_text(value, unit):
    repeat = times_per(value, unit)
    if repeat is None:
        return
    assert Fraction(repeat["frequency"], repeat["period"]) == Fraction(value)
    assert repeat["frequency"] > 0
    assert repeat["periodUnit"] == per_unit(unit)


@pytest.mark.parametrize(
    ("value", "unit", "period_unit"),
    [("6", "h", "h"), ("6", "tim", "h"), ("2", "dygn", "d"), ("72", "h", "h"), ("1.5", "h", "h"), ("1", "Vecka", "wk")],
)
def test_a_period_is_once_each_time(value, unit, period_unit):
    assert every(Decimal(value), unit) == {"frequency": 1, "period": Decimal(value), "periodUnit": period_unit}


@pytest.mark.parametrize("unit", ["1/h", "1/6 tim", "/d", "h-1", "mg", ""])
def test_a_period_whose_unit_is_turned_over_stays_text(unit):
    assert every(Decimal(6), unit) is None


def test_a_length_of_treatment_keeps_the_unit_as_written_beside_its_code():
    assert duration(Decimal("10"), "dagar") == {
        "value": Decimal("10"),
        "unit": "dagar",
        "system": "http://unitsofmeasure.org",
        "code": "d",
    }
    assert duration(Decimal("10"), "kurer") is None


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("19:30", {"timeOfDay": ["19:30:00"]}),
        ("Klockan 19:30", {"timeOfDay": ["19:30:00"]}),
        ("kl. 8", {"timeOfDay": ["08:00:00"]}),
        ("kl 08.15", {"timeOfDay": ["08:15:00"]}),
        ("innan lunch", {"when": ["ACD"]}),
        ("Före frukost", {"when": ["ACM"]}),
        ("efter  frukost", {"when": ["PCM"]}),
        ("till natten", {"when": ["HS"]}),
        ("Kväll", {"when": ["EVE"]}),
        ("24:30", None),
        ("12:75", None),
        ("8", None),
        ("när det passar", None),
    ],
)
def test_the_hour_of_a_dose_is_a_time_or_a_known_phrase(words, found):
    assert moment(words) == found


@pytest.mark.parametrize(
    ("start", "end", "step", "doses"),
    [
        ("1", "3", "1", "1 2 3"),
        ("30", "15", "5", "30 25 20 15"),
        ("30", "15", "-5", "30 25 20 15"),  # the way tells the sign
        ("0.5", "2", "0.5", "0.5 1.0 1.5 2.0"),
    ],
)
def test_a_ramp_goes_from_its_start_to_its_end(start, end, step, doses):
    assert ramp(Decimal(start), Decimal(end), Decimal(step)) == tuple(Decimal(dose) for dose in doses.split())


@pytest.mark.parametrize(
    ("start", "end", "step"),
    [("1", "2", "0.3"), ("1", "1", "1"), ("1", "3", "0"), ("0", "60", "1"), ("NaN", "1", "1"), ("0", "1", "1E-300")],
)
def test_a_ramp_without_whole_steps_or_with_too_many_stays_text(start, end, step):
    assert ramp(Decimal(start), Decimal(end), Decimal(step)) is None


def test_a_ramp_of_sixty_steps_is_still_expanded():
    assert len(ramp(Decimal(1), Decimal(60), Decimal(1))) == 60


@pytest.mark.parametrize(("unit", "code"), [("d", "d"), ("Dygn", "d"), ("min.", "min"), ("d2", None), ("tablett", None)])
def test_only_units_of_time_are_units_of_time(unit, code):
    assert time_unit(unit) == code
