"""What stands over a chart: the latest value with its own unit, of several lines by name."""

from decimal import Decimal
from typing import Any

from tests.portal.test_results_shown import observation, trends


def parts(day: str, first: dict[str, Any], second: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Two components, each with its name, value and unit."""
    bare = {key: held for key, held in observation(day, code="two").items() if key != "valueQuantity"}
    return bare | {"component": [{"code": {"text": each.pop("name")}, **each} for each in (first, second)]} | more


def measured(name: str, value: str, unit: str = "mm[Hg]", **more: Any) -> dict[str, Any]:
    return {"name": name, "valueQuantity": {"value": Decimal(value), "unit": unit}, **more}


def test_two_lines_that_are_no_blood_pressure_are_told_by_name_each_with_its_own_unit() -> None:
    flow = {"component": [{"code": {"text": "Syrgasflöde"}, "valueQuantity": {"value": Decimal(6), "unit": "L/min"}}]}
    [trend] = trends(*(observation(day, "97", "%", **flow) for day in ("2026-01-01", "2026-02-01"))).care
    assert (trend.latest, trend.unit) == ("97 %, Syrgasflöde 6 L/min", "")
    assert "högst 6 L/min, senast 97 %, Syrgasflöde 6 L/min." in trend.svg
    days = ("2026-01-01", "2026-02-01")
    [trend] = trends(*(parts(day, measured("Vänster öga", "13"), measured("Höger öga", "22")) for day in days)).care
    assert trend.latest == "Vänster öga 13 mmHg, Höger öga 22 mmHg"
    [trend] = trends(*(parts(day, measured("Diastoliskt", "9", "kPa"), measured("Systoliskt", "119")) for day in days)).care
    assert trend.latest == "Systoliskt 119 mmHg, Diastoliskt 9 kPa"
    [trend] = trends(*(parts(day, measured("Diastoliskt", "65"), measured("Systoliskt", "119")) for day in days)).care
    assert (trend.latest, trend.unit) == ("119/65", "mmHg")


def test_intervals_of_two_lines_are_told_by_name_where_they_differ() -> None:
    def interval(high: str) -> dict[str, Any]:
        return {"referenceRange": [{"high": {"value": Decimal(high), "unit": "mm[Hg]"}}]}

    for low, said in (("90", "Systoliskt ≤140; Diastoliskt ≤90"), ("140", "≤140")):
        both = (measured("Systoliskt", "119", **interval("140")), measured("Diastoliskt", "65", **interval(low)))
        [trend] = trends(*(parts(day, *map(dict, both)) for day in ("2026-01-01", "2026-02-01"))).care
        assert trend.reference == said


def test_of_two_units_of_one_time_the_latest_value_has_its_own() -> None:
    at = "2026-02-01"
    [trend] = trends(observation("2026-01-01"), observation(at, "84", "pmol/L"), observation(at, "1500", "ng/L")).care
    assert (trend.latest, trend.unit) == ("84", "pmol/L")


def test_a_value_that_is_reckoned_into_another_unit_is_told_in_that_unit_everywhere() -> None:
    [trend] = trends(observation("2026-01-01", "0.12", "g/L"), observation("2026-02-01", "8", "mg/L")).care
    assert "lägst 8, högst 120, senast 8 mg/L." in trend.svg
    assert [value.text for value in trend.values] == ["8 mg/L", "0,12 g/L"]
