"""What each resource type is searched by: R4's search parameters, one type a line.

Each is `[kind, definition, expression, more]`: `definition` ends its canonical URL after `http://hl7.org/fhir/SearchParameter/`,
`expression` is in the grammar of `hub.fhir.expression`, relative to the resource, every type of a choice written out.
`more` has what is not as usual: `targets` (none: any type), `index` (another parameter keeps the same keys), `system`, `literal`,
`instant`, `components` (each `[name, kind, expression, more]`).
Source: http://hl7.org/fhir/R4/searchparameter-registry.html
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.fhir.expression import Both, Compared, Exists, Expression, Member, Path, Resolves, Step, Where, written
from hub.fhir.expression_read import parse, unnarrowed
from tools.definitions.package import Definition, Package, Table
from tools.definitions.structure import At, Structures, implied_system, targets, types

URL = "http://hl7.org/fhir/SearchParameter/"
COMMON = "Resource"
LITERAL = frozenset(("Identifier", "id", "uri", "url", "canonical", "oid", "uuid", "string"))
"""Types of which the letter case counts in a token."""
ALL = 140
"""So many target types are all there are."""
BOOLEANS = "http://hl7.org/fhir/special-values"
FITTING = {
    "date": frozenset(("date", "dateTime", "instant", "Period", "Timing")),
    "reference": frozenset(("Reference", "canonical", "uri")),
}
"""Of a choice of types, those that a parameter of a kind can find something in; other kinds find something in each."""
OF_EXTENSION = {"string": "string", "token": "CodeableConcept", "reference": "Reference"}
"""The type of value that an extension holds, where a parameter names no more than the extension."""
OUTSIDE = frozenset(f"MolecularSequence-{each}-variant-coordinate" for each in ("chromosome", "referenceseqid"))
"""Composites of which a part lies outside the element that they begin at: left out."""
UNWRITTEN = {"patient-extensions-Patient-birthOrderBoolean": "Patient.multipleBirth.exists() and Patient.multipleBirth != false"}
"""Expressions of parameters for which R4 has only words."""
ERRATA = {
    # Expressions: the extension that R4 defines; the parameter's own URL is that of none.
    "http://hl7.org/fhir/StructureDefinition/patient-extensions-Patient-mothersMaidenName": (
        "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName"
    ),
}
PARTS = {
    # Its parts name each other's definitions: a code is no reference.
    ("DocumentReference-relationship", "code"): "DocumentReference-relation",
    ("DocumentReference-relationship", "target"): "DocumentReference-relatesto",
}


@dataclass(frozen=True, slots=True)
class End:
    """One alternative of an expression, and the element that it ends at."""

    path: Path
    type: str
    element: Definition


def make(package: Package) -> dict[str, dict[str, list[Any]]]:
    """Resource type -> name -> the parameter; under `Resource` and `DomainResource` those that all types have."""
    structures = Structures(package)
    found: dict[str, dict[str, list[Any]]] = {}
    for each in package.of("SearchParameter"):
        if not each["url"].startswith(f"{URL}example") and each["id"] not in OUTSIDE:
            for base in each.get("base", ()):
                found.setdefault(base, {})[each["code"]] = _row(structures, base, each)
    return {base: dict(sorted(_sharing(rows).items())) for base, rows in sorted(found.items())}


def _row(structures: Structures, base: str, given: Definition) -> list[Any]:
    definition = given["url"].removeprefix(URL)
    if given["type"] == "composite":
        parts = [_component(structures, base, given, each) for each in given["component"]]
        return ["composite", definition, written(_here(base, given["expression"])), {"components": parts}]
    text = given.get("expression", UNWRITTEN.get(definition))
    if text is None:
        return [given["type"], definition, "", {}]
    expression, more = _resolved(structures, At(base, base), given["type"], _of_base(base, text), given)
    return [given["type"], definition, expression, more]


def _component(structures: Structures, base: str, given: Definition, part: Mapping[str, str]) -> list[Any]:
    right = PARTS.get((given["id"], part["expression"]), part["definition"].removeprefix(URL))
    of = structures.package.by_url("SearchParameter")[URL + right]
    starts = _here(base, given["expression"])
    first = _walk(structures, At(base, base), starts[-1])
    expression, more = _resolved(structures, first, of["type"], part["expression"], of)
    return [of["code"], of["type"], expression, more]


def _resolved(structures: Structures, at: At, kind: str, text: str, given: Definition) -> tuple[str, dict[str, Any]]:
    """An expression with every type written out, and what its elements say of the parameter."""
    ends = [end for path in parse(text) for end in _ends(structures, at, path, kind)]
    more: dict[str, Any] = {}
    if kind == "reference":
        more["targets"] = _targets(ends, given.get("target", []))
    elif kind == "token":
        systems = {_system(structures.package, end) for end in ends}
        more |= {"system": systems.pop() if len(systems) == 1 else "", "literal": {end.type for end in ends} <= LITERAL}
    elif kind == "date":
        more["instant"] = {end.type for end in ends} == {"instant"}
    return written(tuple(dict.fromkeys(end.path for end in ends))), {name: value for name, value in more.items() if value}


def _ends(structures: Structures, at: At, path: Path, kind: str) -> Iterator[End]:
    """The alternatives that a path is when every type of a choice is written out."""
    if path[-2:-1] == (Member("extension"),):
        path = (*path, Member("value", OF_EXTENSION[kind]))
    walked: list[tuple[Path, At, str, Definition]] = [((), at, at.type, {})]
    for step in path:
        walked = [next_ for each in walked for next_ in _after(structures, each, step)]
    return (End(done, its, element) for done, _, its, element in walked if _fits(done[-1:], kind, its))


def _fits(last: Path, kind: str, its: str) -> bool:
    chosen = last and isinstance(last[0], Member) and last[0].cast
    return not chosen or its in FITTING.get(kind, (its,))


def _after(
    structures: Structures, walked: tuple[Path, At, str, Definition], step: Step
) -> Iterator[tuple[Path, At, str, Definition]]:
    done, at, kind, element = walked
    match step:
        case Member(name, cast):
            found = structures.element(at, name)
            assert found is not None, f"R4 has no {at.path}.{name}"
            for each in _cast(found, cast):
                below = structures.below(at, name, each)
                choice = each if found["path"].endswith("[x]") else ""
                yield (*done, Member(name, choice)), below, each, found
        case Exists(of):
            yield (*done, Exists(_written_out(structures, at, of))), at, "boolean", {}
        case Compared(of, equal, value):
            yield (*done, Compared(_written_out(structures, at, of), equal, value)), at, "boolean", {}
        case Both(first, second):
            both = Both(_written_out(structures, at, first), _written_out(structures, at, second))
            yield (*done, both), at, "boolean", {}
        case _:
            yield (*done, step), at, kind, element


def _cast(element: Definition, cast: str) -> list[str]:
    """The types that are meant: those of the element, or the one of them that is written, in its right case."""
    return [each for each in types(element) or [""] if not cast or each.lower() == cast.lower()]


def _written_out(structures: Structures, at: At, expression: Expression) -> Expression:
    return tuple(end.path for path in expression for end in _ends(structures, at, path, "token"))


def _here(base: str, text: str) -> Expression:
    return parse(_of_base(base, text))


def _walk(structures: Structures, at: At, path: Path) -> At:
    for step in path:
        assert isinstance(step, Member), "a composite begins at an element"
        at = structures.below(at, step.name)
    return at


def _system(package: Package, end: End) -> str:
    return BOOLEANS if end.type == "boolean" else implied_system(package, end.element) if end.type == "code" else ""


def _targets(ends: Sequence[End], allowed: Sequence[str]) -> str:
    """The types that may be pointed at: those that both the parameter and its elements name; empty: any."""
    found: set[str] = set()
    for end in ends:
        said = targets(end.element) if end.type == "Reference" else None
        these = set(allowed) if said is None else set(said) & set(allowed or said)
        narrowed = {each.condition[0][-1].type for each in end.path if isinstance(each, Where) and _is_resolving(each)}
        found |= narrowed or these
    return " ".join(sorted(found)) if len(found) < ALL else ""


def _is_resolving(where: Where) -> bool:
    return isinstance(where.condition[0][-1], Resolves)


def _sharing(rows: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Rows in which a parameter that finds what another does, or of this what points at one type, has that one's index."""
    general = {(row[0], row[2]): name for name, row in sorted(rows.items(), reverse=True) if row[2]}
    for name, (kind, _, expression, more) in rows.items():
        index = general.get((kind, " | ".join(unnarrowed(expression)) if expression else ""), name)
        if kind != "composite" and index != name:
            more["index"] = index
    return dict(rows)


def _of_base(base: str, text: str) -> str:
    """The alternatives that concern one of the types that a parameter is for."""
    for wrong, right in ERRATA.items():
        text = text.replace(wrong, right)
    return " | ".join(each for each in map(str.strip, text.split("|")) if _root(each) in (base, "", COMMON))


def _root(text: str) -> str:
    """The resource type that an alternative begins with; empty: none."""
    name = text.lstrip("(").split(".")[0].split(" ")[0]
    return name if name[:1].isupper() else ""


SEARCH_PARAMETERS = Table(name="search_parameters", make=make)
