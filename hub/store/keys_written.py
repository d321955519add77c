"""Index keys as rows of their tables."""

from collections.abc import Collection, Iterator
from typing import Any

from hub.fhir.index_keys import (
    EXACT,
    OPEN_LOW,
    CompositeKey,
    DateKey,
    Index,
    Key,
    QuantityKey,
    ReferenceKey,
    StringKey,
    TokenKey,
    UriKey,
    WordsKey,
)
from hub.store.tables import ix_composite, ix_date, ix_quantity, ix_ref, ix_string, ix_text, ix_token
from hub.store.values import KEY_LENGTH, fitted, parameter_number

KEYS = (ix_token, ix_date, ix_ref, ix_string, ix_quantity, ix_composite, ix_text)
"""Every table of index keys."""
_COLUMNS = ("_id", "_lastUpdated")
"""Parameters whose values are columns of `resource`."""
Row = dict[str, Any]


def rows_of(resource_type: str, keys: Index) -> Iterator[tuple[str, Row]]:
    """The rows of a resource's keys, each with its table's name; without patient, resource and version."""
    for name, found in keys.items():
        if name in _COLUMNS:
            continue
        param = {"param": parameter_number(resource_type, name)}
        if name.endswith(EXACT):
            yield from (("ix_string", param | {"value": fitted(each.value)}) for each in found if isinstance(each, StringKey))
            continue
        yield from ((table, param | row) for table, row in map(_row, found) if row)
        yield from (("ix_composite", param | row) for row in _composite(found))
        whole = _whole(found)
        if whole:
            yield "ix_text", param | {"value": whole}


def _row(key: Key) -> tuple[str, Row]:
    """Its table and columns; a composite key has rows of its own."""
    match key:
        case DateKey(lo, hi):
            return "ix_date", {"lo": lo, "hi": hi}
        case TokenKey(system, code):
            return "ix_token", {"system": fitted(system), "code": fitted(code)}
        case ReferenceKey(target):
            return "ix_ref", {"target": fitted(target)}
        case UriKey(value):
            return "ix_string", {"value": fitted(value)}
        case StringKey(value):
            return "ix_string", {"value": beginning(value)}
        case QuantityKey(lo, hi, system, unit):
            return "ix_quantity", {"lo": lo, "hi": hi, "system": fitted(system), "unit": fitted(unit)}
        case WordsKey(words):
            return "ix_text", {"value": words.replace("\0", "\ufffd")}
        case _:
            return "ix_composite", {}


def beginning(text: str) -> str:
    """What a key holds of a text in normal form."""
    return fitted(text[:KEY_LENGTH])


def _composite(found: Collection[Key]) -> Iterator[Row]:
    composites = (each for each in found if isinstance(each, CompositeKey))
    for element, composite in enumerate(composites):
        for part, its in enumerate(composite.parts):
            yield from ({"element": element, "part": part} | row for row in map(part_row, its))


def part_row(key: Any) -> Row:
    """The columns of one component's key."""
    nothing = {"code": "", "system": "", "lo": "", "hi": ""}
    match key:
        case DateKey(lo, hi):
            return nothing | {"lo": time_text(lo), "hi": time_text(hi)}
        case TokenKey(system, code):
            return nothing | {"system": fitted(system), "code": fitted(code)}
        case ReferenceKey(text) | UriKey(text):
            return nothing | {"code": fitted(text)}
        case StringKey(text):
            return nothing | {"code": beginning(text)}
        case QuantityKey(lo, hi, system, unit):
            return {"lo": lo, "hi": hi, "system": fitted(system), "code": fitted(unit)}
        case _:
            raise AssertionError("no component has such a key")


def time_text(time: int) -> str:
    """A time as a text that has the order of times."""
    return f"{time - OPEN_LOW:020}"


def _whole(found: Collection[Key]) -> str:
    """Texts that are longer than their keys, each with a line break around it: none holds one itself."""
    long = [each.value for each in found if isinstance(each, StringKey) and len(each.value) >= KEY_LENGTH]
    return "\n" + "\n".join(long).replace("\0", "\ufffd") + "\n" if long else ""
