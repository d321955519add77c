"""The shape of a Release: what the text of a statement over it depends on; and its values, which are bound.

The shape says where which value stands, by the numbers of their names c0, c1, …: what a release asks several times is bound once.
Codes of the law (regime, purpose) are no data, so they are part of the shape. Alternatives of one form (blocks) and lists of
values are padded to the next power of two by repeating the last, which changes no truth. What several alternatives ask besides
whose data they are of (blocks of one period that leave the same types open) is asked once.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from hub.consent.release import (
    And,
    Bears,
    Constant,
    Equals,
    Every,
    Expression,
    Flag,
    In,
    IsNull,
    Not,
    Or,
    Outcome,
    Overlaps,
    Refers,
    Release,
    Untold,
)

P = TypeVar("P")
Shape = tuple[Any, ...]
"""The form of one expression: its kind, then columns, the numbers of values and the forms of its parts."""

_EARLIEST, _LATEST = -(2**62), 2**62
_CODES = ("regime", "purpose")
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def shape(release: Release) -> Hashable:
    """What the SQL text of a release depends on."""
    return _read(release)[0]


def bindings(release: Release) -> dict[str, Any]:
    """The values of a release by the names that its SQL gives them."""
    return _read(release)[1]


def _read(release: Release) -> tuple[Hashable, dict[str, Any]]:
    if "sql" not in release.worked:
        names = _Names()
        form = tuple((_shape(row.when, names), row.outcome is Outcome.PERMIT) for row in release.rows)
        release.worked["sql"] = _one(form), {f"c{number}": value for number, value in enumerate(names.values)}
    held: tuple[Hashable, dict[str, Any]] = release.worked["sql"]
    return held


@lru_cache(512)
def _one(form: Hashable) -> Hashable:
    """The same object for the same form: what is remembered of thousands of patients differs in its values alone."""
    return form


class _Names:
    """Numbers for the values of a release, one for what is asked several times. State: those that are given.

    Lists are taken as wholes, each alternative by itself: so the numbers, and with them the text of a statement, tell how many
    blocks there are, and not whether two of them happen to name one unit.
    """

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[Hashable, int] = {}
        self._lists: dict[tuple[str, ...], list[int]] = {}
        self._groups: list[tuple[frozenset[Expression], list[Shape]]] = []
        self._alternative = 0
        """Which is being read; 0: none of several."""

    def of(self, value: Any) -> int:
        """The number of one value."""
        at = (self._alternative, value)
        if at not in self._numbers:
            self._numbers[at] = self._added(value)
        return self._numbers[at]

    def listed(self, values: tuple[str, ...]) -> list[int]:
        """The numbers of a list of values, padded."""
        if values not in self._lists:
            self._lists[values] = [self._added(each) for each in _padded(values)]
        return self._lists[values]

    def alternatives(self, parts: Iterable[Expression]) -> Iterator[Shape]:
        """The forms of several alternatives of one form, padded. Those that were read together before are so again."""
        left = list(parts)
        for group, forms in self._groups:
            if group.issubset(left):
                left = [each for each in left if each not in group]
                yield from forms
        if left:
            forms = [self._apart(each) for each in _padded(left)]
            self._groups.append((frozenset(left), forms))
            yield from forms

    def _apart(self, part: Expression) -> Shape:
        before, self._alternative = self._alternative, len(self.values) + 1
        form = _shape(part, self)
        self._alternative = before
        return form

    def _added(self, value: Any) -> int:
        self.values.append(value)
        return len(self.values) - 1


def permits(shape: Hashable) -> list[int]:
    """The places of the rows that let something through."""
    return [place for place, (_, permits) in enumerate(rows(shape), 1) if permits]


def rows(shape: Hashable) -> Iterator[tuple[Shape, bool]]:
    """The form of each row, and whether it permits."""
    assert isinstance(shape, tuple)
    yield from shape


def microseconds(moment: datetime) -> int:
    """A time as the store has it."""
    passed = moment - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


def _shape(expression: Expression, names: _Names) -> Shape:
    match expression:
        case Constant(truth):
            return ("constant", truth)
        case Equals(column, value):
            return ("code", column, value) if column in _CODES else ("equals", column, names.of(value))
        case In(column, values):
            return ("code", column, *values) if column in _CODES else ("in", column, *names.listed(values))
        case IsNull(column):
            return ("null", column)
        case Flag(column):
            return ("flag", column)
        case Overlaps(start, end):
            first = _EARLIEST if start is None else microseconds(start)
            last = _LATEST if end is None else microseconds(end)
            return ("overlaps", names.of(first), names.of(last))
        case Bears(system, codes):
            return ("bears", names.of(system), *names.listed(codes))
        case Refers(keys, targets):
            return ("refers", keys, *(names.listed(targets) if targets else ()))
        case Untold(keys):
            return ("untold", keys)
        case Every(part):
            return ("every", _shape(part, names))
        case And(parts):
            return ("and", *(_shape(part, names) for part in parts))
        case Or(parts):
            return ("or", *_alternatives(parts, names))
        case Not(part):
            return ("not", _shape(part, names))


def _alternatives(parts: tuple[Expression, ...], names: _Names) -> Iterator[Shape]:
    """The forms of the parts of a disjunction, those of one form together."""
    formed: dict[Shape, list[Expression]] = {}
    for part in _gathered(parts):
        formed.setdefault(_blank(_shape(part, _Names())), []).append(part)
    for listed in formed.values():
        if len(listed) > 1:
            yield from names.alternatives(listed)
        else:
            yield _shape(listed[0], names)


def _gathered(parts: Iterable[Expression]) -> Iterator[Expression]:
    """The parts of a disjunction, those as one that differ in whose data they are of: (a and z) or (b and z), (a or b) and z."""
    alike: dict[tuple[Expression, ...], list[tuple[Expression, ...]]] = {}
    for part in dict.fromkeys(parts):
        of, besides = _split(part)
        if of and besides:
            alike.setdefault(besides, []).append(of)
        else:
            yield part
    for besides, several in alike.items():
        yield And((*several[0], *besides) if len(several) == 1 else (Or(tuple(map(And, several))), *besides))


def _split(part: Expression) -> tuple[tuple[Expression, ...], tuple[Expression, ...]]:
    """What a conjunction says of whose data they are, the unit first, which few are of; and what besides."""
    held = part.parts if isinstance(part, And) else (part,)
    of = sorted((each for each in held if isinstance(each, Equals)), key=lambda each: each.column != "unit")
    return tuple(of), tuple(each for each in held if not isinstance(each, Equals))


def _blank(form: Shape) -> Shape:
    """A form without the numbers of its values."""
    kind, *rest = form
    if kind in ("and", "or", "not", "every"):
        return (kind, *map(_blank, rest))
    return form if kind in ("constant", "code") else (kind, *(None if isinstance(each, int) else each for each in rest))


def _padded(listed: Sequence[P]) -> list[P]:
    """The last repeated, up to the next power of two."""
    size = 1 << (len(listed) - 1).bit_length()
    return [*listed, *[listed[-1]] * (size - len(listed))]
