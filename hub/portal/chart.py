"""Trend charts: values in, SVG out. Pure; every text is escaped here, and styled by class from the page's CSS.

One panel a unit, on one true time axis: values in units that are not exactly convertible never share an axis.
"""

from collections.abc import Sequence
from decimal import Decimal
from html import escape
from itertools import groupby, pairwise

from hub.portal.points import Frame, Point
from hub.portal.scale import Scale, time_ticks, value_ticks

LEFT, RIGHT, TOP, BOTTOM = 40.0, 10.0, 26.0, 20.0
"""Margins round the plots, where ticks and units stand."""
GAP = 26.0
"""Between two panels."""
CROWDED = 90
"""Points of a line above which markers become dots."""
CLOSE = 5.0
"""Mean distance between points under which they do too; the latest keeps its marker."""
WIDEST_LABEL = 24.0


def chart(points: Sequence[Point], frame: Frame) -> str:
    """The SVG; empty where there are under two values, since that is no trend."""
    if len(points) < 2:
        return ""
    held = sorted(points, key=lambda point: point.at)
    units = list(dict.fromkeys(point.unit for point in held))
    height = TOP + len(units) * frame.height + (len(units) - 1) * GAP + BOTTOM
    time = Scale(frame.since.timestamp(), frame.until.timestamp(), LEFT, frame.width - RIGHT)
    panels = []
    for number, unit in enumerate(units):
        top = TOP + number * (frame.height + GAP)
        panels.append(_panel([point for point in held if point.unit == unit], unit, frame, time, top, number == len(units) - 1))
    name = escape(frame.name)
    return (
        f'<svg class="chart" viewBox="0 0 {_n(frame.width)} {_n(height)}" role="img" aria-labelledby="{name}-t {name}-d">'
        f'<title id="{name}-t">{escape(frame.title)}</title><desc id="{name}-d">{escape(frame.description)}</desc>'
        + "".join(panels)
        + "</svg>"
    )


def _panel(points: list[Point], unit: str, frame: Frame, time: Scale, top: float, last: bool) -> str:
    bottom = top + frame.height
    ticks = value_ticks(_bounds(points))
    value = Scale(float(ticks[0]), float(ticks[-1]), bottom, top)
    drawn = [_bands(points, time, value, top, bottom), _axes(frame, time, value, ticks, unit, top, bottom, last)]
    for _, line in groupby(sorted(points, key=_line), key=_line):
        drawn.append(_drawn(list(line), time, value))
    drawn.append(_peak(points, frame, time, value, top))
    return "".join(drawn)


def _bounds(points: Sequence[Point]) -> tuple[Decimal, Decimal]:
    """What the axis must hold: all values, and the interval's ends where they do not flatten the values."""
    values = [point.value for point in points]
    low, high = min(values), max(values)
    room = max(high - low, abs(high) / 10) * 2
    ends = [end for point in points for end in (point.low, point.high) if end is not None and low - room <= end <= high + room]
    return min([low, *ends]), max([high, *ends])


def _line(point: Point) -> tuple[str, bool]:
    return point.line, point.own


def _axes(
    frame: Frame, time: Scale, value: Scale, ticks: Sequence[Decimal], unit: str, top: float, bottom: float, last: bool
) -> str:
    span = frame.until - frame.since
    drawn = [f'<path class="axis" d="M{_n(LEFT)} {_n(top)}V{_n(bottom)}H{_n(frame.width - RIGHT)}"/>']
    for tick in ticks:
        drawn.append(_text("tick", LEFT - 5, value(float(tick)) + 3.5, frame.number(tick), "end"))
    drawn.append(_text("unit", 4, top - 13, frame.unit(unit)))
    for moment in time_ticks(frame.since, frame.until):
        x = time(moment.timestamp())
        drawn.append(f'<path class="grid" d="M{_n(x)} {_n(top)}V{_n(bottom + 3)}"/>')
        if last:
            at = min(max(x, LEFT + WIDEST_LABEL / 2), frame.width - RIGHT - WIDEST_LABEL / 2)
            drawn.append(_text("tick", at, bottom + 14, frame.tick(moment, span), "middle"))
    return "".join(drawn)


def _bands(points: Sequence[Point], time: Scale, value: Scale, top: float, bottom: float) -> str:
    """The reference interval, stepping where it changes, from each result until the next one that has another."""
    care = [point for point in points if not point.own and (point.low is not None or point.high is not None)]
    steps = [list(group) for _, group in groupby(care, key=lambda point: (point.line, point.low, point.high))]
    drawn = []
    for number, step in enumerate(steps):
        first = time.low if number == 0 else step[0].at.timestamp()
        after = steps[number + 1][0].at.timestamp() if number + 1 < len(steps) else time.high
        left, right = time(first), time(after)
        high = top if step[0].high is None else _inside(value(float(step[0].high)), top, bottom)
        low = bottom if step[0].low is None else _inside(value(float(step[0].low)), top, bottom)
        if right <= left or low < high:
            continue
        drawn.append(f'<rect class="ref" x="{_n(left)}" y="{_n(high)}" width="{_n(right - left)}" height="{_n(low - high)}"/>')
        edges = (edge for edge, end in ((high, step[0].high), (low, step[0].low)) if end is not None and top < edge < bottom)
        drawn += [f'<path class="ref-edge" d="M{_n(left)} {_n(edge)}H{_n(right)}"/>' for edge in edges]
    return "".join(drawn)


def _drawn(points: list[Point], time: Scale, value: Scale) -> str:
    """One line: broken where the basis changes, then a mark for each value."""
    own = points[0].own
    pieces: list[list[Point]] = [[points[0]]]
    for before, after in pairwise(points):
        if before.basis == after.basis:
            pieces[-1].append(after)
        else:
            pieces.append([after])
    kind = "line own" if own else "line"
    lines = [
        f'<polyline class="{kind}" points="{" ".join(_at(time(p.at.timestamp()), value(float(p.value))) for p in piece)}"/>'
        for piece in pieces
        if len(piece) > 1
    ]
    places = [time(point.at.timestamp()) for point in points]
    dense = len(points) > CROWDED or (places[-1] - places[0]) / max(len(points) - 1, 1) < CLOSE
    marks = [
        _mark(point, x, value(float(point.value)), dense and point is not points[-1])
        for point, x in zip(points, places, strict=True)
    ]
    return "".join([*lines, *marks])


def _mark(point: Point, x: float, y: float, crowded: bool) -> str:
    """Shape first: circle from care, triangle outside the interval, diamond the patient's; open where the value is a limit."""
    limit = " m-open" if point.open else ""
    if crowded and point.own:
        return f'<path class="mark m-dot{limit}" d="M{_n(x)} {_n(y - 1.8)}l1.8 1.8-1.8 1.8-1.8-1.8z"/>'
    if crowded and not point.flag and not point.said:
        return f'<circle class="mark m-lab{limit}" cx="{_n(x)}" cy="{_n(y)}" r="1.3"/>'
    if point.own:
        return f'<path class="mark m-own{limit}" d="M{_n(x)} {_n(y - 3.6)}l3.6 3.6-3.6 3.6-3.6-3.6z"/>'
    if point.flag == "high":
        return f'<path class="mark m-out{limit}" d="M{_n(x)} {_n(y - 3.8)}l4 6.6h-8z"/>'
    if point.flag == "low":
        return f'<path class="mark m-out{limit}" d="M{_n(x)} {_n(y + 3.8)}l4-6.6h-8z"/>'
    if point.said:
        return f'<path class="mark m-said{limit}" d="M{_n(x - 3)} {_n(y - 3)}h6v6h-6z"/>'
    return f'<circle class="mark m-lab{limit}" cx="{_n(x)}" cy="{_n(y)}" r="2.6"/>'


def _peak(points: Sequence[Point], frame: Frame, time: Scale, value: Scale, top: float) -> str:
    """The highest value marked high, or else the lowest marked low, in words beside its mark."""
    high = [point for point in points if point.flag == "high"]
    low = [point for point in points if point.flag == "low"]
    if not high and not low:
        return ""
    peak = max(high, key=lambda p: p.value) if high else min(low, key=lambda p: p.value)
    x, y = time(peak.at.timestamp()), value(float(peak.value))
    anchor = "end" if x > frame.width / 2 else "start"
    x += -7 if anchor == "end" else 7
    return _text("peak", x, max(y + 3.5, top + 9), peak.label, anchor)


def _text(kind: str, x: float, y: float, said: str, anchor: str = "") -> str:
    placed = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text class="{kind}" x="{_n(x)}" y="{_n(y)}"{placed}>{escape(said)}</text>'


def _inside(y: float, top: float, bottom: float) -> float:
    return min(max(y, top), bottom)


def _at(x: float, y: float) -> str:
    return f"{_n(x)},{_n(y)}"


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
