"""Index keys as rows of their tables."""

from collections.abc import Iterator, Sequence
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
Row = tuple[Any, ...]
"""In the order of its table's columns."""


def rows_of(resource_type: str, keys: Index, pk: int, rid: int, version: int) -> Iterator[tuple[str, Row]]:
    """The rows of the keys of a version of a resource, each with its table's name."""
    for name, found in keys.items():
        if name in _COLUMNS:
            continue
        param = parameter_number(resource_type, name)
        exact, long = name.endswith(EXACT), []
        for element, key in enumerate(found):
            if isinstance(key, TokenKey):
                system, code = key
                yield "ix_token", (pk, param, fitted(code), fitted(system), rid, version)
            elif isinstance(key, StringKey):
                yield "ix_string", (pk, param, fitted(key.value) if exact else beginning(key.value), rid, version)
                if len(key.value) >= KEY_LENGTH and not exact:
                    long.append(key.value)
            elif isinstance(key, CompositeKey):
                for part, its in enumerate(key.parts):
                    for each in its:
                        yield "ix_composite", (pk, param, part, *_part(each), rid, version, element)
            else:
                yield _row(key, pk, param, rid, version)
        if long:
            yield "ix_text", (pk, param, rid, version, _whole(long))


def _row(key: Key, pk: int, param: int, rid: int, version: int) -> tuple[str, Row]:
    match key:
        case QuantityKey(lo, hi, system, unit):
            return "ix_quantity", (pk, param, lo, hi, fitted(system), fitted(unit), rid, version)
        case DateKey(lo, hi):
            return "ix_date", (pk, param, lo, hi, rid, version)
        case ReferenceKey(target):
            return "ix_ref", (pk, param, fitted(target), rid, version)
        case UriKey(value):
            return "ix_string", (pk, param, fitted(value), rid, version)
        case WordsKey(words):
            return "ix_text", (pk, param, rid, version, words.replace("\0", "\ufffd"))
        case _:
            raise AssertionError("no such key")


def beginning(text: str) -> str:
    """What a key holds of a text in normal form."""
    return fitted(text[:KEY_LENGTH])


def _part(key: Key) -> tuple[str, str, str, str]:
    """Code, system, low and high end of one component's key."""
    match key:
        case QuantityKey(lo, hi, system, unit):
            return fitted(unit), fitted(system), lo, hi
        case TokenKey(system, code):
            return fitted(code), fitted(system), "", ""
        case DateKey(lo, hi):
            return "", "", time_text(lo), time_text(hi)
        case ReferenceKey(text) | UriKey(text):
            return fitted(text), "", "", ""
        case StringKey(text):
            return beginning(text), "", "", ""
        case _:
            raise AssertionError("no component has such a key")


def time_text(time: int) -> str:
    """A time as a text that has the order of times."""
    return f"{time - OPEN_LOW:020}"


def _whole(long: Sequence[str]) -> str:
    """Texts that are longer than their keys, each with a line break around it: none holds one itself."""
    return "\n" + "\n".join(long).replace("\0", "\ufffd") + "\n"
