"""The references of a resource, with their places. http://hl7.org/fhir/R4/references.html, http://hl7.org/fhir/R4/bundle.html#references"""

import re
from collections.abc import Iterator
from typing import Any

from hub.fhir.elements import definition, is_primitive
from hub.fhir.resource import Resource

_OF_A_BUNDLE = ("urn:uuid:", "urn:oid:")
"""What the fullUrl of an entry begins with that means nothing outside its Bundle."""
ONLY_IN_A_TRANSACTION = "a reference by search stands in a transaction alone"
"""http://hl7.org/fhir/R4/http.html#trules"""
_BY_SEARCH = re.compile(r"[A-Z][A-Za-z]+\?")


def references(resource: Resource) -> Iterator[tuple[str, Resource]]:
    """Every Reference of a resource, with its place as FHIRPath."""
    name = resource.get("resourceType")
    if isinstance(name, str):
        yield from _of_type(resource, name, name)


def dangling(resource: Resource) -> Iterator[str]:
    """Where a resource refers to an entry of a Bundle."""
    return (f"{place}.reference" for place, each in references(resource) if _written(each).startswith(_OF_A_BUNDLE))


def by_search(resource: Resource) -> Iterator[tuple[str, str]]:
    """The references of a resource that name what they mean by a search (`Patient?identifier=…`), each with its place."""
    return ((f"{place}.reference", _written(each)) for place, each in references(resource) if _BY_SEARCH.match(_written(each)))


def _written(reference: Resource) -> str:
    found = reference.get("reference")
    return found if isinstance(found, str) else ""


def _of_type(held: Any, kind: str, place: str) -> Iterator[tuple[str, Resource]]:
    if isinstance(held, list):
        for at, each in enumerate(held):
            yield from _of_type(each, kind, f"{place}[{at}]")
    elif isinstance(held, dict):
        if kind == "Reference":
            yield place, held
        try:
            fields = definition(str(held.get("resourceType")) if kind == "Resource" else kind).written
        except KeyError:
            return
        for name, value in held.items():
            field = fields.get(name.removeprefix("_"))
            if field is not None and is_primitive(field.type) is name.startswith("_"):
                yield from _of_type(value, "Element" if name.startswith("_") else field.type, f"{place}.{field.element.name}")
