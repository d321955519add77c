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


def rows_of(resource_type: str, keys: Index, at: Row) -> Iterator[tuple[str, Row]]:
    """The rows of a resource's keys, each with its table's name. Takes: `at`: the columns that all of them have."""
    for name, found in keys.items():
        if name in _COLUMNS:
            continue
        of = at | {"param": parameter_number(resource_type, name)}
        exact = name.endswith(EXACT)
        for element, each in enumerate(found):
            yield from _rows(each, of, element, exact)
        whole = "" if exact else _whole(found)
        if whole:
            yield "ix_text", of | {"value": whole}


def _rows(key: Key, of: Row, element: int, exact: bool) -> Iterator[tuple[str, Row]]:
    match key:
        case DateKey(lo, hi):
            yield "ix_date", {**of, "lo": lo, "hi": hi}
        case TokenKey(system, code):
            yield "ix_token", {**of, "system": fitted(system), "code": fitted(code)}
        case ReferenceKey(target):
            yield "ix_ref", {**of, "target": fitted(target)}
        case UriKey(value):
            yield "ix_string", {**of, "value": fitted(value)}
        case StringKey(value):
            yield "ix_string", {**of, "value": fitted(value) if exact else beginning(value)}
        case QuantityKey(lo, hi, system, unit):
            yield "ix_quantity", {**of, "lo": lo, "hi": hi, "system": fitted(system), "unit": fitted(unit)}
        case WordsKey(words):
            yield "ix_text", {**of, "value": words.replace("\0", "\ufffd")}
        case CompositeKey(parts):
            for part, its in enumerate(parts):
                yield from (("ix_composite", {**of, "element": element, "part": part, **_part(each)}) for each in its)


def beginning(text: str) -> str:
    """What a key holds of a text in normal form."""
    return fitted(text[:KEY_LENGTH])


def _part(key: Key) -> Row:
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
