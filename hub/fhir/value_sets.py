"""Value sets and code systems that are loaded: which codes a value set holds, and what lies above and below a code.

Nothing is loaded by itself: whoever runs the hub says from where (`terminology` in hub.toml). What a value set is made of must
be loaded too; where it is not, the answer is None, never a part of the codes.
Source: http://hl7.org/fhir/R4/valueset.html, http://hl7.org/fhir/R4/codesystem.html
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.fhir.resource import Resource

Code = tuple[str, str]
"""System and code."""
MAX_IMPORTS = 16
"""How deep value sets may be made of value sets."""


@dataclass(frozen=True, slots=True)
class CodeSystem:
    """The codes of one system, each with those just above it."""

    parents: Mapping[str, frozenset[str]]
    complete: bool

    def below(self, code: str) -> frozenset[str] | None:
        """The code and all that it subsumes; None: there is no such code."""
        if code not in self.parents:
            return None
        found, new = {code}, {code}
        while new:
            new = {each for each, above in self.parents.items() if above & new} - found
            found |= new
        return frozenset(found)

    def above(self, code: str) -> frozenset[str] | None:
        """The code and all that subsumes it; None: there is no such code."""
        if code not in self.parents:
            return None
        found, new = {code}, {code}
        while new:
            new = {up for each in new for up in self.parents.get(each, ())} - found
            found |= new
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class Terminology:
    """What is loaded, by URL."""

    systems: Mapping[str, CodeSystem] = field(default_factory=dict)
    sets: Mapping[str, Resource] = field(default_factory=dict)

    def with_more(self, other: "Terminology") -> "Terminology":
        """Both; of two with one URL this one's."""
        return Terminology({**other.systems, **self.systems}, {**other.sets, **self.sets})

    def related(self, system: str, code: str, down: bool) -> tuple[Code, ...] | None:
        """The code with all below it, or all above it; None: it is not known."""
        held = self.systems.get(system)
        found = (held.below(code) if down else held.above(code)) if held else None
        return None if found is None else tuple((system, each) for each in sorted(found))

    def value_set(self, url: str) -> tuple[Code, ...] | None:
        """The codes of a value set; None: it is not loaded, or something that it is made of."""
        found = self._codes(url, 0)
        return None if found is None else tuple(sorted(found))

    def _codes(self, url: str, depth: int) -> set[Code] | None:
        held = self.sets.get(url) or self.sets.get(url.split("|")[0])
        if held is None or depth > MAX_IMPORTS:
            return None
        if held.get("expansion"):
            return set(_contained(held["expansion"].get("contains", ())))
        composed = held.get("compose", {})
        included = [self._clause(each, depth) for each in composed.get("include", ())]
        excluded = [self._clause(each, depth) for each in composed.get("exclude", ())]
        if any(each is None for each in (*included, *excluded)):
            return None
        return set().union(*(each for each in included if each)) - set().union(*(each for each in excluded if each))

    def _clause(self, clause: Resource, depth: int) -> set[Code] | None:
        """What one include or exclude selects: all that it says must hold."""
        parts = [self._codes(each, depth + 1) for each in clause.get("valueSet", ())]
        system = clause.get("system")
        if isinstance(system, str):
            parts.append(self._of_system(system, clause))
        if not parts or any(each is None for each in parts):
            return None
        return set.intersection(*(each for each in parts if each is not None))

    def _of_system(self, system: str, clause: Resource) -> set[Code] | None:
        listed = clause.get("concept")
        if listed:
            return {(system, each["code"]) for each in listed if isinstance(each.get("code"), str)}
        held = self.systems.get(system)
        if held is None or not held.complete:
            return None
        found = set(held.parents)
        for one in clause.get("filter", ()):
            passing = _passing(held, one)
            if passing is None:
                return None
            found &= passing
        return {(system, code) for code in found}


def _passing(held: CodeSystem, rule: Resource) -> frozenset[str] | None:
    """The codes that pass a filter; None: it is of a kind that is not reckoned with here."""
    if rule.get("property") != "concept":
        return None
    code = str(rule.get("value"))
    below = held.below(code) or frozenset()
    match rule.get("op"):
        case "is-a":
            return below
        case "descendent-of":
            return below - {code}
        case "is-not-a":
            return frozenset(held.parents) - below
        case "generalizes":
            return held.above(code) or frozenset()
        case _:
            return None


def _contained(listed: Iterable[Any]) -> Iterable[Code]:
    for each in listed:
        if not each.get("abstract") and isinstance(each.get("code"), str):
            yield each.get("system", ""), each["code"]
        yield from _contained(each.get("contains", ()))


def terminology(resources: Iterable[Resource]) -> Terminology:
    """What ValueSets and CodeSystems say, by URL, and of a ValueSet by `ValueSet/[id]` too; others, and a CodeSystem without URL,
    are passed by. A later one replaces an earlier."""
    systems, sets = {}, {}
    for each in resources:
        url = each.get("url")
        if each.get("resourceType") == "ValueSet" and isinstance(each.get("id"), str):
            sets[f"ValueSet/{each['id']}"] = each
        if not isinstance(url, str):
            continue
        if each.get("resourceType") == "CodeSystem":
            systems[url] = _system(each)
        elif each.get("resourceType") == "ValueSet":
            sets[url] = each
    return Terminology(systems, sets)


def _system(resource: Resource) -> CodeSystem:
    parents: dict[str, set[str]] = {}

    def add(concepts: Iterable[Resource], above: str) -> None:
        for each in concepts:
            code = each.get("code")
            if isinstance(code, str):
                ups = parents.setdefault(code, set())
                ups |= {above} if above else set()
                ups |= {one["valueCode"] for one in each.get("property", ()) if one.get("code") in _UP and "valueCode" in one}
                add(each.get("concept", ()), code)

    add(resource.get("concept", ()), "")
    return CodeSystem({code: frozenset(ups) for code, ups in parents.items()}, resource.get("content") == "complete")


_UP = ("parent", "subsumedBy")
"""Properties that say what is above a concept. http://hl7.org/fhir/R4/codesystem-concept-properties.html"""
NOTHING_LOADED = Terminology()
