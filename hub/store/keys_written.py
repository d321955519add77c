"""Index keys as rows of their tables."""

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

from hub.fhir.encoded import Encoded, whole
from hub.fhir.full_text import BESIDE, CONTENT, NARRATIVE
from hub.fhir.index import keys_of, parts
from hub.fhir.index_keys import (
    EXACT,
    OPEN_LOW,
    CompositeKey,
    DateKey,
    Key,
    PointedKey,
    QuantityKey,
    ReferenceKey,
    StringKey,
    TokenKey,
    UriKey,
    WordsKey,
)
from hub.fhir.json import loads
from hub.fhir.types import TYPES
from hub.store.tables import ix_composite, ix_date, ix_quantity, ix_ref, ix_string, ix_text, ix_token
from hub.store.values import KEY_LENGTH, fitted, parameter_number

KEYS = (ix_token, ix_date, ix_ref, ix_string, ix_quantity, ix_composite, ix_text)
"""Every table of index keys."""
Row = tuple[Any, ...]
"""In the order of its table's columns."""
_LONG = 1024
"""Bytes of a part of a resource: of a longer one nothing is remembered."""
_FULL_TEXT = frozenset(parameter_number("Resource", each) for each in (CONTENT, NARRATIVE, BESIDE))


class _Made(NamedTuple):
    """What the index holds of a part of a resource."""

    rows: Sequence[tuple[str, Row, Row]]
    """Table; its columns between patient and version, and after them."""
    texts: Sequence[tuple[int, Mapping[str, None]]]
    """By parameter what is looked into: words, or texts that are longer than their keys."""
    sort: int
    """The latest time that resources of the type are ordered by, in microseconds."""


def gather(into: Mapping[str, list[Row]], content: Encoded, pk: int, rid: int, version: int) -> int:
    """Add the rows of the keys of a version to those of each table; one may come twice.

    Gives: what it is ordered by if not by when it was written, in microseconds.
    """
    resource_type, sort, elements = content.resource["resourceType"], OPEN_LOW, content.elements
    alone, together = parts(resource_type, tuple(elements))
    pieces = [(name, content.meta if name == "meta" else elements[name]) for name in alone]
    pieces += [("", whole({name: elements[name] for name in names})) for names in together]
    texts: dict[int, dict[str, None]] = {}
    patient, own = (pk,), (rid, version)
    for name, written in pieces:
        remembered = len(written) <= _LONG and name != "identifier"
        rows, words, latest = (_made if remembered else _made.__wrapped__)(resource_type, name, written)
        for table, before, after in rows:
            into[table].append(patient + before + own + after)
        for param, found in words:
            texts.setdefault(param, {}).update(found)
        if latest > sort:
            sort = latest
    into["ix_text"].extend((pk, param, rid, version, _joined(param, found)) for param, found in texts.items())
    return sort


@lru_cache(4096)
def _made(resource_type: str, name: str, written: bytes) -> _Made:
    """Remembered by how a part is written: most were met before (codes, units, whom a message is about), identifiers were not.

    Takes: `name`: of the element; empty: `written` is an object of elements that are looked at together.
    """
    held = loads(written)
    keys = keys_of(resource_type, {name: held} if name else held, together=not name)
    rows: list[tuple[str, Row, Row]] = []
    texts: dict[int, dict[str, None]] = {}
    for name, found in keys.items():
        param, exact = parameter_number(resource_type, name), name.endswith(EXACT)
        for element, key in enumerate(found):
            if isinstance(key, WordsKey):
                texts[param] = dict.fromkeys(key.words.split())
            elif isinstance(key, CompositeKey):
                parted = ((part, *_part(each)) for part, its in enumerate(key.parts) for each in its)
                rows += [("ix_composite", (param, *columns), (element,)) for columns in parted]
            elif isinstance(key, PointedKey):
                rows.append(("ix_composite", (param, 0, fitted(key.code), fitted(key.system), key.target, ""), (0,)))
            else:
                rows.append(_row(param, key, exact))
            if isinstance(key, StringKey) and len(key.value) >= KEY_LENGTH and not exact:
                texts.setdefault(param, {})[key.value.replace("\0", "\ufffd")] = None
    times = [key.lo for key in keys.get(_ordering(resource_type), ()) if isinstance(key, DateKey)]
    return _Made(rows, tuple(texts.items()), max(times, default=OPEN_LOW))


@cache
def _ordering(resource_type: str) -> str:
    """Under which name the times are that resources of a type are ordered by."""
    name = TYPES[resource_type].sort
    parameter = TYPES[resource_type].parameter(name)
    return parameter.index if parameter else name


def _row(param: int, key: Key, exact: bool) -> tuple[str, Row, Row]:
    """`exact`: it is a text letter for letter."""
    if isinstance(key, TokenKey):
        return "ix_token", (param, fitted(key.code), fitted(key.system)), ()
    if isinstance(key, ReferenceKey):
        return "ix_ref", (param, fitted(key.target)), ()
    if isinstance(key, StringKey):
        return "ix_string", (param, fitted(key.value) if exact else beginning(key.value)), ()
    if isinstance(key, DateKey):
        return "ix_date", (param, *key), ()
    if isinstance(key, QuantityKey):
        return "ix_quantity", (param, key.lo, key.hi, fitted(key.system), fitted(key.unit)), ()
    if isinstance(key, UriKey):
        return "ix_string", (param, fitted(key.value)), ()
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


def _joined(param: int, texts: Mapping[str, None]) -> str:
    """Words with a space before each; texts that are longer than their keys with a line break around each: none holds one."""
    return " " + " ".join(texts) if param in _FULL_TEXT else "\n" + "\n".join(texts) + "\n"
