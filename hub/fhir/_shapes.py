"""What may stand in an object of one type, compiled from the definitions for `hub.fhir.structure`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from hub.fhir.elements import Written, codes, definition, is_primitive
from hub.fhir.primitives import CHECKS, Check


@dataclass(frozen=True, slots=True)
class Field:
    """What may stand under one name."""

    name: str
    written: str
    type: str
    many: bool
    choice: bool
    check: Check | None
    """Of a primitive type."""
    codes: frozenset[str] | Mapping[str, frozenset[str]] | None
    """Those that may stand here, of a CodeableConcept by system; None: not bound."""
    targets: frozenset[str]


@dataclass(frozen=True, slots=True)
class Shape:
    """What an object of one type may hold, and must."""

    fields: Mapping[str, Field]
    required: tuple[tuple[str, tuple[str, ...]], ...]
    """An element, and the names under which it may stand."""
    resource: bool


@cache
def shape_of(type_name: str) -> Shape:
    held = definition(type_name)
    fields = {each.name: _field(each) for each in held.written.values()}
    required = []
    for element in held.elements:
        if element.required:
            names = [each.name for each in held.written.values() if each.element is element]
            beside = [f"_{name}" for name in names if fields[name].check]
            required.append((element.name, (*names, *beside)))
    return Shape(fields, tuple(required), held.kind == "resource")


def _field(held: Written) -> Field:
    element = held.element
    allowed = codes(element.codes) if element.codes else None
    bound: Any = None
    if allowed:
        bound = frozenset().union(*allowed.values()) if held.type == "code" else allowed
    return Field(
        name=element.name,
        written=held.name,
        type=held.type,
        many=element.many,
        choice=element.choice,
        check=CHECKS[held.type] if is_primitive(held.type) else None,
        codes=bound if held.type in ("code", "CodeableConcept") else None,
        targets=element.targets if held.type == "Reference" else frozenset(),
    )
