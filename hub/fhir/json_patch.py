"""JSON Patch: a list of operations on a document, all or none. http://hl7.org/fhir/R4/http.html#patch

Source: https://www.rfc-editor.org/rfc/rfc6902, https://www.rfc-editor.org/rfc/rfc6901
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from hub.errors import InvalidRequest, TooCostly, Unprocessable
from hub.fhir.json import MAX_BYTES, MAX_DEPTH, dumps
from hub.fhir.resource import Resource

MAX_OPERATIONS = 1000

Pointer = tuple[str, ...]
Patch = Callable[[Resource], Resource]
"""From what stands to what is to stand; the one that is given stays as it is."""

_TAKES: Mapping[str, frozenset[str]] = {
    "add": frozenset(("path", "value")),
    "remove": frozenset(("path",)),
    "replace": frozenset(("path", "value")),
    "move": frozenset(("path", "from")),
    "copy": frozenset(("path", "from")),
    "test": frozenset(("path", "value")),
}
"""What each operation must say."""
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_ESCAPE = re.compile(r"~(?![01])")


def json_patch(written: Any) -> Patch:
    """Read a patch document.

    Gives: what applies it. It raises Unprocessable: an operation does not fit what stands, or a test fails; TooCostly.
    Raises: InvalidRequest: it is no patch document; TooCostly: too many operations.
    """
    if not isinstance(written, list):
        raise InvalidRequest("a JSON Patch is a list of operations")
    if len(written) > MAX_OPERATIONS:
        raise TooCostly(f"more than {MAX_OPERATIONS} operations")
    for at, each in enumerate(written):
        _check(each, f"operation[{at}]")

    def patched(resource: Resource) -> Resource:
        held, room = resource, MAX_BYTES
        for at, each in enumerate(written):
            held, room = _applied(held, each, room, f"operation[{at}]")
        if not isinstance(held, dict):
            raise Unprocessable("a patch leaves a resource")
        return held

    return patched


def _check(operation: Any, place: str) -> None:
    if not isinstance(operation, dict):
        raise InvalidRequest("is not an object", place)
    name = operation.get("op")
    if not isinstance(name, str) or name not in _TAKES:
        raise InvalidRequest(f"op is one of {', '.join(_TAKES)}", place)
    for each in sorted(_TAKES[name] - operation.keys()):
        raise InvalidRequest(f"says no {each}", place)
    for each in ("path", "from"):
        if each in _TAKES[name]:
            pointer(operation[each], place)


def pointer(written: Any, place: str = "") -> Pointer:
    """Read a JSON Pointer: the names and numbers on the way.

    Raises: InvalidRequest.
    """
    if not isinstance(written, str) or (written and not written.startswith("/")) or _ESCAPE.search(written):
        raise InvalidRequest("holds what is not a JSON Pointer", place)
    return tuple(each.replace("~1", "/").replace("~0", "~") for each in written.split("/")[1:])


def _applied(held: Any, operation: Mapping[str, Any], room: int, place: str) -> tuple[Any, int]:
    """The document after one operation, and how many bytes may still be added."""
    at = pointer(operation["path"])
    match operation["op"]:
        case "add":
            return _added(held, at, operation["value"], room, place)
        case "remove":
            return _removed(held, at, place), room
        case "replace":
            _value(held, at, place)
            return _added(_removed(held, at, place), at, operation["value"], room, place)
        case "test":
            if not same(_value(held, at, place), operation["value"]):
                raise Unprocessable("the test fails", place)
            return held, room
    start = pointer(operation["from"])
    value = _value(held, start, place)
    if operation["op"] == "copy":
        return _added(held, at, value, room, place)
    if at == start:
        return held, room
    if at[: len(start)] == start:
        raise Unprocessable("nothing is moved into itself", place)
    return _added(_removed(held, start, place), at, value, room, place)


def _value(held: Any, at: Pointer, place: str) -> Any:
    for step in at:
        if isinstance(held, dict) and step in held:
            held = held[step]
        elif isinstance(held, list) and _INDEX.fullmatch(step) and int(step) < len(held):
            held = held[int(step)]
        else:
            raise Unprocessable("there is nothing at that path", place)
    return held


def _added(held: Any, at: Pointer, value: Any, room: int, place: str) -> tuple[Any, int]:
    if len(at) + depth(value) > MAX_DEPTH:
        raise TooCostly(f"the resource would be nested deeper than {MAX_DEPTH} levels", place)
    room -= len(dumps(value))  # copies grow by what they copy
    if room < 0:
        raise TooCostly("the patch adds too much", place)
    return _put(held, at, value, place), room


def _put(held: Any, at: Pointer, value: Any, place: str) -> Any:
    """The document with a value at a path; what lies beside the way is shared with the one before."""
    if not at:
        return value
    step, rest = at[0], at[1:]
    if isinstance(held, dict) and (step in held or not rest):
        return held | {step: _put(held.get(step), rest, value, place)}
    if isinstance(held, list):
        end = step == "-" and not rest
        index = len(held) if end else int(step) if _INDEX.fullmatch(step) else len(held) + 1
        if not rest and index <= len(held):
            return [*held[:index], value, *held[index:]]
        if rest and index < len(held):
            return [*held[:index], _put(held[index], rest, value, place), *held[index + 1 :]]
    raise Unprocessable("there is nothing at that path to add to", place)


def _removed(held: Any, at: Pointer, place: str) -> Any:
    _value(held, at, place)
    if not at:
        return None
    step, rest = at[0], at[1:]
    if isinstance(held, dict):
        if rest:
            return held | {step: _removed(held[step], rest, place)}
        return {name: value for name, value in held.items() if name != step}
    index = int(step)
    return [*held[:index], *([_removed(held[index], rest, place)] if rest else ()), *held[index + 1 :]]


def depth(value: Any) -> int:
    """How deep a value is nested."""
    deepest, level = 0, [value]
    while level:
        level = [
            each for one in level if isinstance(one, dict | list) for each in (one.values() if isinstance(one, dict) else one)
        ]
        deepest += 1
    return deepest


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal: numbers by what they are worth, objects in any order."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | Decimal) and isinstance(other, int | Decimal):
        return one == other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)
