"""`_filter`: an expression of comparisons, read by recursive descent into a criterion.

    filter = term (("and" / "or") term)*          from left to right, neither binds closer
    term   = ["not"] "(" filter ")" / path SP operator SP value
    path   = name ["[" filter "]"] ["." path]     a bracket narrows what the reference points at
    value  = JSON string / anything without a space, ")" or "]"

Source: http://hl7.org/fhir/R4/search_filter.html
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, cast

from hub.errors import HubError, InvalidRequest, NotSupported, TooCostly
from hub.fhir.clause import MAX_LINKS, MAX_TARGETS, Clauses, is_personal, of_person, present
from hub.fhir.criteria import AllOf, AnyOf, Criterion, DateIs, Leaf, Not, Refers, TextIs, Unlike, Way
from hub.fhir.parameters import KINDS
from hub.fhir.parameters.date import span
from hub.fhir.parameters.string import normal
from hub.fhir.types import TYPES, ResourceType, SearchParameter

NAME = "_filter"
MAX_LENGTH = 8_000
"""Characters of one filter."""
MAX_TEXT = 255
"""Characters of one text."""
MAX_DEPTH = 16
"""Parentheses and brackets in each other."""
MAX_HEIGHT = 48
"""Changes between `and`, `or` and `not` in each other."""
_NAMED_SYSTEMS = {
    "loinc": "http://loinc.org",
    "snomed": "http://snomed.info/sct",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "ucum": "http://unitsofmeasure.org",
}
"""Short names that stand for code systems."""
_OPERATOR = re.compile(r"(?:eq|ne|co|sw|ew|gt|lt|ge|le|ap|sa|eb|pr|po|ss|sb|in|ni|re)(?=\s)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_TOKEN = re.compile(r"[^\s)\]]+")
_SPACE = re.compile(r"\s*")
_LOGIC = re.compile(r"(and|or)(?=[\s(])")
_NOT = re.compile(r"not(?=\s*\()")


def read_filter(clauses: Clauses, held: ResourceType, written: str) -> Criterion:
    """What a filter asks of a resource of the type.

    Raises: InvalidRequest: not such an expression; NotSupported: a parameter, or an operator that its kind does not have.
    TooCostly: too long or too deep.
    """
    if len(written) > MAX_LENGTH:
        raise TooCostly(f"has more than {MAX_LENGTH} characters", NAME)
    reader = _Reader(written)
    expression = reader.expression(0)
    reader.end()
    if _height(expression) > MAX_HEIGHT:
        raise TooCostly(f"and, or and not lie more than {MAX_HEIGHT} in each other", NAME)
    return _criterion(clauses, held, expression, 0)


@dataclass(frozen=True, slots=True)
class _Step:
    name: str
    narrowed: "_Expression | None"


@dataclass(frozen=True, slots=True)
class _Test:
    path: tuple[_Step, ...]
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class _Joined:
    left: "_Expression"
    word: Literal["and", "or"]
    right: "_Expression"


@dataclass(frozen=True, slots=True)
class _Negated:
    inner: "_Expression"


_Expression = _Test | _Joined | _Negated


class _Reader:
    """State: how far the text is read."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def expression(self, depth: int) -> _Expression:
        if depth > MAX_DEPTH:
            raise TooCostly(f"more than {MAX_DEPTH} parentheses in each other", NAME)
        found = self._term(depth)
        while word := self._taken(_LOGIC):
            found = _Joined(found, cast(Literal["and", "or"], word), self._term(depth))
        return found

    def end(self) -> None:
        if self.at < len(self.text.rstrip()):
            raise self._fault("nothing that can stand here")

    def _term(self, depth: int) -> _Expression:
        negated = self._taken(_NOT)
        self._skip()
        if self._sign("("):
            inner = self.expression(depth + 1)
            if not self._sign(")"):
                raise self._fault("a parenthesis does not close")
            return _Negated(inner) if negated else inner
        path = self._path(depth)
        operator = self._taken(_OPERATOR)
        if not operator:
            raise self._fault("an operator is missing")
        return _Test(path, operator, self._value())

    def _path(self, depth: int) -> tuple[_Step, ...]:
        steps = []
        while True:
            name = self._taken(_NAME)
            if not name:
                raise self._fault("the name of a parameter is missing")
            narrowed = None
            if self._sign("["):
                narrowed = self.expression(depth + 1)
                if not self._sign("]"):
                    raise self._fault("a bracket does not close")
            steps.append(_Step(name, narrowed))
            if len(steps) > MAX_LINKS:
                raise TooCostly(f"a path has at most {MAX_LINKS} steps", NAME)
            if not self._sign("."):
                return tuple(steps)

    def _value(self) -> str:
        quoted = self._taken(_STRING)
        if quoted:
            try:
                return str(json.loads(quoted))
            except ValueError:
                raise self._fault("is no JSON string") from None
        found = self._taken(_TOKEN)
        if not found:
            raise self._fault("a value is missing")
        return found

    def _taken(self, form: re.Pattern[str]) -> str:
        self._skip()
        found = form.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found[0] if found else ""

    def _sign(self, sign: str) -> bool:
        self._skip()
        found = self.text.startswith(sign, self.at)
        self.at += found
        return found

    def _skip(self) -> None:
        self.at = cast(re.Match[str], _SPACE.match(self.text, self.at)).end()

    def _fault(self, problem: str) -> InvalidRequest:
        return InvalidRequest(f"{problem} (at character {self.at + 1})", NAME)


def _height(expression: _Expression) -> int:
    match expression:
        case _Negated(inner):
            return 1 + _height(inner)
        case _Test(path):
            return 1 + max((_height(step.narrowed) for step in path if step.narrowed), default=0)
        case _Joined():
            word, changes, highest = "", 0, 0
            while isinstance(expression, _Joined):
                changes += expression.word != word
                word, highest = expression.word, max(highest, _height(expression.right))
                expression = expression.left
            return changes + max(highest, _height(expression))


def _criterion(clauses: Clauses, held: ResourceType, expression: _Expression, links: int) -> Criterion:
    joined = []
    while isinstance(expression, _Joined):  # a long row of and/or leans to the left: no recursion for it
        joined.append((expression.word, _criterion(clauses, held, expression.right, links)))
        expression = expression.left
    found: Criterion
    match expression:
        case _Negated(inner):
            found = Not(_criterion(clauses, held, inner, links))
        case _Test(path, operator, value):
            found = _tested(clauses, held, path, operator, value, links)
    for word, right in reversed(joined):
        found = _with(found, word, right)
    return found


def _with(left: Criterion, word: str, right: Criterion) -> Criterion:
    """Joined, a row of the same word as one."""
    if word == "and":
        return AllOf((*left.criteria, right) if isinstance(left, AllOf) else (left, right))
    return AnyOf((*left.criteria, right) if isinstance(left, AnyOf) else (left, right))


def _tested(clauses: Clauses, held: ResourceType, path: tuple[_Step, ...], operator: str, value: str, links: int) -> Criterion:
    step, *rest = path
    parameter = clauses.parameter(held, step.name)
    if not rest:
        if step.narrowed:
            raise InvalidRequest("after a bracket a name must follow", NAME)
        clauses.spend(NAME, 1)
        if parameter.kind == "token":
            clauses.personal |= is_personal(value, of_person(held, parameter))
        return _compared(clauses, parameter, operator, value)
    if parameter.kind != "reference" or links >= MAX_LINKS:
        raise InvalidRequest("a path leads on through references alone", NAME)
    targets = [each for each in parameter.targets or TYPES if each in TYPES]
    if len(targets) > MAX_TARGETS:
        raise NotSupported("a path does not lead through a reference to many types", NAME)
    found, fault = [], None
    for each in targets:
        clauses.link(NAME)
        try:
            inner = _tested(clauses, TYPES[each], tuple(rest), operator, value, links + 1)
            narrowed = _criterion(clauses, TYPES[each], step.narrowed, links + 1) if step.narrowed else None
            found.append((each, AllOf((narrowed, inner)) if narrowed else inner))
        except TooCostly:
            raise
        except HubError as refused:
            fault = refused
    if not found:
        raise fault or NotSupported("points at no type that the hub holds", NAME)
    return Refers(parameter.index, tuple(found))


def _compared(clauses: Clauses, parameter: SearchParameter, operator: str, value: str) -> Criterion:
    if operator == "pr":
        if value not in ("true", "false"):
            raise InvalidRequest("pr is followed by true or false", NAME)
        return present(parameter) if value == "true" else Not(present(parameter))
    make = _BY_KIND.get(parameter.kind)
    found = make(clauses, parameter, operator, value) if make else None
    if found is None:
        raise NotSupported(f"{operator} is no comparison of {parameter.kind} parameters", NAME)
    return found


def _text(clauses: Clauses, parameter: SearchParameter, operator: str, value: str) -> Criterion | None:
    given = value if parameter.kind == "uri" else normal(value)
    if not given:
        raise InvalidRequest("a text to search for is missing", NAME)
    if len(given) > MAX_TEXT:
        raise TooCostly(f"a text to compare has at most {MAX_TEXT} characters", NAME)
    if operator == "ne":
        return Unlike(TextIs(parameter.index, "is", given))
    way = _WAYS.get(operator)
    return TextIs(parameter.index, way, given) if way else None


def _number(clauses: Clauses, parameter: SearchParameter, operator: str, value: str) -> Criterion | None:
    if operator not in ("eq", "ne", "gt", "lt", "ge", "le", "ap", "sa", "eb"):
        return None
    return KINDS[parameter.kind].parse(parameter, operator + value, clauses.asking)


def _date(clauses: Clauses, parameter: SearchParameter, operator: str, value: str) -> Criterion | None:
    if operator not in ("co", "po"):
        return _number(clauses, parameter, operator, value)
    if parameter.name == "_lastUpdated":
        return None
    try:
        low, high = span(value)
    except ValueError:
        raise InvalidRequest("not a date: YYYY, YYYY-MM, YYYY-MM-DD or a time", NAME) from None
    return DateIs(parameter.index, "co" if operator == "co" else "ap", low, high)


def _token(clauses: Clauses, parameter: SearchParameter, operator: str, value: str) -> Criterion | None:
    kind, system = KINDS["token"], value.partition("|")[0]
    if "|" in value and system in _NAMED_SYSTEMS:
        value = _NAMED_SYSTEMS[system] + value[len(system) :]
    match operator:
        case "eq":
            return kind.parse(parameter, value, clauses.asking)
        case "ne":
            return _unlike(kind.parse(parameter, value, clauses.asking))
        case "ss" | "sb" | "in" | "ni":
            if parameter.name == "_id":
                return None
            modifier = {"ss": "below", "sb": "above"}.get(operator, "in")
            found = kind.modifiers[modifier](parameter, value, clauses.asking)
            return Not(found) if operator == "ni" else found
        case _:
            return None


def _unlike(criterion: Criterion) -> Criterion:
    """A value is there that is none of these."""
    return Unlike(criterion) if isinstance(criterion, Leaf) and criterion.param != "_id" else Not(criterion)


def _reference(clauses: Clauses, parameter: SearchParameter, operator: str, value: str) -> Criterion | None:
    return KINDS["reference"].parse(parameter, value, clauses.asking) if operator == "re" else None


_WAYS: Mapping[str, Way] = {
    "eq": "is", "co": "contains", "sw": "starts", "ew": "ends", "gt": "gt", "lt": "lt", "ge": "ge", "le": "le",
}  # fmt: skip
_BY_KIND: Mapping[str, Callable[[Clauses, SearchParameter, str, str], Criterion | None]] = {
    "string": _text,
    "uri": _text,
    "number": _number,
    "quantity": _number,
    "date": _date,
    "token": _token,
    "reference": _reference,
}
