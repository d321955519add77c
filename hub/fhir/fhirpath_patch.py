"""FHIRPath Patch: a Parameters resource whose operations name elements by path. http://hl7.org/fhir/R4/fhirpatch.html

Paths only name elements: names, places (`[0]`), `ofType(…)`, and `where(…)` that compares elements with literals. Nothing else of
FHIRPath is evaluated for a caller.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.errors import InvalidRequest, TooCostly, Unprocessable
from hub.fhir.compiled import extractor
from hub.fhir.elements import Written, definition, is_primitive
from hub.fhir.expression import At, Both, Compared, Expression, Member, Path, Where
from hub.fhir.expression_read import parse
from hub.fhir.json import MAX_DEPTH
from hub.fhir.json_patch import MAX_OPERATIONS, Patch, depth
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
class _Spot:
    """Where an element is: the object that holds it, the name there, and its place if it is one of a list."""

    way: tuple[str | int, ...]
    """From the resource to the holder."""
    field: Written | None
    """What the element is; None: the resource itself."""
    type: str
    """Of the element."""
    holder: str = ""
    """Type of what holds it."""
    at: int = -1

    @property
    def here(self) -> tuple[str | int, ...]:
        """From the resource to the element."""
        if self.field is None:
            return ()
        return (*self.way, self.field.name, *((self.at,) if self.at >= 0 else ()))


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
        raise InvalidRequest("its path is too long", place)
    try:
        expression = parse(written)
    except (ValueError, RecursionError):
        raise InvalidRequest("its path cannot be read", place) from None
    if len(expression) != 1 or not all(map(_names, expression[0])):
        raise InvalidRequest("its path does more than name elements", place)
    return (Member(written.split(".")[0].strip()), *expression[0])


def _names(step: Any) -> bool:
    return isinstance(step, Member | At) or (isinstance(step, Where) and _compares(step.condition))


def _compares(condition: Expression) -> bool:
    match condition:
        case ((Compared(of=of),),):
            return len(of) == 1 and all(isinstance(step, Member | At) for step in of[0])
        case ((Both(first=first, second=second),),):
            return _compares(first) and _compares(second)
        case _:
            return False


def _spots(resource: Resource, operation: _Operation) -> list[_Spot]:
    """Where the elements are that the path names."""
    name = resource["resourceType"]
    first, *steps = operation.steps
    if not isinstance(first, Member) or first.name not in (name, "Resource", "DomainResource"):
        raise InvalidRequest("its path does not begin with the type of the resource", operation.place)
    found = [_Spot((), None, name)]
    for step in steps:
        match step:
            case Member():
                found = [inner for spot in found for inner in _members(resource, spot, step)]
            case At(place=place):
                found = found[place : place + 1]
            case Where(condition=condition):
                test = extractor(condition)
                found = [spot for spot in found if any(each is True for each in test(_at(resource, spot.here)))]
    return found


def _members(resource: Resource, spot: _Spot, step: Member) -> Iterator[_Spot]:
    holder = _at(resource, spot.here)
    if not isinstance(holder, dict):
        return
    for field in _fields(holder, spot.type, step):
        value = holder.get(field.name)
        if isinstance(value, list):
            yield from (_Spot(spot.here, field, _type(field, each), spot.type, at) for at, each in enumerate(value))
        elif value is not None:
            yield _Spot(spot.here, field, _type(field, value), spot.type)


def _fields(holder: Any, type_name: str, step: Member) -> list[Written]:
    """The elements of that name that a type has: of several types that one which is there."""
    if not type_name or is_primitive(type_name):
        return []
    written = definition(type_name).written
    if step.cast or step.name in written:
        return [written[step.json]] if step.json in written else []
    return [each for each in written.values() if each.element.name == step.name and each.name in holder]


def _type(field: Written, value: Any) -> str:
    held = value.get("resourceType") if field.type == "Resource" and isinstance(value, dict) else field.type
    return held if isinstance(held, str) else ""


def _at(held: Any, way: Sequence[str | int]) -> Any:
    for step in way:
        held = held[step]
    return held


def _one(resource: Resource, operation: _Operation) -> _Spot:
    found = _spots(resource, operation)
    if len(found) != 1:
        raise Unprocessable("its path names no element" if not found else "its path names several elements", operation.place)
    return found[0]


def _add(resource: Resource, operation: _Operation) -> Resource:
    spot, name = _one(resource, operation), operation.said["name"]
    holder = _at(resource, spot.here)
    fields = definition(spot.type).written if spot.type and not is_primitive(spot.type) else {}
    possible = [each for each in fields.values() if name in (each.name, each.element.name)]
    if not possible or not isinstance(holder, dict):
        raise Unprocessable("there is no such element to add to", operation.place)
    field = _chosen(possible, operation.said["value"], operation.place)
    value = _value(operation.said["value"], field, operation.place)
    if field.element.many:
        return _with(resource, spot.here, field.name, len(holder.get(field.name, ())), [value])
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
    found = _spots(resource, operation)
    if len(found) > 1:
        raise Unprocessable("its path names several elements", operation.place)
    for spot in found:
        if spot.field is None:
            raise Unprocessable("a patch leaves a resource", operation.place)
        return _without(resource, spot)
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
        return holder | {name: _moved(holder[name], start, end) for name in (field.name, f"_{field.name}") if name in holder}

    return _changed(resource, way, moved)


def _moved(held: list[Any], start: int, end: int) -> list[Any]:
    left = [*held[:start], *held[start + 1 :]]
    return [*left[:end], *held[start : start + 1], *left[end:]]


def _list(resource: Resource, operation: _Operation) -> tuple[tuple[str | int, ...], Written, list[Any]]:
    """The one list that a path names: its holder, what it is a list of, and what is in it.

    Raises: Unprocessable.
    """
    found = _spots(resource, operation)
    lists = {(spot.way, spot.field.name): spot for spot in found if spot.field and spot.at >= 0}
    if len(lists) != 1 or isinstance(operation.steps[-1], At | Where):
        raise Unprocessable("its path names no list, or several", operation.place)
    [spot] = lists.values()
    assert spot.field is not None
    return spot.way, spot.field, _at(resource, (*spot.way, spot.field.name))


def _with(resource: Resource, way: Sequence[str | int], name: str, index: int, values: list[Any]) -> Resource:
    """With values put into a list; what stands beside the list of a primitive type keeps its place."""

    def put(holder: Resource) -> Resource:
        held, beside = holder.get(name, []), holder.get(f"_{name}")
        made = {name: [*held[:index], *values, *held[index:]]}
        if isinstance(beside, list):
            made[f"_{name}"] = [*beside[:index], *([None] * len(values)), *beside[index:]]
        return holder | made

    return _changed(resource, way, put)


def _without(resource: Resource, spot: _Spot) -> Resource:
    assert spot.field is not None
    names = (spot.field.name, f"_{spot.field.name}")

    def left(holder: Resource) -> Resource:
        if spot.at < 0:
            return {name: value for name, value in holder.items() if name not in names}
        short = {name: [*holder[name][: spot.at], *holder[name][spot.at + 1 :]] for name in names if name in holder}
        return {name: short.get(name, value) for name, value in holder.items() if short.get(name, value) != []}

    return _changed(resource, spot.way, left)


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
