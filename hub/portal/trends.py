"""Which results are drawn as charts, with what words; the rest stand in a table."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from hub.interactions.overview import Part
from hub.portal.badges import Sources
from hub.portal.chart import chart
from hub.portal.conclusions import conclusions
from hub.portal.findings import Finding, findings
from hub.portal.language import Words
from hub.portal.observed import Mark
from hub.portal.points import Frame, Point
from hub.portal.results import Analyte, Value, analytes
from hub.portal.rows import Line
from hub.portal.templates import Drawn, drawn
from hub.portal.values import unit_in_words

MOST_CHARTS = 8
MOST_OWN = 4
MARGIN = timedelta(days=4)
PRESSURE = ("systol", "diastol")
"""What the two parts of a blood pressure are called, in Swedish as in English, in the order in which they are read."""
LEGEND: Mapping[str, Callable[[Point], bool]] = {
    "care": lambda point: not point.own,
    "outside": lambda point: not point.own and bool(point.flag),
    "said": lambda point: not point.own and point.said and not point.flag,
    "own": lambda point: point.own,
    "limit": lambda point: point.open,
    "reference": lambda point: not point.own and not (point.low is None and point.high is None),
}
"""What a legend may explain -> whether a point needs it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """One chart with its heading and its table."""

    name: str
    latest: str
    unit: str
    marks: tuple[Mark, ...]
    """Of the latest value, or of the latest of each line; so `tags` and `notes`."""
    tags: tuple[str, ...]
    notes: tuple[str, ...]
    newer: tuple[Value, ...]
    """Values after the latest drawn one, which no axis can hold."""
    day: str
    reference: str
    change: str
    breaks: tuple[str, ...]
    own: bool
    badge: object
    svg: Drawn
    values: tuple[Value, ...]
    lines: bool
    """More than one line: the table says which."""


@dataclass(frozen=True, slots=True)
class Results:
    """Charts of what care has measured, of vital signs and the patient's own; the rest; what is read as one or concluded."""

    care: tuple[Trend, ...]
    vital: tuple[Trend, ...]
    others: tuple[Analyte, ...]
    """In a table."""
    findings: tuple[Finding, ...]
    conclusions: tuple[Line, ...]
    period: str
    legend: tuple[str, ...]
    """Of `LEGEND`, what the charts hold."""

    def __len__(self) -> int:
        """How many things were measured."""
        return len(self.care) + len(self.vital) + len(self.others) + len(self.findings)

    def __bool__(self) -> bool:
        """Whether there is anything to show; a conclusion may stand alone."""
        return bool(len(self) or self.conclusions)


def results(part: Part, sources: Sources, words: Words) -> Results:
    """The section, newest first; of what care has measured, what is marked now is drawn before what is not."""
    together = findings(part, sources, words)
    held = analytes(part, sources, words, together.held)
    trending = [each for each in held if len(each.points) > 1 and len(each.lines) <= 2]
    care = sorted((each for each in trending if not each.vital), key=lambda each: not each.latest.mark)[:MOST_CHARTS]
    vital = [each for each in trending if each.vital][:MOST_OWN]
    taken = {each.key for each in (*care, *vital)}
    points = [point for each in (*care, *vital) for point in each.points]
    return Results(
        care=_drawn(care, "c", words, 300.0),
        vital=_drawn(vital, "v", words, 540.0),
        others=tuple(each for each in held if each.key not in taken),
        findings=together.trees,
        conclusions=conclusions(part, sources, words),
        period=_period(care, words),
        legend=tuple(key for key, is_of in LEGEND.items() if any(map(is_of, points))),
    )


def _drawn(held: Sequence[Analyte], prefix: str, words: Words, width: float) -> tuple[Trend, ...]:
    points = [point for each in held for point in each.points]
    if not points:
        return ()
    since, until = min(point.at for point in points) - MARGIN, max(point.at for point in points) + MARGIN
    return tuple(_trend(each, f"{prefix}{number}", since, until, words, width) for number, each in enumerate(held, 1))


def _trend(analyte: Analyte, name: str, since: datetime, until: datetime, words: Words, width: float) -> Trend:
    points = sorted(analyte.points, key=lambda point: point.at)
    newest = _newest(analyte)
    latest, unit = _latest(analyte, newest)
    frame = Frame(
        name=name,
        title=words("chart.title", name=analyte.name),
        description=_description(analyte, points, f"{latest} {unit}".strip(), words),
        since=since,
        until=until,
        tick=words.tick,
        number=words.number,
        unit=unit_in_words,
        width=width,
    )
    first = next(value for value in analyte.values if value.point)
    return Trend(
        name=analyte.name,
        latest=latest,
        unit=unit,
        marks=tuple(dict.fromkeys(value.mark for value in newest if value.mark)),
        tags=tuple(dict.fromkeys(value.tag for value in newest if value.tag)),
        notes=tuple(dict.fromkeys(value.note for value in newest if value.note)),
        newer=analyte.values[: analyte.values.index(first)],
        day=first.day,
        reference=_reference(newest),
        change=_change(analyte, points, words),
        breaks=_breaks(analyte, points, words),
        own=first.own,
        badge=first.badge,
        svg=drawn(chart(points, frame)),
        values=analyte.values,
        lines=len(analyte.lines) > 1,
    )


def _latest(analyte: Analyte, newest: Sequence[Value]) -> tuple[str, str]:
    """The latest value and its unit: a blood pressure as 119/65; of other lines each by its name, with its own unit."""
    pressure = [value for part in PRESSURE for value in newest if part in value.what.casefold()]
    shown = pressure if len(pressure) == len(newest) == len(analyte.lines) == len(PRESSURE) else newest
    points = [value.point for value in shown if value.point]
    if len(analyte.lines) == 1 or (shown is pressure and len({_unit(point) for point in points}) == 1):
        return "/".join(point.label for point in points), unit_in_words(points[0].unit)
    return ", ".join(f"{value.what} {value.text}".strip() for value in sorted(newest, key=lambda value: value.what != "")), ""


def _unit(point: Point) -> str:
    """As it was sent."""
    return point.basis.rpartition("|")[2]


def _reference(newest: Sequence[Value]) -> str:
    """The intervals of the latest values, each with what it is of where they differ."""
    held = {value.what: value.reference for value in newest if value.reference}
    if len(set(held.values())) < 2 and len(held) == len(newest):
        return newest[0].reference
    return "; ".join(f"{what} {reference}".strip() for what, reference in held.items())


def _newest(analyte: Analyte) -> list[Value]:
    """The drawn values of the latest time, one for each line that has one."""
    drawn = [value for value in analyte.values if value.point]
    latest = {value.point.line: value for value in reversed(drawn) if value.point and value.written == drawn[0].written}
    return [latest[line] for line in analyte.lines if line in latest]


def _description(analyte: Analyte, points: Sequence[Point], latest: str, words: Words) -> str:
    """Count, period, lowest, highest, latest, number outside."""
    unit = points[-1].unit
    same = [point for point in points if point.unit == unit]
    lowest, highest = min(same, key=lambda p: p.value), max(same, key=lambda p: p.value)
    of_these = f" {unit_in_words(unit)}" if len(same) < len(points) else ""
    said = words(
        "chart.description",
        name=analyte.name,
        count=len(points),
        since=words.day(points[0].at),
        until=words.day(points[-1].at),
        lowest=lowest.label + of_these,
        highest=highest.label + of_these,
        latest=latest,
    )
    outside, told = (sum(map(bool, held)) for held in ((p.flag for p in points), (p.said and not p.flag for p in points)))
    counted = [words("chart.outside", count=outside), *([words("chart.said", count=told)] if told else [])]
    return " ".join([said, *counted, *_breaks(analyte, points, words), words("chart.in-table")])


def _change(analyte: Analyte, points: Sequence[Point], words: Words) -> str:
    """The latest step, in words: only between values of one basis and one line, and of the same origin."""
    if len(analyte.lines) > 1:
        return ""
    last = points[-1]
    before = [point for point in points[:-1] if point.own == last.own]
    if not before or before[-1].basis != last.basis or before[-1].open or last.open:
        return ""
    step = last.value - before[-1].value
    sign = "+" if step > 0 else "±" if step == 0 else ""
    return words("chart.change", change=f"{sign}{words.number(_same_places(step, last.value))}", day=words.day(before[-1].at))


def _same_places(step: Decimal, like: Decimal) -> Decimal:
    exponent = like.as_tuple().exponent
    return round(step, -exponent) if isinstance(exponent, int) and exponent < 0 else step


def _breaks(analyte: Analyte, points: Sequence[Point], words: Words) -> tuple[str, ...]:
    """Where unit or method changes, in words."""
    said: list[str] = []
    for line in analyte.lines:
        held = [point for point in points if point.line == line and not point.own]
        for before, after in itertools.pairwise(held):
            if before.basis != after.basis:
                method, _, unit = after.basis.rpartition("|")
                other = unit != _unit(before)
                key = "chart.unit-changed" if other else "chart.method-changed"
                said.append(
                    words(key, day=words.day(after.at), unit=unit_in_words(unit), method=method or words("chart.method-unknown"))
                )
    return tuple(dict.fromkeys(said))


def _period(held: Sequence[Analyte], words: Words) -> str:
    points = [point for each in held for point in each.points]
    if not points:
        return ""
    return words(
        "results.period", since=words.day(min(point.at for point in points)), until=words.day(max(point.at for point in points))
    )
