"""JSON with exact decimals: `1.50` stays `1.50`. The only door to msgspec.

Source: http://hl7.org/fhir/R4/json.html, http://hl7.org/fhir/R4/datatypes.html#decimal
"""

import json
from decimal import Decimal
from typing import Any

import msgspec

from hub.errors import InvalidRequest, TooCostly

MAX_DEPTH = 64
"""Levels of nesting that are read."""
MAX_BYTES = 5_000_000
"""Bytes of one document that are read."""

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


def loads(content: bytes) -> Any:
    """Read a JSON document of our own (from the store, or written by us)."""
    return _decoder.decode(content)


def dumps(value: Any) -> bytes:
    """Write `value` as UTF-8 JSON, decimals digit by digit."""
    return _encoder.encode(value)


def loads_untrusted(content: bytes) -> Any:
    """Read a JSON document from outside.

    Raises: TooCostly: too large or too deep. InvalidRequest: not UTF-8, not JSON, or a name written twice in one object.
    """
    if len(content) > MAX_BYTES:
        raise TooCostly(f"the body is larger than {MAX_BYTES} bytes")
    try:
        text = content.decode("utf-8")
        _measure_depth(text)
        _decoder.decode(content)
        return json.loads(text, object_pairs_hook=_unique, parse_float=_exact, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise InvalidRequest("the body is not UTF-8") from None
    except (msgspec.DecodeError, json.JSONDecodeError, RecursionError, ValueError):
        raise InvalidRequest("the body is not JSON") from None


def _measure_depth(text: str) -> None:
    depth = 0
    inside = escaped = False
    for character in text:
        if inside:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                inside = False
        elif character == '"':
            inside = True
        elif character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise TooCostly(f"the body is nested deeper than {MAX_DEPTH} levels")
        elif character in "]}":
            depth -= 1


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidRequest("a name is written twice in one object")
    return found


def _exact(written: str) -> Decimal:
    if len(written) > 40:
        raise InvalidRequest("a number has more digits than the hub keeps")
    return Decimal(written)


def _no_constant(written: str) -> Any:
    raise InvalidRequest("NaN and Infinity are not JSON")
