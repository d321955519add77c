"""The XML format of FHIR: a resource's JSON object as XML, and back. http://hl7.org/fhir/R4/xml.html

Both ways follow the definitions of the types, compiled once a type. What the one writes, the other reads as the same object.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from itertools import zip_longest
from typing import Any, NamedTuple

from hub.errors import NotAcceptable
from hub.fhir import narrative
from hub.fhir.elements import definition, is_primitive, resource_types
from hub.fhir.resource import Resource

FHIR = "http://hl7.org/fhir"

_SPECIAL = re.compile(r"[^ !#-%'-;=?-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}


class _Row(NamedTuple):
    """How one element is written. Rows of one type are in the order that XML wants."""

    order: int
    name: str
    type: str
    primitive: bool
    attribute: bool


def dumps_xml(resource: Resource) -> bytes:
    """A resource as an XML document in UTF-8.

    Raises: NotAcceptable: it holds what FHIR's XML has no place for.
    """
    made = ['<?xml version="1.0" encoding="UTF-8"?>']
    _resource(made, resource, f' xmlns="{FHIR}"')
    return "".join(made).encode()


@cache
def _rows(type_name: str) -> Mapping[str, _Row]:
    """By the names in JSON, with and without the underscore that tells of what is beside a value."""
    found = {}
    for each in definition(type_name).written.values():
        row = _Row(each.order, each.name, each.type, is_primitive(each.type), each.element.attribute)
        found[each.name] = row
        if row.primitive:
            found[f"_{each.name}"] = row
    return found


def _resource(made: list[str], resource: Any, more: str = "") -> None:
    name = resource.get("resourceType") if isinstance(resource, dict) else None
    if name not in resource_types():
        raise NotAcceptable("cannot be written as XML: not a resource type of FHIR R4", "resourceType")
    rest = {key: value for key, value in resource.items() if key != "resourceType"}
    _element(made, name, rest, name, more)


def _element(made: list[str], tag: str, held: Any, type_name: str, more: str = "") -> None:
    if type_name == "Resource":
        made.append(f"<{tag}>")
        _resource(made, held)
        made.append(f"</{tag}>")
        return
    if not isinstance(held, dict):
        raise NotAcceptable("cannot be written as XML: not an object", type_name)
    rows = _rows(type_name)
    try:
        found = sorted({rows[key] for key in held})
    except KeyError as fault:
        raise NotAcceptable("cannot be written as XML: not an element of this type", f"{type_name}.{fault.args[0]}") from None
    attributes = "".join(f' {row.name}="{_escaped(held[row.name])}"' for row in found if row.attribute and row.name in held)
    if all(row.attribute for row in found):
        made.append(f"<{tag}{more}{attributes}/>")
        return
    made.append(f"<{tag}{more}{attributes}>")
    for row in found:
        if row.attribute:
            continue
        if row.primitive:
            _primitives(made, row, held.get(row.name), held.get(f"_{row.name}"))
        else:
            values = held[row.name]
            for value in values if isinstance(values, list) else (values,):
                _element(made, row.name, value, row.type)
    made.append(f"</{tag}>")


def _primitives(made: list[str], row: _Row, values: Any, beside: Any) -> None:
    if isinstance(values, list) or isinstance(beside, list):
        for value, each in zip_longest(values or (), beside or ()):
            _primitive(made, row, value, each)
    else:
        _primitive(made, row, values, beside)


def _primitive(made: list[str], row: _Row, value: Any, beside: Any) -> None:
    if row.type == "xhtml":
        made.append(narrative.embedded(str(value)))
        return
    more = "" if value is None else f' value="{_escaped(value)}"'
    if not beside:
        made.append(f"<{row.name}{more}/>")
        return
    if not isinstance(beside, dict):
        raise NotAcceptable("cannot be written as XML: not an object", row.name)
    if "id" in beside:
        more = f' id="{_escaped(beside["id"])}"{more}'
    _element(made, row.name, {key: each for key, each in beside.items() if key != "id"}, "Element", more)


def _escaped(value: Any) -> str:
    """A value inside quotes. What XML has no character for becomes U+FFFD."""
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return str(value)
    if not isinstance(value, str):
        raise NotAcceptable("cannot be written as XML: a value is of no primitive type")
    return _SPECIAL.sub(lambda found: _ESCAPED.get(found[0], "\ufffd"), value)
