"""FHIRPath Patch: a Parameters resource whose operations name elements by path. http://hl7.org/fhir/R4/fhirpatch.html

`hub.fhir.patch_path_read` reads paths, `hub.fhir.patch_spots` finds what they name.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.errors import InvalidRequest, TooCostly, Unprocessable
from hub.fhir.elements import Written, definition, is_primitive
from hub.fhir.json import MAX_DEPTH
from hub.fhir.json_patch import MAX_OPERATIONS, Patch, depth
from hub.fhir.patch_path import Named, Path
from hub.fhir.patch_path_read import SUPPORTED, read_path
from hub.fhir.patch_spots import Several, Spot, fields, held_at, spots
from hub.fhir.resource import Resource

MAX_PATH = 300
"""Characters of one path."""

_SAYS = {
    "add": ("path", "name", "value"),
    "insert": ("path", "index", "value"),
    "delete": ("path",),
    "replace": ("path", "value"),
    "move": ("path", "source", "destination"),
}
"""What each type of operation must say."""


@dataclass(frozen=True, slots=True)
class _Operation:
    """One operation, read."""

    type: str
    steps: Path
    said: Mapping[str, Any]
    """Its parts by name."""
    place: str


def fhirpath_patch(parameters: Resource) -> Patch:
    """Read a patch.

    Gives: what applies it. It raises Unprocessable: an operation does not fit what stands.
    Raises: InvalidRequest: it is no FHIRPath Patch; TooCostly: too many operations.
    """
    if parameters.get("resourceType") != "Parameters":
        raise InvalidRequest("a FHIRPath Patch is a Parameters resource", "resourceType")
    given = parameters.get("parameter")
    written = given if isinstance(given, list) else []
    if len(written) > MAX_OPERATIONS:
        raise TooCostly(f"more than {MAX_OPERATIONS} operations")
    operations = [_operation(each, f"Parameters.parameter[{at}]") for at, each in enumerate(written)]

    def patched(resource: Resource) -> Resource:
        for each in operations:
            resource = _APPLIED[each.type](resource, each)
        if depth(resource) > MAX_DEPTH:
            raise TooCostly(f"the resource would be nested deeper than {MAX_DEPTH} levels")
        return resource

    return patched


def _operation(written: Any, place: str) -> _Operation:
    if not isinstance(written, dict) or written.get("name") != "operation":
        raise InvalidRequest("is named operation", place)
    parts = written.get("part")
    named = (each for each in parts if isinstance(each, dict)) if isinstance(parts, list) else ()
    said = {str(each.get("name")): each for each in named}
    kind = said.get("type", {}).get("valueCode")
    if not isinstance(kind, str) or kind not in _SAYS:
        raise InvalidRequest(f"its type is one of {', '.join(_SAYS)}", place)
    values: dict[str, Any] = {name: said[name] for name in _SAYS[kind] if name in said}
    for name in _SAYS[kind]:
        if name not in said:
            raise InvalidRequest(f"says no {name}", place)
        if name != "value":
            values[name] = _simple(said[name], name, place)
    return _Operation(kind, _steps(values["path"], place), values, place)


def _simple(part: Resource, name: str, place: str) -> Any:
    wanted = int if name in ("index", "source", "destination") else str
    value = part.get("valueInteger" if wanted is int else "valueString")
    if not isinstance(value, wanted) or isinstance(value, bool) or (isinstance(value, int) and value < 0):
        raise InvalidRequest(f"its {name} is not of the right type", place)
    return value


def _steps(written: str, place: str) -> Path:
    """The steps of a path, its type first.

    Raises: InvalidRequest: it does more than name elements.
    """
    if len(written) > MAX_PATH:
        raise InvalidRequest(f"its path has more than {MAX_PATH} characters", place)
    try:
        return read_path(written)
    except ValueError as fault:
        raise InvalidRequest(f"its path cannot be read ({fault}): a path is made of {SUPPORTED}", place) from None


def _spots(resource: Resource, steps: Path, place: str) -> list[Spot]:
    """Where the elements are that the path names."""
    first, *rest = steps
    if not isinstance(first, Named) or first.name not in (resource["resourceType"], "Resource", "DomainResource"):
        raise InvalidRequest("its path does not begin with the type of the resource", place)
    try:
        return spots(resource, tuple(rest))
    except Several:
        raise Unprocessable("single() in its path names several elements", place) from None


def _one(resource: Resource, operation: _Operation) -> Spot:
    found = _spots(resource, operation.steps, operation.place)
    if len(found) != 1:
        raise Unprocessable("its path names no element" if not found else "its path names several elements", operation.place)
    return found[0]


def _add(resource: Resource, operation: _Operation) -> Resource:
    spot, name = _one(resource, operation), operation.said["name"]
    holder = held_at(resource, spot.here)
    known = definition(spot.type).written if spot.type and not is_primitive(spot.type) else {}
    possible = [each for each in known.values() if name in (each.name, each.element.name)]
    if not possible or not isinstance(holder, dict):
        raise Unprocessable("there is no such element to add to", operation.place)
    field = _chosen(possible, operation.said["value"], operation.place)
    value = _value(operation.said["value"], field, operation.place)
    if field.element.many:
        return _with(resource, spot.here, field.name, len(_items(holder, field, operation.place)), [value])
    if any(each.name in holder for each in possible):
        raise Unprocessable("the element is there already, and does not repeat", operation.place)
    return _changed(resource, spot.here, lambda held: held | {field.name: value})


def _chosen(possible: Sequence[Written], part: Resource, place: str) -> Written:
    """The one of an element's types that the value is of."""
    if len(possible) == 1:
        return possible[0]
    given = next((name for name in part if name.startswith("value")), "")
    for each in possible:
        if each.name == each.element.name + given.removeprefix("value"):
            return each
    raise InvalidRequest("its value is of no type that the element can have", place)


def _insert(resource: Resource, operation: _Operation) -> Resource:
    way, field, held = _list(resource, operation)
    index = operation.said["index"]
    if index > len(held):
        raise Unprocessable("its index lies beyond the end of the list", operation.place)
    return _with(resource, way, field.name, index, [_value(operation.said["value"], field, operation.place)])


def _delete(resource: Resource, operation: _Operation) -> Resource:
    found = _spots(resource, operation.steps, operation.place)
    if len(found) > 1:
        raise Unprocessable("its path names several elements", operation.place)
    for spot in found:
        if spot.field is None:
            raise Unprocessable("a patch leaves a resource", operation.place)
        return _without(resource, spot.here)
    return resource


def _replace(resource: Resource, operation: _Operation) -> Resource:
    spot = _one(resource, operation)
    if spot.field is None:
        raise Unprocessable("a resource is replaced by an update", operation.place)
    possible = [each for each in definition(spot.holder).written.values() if each.element is spot.field.element]
    field, way = _chosen(possible, operation.said["value"], operation.place), spot.here
    value = _value(operation.said["value"], field, operation.place)
    if spot.at >= 0:
        return _changed(resource, way[:-1], lambda held: [*held[: spot.at], value, *held[spot.at + 1 :]])
    gone = {spot.field.name, f"_{spot.field.name}"}
    return _changed(resource, spot.way, lambda held: {n: v for n, v in held.items() if n not in gone} | {field.name: value})


def _move(resource: Resource, operation: _Operation) -> Resource:
    way, field, held = _list(resource, operation)
    start, end = operation.said["source"], operation.said["destination"]
    if start >= len(held) or end >= len(held):
        raise Unprocessable("its source or destination lies beyond the end of the list", operation.place)

    def moved(holder: Resource) -> Resource:
        return holder | {
            name: _moved(holder[name], start, end)
            for name in (field.name, f"_{field.name}")
            if isinstance(holder.get(name), list)
        }

    return _changed(resource, way, moved)


def _moved(held: list[Any], start: int, end: int) -> list[Any]:
    left = [*held[:start], *held[start + 1 :]]
    return [*left[:end], *held[start : start + 1], *left[end:]]


def _list(resource: Resource, operation: _Operation) -> tuple[tuple[str | int, ...], Written, list[Any]]:
    """The one list that a path names, which may be empty: its holder, what it is a list of, and what is in it.

    Raises: Unprocessable.
    """
    *steps, last = operation.steps
    if not steps or not isinstance(last, Named):
        raise Unprocessable("its path ends with the name of a list", operation.place)
    holders = _spots(resource, tuple(steps), operation.place)
    if len(holders) > 1:  # those that have the list
        holders = [spot for spot in holders if last.name in held_at(resource, spot.here)]
    if len(holders) != 1:
        raise Unprocessable("its path names no list, or several", operation.place)
    [holder] = holders
    found = fields(held_at(resource, holder.here), holder.type, last.name)
    if len(found) != 1 or not found[0].element.many:
        raise Unprocessable("its path names no list, or several", operation.place)
    return holder.here, found[0], _items(held_at(resource, holder.here), found[0], operation.place)


def _items(holder: Resource, field: Written, place: str) -> list[Any]:
    """What is in a list; an operation before may have put something else there.

    Raises: Unprocessable.
    """
    found = holder.get(field.name, [])
    if not isinstance(found, list):
        raise Unprocessable("what stands where its path points is no list", place)
    return found


def _with(resource: Resource, way: Sequence[str | int], name: str, index: int, values: list[Any]) -> Resource:
    """With values put into a list; what stands beside the list of a primitive type keeps its place."""

    def put(holder: Resource) -> Resource:
        held, beside = holder.get(name, []), holder.get(f"_{name}")
        made = {name: [*held[:index], *values, *held[index:]]}
        if isinstance(beside, list):
            made[f"_{name}"] = [*beside[:index], *([None] * len(values)), *beside[index:]]
        return holder | made

    return _changed(resource, way, put)


def _without(resource: Resource, way: Sequence[str | int]) -> Resource:
    """Without what lies at `way`, and without what nothing is left in: FHIR has no empty elements."""
    at = way[-1]
    name, holder = (way[-2], way[:-2]) if isinstance(at, int) else (at, way[:-1])
    names = (str(name), f"_{name}")

    def left(held: Resource) -> Resource:
        rest = {each: value for each, value in held.items() if each not in names}
        if not isinstance(at, int):
            return rest
        short = {each: [*held[each][:at], *held[each][at + 1 :]] for each in names if isinstance(held.get(each), list)}
        kept = {each: value for each, value in short.items() if any(one is not None for one in value)}
        return {each: kept.get(each, value) for each, value in held.items() if each in rest or each in kept}

    made = _changed(resource, holder, left)
    return _without(made, holder) if holder and not held_at(made, holder) else made


def _changed(resource: Resource, way: Sequence[str | int], change: Callable[[Any], Any]) -> Resource:
    """The resource with what lies at `way` put through `change`; nothing is changed in place."""
    made: Resource = _through(resource, way, change)
    return made


def _through(held: Any, way: Sequence[str | int], change: Callable[[Any], Any]) -> Any:
    if not way:
        return change(held)
    step = way[0]
    inner = _through(held[step], way[1:], change)
    if isinstance(step, int):
        return [*held[:step], inner, *held[step + 1 :]]
    return held | {step: inner}


def _value(part: Resource, field: Written, place: str) -> Any:
    """What a part gives as the value of an element: a value, a resource, or an object of parts.

    Raises: InvalidRequest.
    """
    given = [value for name, value in part.items() if name.startswith("value")]
    parts = part.get("part")
    if len(given) == 1 and parts is None:
        return given[0]
    if "resource" in part and not given:
        return part["resource"]
    if given or not isinstance(parts, list) or not parts or is_primitive(field.type) or field.type == "Resource":
        raise InvalidRequest("its value is given once, as a value or as parts", place)
    made: dict[str, Any] = {}
    fields = definition(field.type).written
    for each in parts:
        name = each.get("name") if isinstance(each, dict) else None
        possible = [one for one in fields.values() if name in (one.name, one.element.name)]
        if not possible:
            raise InvalidRequest("a part of its value is no element", place)
        inner = _chosen(possible, each, place)
        value = _value(each, inner, place)
        if inner.element.many:
            made.setdefault(inner.name, []).append(value)
        elif inner.name in made:
            raise InvalidRequest("a part of its value does not repeat", place)
        else:
            made[inner.name] = value
    return made


_APPLIED = {"add": _add, "insert": _insert, "delete": _delete, "replace": _replace, "move": _move}
