"""The predicate: a small closed algebra over custody columns, and its plain-Python reading. The SQL reading is the store's.

Three-valued, as SQL has it: a test of a column that is not known is unknown (None), and unknown never opens anything. What
resources say is asked of all resources of the entry at once (`Every`), for an entry is released whole; that is true or false.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from hub.fhir.custody import Custody, Said


class Outcome(StrEnum):
    """What leaves the hub. CONSENT.md section 3."""

    PERMIT = "PERMIT"
    EXISTS = "EXISTS"
    BLOCKED_EXISTS = "BLOCKED_EXISTS"
    WHO = "WHO"
    WHO_BLOCKED = "WHO_BLOCKED"
    ASK = "ASK"
    HIDE = "HIDE"
    REFUSE = "REFUSE"


@dataclass(frozen=True, slots=True)
class Constant:
    truth: bool | None


@dataclass(frozen=True, slots=True)
class Equals:
    column: str
    value: str


@dataclass(frozen=True, slots=True)
class In:
    """At least one value; `among` sees to it."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IsNull:
    column: str


@dataclass(frozen=True, slots=True)
class Flag:
    """A truth value of custody, itself perhaps unknown."""

    column: str


@dataclass(frozen=True, slots=True)
class Overlaps:
    """The span time_from to time_to (both included) meets [start, end). Never unknown: a span that is missing, half
    known or turned around is no usable time, and counts as overlapping."""

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Bears:
    """A resource has a security label of `system` that is one of `codes`."""

    system: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refers:
    """A resource refers to one of `targets`, none: to anything, by one of `keys`: (type, name that keys are kept under)."""

    keys: tuple[tuple[str, str], ...]
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Untold:
    """Under one of `keys`, as of `Refers`, a resource has an element that points at nothing: it may mean anybody."""

    keys: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Every:
    """Every resource of the entry meets `part`, and there is one; its Provenance, which is of all of it, is not asked.

    Inside, `type` and `literal` (`Type/id`) are columns too. Never unknown: what is not known to hold, does not.
    """

    part: "Expression"


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: "Expression"


Expression = Constant | Equals | In | IsNull | Flag | Overlaps | Bears | Refers | Untold | Every | And | Or | Not

NO_RULE = "R00"
"""The rule of what no rule speaks of: hidden."""
TRUE, FALSE, UNKNOWN = Constant(True), Constant(False), Constant(None)


def constant(truth: bool | None) -> Constant:
    """A fact of the grounds as an expression."""
    return UNKNOWN if truth is None else TRUE if truth else FALSE


def among(column: str, values: Iterable[str]) -> Expression:
    """The column holds one of `values`; false of none."""
    listed = tuple(sorted(set(values)))
    return In(column, listed) if listed else FALSE


def all_of(*parts: Expression) -> Expression:
    """Conjunction, with what is settled taken out."""
    kept: list[Expression] = []
    for part in parts:
        if isinstance(part, And):
            kept += part.parts
        elif not isinstance(part, Constant) or part.truth is None:
            kept.append(part)
        elif not part.truth:
            return FALSE
    return _joined(kept, And, TRUE)


def any_of(*parts: Expression) -> Expression:
    """Disjunction, with what is settled taken out."""
    kept: list[Expression] = []
    for part in parts:
        if isinstance(part, Or):
            kept += part.parts
        elif not isinstance(part, Constant) or part.truth is None:
            kept.append(part)
        elif part.truth:
            return TRUE
    return _joined(kept, Or, FALSE)


def negation(part: Expression) -> Expression:
    """Negation; unknown stays unknown."""
    match part:
        case Constant(truth):
            return constant(None if truth is None else not truth)
        case Not(inner):
            return inner
        case _:
            return Not(part)


def of_resources(expression: Expression) -> bool:
    """Whether it asks what resources say, and not of custody alone."""
    match expression:
        case Bears() | Refers() | Untold() | Every() | In("type" | "literal"):
            return True
        case And(parts) | Or(parts):
            return any(map(of_resources, parts))
        case Not(part):
            return of_resources(part)
        case _:
            return False


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a Release: where `when` is true, `outcome`; where it is unknown, nothing is seen."""

    when: Expression
    outcome: Outcome
    rule: str
    grounds: tuple[str, ...] = ()
    """Ids of the grounds it rests on, for the audit entry and for `explain`."""

    @property
    def refuses(self) -> bool:
        """Whether it refuses the request, whatever is asked for: of a first row alone."""
        return self.outcome is Outcome.REFUSE and self.when == TRUE


@dataclass(frozen=True, slots=True)
class Release:
    """What a decision leaves to be asked of each entry: ordered rows, the first that is not false decides.

    The last row is never false: what no rule lets through, it hides.
    """

    rows: tuple[Row, ...]
    notices: tuple[str, ...] = ()
    """Codes of `hub.consent.notices`, from the grounds alone: the same for every patient and all data."""
    worked: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What follows from the rows and was worked out once (SQL, digest, which sources), under a key of whoever did."""

    @property
    def refusal(self) -> Row | None:
        """The row that refuses the request before any data are looked at; None: it may be answered."""
        return self.rows[0] if self.rows[0].refuses else None

    @property
    def asks_of_resources(self) -> bool:
        """Whether it turns on what resources say: then their facts must be at hand to read it in Python."""
        if "asks" not in self.worked:
            self.worked["asks"] = any(of_resources(row.when) for row in self.rows)
        return bool(self.worked["asks"])

    @property
    def digest(self) -> str:
        """The same in every process for the same visibility; another as soon as what could be seen is another."""
        if "digest" not in self.worked:
            written = "\n".join(f"{row.outcome} {row.rule} {canonical(row.when)}" for row in self.rows)
            self.worked["digest"] = hashlib.sha256(written.encode()).hexdigest()
        held: str = self.worked["digest"]
        return held


def closed(rows: Iterable[Row]) -> tuple[Row, ...]:
    """The rows that can decide: without those settled false, cut after one that is settled otherwise, ending in HIDE."""
    kept: list[Row] = []
    for row in rows:
        if row.when == FALSE:
            continue
        kept.append(row)
        if isinstance(row.when, Constant):
            return tuple(kept)
    return (*kept, Row(TRUE, Outcome.HIDE, NO_RULE))


def outcome_of(release: Release, custody: Custody) -> tuple[Outcome, str]:
    """What becomes of one entry, and the rule that decides it."""
    row, known = deciding(release, custody)
    return (row.outcome if known else Outcome.HIDE), row.rule


def deciding(release: Release, custody: Custody) -> tuple[Row, bool]:
    """The row that decides one entry, and whether its condition is known to hold; if not, the entry is hidden."""
    for row in release.rows:
        truth = holds(row.when, custody)
        if truth is not False:
            return row, truth is True
    raise AssertionError("a Release ends in a row that is not false")


def holds(expression: Expression, custody: Custody, said: Said | None = None) -> bool | None:
    """The plain reading: true, false or unknown (None) of one entry. `said`: of which of its resources, inside `Every`."""
    match expression:
        case Constant(truth):
            return truth
        case Equals(column, value):
            return _compared(custody, said, column, (value,))
        case In(column, values):
            return _compared(custody, said, column, values)
        case IsNull(column):
            return getattr(custody, column) is None
        case Flag(column):
            flag: bool | None = getattr(custody, column)
            return flag
        case Overlaps(start, end):
            return _overlaps(custody.time_from, custody.time_to, start, end)
        case Bears(system, codes):
            return any((system, code) in said.labels for code in codes) if said else False
        case Refers(keys, targets):
            pointed = said.references if said else ()
            return any(said and (said.type, name) in keys and (not targets or at in targets) for name, at in pointed)
        case Untold(keys):
            return any((said.type, name) in keys for name in said.untold) if said else False
        case Every(part):
            says = custody.says
            return None if says is None else bool(says) and all(holds(part, custody, each) is True for each in says)
        case And(parts):
            truths = [holds(part, custody, said) for part in parts]
            return False if False in truths else None if None in truths else True
        case Or(parts):
            truths = [holds(part, custody, said) for part in parts]
            return True if True in truths else None if None in truths else False
        case Not(part):
            truth = holds(part, custody, said)
            return None if truth is None else not truth


_OF_RESOURCES = ("type", "literal")


def _compared(custody: Custody, said: Said | None, column: str, values: tuple[str, ...]) -> bool | None:
    held = getattr(said if column in _OF_RESOURCES else custody, column, None)
    return None if held is None else held in values


def _overlaps(first: datetime | None, last: datetime | None, start: datetime | None, end: datetime | None) -> bool:
    if first is None or last is None or first > last:
        return True
    return (end is None or first < end) and (start is None or last >= start)


def _joined(kept: list[Expression], kind: type[And] | type[Or], empty: Constant) -> Expression:
    if not kept:
        return empty
    return kept[0] if len(kept) == 1 else kind(tuple(kept))


def canonical(expression: Expression) -> str:
    """One text for one expression, whatever the process and the zone of its times."""
    match expression:
        case And(parts) | Or(parts):
            return f"{type(expression).__name__}({','.join(map(canonical, parts))})"
        case Not(part) | Every(part):
            return f"{type(expression).__name__}({canonical(part)})"
        case Overlaps(start, end):
            return f"Overlaps({_instant(start)},{_instant(end)})"
        case _:
            return repr(expression)


def _instant(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).isoformat()
