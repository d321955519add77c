"""The chart module: tables of points and the SVG they become, and laws that hold for any points."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.portal.chart import chart
from hub.portal.points import Frame, Point
from hub.portal.scale import time_ticks, value_ticks
from hub.portal.units import convert

START = datetime(2026, 1, 1, tzinfo=UTC)
SVG = ""
"""Inside an HTML page an SVG needs no namespace."""


def point(day: float, value: str, **more: object) -> Point:
    held: dict[str, object] = {"unit": "mmol/L", "label": value} | more
    return Point(at=START + timedelta(days=day), value=Decimal(value), **held)  # type: ignore[arg-type]  # named above


def frame(points: Sequence[Point], **more: object) -> Frame:
    held: dict[str, object] = {
        "name": "c1",
        "title": "P-Kalium över tid",
        "description": "4 värden",
        "since": min((each.at for each in points), default=START),
        "until": max((each.at for each in points), default=START + timedelta(days=1)),
        "tick": lambda moment, span: moment.strftime("%y-%m"),
        "number": str,
    } | more
    return Frame(**held)  # type: ignore[arg-type]  # named above


def drawn(points: Sequence[Point], **more: object) -> ET.Element:
    return ET.fromstring(chart(points, frame(points, **more)))


def marks(svg: ET.Element) -> list[ET.Element]:
    return [each for each in svg.iter() if "mark" in each.get("class", "").split()]


def xs(svg: ET.Element) -> list[float]:
    return [float(each.get("cx") or each.get("d", "M0").removeprefix("M").split()[0]) for each in marks(svg)]


@pytest.mark.parametrize("points", [[], [point(0, "4.1")]], ids=["none", "one"])
def test_under_two_values_there_is_no_chart(points: list[Point]) -> None:
    assert chart(points, frame(points)) == ""


def test_uneven_dates_stand_true_to_time() -> None:
    first, second, third = xs(drawn([point(0, "4"), point(10, "5"), point(100, "4")]))
    assert (second - first) * 10 == pytest.approx(third - first, abs=1.1)


@pytest.mark.parametrize(
    ("points", "pieces"),
    [
        ([point(0, "4"), point(9, "5"), point(20, "4")], 1),
        ([point(0, "4"), point(5, "4"), point(9, "5", basis="new"), point(20, "4", basis="new")], 2),
        ([point(0, "4"), point(9, "5", basis="new"), point(20, "4")], 0),
        ([point(0, "120", line="s"), point(0, "80", line="d"), point(9, "121", line="s"), point(9, "79", line="d")], 2),
        ([point(0, "4"), point(3, "4.1"), point(5, "4.2", own=True), point(9, "5", own=True)], 2),
    ],
    ids=["one basis", "method changes", "a method for one value", "two lines", "the patient's own is a line of its own"],
)
def test_a_line_breaks_where_its_basis_changes(points: list[Point], pieces: int) -> None:
    svg = drawn(points)
    assert len(svg.findall(f"{SVG}polyline")) == pieces
    assert len(marks(svg)) == len(points)


def test_a_unit_that_cannot_be_converted_has_a_panel_and_an_axis_of_its_own() -> None:
    svg = drawn([point(0, "84", unit="pmol/L"), point(5, "91", unit="pmol/L"), point(9, "1500"), point(12, "1400")])
    assert [each.text for each in svg.iter(f"{SVG}text") if each.get("class") == "unit"] == ["pmol/L", "mmol/L"]
    assert len([each for each in svg.iter(f"{SVG}path") if each.get("class") == "axis"]) == 2


@pytest.mark.parametrize(
    ("more", "tag", "kind"),
    [
        ({}, "circle", "mark m-lab"),
        ({"flag": "high"}, "path", "mark m-out"),
        ({"flag": "low"}, "path", "mark m-out"),
        ({"own": True}, "path", "mark m-own"),
        ({"open": True}, "circle", "mark m-lab m-open"),
        ({"flag": "high", "open": True}, "path", "mark m-out m-open"),
        ({"said": True}, "path", "mark m-said"),
        ({"said": True, "open": True}, "path", "mark m-said m-open"),
        ({"said": True, "flag": "low"}, "path", "mark m-out"),
    ],
    ids=str,
)
def test_the_shape_tells_what_a_value_is(more: dict[str, object], tag: str, kind: str) -> None:
    last = marks(drawn([point(0, "4"), point(50, "5", **more)]))[-1]
    assert (last.tag.removeprefix(SVG), last.get("class")) == (tag, kind)


def test_high_points_up_and_low_points_down() -> None:
    up, down = marks(drawn([point(0, "4", flag="high"), point(50, "5", flag="low")]))
    assert "l4 6.6" in up.get("d", "")
    assert "l4-6.6" in down.get("d", "")


def test_the_reference_band_steps_where_the_interval_changes() -> None:
    low, high = Decimal("3.5"), Decimal("4.6")
    points = [
        point(0, "4", low=low, high=high),
        point(10, "4.2", low=low, high=high),
        point(40, "4.4", low=low, high=Decimal("5.1")),
        point(80, "4.1", low=low, high=Decimal("5.1")),
    ]
    one, two = [each for each in drawn(points).iter(f"{SVG}rect") if each.get("class") == "ref"]
    assert float(one.get("x", "")) + float(one.get("width", "")) == pytest.approx(float(two.get("x", "")), abs=0.2)
    assert float(two.get("y", "")) < float(one.get("y", ""))


def test_a_band_with_one_end_reaches_the_edge_of_the_plot() -> None:
    points = [point(0, "60", low=Decimal(50)), point(40, "70", low=Decimal(50))]
    (band,) = [each for each in drawn(points).iter(f"{SVG}rect") if each.get("class") == "ref"]
    assert float(band.get("y", "")) == 26.0


def test_many_points_are_dots_and_the_latest_keeps_its_marker() -> None:
    held = marks(drawn([point(day, str(day % 7)) for day in range(120)]))
    assert len(held) == 120
    assert {each.get("r") for each in held[:-1]} == {"1.3"}
    assert held[-1].get("r") == "2.6"


def test_the_highest_flagged_value_is_written_out() -> None:
    svg = drawn([point(0, "4"), point(5, "5.6", flag="high"), point(9, "4.9", flag="high")])
    assert [each.text for each in svg.iter(f"{SVG}text") if each.get("class") == "peak"] == ["5.6"]


def test_title_and_description_are_named_by_the_chart() -> None:
    svg = drawn([point(0, "4"), point(5, "5")])
    assert (svg.get("role"), svg.get("aria-labelledby")) == ("img", "c1-t c1-d")
    assert [svg.findtext(f"{SVG}title"), svg.findtext(f"{SVG}desc")] == ["P-Kalium över tid", "4 värden"]


def test_every_text_is_escaped() -> None:
    nasty = "<&\"'></svg>"
    points = [point(0, "4", unit=nasty, label=nasty, flag="high"), point(5, "5", unit=nasty, label=nasty)]
    written = chart(
        points, frame(points, name=nasty, title=nasty, description=nasty, tick=lambda *_: nasty, number=lambda _: nasty)
    )
    svg = ET.fromstring(written)
    assert svg.findtext(f"{SVG}title") == nasty
    assert written.count("</svg>") == 1


POINTS = st.builds(
    Point,
    at=st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1)).map(lambda each: each.replace(tzinfo=UTC)),
    value=st.decimals(-(10**6), 10**6, places=3),
    unit=st.sampled_from(["mmol/L", "g/L", "<&'\""]),
    label=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=8),
    flag=st.sampled_from(["", "high", "low"]),
    said=st.booleans(),
    open=st.booleans(),
    own=st.booleans(),
    line=st.sampled_from(["", "s"]),
    basis=st.sampled_from(["", "a", "b"]),
    low=st.none() | st.decimals(-(10**5), 10**5, places=1),
    high=st.none() | st.decimals(-(10**5), 10**5, places=1),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(POINTS, min_size=2, max_size=25))
def test_any_points_give_sound_svg_with_a_mark_each_inside_its_box(points: list[Point]) -> None:
    svg = drawn(points)
    _, _, width, height = map(float, svg.get("viewBox", "").split())
    assert len(marks(svg)) == len(points)
    for each in svg.iter():
        for name, most in (("x", width), ("cx", width), ("y", height), ("cy", height)):
            if each.get(name) is not None:
                assert 0 <= float(each.get(name, "")) <= most, ET.tostring(each)
        if each.tag == f"{SVG}rect":
            assert float(each.get("x", "")) + float(each.get("width", "")) <= width + 0.1
            assert float(each.get("y", "")) + float(each.get("height", "")) <= height + 0.1
        for pair in each.get("points", "").split():
            x, y = map(float, pair.split(","))
            assert 0 <= x <= width
            assert 0 <= y <= height


@settings(max_examples=100, deadline=None)
@given(st.decimals(-(10**6), 10**6, places=3), st.decimals(-(10**6), 10**6, places=3))
def test_ticks_hold_the_bounds_and_are_few(one: Decimal, other: Decimal) -> None:
    low, high = sorted((one, other))
    ticks = value_ticks((low, high))
    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert 2 <= len(ticks) <= 6
    assert ticks == sorted(set(ticks))


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 40_000), st.datetimes(datetime(1950, 1, 1), datetime(2030, 1, 1)))
def test_time_ticks_are_few_and_inside(hours: int, start: datetime) -> None:
    since = start.replace(tzinfo=UTC)
    ticks = time_ticks(since, since + timedelta(hours=hours))
    assert len(ticks) <= 6
    assert all(since <= tick <= since + timedelta(hours=hours) for tick in ticks)


@pytest.mark.parametrize(
    ("value", "unit", "into", "same"),
    [
        ("5.0", "mg/L", "g/L", "0.0050"),
        ("3", "mmol/L", "umol/L", "3000"),
        ("12", "g/dL", "g/L", "120"),
        ("70", "kg", "kg", "70"),
        ("55", "mmol/mol", "%", None),
        ("84", "pmol/L", "ng/L", None),
        ("7", "/min", "Hz", None),
    ],
)
def test_only_exact_factors_convert(value: str, unit: str, into: str, same: str | None) -> None:
    assert convert(Decimal(value), unit, into) == (None if same is None else Decimal(same))
