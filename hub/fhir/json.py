"""JSON with exact decimals: `1.50` stays `1.50`. The only door to msgspec.

Source: http://hl7.org/fhir/R4/json.html, http://hl7.org/fhir/R4/datatypes.html#decimal
"""

import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from hub.errors import InvalidRequest, TooCostly

MAX_DEPTH = 64
"""Levels of nesting that are read."""
MAX_BYTES = 5_000_000
"""Bytes of one document that are read."""
MAX_DIGITS = 40
"""Characters of one number that are read."""
MAX_EXPONENT = 400
"""How far from one, in powers of ten, a number may lie; further out no quantity is, and reckoning with it fails."""

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)

_MARKS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
"""Strings, closed or not, and what opens and closes objects and lists outside of them."""

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


def loads(content: bytes) -> Any:
    """Read a JSON document of our own (from the store, or written by us)."""
    return _decoder.decode(content)


def dumps(value: Any) -> bytes:
    """Write `value` as UTF-8 JSON, decimals digit by digit."""
    return _encoder.encode(value)


def dumps_each(values: Iterable[Any]) -> list[bytes]:
    """Write values, each by itself, in a fraction of the time that as many calls of `dumps` take."""
    return _encoder.encode_lines(values).split(b"\n")[:-1]  # a line break in a text is written `\n`


def loads_untrusted(content: bytes) -> Any:
    """Read a JSON document from outside.

    Raises: TooCostly: too large or too deep. InvalidRequest: not UTF-8, not JSON, a name written twice in one object, or a
    number that nothing can reckon with.
    """
    if len(content) > MAX_BYTES:
        raise TooCostly(f"the body is larger than {MAX_BYTES} bytes")
    try:
        text = content.decode("utf-8")
        _measure_depth(text)
        found = json.loads(text, object_pairs_hook=_unique, parse_float=_exact, parse_int=_whole, parse_constant=_no_constant)
        _decoder.decode(content)
        return found
    except _Twice:
        raise InvalidRequest("a name is written twice in one object", _twice_at(text)) from None
    except UnicodeDecodeError as fault:
        raise InvalidRequest("the body is not UTF-8", f"byte {fault.start}") from None
    except json.JSONDecodeError as fault:
        raise InvalidRequest("the body is not JSON", f"line {fault.lineno}, column {fault.colno}") from None
    except (msgspec.DecodeError, RecursionError, ValueError):
        raise InvalidRequest("the body is not JSON") from None


def indented(content: bytes) -> bytes:
    """A JSON document with a line for each of its parts; numbers and order stay as they are."""
    return msgspec.json.format(content, indent=2)


def number(written: str) -> int | Decimal:
    """A number as JSON writes it: whole, or with exactly its digits.

    Raises: InvalidRequest: longer, larger or smaller than the hub keeps. ValueError: no number.
    """
    if not _NUMBER.fullmatch(written):
        raise ValueError
    return _whole(written) if written.lstrip("-").isdigit() else _exact(written)


def _measure_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for mark in _MARKS.finditer(text):
        if mark[0] in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise TooCostly(f"the body is nested deeper than {MAX_DEPTH} levels")
        elif mark[0] in "]}":
            depth -= 1


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Twice
    return found


class _Twice(Exception):
    """A name is written twice in one object. Where is looked for only then."""


def _twice_at(text: str) -> str:
    """The place of the first name that is written twice in its object, as FHIRPath: `Observation.code.text`."""
    try:
        whole = json.loads(text, object_pairs_hook=tuple, parse_float=str, parse_int=str, parse_constant=str)
    except ValueError:
        return ""  # further on it is no JSON
    named = whole if isinstance(whole, tuple) else ()
    root = next((value for name, value in named if name == "resourceType" and isinstance(value, str)), "")
    return next(_twice(whole, root), "")


def _twice(held: Any, path: str) -> Iterator[str]:
    if isinstance(held, list):
        for at, each in enumerate(held):
            yield from _twice(each, f"{path}[{at}]")
    elif isinstance(held, tuple):
        seen = set()
        for name, value in held:
            here = f"{path}.{name}" if path else name
            if name in seen:
                yield here
            seen.add(name)
            yield from _twice(value, here)


def _exact(written: str) -> Decimal:
    _measure_number(written)
    try:
        value = Decimal(written)
    except InvalidOperation:
        raise InvalidRequest("a number is too large or too small") from None
    if abs(value.as_tuple().exponent) > MAX_EXPONENT or abs(value.adjusted()) > MAX_EXPONENT:  # type: ignore[arg-type]  # finite
        raise InvalidRequest("a number is too large or too small")
    return value


def _whole(written: str) -> int:
    _measure_number(written)
    return int(written)


def _measure_number(written: str) -> None:
    if len(written) > MAX_DIGITS:
        raise InvalidRequest("a number has more digits than the hub keeps")


def _no_constant(written: str) -> Any:
    raise InvalidRequest("NaN and Infinity are not JSON")
