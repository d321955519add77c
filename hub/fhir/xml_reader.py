"""FHIR's XML read into the JSON object of a resource. http://hl7.org/fhir/R4/xml.html

What XML cannot say in JSON is refused with its place; what it can say wrongly (a word for a number) is left to validation.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from hub.errors import InvalidRequest, Issue, TooCostly, Unprocessable
from hub.fhir import narrative
from hub.fhir.elements import Written, definition, is_primitive, resource_types
from hub.fhir.json import MAX_DEPTH, number
from hub.fhir.resource import Resource
from hub.fhir.xml import FHIR
from hub.xml import Element, local_name, namespace, parse, written

_IN_FHIR = f"{{{FHIR}}}"
_DIV = f"{{{narrative.XHTML}}}div"
_SCHEMA = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}", re.ASCII)
_NUMBERS = frozenset(("integer", "positiveInt", "unsignedInt", "decimal"))

Divs = Mapping[Element, str]


def loads_xml(content: bytes) -> Resource:
    """Read a resource from an XML document from outside.

    Raises: TooCostly; InvalidRequest: not XML as `hub.xml` reads it, or no resource; Unprocessable: not made as its type is.
    """
    root = parse(content)
    divs = written(content, root, "div")
    for name in root.attrib:
        if name != _SCHEMA:
            raise _refused(local_name(root), "holds an attribute that may not stand here")
    return _resource(_Place(root, "", 1), divs, attributes=True)


@dataclass(frozen=True, slots=True)
class _Place:
    """An element, where it is as FHIRPath says it, and how deep it lies in the JSON that is made."""

    element: Element
    path: str
    depth: int


def _refused(path: str, problem: str) -> Unprocessable:
    return Unprocessable(problem, path, (Issue(path, problem, "error", "structure"),))


def _resource(place: _Place, divs: Divs, attributes: bool = False) -> Resource:
    element = place.element
    if namespace(element) != FHIR:
        raise InvalidRequest("a resource is written in the namespace http://hl7.org/fhir", place.path or "resourceType")
    name = local_name(element)
    if name not in resource_types():
        raise InvalidRequest("not a resource type of FHIR R4", place.path or "resourceType")
    if not attributes and element.attrib:
        raise _refused(place.path, "holds an attribute that may not stand here")
    inner = _Place(element, place.path or name, place.depth)
    return {"resourceType": name} | _children(inner, name, divs)


def _children(place: _Place, type_name: str, divs: Divs) -> Resource:
    """What the elements inside one element become, each under its name."""
    if place.depth > MAX_DEPTH:
        raise TooCostly(f"the body is nested deeper than {MAX_DEPTH} levels")
    _check_text(place)
    known, order, count = _known(type_name), -1, 0
    found: Resource = {}
    for child in place.element:
        each = known.get(str(child.tag))
        if each is None:
            raise _unknown(place, child)
        if each.order < order:
            raise _refused(f"{place.path}.{each.element.name}", "stands after an element that it belongs before")
        count = count + 1 if each.order == order else 0
        order = each.order
        _add(found, each, _Place(child, _path(place.path, each, count), place.depth + 1 + each.element.many), divs)
    return {name: held for name, held in found.items() if not (isinstance(held, list) and all(one is None for one in held))}


def _unknown(place: _Place, child: Element) -> Unprocessable:
    name = local_name(child) if namespace(child) == FHIR else ""
    return _refused(f"{place.path}.{name}" if _NAME.fullmatch(name) else place.path, "is not an element of this type")


def _path(holder: str, each: Written, count: int) -> str:
    return f"{holder}.{each.element.name}[{count}]" if each.element.many else f"{holder}.{each.element.name}"


def _add(found: Resource, each: Written, place: _Place, divs: Divs) -> None:
    value, beside = _value(each, place, divs)
    if each.element.many:
        found.setdefault(each.name, []).append(value)
        if is_primitive(each.type):
            found.setdefault(f"_{each.name}", []).append(beside)
    elif each.name in found or f"_{each.name}" in found:
        raise _refused(place.path, "may stand here only once")
    else:
        found |= {name: held for name, held in ((each.name, value), (f"_{each.name}", beside)) if held is not None}


def _value(each: Written, place: _Place, divs: Divs) -> tuple[Any, Resource | None]:
    if each.type == "xhtml":
        return narrative.extracted(place.element, divs.get(place.element, "")), None
    if is_primitive(each.type):
        return _primitive(each.type, place, divs)
    if each.type == "Resource":
        return _held(place, divs), None
    held = _attributes(place, ("id", "url") if each.type == "Extension" else ("id",))
    return held | _children(place, each.type, divs), None


def _held(place: _Place, divs: Divs) -> Resource:
    _check_text(place)
    if len(place.element) != 1 or place.element.attrib:
        raise _refused(place.path, "must hold one resource and nothing else")
    return _resource(_Place(place.element[0], place.path, place.depth), divs)


def _primitive(kind: str, place: _Place, divs: Divs) -> tuple[Any, Resource | None]:
    held = _attributes(place, ("id", "value"))
    value = held.pop("value", None)
    plain = not len(place.element) and not place.element.text
    beside = held if plain else held | _children(place, "Element", divs)
    if value is None and not beside:
        raise _refused(place.path, "must hold something")
    return None if value is None else _READ.get(kind, str)(value), beside or None


def _attributes(place: _Place, allowed: tuple[str, ...]) -> Resource:
    found = {str(name): str(value) for name, value in place.element.attrib.items()}
    if not found.keys() <= set(allowed):
        raise _refused(place.path, "holds an attribute that may not stand here")
    return {name: found[name] for name in allowed if name in found}


def _check_text(place: _Place) -> None:
    if (place.element.text or "").strip() or any((child.tail or "").strip() for child in place.element):
        raise _refused(place.path, "holds text where only elements may stand")


@cache
def _known(type_name: str) -> Mapping[str, Written]:
    """By the names in XML."""
    return {
        _DIV if each.type == "xhtml" else _IN_FHIR + each.name: each
        for each in definition(type_name).written.values()
        if not each.element.attribute
    }


def _number(written: str) -> Any:
    try:
        return number(written)
    except ValueError:
        return written


def _boolean(written: str) -> Any:
    return {"true": True, "false": False}.get(written, written)


_READ: Mapping[str, Callable[[str], Any]] = {"boolean": _boolean} | dict.fromkeys(_NUMBERS, _number)
