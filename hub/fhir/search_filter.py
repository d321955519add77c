"""`_filter`: an expression of comparisons, made into a criterion. http://hl7.org/fhir/R4/search_filter.html"""

from collections.abc import Callable, Mapping

from hub.errors import HubError, InvalidRequest, NotSupported, TooCostly
from hub.fhir.clause import MAX_LINKS, MAX_TARGETS, Clauses, present
from hub.fhir.comparisons import DateIs, TextIs, Way
from hub.fhir.criteria import AllOf, AnyOf, Criterion, Leaf, Not, Refers, Unlike
from hub.fhir.filter_expression import NAME, Expression, Joined, Negated, Step, Test, read_expression
from hub.fhir.parameters import KINDS
from hub.fhir.parameters.date import span
from hub.fhir.parameters.string import normal
from hub.fhir.personal import is_personal, of_person
from hub.fhir.types import TYPES, ResourceType, SearchParameter

MAX_TEXT = 255
"""Characters of one text."""
_NAMED_SYSTEMS = {
    "loinc": "http://loinc.org",
    "snomed": "http://snomed.info/sct",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "ucum": "http://unitsofmeasure.org",
}
"""Short names that stand for code systems."""


def read_filter(clauses: Clauses, held: ResourceType, written: str) -> Criterion:
    """What a filter asks of a resource of the type.

    Raises: InvalidRequest: not such an expression; NotSupported: a parameter, or an operator that its kind does not have.
    TooCostly: too long or too deep.
    """
    return _criterion(clauses, held, read_expression(written), 0)


def _criterion(clauses: Clauses, held: ResourceType, expression: Expression, links: int) -> Criterion:
    joined = []
    while isinstance(expression, Joined):  # a long row of and/or leans to the left: no recursion for it
        joined.append((expression.word, _criterion(clauses, held, expression.right, links)))
        expression = expression.left
    found: Criterion
    match expression:
        case Negated(inner):
            found = Not(_criterion(clauses, held, inner, links))
        case Test(path, operator, value):
            found = _tested(clauses, held, path, operator, value, links)
    for word, right in reversed(joined):
        found = _with(found, word, right)
    return found


def _with(left: Criterion, word: str, right: Criterion) -> Criterion:
    """Joined, a row of the same word as one."""
    if word == "and":
        return AllOf((*left.criteria, right) if isinstance(left, AllOf) else (left, right))
    return AnyOf((*left.criteria, right) if isinstance(left, AnyOf) else (left, right))


def _tested(clauses: Clauses, held: ResourceType, path: tuple[Step, ...], operator: str, value: str, links: int) -> Criterion:
    step, *rest = path
    parameter = clauses.parameter(held, step.name)
    if not rest:
        if step.narrowed:
            raise InvalidRequest("after a bracket a name must follow", NAME)
        clauses.spend(NAME, 1)
        if parameter.kind == "token":
            clauses.personal |= is_personal(value, of_person(held, parameter, clauses.asking.own_source))
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
