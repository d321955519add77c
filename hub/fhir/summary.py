"""`_summary` and `_elements`: part of a resource, marked as such.

Source: http://hl7.org/fhir/R4/search.html#summary, http://hl7.org/fhir/R4/search.html#elements
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, cast, get_args

from hub.errors import InvalidRequest
from hub.fhir.elements import Written, definition, is_primitive
from hub.fhir.resource import Resource

Summary = Literal["true", "text", "data", "count", "false"]
SUMMARIES: tuple[str, ...] = get_args(Summary)
SUBSETTED: Resource = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}

_ALWAYS = frozenset(("resourceType", "id", "meta"))
_UNDERSTOOD = frozenset(("implicitRules", "modifierExtension"))
"""Whoever reads a part must still see what could change its meaning."""

Projection = Callable[[Resource], Resource]


@dataclass(frozen=True, slots=True)
class Part:
    """What `_summary` and `_elements` ask for."""

    summary: Summary = "false"
    elements: tuple[str, ...] = ()

    @property
    def projection(self) -> Projection | None:
        """As the function of that name gives it."""
        return projection(self.summary, self.elements)


WHOLE = Part()


def read_part(summary: str, elements: str, resource_type: str) -> Part:
    """Which part of resources is asked for. Takes: what was written of both; the type of all, empty: of several.

    Raises: InvalidRequest.
    """
    if summary not in SUMMARIES:
        raise InvalidRequest(f"is one of {', '.join(SUMMARIES)}", "_summary")
    named = tuple(each for each in elements.split(",") if each)
    if resource_type and unknown_elements(resource_type, named):
        raise InvalidRequest(f"names an element that no {resource_type} has at its top", "_elements")
    return Part(cast("Summary", summary), named)


def projection(summary: Summary = "false", elements: Sequence[str] = ()) -> Projection | None:
    """What a search or a read asked to be given of each resource; None: all of it.

    Takes: `elements`: names of elements at the top, as FHIRPath has them; they go before `summary`. Of `count`, for which no
        resources are given at all, nothing is made here.
    Gives: a function of a whole resource; what it gives is tagged as SUBSETTED, in the order it had.
    """
    if elements:
        asked = frozenset(elements)
        return lambda resource: _subset(resource, _named(resource, asked))
    match summary:
        case "true":
            return lambda resource: _subset(resource, dict(_summarised(resource, resource["resourceType"])))
        case "text":
            return lambda resource: _subset(resource, _textual(resource))
        case "data":
            return lambda resource: _subset(resource, {name: each for name, each in resource.items() if name != "text"})
        case _:
            return None


def unknown_elements(resource_type: str, names: Collection[str]) -> list[str]:
    """Those of the names that no element at the top of this type has."""
    held = definition(resource_type)
    return sorted(set(names) - {each.name for each in held.elements} - held.written.keys())


def _subset(whole: Resource, part: Resource) -> Resource:
    """`part` with what it points at inside `whole`, and with the tag."""
    if "contained" in whole and "contained" not in part and _points_inside(part):
        part = {name: each for name, each in whole.items() if name in part or name == "contained"} | part
    meta = part.get("meta", {})
    tags = meta.get("tag", [])
    if any(each.get("code") == "SUBSETTED" and each.get("system") == SUBSETTED["system"] for each in tags):
        return part
    tagged = {**meta, "tag": [*tags, SUBSETTED]}
    if "meta" in part:
        return part | {"meta": tagged}
    first: Resource = {name: part[name] for name in ("resourceType", "id") if name in part}
    return {**first, "meta": tagged, **part}


def _named(resource: Resource, asked: Collection[str]) -> Resource:
    """The elements asked for, and those that are mandatory or modify the meaning of others."""
    known = _fields(resource["resourceType"])
    return {name: value for name, value in resource.items() if _kept(known.get(name.removeprefix("_")), name, asked)}


def _kept(field: Written | None, name: str, asked: Collection[str]) -> bool:
    if field is None:
        return name in _ALWAYS
    element = field.element
    return name in _ALWAYS or element.required or element.modifier or element.name in asked or field.name in asked


def _textual(resource: Resource) -> Resource:
    known = _fields(resource["resourceType"])
    kept = _ALWAYS | _UNDERSTOOD | {"text"}
    return {
        name: value
        for name, value in resource.items()
        if (plain := name.removeprefix("_")) in kept or (plain in known and known[plain].element.required)
    }


def _summarised(holder: Resource, type_name: str) -> Iterator[tuple[str, Any]]:
    """What the definitions mark as summary, at every depth; mandatory elements too, or the rest would be of no type."""
    known = _fields(type_name)
    for name, value in holder.items():
        if name == "resourceType":
            yield name, value
            continue
        field = known.get(name.removeprefix("_"))
        if field is None or not (field.element.summary or field.element.required or field.element.modifier):
            continue
        kept = value if name.startswith("_") else _value(value, field.type)
        if kept not in ({}, []) or field.element.required:
            yield name, kept or value


def _value(value: Any, type_name: str) -> Any:
    if isinstance(value, list):
        made = (_value(each, type_name) for each in value)
        return [each for each in made if each != {}]
    if not isinstance(value, dict) or is_primitive(type_name) or type_name == "Extension":
        return value
    if type_name == "Resource":
        return dict(_summarised(value, value["resourceType"]))
    return dict(_summarised(value, type_name)) if _has_summary(type_name) else value


@cache
def _has_summary(type_name: str) -> bool:
    """Whether the definitions say of anything inside a type that it is summary: of some datatypes they say nothing at all."""
    return any(each.summary for each in definition(type_name).elements if each.name != "modifierExtension")


def _points_inside(value: Any) -> bool:
    if isinstance(value, dict):
        written = value.get("reference")
        return (isinstance(written, str) and written.startswith("#")) or any(map(_points_inside, value.values()))
    return isinstance(value, list) and any(map(_points_inside, value))


def _fields(type_name: str) -> Mapping[str, Written]:
    return definition(type_name).written
