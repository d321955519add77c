"""What is left to ask of an entry of which some custody is known: for most entries are alike in most of it.

Conditions are forms, as `hub.store.release_shape` has them. Where every column that they name has a value, none of them is
unknown, so what holds of two values holds of them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from hub.fhir.custody import COLUMNS
from hub.store.release_shape import Shape

V = TypeVar("V")
Known = Mapping[str, str | bool | None]
"""Column -> what it holds; None: some value."""

ALWAYS: Shape = ("constant", True)
_NEVER: Shape = ("constant", False)
_MOST: Known = {
    "regime": "SVOD",
    "purpose": "care",
    **dict.fromkeys(("social", "nullified", "insurance", "secret", "incapacity"), False),
    "released": True,
}
"""What custody says of most entries, where it says what the law turns on."""
_NEVER_NULL = ("source", "info_type", "regime")


def tiers(forms: Iterable[Shape]) -> Iterator[Known]:
    """What an entry is asked before the conditions are: whether it is as most are in what they name, and then whether all that
    they name has a value. None where something is unknown whatever the columns hold."""
    named = {column for form in forms for column in _named(form)}
    if _UNKNOWN in named:
        return
    columns = [column for column in dict.fromkeys((*_MOST, *COLUMNS)) if column in named]
    if not named.isdisjoint(_MOST):
        yield {column: _MOST.get(column) for column in columns if column in _MOST or column not in _NEVER_NULL}
    yield dict.fromkeys(column for column in columns if column not in _NEVER_NULL)


def asked(known: Known) -> Iterator[Shape]:
    """The conditions under which so much is known."""
    for column, value in known.items():
        match value:
            case None:
                yield ("not", ("null", column))
            case bool():
                yield ("flag", column) if value else ("not", ("flag", column))
            case _:
                yield ("code", column, value)


def settled(form: Shape, known: Known) -> Shape:
    """What is left of a condition."""
    kind, *rest = form
    match kind:
        case "null" if rest[0] in known:
            return _NEVER
        case "flag" if known.get(rest[0]) is not None:
            return ALWAYS if known[rest[0]] else _NEVER
        case "code" if known.get(rest[0]) is not None:
            return ALWAYS if known[rest[0]] in rest[1:] else _NEVER
        case "not":
            part = settled(rest[0], known)
            return _NEVER if part == ALWAYS else ALWAYS if part == _NEVER else ("not", part)
        case "and":
            return _joined("and", (settled(part, known) for part in rest), _NEVER, ALWAYS)
        case "or":
            return _joined("or", (settled(part, known) for part in rest), ALWAYS, _NEVER)
        case _:
            return form


def that_decide(rows: Iterable[tuple[Shape, V]], known: Known) -> Iterator[tuple[Shape, V]]:
    """The rows that can decide an entry of which so much is known, with what is left of their conditions. The last always holds.

    Takes: `rows`: conditions in their order, of which the first that holds decides; the last always does.
    """
    for form, value in rows:
        left = settled(form, known)
        if left != _NEVER:
            yield left, value
        if left == ALWAYS:
            return


def alike(rows: Sequence[tuple[Shape, V]]) -> Iterator[tuple[Shape, Sequence[tuple[Shape, V]]]]:
    """The rows, those together that ask one thing and more, up to the one that asks it alone: where it does not hold, none of
    them decides; where it does, one of them. Gives: what they ask in common, and each with what it asks besides."""
    while rows:
        parts = [_parts(form) for form, _ in rows]
        end = next((n for n in range(1, len(rows)) if all(set(parts[n]) < set(each) for each in parts[:n])), 0)
        common, here = parts[end], rows[: end + 1]
        yield (
            rows[end][0],
            [
                (_joined("and", (part for part in each if part not in common), _NEVER, ALWAYS), value)
                for each, (_, value) in zip(parts, here, strict=False)
            ],
        )
        rows = rows[end + 1 :]


_UNKNOWN = ""
"""Stands for a column that never has a value."""


def _named(form: Shape) -> Iterator[str]:
    kind, *rest = form
    match kind:
        case "and" | "or" | "not":
            for part in rest:
                yield from _named(part)
        case "constant" if rest[0] is None:
            yield _UNKNOWN
        case "equals" | "in" | "flag" | "code" | "null":
            yield rest[0]


def _joined(kind: str, parts: Iterable[Shape], ends: Shape, empty: Shape) -> Shape:
    """A conjunction or disjunction without what is settled. Takes: `ends`: settles it; `empty`: says nothing in it."""
    kept = []
    for part in parts:
        if part == ends:
            return ends
        if part != empty:
            kept.append(part)
    return kept[0] if len(kept) == 1 else (kind, *kept) if kept else empty


def _parts(form: Shape) -> list[Shape]:
    """What a conjunction asks, that of conjunctions in it too."""
    return [each for part in form[1:] for each in _parts(part)] if form[0] == "and" else [form]
