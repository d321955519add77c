"""One search parameter with its modifier, chain or `_has`, read into a criterion.

Source: http://hl7.org/fhir/R4/search.html#modifiers, #chaining, #has
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hub.errors import HubError, InvalidRequest, NotSupported, TooCostly
from hub.fhir import full_text
from hub.fhir.comparisons import IdIs
from hub.fhir.criteria import AllOf, AnyOf, Criterion, Not, Present, Referred, Refers
from hub.fhir.hierarchy import LEVELS, in_hierarchy
from hub.fhir.index import as_identifier
from hub.fhir.parameters import KINDS, Asking, Parse
from hub.fhir.parameters._escapes import split, unescape
from hub.fhir.parameters.reference import ID
from hub.fhir.personal import holds_number, is_personal, of_person
from hub.fhir.types import TYPES, ResourceType, SearchParameter

MAX_PARAMETERS = 64
MAX_VALUES = 256
"""Alternatives in one parameter."""
MAX_ALL_VALUES = 300
"""Values in all parameters together: each is a look-up of its own, and part of a statement."""
MAX_LINKS = 8
"""Links of one chain, `_has` among them."""
MAX_ALL_LINKS = 32
"""Links of all chains together: each is a look at a whole record."""
MAX_TARGETS = 8
"""Types that a link of a chain may lead to where none is named."""
FULL_TEXT = (full_text.CONTENT, full_text.NARRATIVE)
_REFUSED: Mapping[str, str] = {
    "_query": "the hub has no named queries",
    "_security": "security labels are not searched by",
}
NEGATED: Mapping[str, str] = {"not": "not", "not-in": "in"}
"""Modifiers under which no value may match, and how their values are read."""


class Clauses:
    """Reads the parameters of one request. State: what may still be asked, and whether a person's number was."""

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self.values = 0
        self.links = 0
        self.personal = False

    def read(self, held: ResourceType, name: str, value: str, links: int = 0) -> Criterion:
        """What `name=value` asks of a resource of the type.

        Raises: NotSupported: a parameter, modifier or chain that the hub does not do. InvalidRequest: a value that cannot be
        read. TooCostly.
        """
        if links > MAX_LINKS:
            raise TooCostly(f"a chain has at most {MAX_LINKS} links", name[:64])
        if name.startswith("_has:"):
            return self._has(held, name, value, links)
        if name in FULL_TEXT:
            self.personal |= holds_number(value)
            self.spend(name, 1)
            return full_text.parse(name, value)
        if name == "_list":
            return self._listed(value)
        head, dot, rest = name.partition(".")
        return self._chained(held, head, rest, value, links) if dot else self._plain(held, name, value)

    def link(self, name: str, links: int = 1) -> None:
        """Count looks at other resources. Raises: TooCostly."""
        self.links += links
        if self.links > MAX_ALL_LINKS:
            raise TooCostly(f"more than {MAX_ALL_LINKS} links of chains in all; ask in several searches", name[:64])

    def spend(self, name: str, values: int) -> None:
        """Count values that are looked up. Raises: TooCostly."""
        if values > MAX_VALUES:
            raise TooCostly(f"more than {MAX_VALUES} values", name)
        self.values += values
        if self.values > MAX_ALL_VALUES:
            raise TooCostly(f"more than {MAX_ALL_VALUES} values in all; ask in several searches", name)

    def parameter(self, held: ResourceType, name: str, written: str = "") -> SearchParameter:
        """The search parameter of that name. Raises: NotSupported."""
        if name in _REFUSED and not (name == "_security" and self.asking.own_source):
            raise NotSupported(_REFUSED[name], name)
        found = held.parameter(name)
        if found is None:
            raise NotSupported(f"no such search parameter of {held.name}", written or name)
        return found

    def _plain(self, held: ResourceType, name: str, value: str) -> Criterion:
        bare, colon, modifier = name.partition(":")
        parameter = self.parameter(held, bare, name)
        if modifier == "missing":
            self.spend(name, 1)
            return _missing(parameter, value, name)
        values = split(value, ",")
        self.spend(name, len(values))
        self.values += len(values) * (len(parameter.components) * 2)  # a value of several parts is several look-ups
        if parameter.kind == "reference" and colon:
            parameter, modifier = _narrowed(parameter, modifier)
        if parameter.kind == "reference" and modifier in ("above", "below"):
            self.link(name, LEVELS * len(values))
            return any_of(tuple(in_hierarchy(parameter, modifier, each, self.asking, name) for each in values))
        if parameter.kind == "token":
            self.personal |= any(is_personal(each, of_person(held, parameter, self.asking.own_source)) for each in values)
        parse = _parse(parameter, modifier, name)
        found = any_of(tuple(parse(parameter, each, self.asking) for each in values))
        return Not(found) if modifier in NEGATED else found

    def _has(self, held: ResourceType, name: str, value: str, links: int) -> Criterion:
        parts = name.split(":", 3)
        if len(parts) < 4:
            raise InvalidRequest("is written _has:Type:reference:parameter", name)
        _, type_name, reference, rest = parts
        source = TYPES.get(type_name)
        if source is None:
            raise NotSupported("the hub does not hold this resource type", name)
        parameter = self.parameter(source, reference, name)
        if parameter.kind != "reference" or held.name not in (parameter.targets or TYPES):
            raise InvalidRequest(f"is no reference from {source.name} to {held.name}", name)
        self.link(name)
        return Referred(source.name, parameter.index, self.read(source, rest, value, links + 1))

    def _listed(self, value: str) -> Criterion:
        """Members of a List, by its id. The functional lists (`$current-problems`) are not kept here."""
        ids = [unescape(each) for each in split(value, ",")]
        self.spend("_list", len(ids))
        if any(not ID.fullmatch(each) for each in ids):
            raise NotSupported("a List is named by its id", "_list")
        parameter = self.parameter(_held("List", "_list"), "item", "_list")
        self.link("_list")
        return Referred("List", parameter.index, any_of(tuple(map(IdIs, ids))))

    def _chained(self, held: ResourceType, head: str, rest: str, value: str, links: int) -> Criterion:
        name, colon, type_name = head.partition(":")
        parameter = self.parameter(held, name, f"{head}.{rest}")
        if parameter.kind != "reference":
            raise InvalidRequest("only a reference can be chained", f"{head}.{rest}")
        targets = tuple(each for each in parameter.targets or TYPES if each in TYPES)
        if colon:
            if type_name not in targets:
                raise InvalidRequest(f"{name} does not point at such a type", f"{head}.{rest}")
            targets = (type_name,)
        elif len(targets) > MAX_TARGETS:
            raise InvalidRequest(f"points at many types: say which, {name}:Type.{rest}", f"{head}.{rest}")
        return Refers(parameter.index, self._reached(targets, rest, value, links))

    def _reached(self, targets: Sequence[str], rest: str, value: str, links: int) -> tuple[tuple[str, Criterion], ...]:
        """The criterion for each type that knows the parameter. Raises: as `read`, where none does."""
        found, fault = [], None
        for each in targets:
            self.link(rest)
            try:
                found.append((each, self.read(TYPES[each], rest, value, links + 1)))
            except TooCostly:
                raise
            except HubError as refused:
                fault = refused if fault is None or isinstance(refused, InvalidRequest) else fault
        if not found:
            raise fault or NotSupported("points at no type that the hub holds", rest)
        return tuple(found)


def _held(name: str, place: str) -> ResourceType:
    found = TYPES.get(name)
    if found is None:
        raise NotSupported(f"the hub does not hold {name}", place)
    return found


def _narrowed(parameter: SearchParameter, modifier: str) -> tuple[SearchParameter, str]:
    """A reference parameter under `:identifier` or `:[type]`, and the modifier that is left."""
    if modifier == "identifier":
        return as_identifier(parameter), ""
    if modifier in (parameter.targets or TYPES):
        return replace(parameter, targets=(modifier,)), ""
    return parameter, modifier


def _parse(parameter: SearchParameter, modifier: str, name: str) -> Parse:
    """How values are read under a modifier; under one that is turned around, as under the other."""
    kind = KINDS[parameter.kind]
    if not modifier or (modifier == "not" and parameter.kind == "token"):
        return kind.parse
    found = None if parameter.name == "_id" else kind.modifiers.get(NEGATED.get(modifier, modifier))
    if found is None:
        raise NotSupported(f"the modifier is not supported on {parameter.name}", name)
    return found


def _missing(parameter: SearchParameter, value: str, name: str) -> Criterion:
    if value not in ("true", "false"):
        raise InvalidRequest("is true or false", name)
    if parameter.kind == "special":
        raise NotSupported("the hub does not search so", name)
    there: Criterion = AllOf(()) if parameter.name in ("_id", "_lastUpdated") else present(parameter)
    return Not(there) if value == "true" else there


def present(parameter: SearchParameter) -> Present:
    """A value for the parameter is there; of one that shares another's keys, one that points at its own targets."""
    shared = parameter.kind == "reference" and parameter.index != parameter.name
    return Present(parameter.index, parameter.kept, parameter.targets if shared else ())


def any_of(criteria: tuple[Criterion, ...]) -> Criterion:
    """Alternatives, the last repeated to a power of two, so that few statements serve lists of every length."""
    if len(criteria) == 1:
        return criteria[0]
    padded = 1 << (len(criteria) - 1).bit_length()
    return AnyOf(criteria + criteria[-1:] * (padded - len(criteria)))
