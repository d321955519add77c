"""Results and measurements of an overview: grouped by what was measured, with a trend chart where there is a trend.

Values are told as they were sent; only an exact power of ten between units is reckoned away, and the table keeps the original.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from hub.fhir.resource import Resource
from hub.interactions.overview import Part, Row
from hub.portal import observed
from hub.portal.badges import Badge, Sources
from hub.portal.intervals import ends, references
from hub.portal.language import Words
from hub.portal.observed import Mark
from hub.portal.points import YEARS, Point, can_be_drawn
from hub.portal.specimens import material, materials
from hub.portal.units import convert
from hub.portal.values import decimal, effective, moment, quantity, text_of, when

VOID = ("entered-in-error", "cancelled")
STATUSES = {
    "registered": "conclusions.not-final",
    "partial": "conclusions.not-final",
    "preliminary": "conclusions.not-final",
    "amended": "results.corrected",
    "corrected": "results.corrected",
    "unknown": "results.unclear",
}
"""Status of a result or report that readers are told of -> a message id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value as a table row."""

    written: str
    """Its time, as it was written."""
    day: str
    what: str
    """Which component; empty: the whole."""
    text: str
    mark: Mark
    tag: str
    """Its status in words, where it is not simply final."""
    reference: str
    basis: str
    """The method or laboratory basis, where it is said; and what it was taken from, where others of its code differ in that."""
    note: str
    own: bool
    badge: Badge
    point: Point | None
    """None: no number or no time, or one that no axis can hold."""

    @property
    def flag(self) -> str:
        """`high`, `low`, `abnormal` or nothing: the laboratory's own code."""
        return self.mark.flag


@dataclass(frozen=True, slots=True, kw_only=True)
class Analyte:
    """Everything of one code, newest first."""

    key: str
    name: str
    values: tuple[Value, ...]
    lines: tuple[str, ...]
    vital: bool
    """A vital sign, or something the patient measures."""

    @property
    def latest(self) -> Value:
        return self.values[0]

    @property
    def current(self) -> tuple[Value, ...]:
        """All values of the latest time: components, or what several isolates or sources gave."""
        return tuple(value for value in self.values if _order(value.written) == _order(self.latest.written))

    @property
    def earlier(self) -> tuple[Value, ...]:
        return self.values[len(self.current) :]

    @property
    def points(self) -> tuple[Point, ...]:
        return tuple(value.point for value in self.values if value.point)


def analytes(part: Part, sources: Sources, words: Words, apart: Container[str] = ()) -> list[Analyte]:
    """What was measured, the latest first. `apart`: observations that are shown elsewhere, as `Observation/id`."""
    taken = _apart(part)
    found: dict[str, list[tuple[str, Value, bool]]] = {}
    for row in part.of("Observation"):
        panel = "hasMember" in row.resource and is_bare(row.resource)
        if row.resource.get("status") in VOID or panel or f"Observation/{row.resource.get('id')}" in apart:
            continue
        vital = row.own or any("vital-signs" in str(each) for each in row.resource.get("category", ()))
        key, name = named(row.resource.get("code", {}))
        for value in values(row, sources.badge(row), words, taken.get(id(row), "")):
            found.setdefault(key, []).append((name, value, vital))
    made = [_analyte(key, held, words) for key, held in found.items()]
    return sorted(made, key=_time, reverse=True)


def _apart(part: Part) -> Mapping[int, str]:
    """What the observations of a code were taken from, by row, where that is not one and the same."""
    taken = materials(part)
    found: dict[str, list[tuple[Row, str]]] = {}
    for row in part.of("Observation"):
        found.setdefault(named(row.resource.get("code", {}))[0], []).append((row, material(row.resource, taken)))
    return {id(row): said for held in found.values() if len({said for _, said in held if said}) > 1 for row, said in held}


def _analyte(key: str, held: list[tuple[str, Value, bool]], words: Words) -> Analyte:
    values = sorted((value for _, value, _ in held), key=lambda value: _order(value.written), reverse=True)
    lines = tuple(dict.fromkeys(value.point.line for value in values if value.point))
    return Analyte(
        key=key,
        name=next(name for name, _, _ in held),
        values=_in_one_unit(values, words),
        lines=tuple(sorted(lines, reverse=True)),
        vital=any(vital for _, _, vital in held),
    )


def _in_one_unit(values: list[Value], words: Words) -> tuple[Value, ...]:
    """Points in the latest unit wherever an exact factor leads there; the line still breaks, since `basis` has the original."""
    into = next((value.point.unit for value in values if value.point), "")
    return tuple(replace(value, point=_converted(value.point, into, words)) for value in values)


def _converted(point: Point | None, into: str, words: Words) -> Point | None:
    if point is None or point.unit == into:
        return point
    value = convert(point.value, point.unit, into)
    if value is None:
        return point
    ends = {name: end and convert(end, point.unit, into) for name, end in (("low", point.low), ("high", point.high))}
    label = point.label.removesuffix(words.number(point.value)) + words.number(value)
    return replace(point, value=value, unit=into, label=label, low=ends["low"], high=ends["high"])


def values(row: Row, badge: Badge, words: Words, taken: str = "") -> Iterable[Value]:
    """The value of an observation, and one for each of its components; flags of the whole stand at all where none has its own.

    Takes: `taken`: what it was taken from, where that is to be told of each.
    """
    resource, components = row.resource, [each for each in row.resource.get("component", ()) if isinstance(each, dict)]
    flagged = bool(observed.valued(resource)) or any(each.get("interpretation") for each in components)
    if not components or observed.valued(resource):
        yield _value(row, resource, "", badge, words, taken)
    for component in components:
        whole = component if flagged else component | {"interpretation": resource.get("interpretation", ())}
        yield _value(row, _ranged(whole, resource), text_of(component.get("code")), badge, words, taken)


def _ranged(component: Resource, of: Resource) -> Resource:
    """A component with the interval of the whole, where it has none itself and is of the same thing."""
    same = component.get("code") == of.get("code") and "referenceRange" not in component
    return component | {"referenceRange": of.get("referenceRange", ())} if same else component


def _value(row: Row, part: Resource, line: str, badge: Badge, words: Words, taken: str) -> Value:
    """An observation or component as a table row; `line`: which component."""
    resource = row.resource
    said = effective(resource)
    mark, text = observed.mark(part), observed.shown(part, words) if observed.valued(part) else ""
    awaited = resource.get("status") == "registered" and not text
    status = "" if awaited else STATUSES.get(str(resource.get("status", "")), "")
    return Value(
        written=said,
        day=when(said, words),
        what=line,
        text=text if text or mark or ("hasMember" in part and not is_bare(part)) else observed.shown(part, words),
        mark=_unsaid(mark, text, words),
        tag=words(status) if status else "",
        reference=references(part, words),
        basis=", ".join(each for each in (taken, text_of(resource.get("method", {}))) if each),
        note=". ".join(str(note.get("text", "")) for note in resource.get("note", ()) if note.get("text")),
        own=row.own,
        badge=badge,
        point=_point(row, part, line, moment(said), mark, words),
    )


def _unsaid(mark: Mark, text: str, words: Words) -> Mark:
    """A mark without what the value itself says in the same word."""
    said = text.casefold()
    told = tuple(each for each in mark.told if words(f"interpretation.{each}").partition(" (")[0].casefold() != said)
    return replace(mark, told=told, said="" if mark.said.casefold() == said else mark.said)


def _point(row: Row, part: Resource, line: str, at: datetime | None, mark: Mark, words: Words) -> Point | None:
    held = part.get("valueQuantity", {})
    value = decimal(held.get("value"))
    if value is None or at is None or at.year not in YEARS or not can_be_drawn(value):
        return None
    low, high = ends(part)
    unit = str(held.get("unit") or held.get("code") or "")
    return Point(
        at=at,
        value=value,
        unit=unit,
        label=quantity({"value": held.get("value"), "comparator": held.get("comparator", "")}, words),
        flag=mark.direction,
        said=bool(mark.said) or mark.flag == "abnormal",
        open=bool(held.get("comparator")),
        own=row.own,
        line=line,
        basis=f"{text_of(row.resource.get('method', {}))}|{unit}",
        low=low if low is not None and can_be_drawn(low) else None,
        high=high if high is not None and can_be_drawn(high) else None,
    )


def named(code: Resource) -> tuple[str, str]:
    """What values are gathered by, and its name: a code with its system, or the words where there is none."""
    name = text_of(code)
    coding = next((each for each in code.get("coding", ()) if each.get("code")), None)
    return (f"{coding.get('system', '')}|{coding['code']}" if coding else name.casefold()), name


def is_bare(resource: Resource) -> bool:
    """Whether a result says nothing itself, but what is beneath it does."""
    return not (observed.valued(resource) or any(resource.get(name) for name in ("component", "interpretation", "note")))


def _order(written: str) -> float:
    found = moment(written)
    return found.timestamp() if found else 0.0


def _time(analyte: Analyte) -> float:
    return _order(analyte.latest.written)
