"""Results that belong together, such as a culture and its susceptibility: each tree as one, never taken apart by code."""

from collections import deque
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from hub.fhir.resource import Resource
from hub.interactions.overview import Part, Row
from hub.portal import observed
from hub.portal.badges import Badge, Sources
from hub.portal.language import Words
from hub.portal.results import STATUSES, VOID, Value, is_bare, named, values
from hub.portal.specimens import material, materials
from hub.portal.values import effective, moment, text_of, when

MICROBIOLOGY = ("MB", "MCB", "MYC", "PAR")
"""Diagnostic service sections (v2-0074) whose reports are read as one: bacteria, mycobacteria, fungi, parasites."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A result, and what is beneath it; a panel or report has no value of its own."""

    name: str
    day: str
    material: str
    """What it was taken from, where that is said."""
    values: tuple[Value, ...]
    tag: str
    """The status of what has no value, where it is not simply final."""
    badge: Badge
    beneath: tuple["Finding", ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """The trees, the newest first, and which observations they hold (`Observation/id`)."""

    trees: tuple[Finding, ...]
    held: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Part:
    """The observations of a section that count, by reference; which others each has beneath it; what is ever told as a number;
    what they were taken from."""

    rows: Mapping[str, Row]
    members: Mapping[str, Sequence[str]]
    numeric: frozenset[str]
    materials: Mapping[str, str]

    def beneath(self, name: str) -> Set[str]:
        """All references beneath one, at any depth; itself among them where it is beneath itself."""
        found: set[str] = set()
        left = list(self.members[name])
        while left:
            if (each := left.pop()) not in found:
                found.add(each)
                left += self.members[each]
        return found

    def under(self, tops: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """What stands under each result of one tree: all that it names, but what has others beneath itself stands once."""
        placed = {*tops}
        found: dict[str, Sequence[str]] = {}
        left = deque(tops)
        while left:
            name = left.popleft()
            found[name] = [each for each in self.members[name] if not self.members[each] or each not in placed]
            panels = [each for each in found[name] if self.members[each]]
            placed |= {*panels}
            left += panels
        return found

    def is_one(self, name: str) -> bool:
        """Whether a result is read with what is beneath it: it is a finding itself, or has several answers in words beneath it.

        What is told as a number anywhere keeps its trend: a panel with such a one is none.
        """
        seen: set[str] = set()
        left = [name]
        while left:
            panel = left.pop()
            if panel in seen or _is_valued(self.rows[panel]):
                continue
            seen.add(panel)
            below = self.members[panel]
            panels = [each for each in below if self.members[each]]
            if (len(below) == 1 and not panels) or not all(self.members[each] or self._is_answer(each) for each in below):
                return False
            left += panels
        return True

    def _is_answer(self, name: str) -> bool:
        resource = self.rows[name].resource
        answered = _is_valued(self.rows[name]) or bool(resource.get("interpretation"))
        return answered and named(resource.get("code", {}))[0] not in self.numeric


def findings(part: Part, sources: Sources, words: Words) -> Findings:
    """Reports of microbiology with several results; and results with others beneath them that are read with them."""
    rows = {_name(row): row for row in part.of("Observation") if row.resource.get("status") not in VOID}
    numeric = frozenset(named(row.resource.get("code", {}))[0] for row in rows.values() if _is_number(row))
    held = _Part(
        rows, {name: _named(row.resource.get("hasMember"), rows) for name, row in rows.items()}, numeric, materials(part)
    )
    tops: list[tuple[Row, Sequence[str]]] = []
    taken: set[str] = set()
    for row in part.of("DiagnosticReport"):
        results = _named(row.resource.get("result"), rows)
        if row.resource.get("status") not in VOID and len(results) > 1 and _is_microbiology(row.resource):
            tops.append((row, _tops(results, held)))
            taken |= {each for name in results for each in (name, *held.beneath(name))}
    candidates = [name for name in rows if held.members[name] and name not in taken and held.is_one(name)]
    below = {each for name in candidates for each in held.beneath(name)}
    tops += [(rows[name], ()) for name in candidates if name not in below]
    taken |= {each for name in candidates if name not in below for each in (name, *held.beneath(name))}
    tops.sort(key=lambda top: _time(top[0]), reverse=True)
    made = tuple(_tree(row, names, held, sources, words) for row, names in tops)
    return Findings(made, frozenset(taken))


def _tops(results: Sequence[str], held: _Part) -> list[str]:
    """Those results of a report that stand at the top: beneath no other, or the first of some that are beneath each other."""
    below = {each for name in results for each in held.beneath(name)}
    tops: list[str] = []
    reached: set[str] = set()
    for name in sorted(results, key=lambda each: each in below):
        if name not in reached:
            tops.append(name)
            reached |= {name, *held.beneath(name)}
    return tops


def _tree(row: Row, results: Sequence[str], held: _Part, sources: Sources, words: Words) -> Finding:
    """A report with its results, or, where it has none of its own, a result with those beneath it."""
    under = dict(held.under(results or [_name(row)]))

    def finding(row: Row, names: Sequence[str]) -> Finding:
        beneath = tuple(finding(held.rows[each], under.get(each, ())) for each in names)
        return _finding(row, beneath, held, sources, words)

    return finding(row, results or under[_name(row)])


def _finding(row: Row, beneath: tuple[Finding, ...], held: _Part, sources: Sources, words: Words) -> Finding:
    resource, badge = row.resource, sources.badge(row)
    found = () if beneath and is_bare(resource) else tuple(values(row, badge, words))
    status = STATUSES.get(str(resource.get("status", "")), "")
    return Finding(
        name=text_of(resource.get("code")) or words("conclusions.unnamed"),
        day=when(effective(resource), words),
        material=material(resource, held.materials),
        values=found,
        tag=words(status) if status and not found else "",
        badge=badge,
        beneath=beneath,
    )


def _name(row: Row) -> str:
    return f"{row.resource['resourceType']}/{row.resource.get('id')}"


def _named(references: object, rows: Mapping[str, Row]) -> list[str]:
    """Those of several References that are to these rows, each once."""
    held = references if isinstance(references, list) else []
    return list(dict.fromkeys(name for each in held if (name := str(each.get("reference", ""))) in rows))


def _is_microbiology(report: Resource) -> bool:
    codings = (coding for each in report.get("category", ()) for coding in each.get("coding", ()))
    return any(coding.get("code") in MICROBIOLOGY and str(coding.get("system", "")).endswith("v2-0074") for coding in codings)


def _is_valued(row: Row) -> bool:
    return bool(observed.valued(row.resource) or row.resource.get("component"))


def _is_number(row: Row) -> bool:
    return any("valueQuantity" in each for each in (row.resource, *row.resource.get("component", ())))


def _time(row: Row) -> float:
    found = moment(effective(row.resource))
    return found.timestamp() if found else 0.0
