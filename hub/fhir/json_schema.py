"""A resource's elements as JSON Schema: their names, and of what JSON type each is."""

from typing import Any

from hub.fhir.elements import Written, definition, is_primitive
from hub.fhir.resource import Resource


def schema(name: str) -> Resource:
    """A resource's elements, as JSON types. What begins with `_` holds the extensions of primitive ones, and is not listed."""
    held = definition(name)
    required = [each.name for each in held.elements if each.required and not each.choice]
    elements = {each.name: _element(each) for each in held.written.values()}
    return {
        "type": "object",
        "required": ["resourceType", *required],
        "properties": {"resourceType": {"const": name}, **elements},
        "externalDocs": {"url": f"http://hl7.org/fhir/R4/{name.lower()}.html"},
    }


_NUMBERS = {"decimal": "number", "integer": "integer", "positiveInt": "integer", "unsignedInt": "integer", "boolean": "boolean"}


def _element(each: Written) -> dict[str, Any]:
    kind = _NUMBERS.get(each.type, "string") if is_primitive(each.type) else "object"
    nothing = ["null"] if is_primitive(each.type) else []
    items: dict[str, Any] = {"type": [kind, *nothing] if nothing else kind}
    return {"type": "array", "minItems": 1, "items": items} if each.element.many else {"type": kind}
