"""A search request, read: `read_query` turns the parameters of a URL or form into a `Query`, refusing what it does not know.

Source: http://hl7.org/fhir/R4/search.html
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote

from hub.errors import InvalidRequest, NotSupported, TooCostly
from hub.fhir.criteria import AnyOf, Criterion, IdIs, ReferenceIs, Shape, TokenIs, Values
from hub.fhir.identifiers import PERSONNUMMER, SAMORDNINGSNUMMER, Identifier, InvalidNumber, personal_number
from hub.fhir.index import as_identifier
from hub.fhir.parameters import KINDS, Asking
from hub.fhir.parameters._escapes import split, unescape
from hub.fhir.types import TYPES, Kind, ResourceType, SearchParameter

MAX_PARAMETERS = 64
MAX_VALUES = 256
"""Alternatives in one parameter."""
MAX_ALL_VALUES = 300
"""Values in all parameters together: each is a look-up of its own, and part of a statement."""
DEFAULT_COUNT = 50
MAX_COUNT = 1000
CURSOR = "_cursor"
"""Carries the opaque cursor in page links."""
_SAFE = ":/,-._~"
SORTABLE: frozenset[Kind] = frozenset(("date", "token", "string"))
_FORMATS = frozenset(("json", "application/json", "application/fhir+json", "text/json"))
_NAMES_PATIENT = ("patient", "subject")
_CHAINED = (*(f"{name}.identifier" for name in _NAMES_PATIENT), *(f"{name}:Patient.identifier" for name in _NAMES_PATIENT))


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key to order by. `param` is a parameter's index name; `_lastUpdated` and `_id` are the store's columns."""

    param: str
    kind: Kind
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """One parameter as it was understood. `personal`: its value is a person's number, which no link repeats."""

    name: str
    value: str
    personal: bool = False
    names: bool = False
    """It names the patient and does nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A search on one type: every criterion holds."""

    resource_type: str
    patients: tuple[str | Identifier, ...] = ()
    """The patients that the request names, by logical id or by business identifier (resolve these, then `resolved`).
    More than one are alternatives. Empty: none is named."""
    naming: tuple[Criterion, ...] = ()
    """What the parameters that name patients ask of a resource (`patient.identifier`: nothing until resolved). Apart from
    `criteria`, since a search within one named patient's compartment need not ask it again."""
    criteria: tuple[Criterion, ...] = ()
    sort: tuple[SortKey, ...] = ()
    """Empty: the type's main date, newest first."""
    count: int = DEFAULT_COUNT
    """Hits a page; 0: the total alone."""
    cursor: str | None = None
    written: tuple[Written, ...] = ()
    """What was asked, without cursor and without what was ignored."""
    unknown: tuple[str, ...] = ()
    """Names of parameters that were ignored, as the caller allowed (`Prefer: handling=lenient`)."""

    @property
    def ids(self) -> tuple[str, ...]:
        """The logical ids asked for by `_id`; empty: any."""
        found = [criterion for each in self.criteria for criterion in (each.criteria if isinstance(each, AnyOf) else (each,))]
        return tuple(criterion.id for criterion in found if isinstance(criterion, IdIs))

    @property
    def withheld(self) -> tuple[str, ...]:
        """Names of parameters that links leave out, since their values are personal numbers. Not empty: give no page links."""
        return tuple(each.name for each in self.written if each.personal)

    def shape(self) -> Shape:
        """What a statement is compiled from; hashable, without values."""
        return (self.resource_type, *(each.shape() for each in (*self.naming, *self.criteria)), "sort", *self.sort)

    def values(self) -> Values:
        """What is bound to a statement of this shape, in order."""
        return tuple(value for each in (*self.naming, *self.criteria) for value in each.values())

    def digest(self) -> bytes:
        """Binds a cursor to this query: equal for two requests that ask the same, cursor and personal numbers aside."""
        asked = "\n".join(f"{each.name}={quote(each.value)}" for each in self.written if not each.personal)
        return hashlib.sha256(f"{self.resource_type}?{asked}".encode()).digest()[:16]

    def resolved(self, patient: str) -> "Query":
        """The same query with the one patient's logical id in place of every number that named the patient."""
        itself = self.resource_type == "Patient"
        named = Written("_id" if itself else "patient", patient, names=True)
        others = tuple(each for each in self.written if not each.names and each.name != "_id")
        parameter = TYPES[self.resource_type].parameter("patient")
        naming: Criterion = ReferenceIs(parameter.index, (f"Patient/{patient}",)) if parameter else IdIs(patient)
        return replace(self, patients=(patient,), naming=(naming,), written=(named, *others))


def read_query(
    resource_type: str,
    parameters: Iterable[tuple[str, str]],
    *,
    now: datetime,
    lenient: bool = False,
    base: str = "",
) -> Query:
    """Read a search on `resource_type`.

    Takes: names and values, decoded, in their order; `base`: the hub's own FHIR base URL.
    Raises: NotSupported: a type, parameter, modifier or chain that the hub does not do (`lenient`: listed in `unknown`).
    InvalidRequest: a value that cannot be read; the place is the parameter's name.
    """
    held = TYPES.get(resource_type)
    if held is None:
        raise NotSupported("the hub does not hold this resource type", "resourceType")
    reader = _Reader(held, Asking(now=now, base=base))
    for name, value in parameters:
        try:
            reader.read(name, value)
        except NotSupported:
            if not lenient:
                raise
            reader.unknown.append(name)
    return reader.query()


class _Reader:
    """Gathers a query, parameter by parameter. A class since every parameter adds to several of its fields."""

    def __init__(self, held: ResourceType, asking: Asking) -> None:
        self.held = held
        self.asking = asking
        self.patients: list[str | Identifier] | None = None
        self.naming: list[Criterion] = []
        self.criteria: list[Criterion] = []
        self.control: dict[str, str] = {}
        self.written: list[Written] = []
        self.unknown: list[str] = []
        self.values = 0

    def read(self, name: str, value: str) -> None:
        if name in ("_count", "_sort", CURSOR):
            if name in self.control:
                raise InvalidRequest("is written twice", name)
            if name != CURSOR:
                _ = _count(value) if name == "_count" else _sort(self.held, value)
                self.written.append(Written(name, value))
            self.control[name] = value
        elif name == "_format":
            if value.split(";")[0].strip() not in _FORMATS:
                raise NotSupported("the hub writes JSON", name)
        elif name != "_pretty":
            self._criterion(name, value)

    def _criterion(self, name: str, value: str) -> None:
        if name in _CHAINED or name in (f"{each}:identifier" for each in _NAMES_PATIENT):
            self._named_by_identifier(name, value)
            return
        parameter = _parameter(self.held, name)
        values = split(value, ",")
        self._count(name, values)
        of_person = parameter.name == "identifier" and self.held.name in ("Patient", "RelatedPerson")
        personal = parameter.kind == "token" and any(_personal(each, of_person) for each in values)
        persons = self._persons(parameter, values) if of_person else ()
        criteria: tuple[Criterion, ...] = persons or tuple(
            KINDS[parameter.kind].parse(parameter, each, self.asking) for each in values
        )
        names = bool(persons) or self._names_patients(parameter, criteria)
        self.written.append(Written(name, value, personal, names))
        (self.naming if names else self.criteria).append(_any_of(criteria))

    def _count(self, name: str, values: Sequence[str]) -> None:
        """Count a parameter and its values. Raises: TooCostly."""
        if len(values) > MAX_VALUES or len(self.written) >= MAX_PARAMETERS:
            raise TooCostly(f"more than {MAX_VALUES} values or {MAX_PARAMETERS} parameters", name)
        self.values += len(values)
        if self.values > MAX_ALL_VALUES:
            raise TooCostly(f"more than {MAX_ALL_VALUES} values in all; ask in several searches", name)

    def _names_patients(self, parameter: SearchParameter, criteria: Sequence[Criterion]) -> bool:
        """Take down the patients that a parameter names by id; whether all that it does is to name patients."""
        if self.held.name == "Patient":
            if parameter.name == "_id":
                self._name([criterion.id for criterion in criteria if isinstance(criterion, IdIs)])
            return False
        if parameter.name not in _NAMES_PATIENT:
            return False
        targets = [each for criterion in criteria if isinstance(criterion, ReferenceIs) for each in criterion.targets]
        ids = [each.removeprefix("Patient/") for each in targets if each.startswith("Patient/")]
        if parameter.name == "subject" and len(ids) < len(criteria):
            return False
        self._name(ids)
        return True

    def _name(self, patients: Sequence[str | Identifier]) -> None:
        if self.patients is not None and self.patients != list(patients):
            raise InvalidRequest("the patient is named twice, and not as the same", "patient")
        self.patients = list(patients)

    def _named_by_identifier(self, name: str, value: str) -> None:
        subject = self.held.parameter(name.split(":")[0].split(".")[0])
        if subject is None:
            raise NotSupported(f"no such search parameter of {self.held.name}", name)
        values = split(value, ",")
        self._count(name, values)
        self._name([_person(name, each, self.asking.now) for each in values])
        self.written.append(Written(name, value, personal=True, names=True))

    def _persons(self, parameter: SearchParameter, values: Sequence[str]) -> tuple[Criterion, ...]:
        """`Patient?identifier=system|value` names a patient; nothing for other forms and types, which only compare."""
        if self.held.name != "Patient" or any(len(split(each, "|")) != 2 or not all(split(each, "|")) for each in values):
            return ()
        persons = [_person(parameter.name, each, self.asking.now) for each in values]
        self._name(persons)
        return tuple(TokenIs(parameter.index, person.system, person.value) for person in persons)

    def query(self) -> Query:
        return Query(
            resource_type=self.held.name,
            patients=tuple(self.patients or ()),
            naming=tuple(self.naming),
            criteria=tuple(self.criteria),
            sort=_sort(self.held, self.control.get("_sort", "")),
            count=_count(self.control.get("_count", str(DEFAULT_COUNT))),
            cursor=self.control.get(CURSOR),
            written=tuple(self.written),
            unknown=tuple(self.unknown),
        )


def _parameter(held: ResourceType, written: str) -> SearchParameter:
    """The parameter that a name with its modifier stands for."""
    if "." in written or written.startswith("_has:"):
        raise NotSupported("chained parameters are not supported", written)
    name, _, modifier = written.partition(":")
    parameter = held.parameter(name)
    if parameter is None:
        raise NotSupported(f"no such search parameter of {held.name}", written)
    if not modifier:
        return parameter
    if parameter.kind == "reference" and modifier == "identifier":
        return as_identifier(parameter)
    if parameter.kind == "reference" and modifier in (parameter.targets or TYPES):
        return replace(parameter, targets=(modifier,))
    raise NotSupported(f"the modifier is not supported on {name}", written)


def _count(written: str) -> int:
    if not (written.isascii() and written.isdigit() and len(written) < 10):
        raise InvalidRequest("not a whole number of 0 or more", "_count")
    return min(int(written), MAX_COUNT)


def _sort(held: ResourceType, written: str) -> tuple[SortKey, ...]:
    keys = []
    for each in written.split(",") if written else ():
        name = each.removeprefix("-")
        parameter = held.parameter(name)
        if parameter is None or parameter.kind not in SORTABLE:
            raise NotSupported(f"{held.name} cannot be sorted by one of these", "_sort")
        keys.append(SortKey(parameter.index, parameter.kind, each.startswith("-")))
    return tuple(keys)


def _person(name: str, written: str, now: datetime) -> Identifier:
    """The identifier by which a patient is named; a personal number in its canonical form.

    Raises: InvalidRequest: no system or no value, or a personal number that cannot be one.
    """
    parts = split(written, "|")
    if len(parts) != 2 or not all(parts):
        raise InvalidRequest("a patient's identifier is written system|value", name)
    system, value = map(unescape, parts)
    if system not in (PERSONNUMMER, SAMORDNINGSNUMMER):
        return Identifier(system, value)
    try:
        return personal_number(value, now.date())
    except InvalidNumber as fault:
        raise InvalidRequest(f"not a personal number: {fault}", name) from None


def _any_of(criteria: tuple[Criterion, ...]) -> Criterion:
    """Alternatives, the last repeated to a power of two, so that few statements serve lists of every length."""
    if len(criteria) == 1:
        return criteria[0]
    padded = 1 << (len(criteria) - 1).bit_length()
    return AnyOf(criteria + criteria[-1:] * (padded - len(criteria)))


def _personal(written: str, of_person: bool) -> bool:
    """Whether a token's value is a person's number. `of_person`: any identifier here is one."""
    *system, value = split(written, "|")
    if of_person:
        return bool(value)
    if system and system[0]:
        return unescape(system[0]) in (PERSONNUMMER, SAMORDNINGSNUMMER)
    try:
        personal_number(unescape(value), datetime.max.date())
    except InvalidNumber:
        return False
    return True


def self_link(query: Query, base: str) -> str:
    """The search as it was understood, as a URL: without what was ignored, and without personal numbers."""
    return f"{base}/{query.resource_type}{_question(query, ())}"


def page_link(query: Query, base: str, cursor: str) -> str:
    """The URL of the page that `cursor` points at."""
    return f"{base}/{query.resource_type}{_question(query, (Written(CURSOR, cursor),))}"


def _question(query: Query, more: tuple[Written, ...]) -> str:
    shown = [each for each in (*query.written, *more) if not each.personal]
    asked = [f"{quote(each.name, safe=_SAFE)}={quote(each.value, safe=_SAFE)}" for each in shown]
    return "?" + "&".join(asked) if asked else ""
