"""References that name an entry of a Bundle by its urn, where no entry has it. http://hl7.org/fhir/R4/bundle.html#references"""

from collections.abc import Iterator
from typing import Any

from hub.fhir.elements import definition, is_primitive
from hub.fhir.resource import Resource

_OF_A_BUNDLE = ("urn:uuid:", "urn:oid:")
"""What such a fullUrl begins with: it means nothing outside the Bundle."""


def dangling(resource: Resource) -> Iterator[str]:
    """Where a resource whose links are rewritten still refers to an entry, as FHIRPath."""
    name = resource.get("resourceType")
    if isinstance(name, str):
        yield from _of_type(resource, name, name)


def _of_type(held: Any, kind: str, place: str) -> Iterator[str]:
    if isinstance(held, list):
        for at, each in enumerate(held):
            yield from _of_type(each, kind, f"{place}[{at}]")
    elif isinstance(held, dict):
        written = held.get("reference")
        if kind == "Reference" and isinstance(written, str) and written.startswith(_OF_A_BUNDLE):
            yield f"{place}.reference"
        try:
            fields = definition(str(held.get("resourceType")) if kind == "Resource" else kind).written
        except KeyError:
            return
        for name, value in held.items():
            field = fields.get(name)
            if field is not None and not is_primitive(field.type):
                yield from _of_type(value, field.type, f"{place}.{field.element.name}")
