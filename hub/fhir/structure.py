"""Whether a resource is made as its type is: elements, types, cardinality, required codes, what references point at.

The definitions are compiled once a type. Places are put into words only where something is wrong.
Source: http://hl7.org/fhir/R4/json.html, http://hl7.org/fhir/R4/references.html, http://hl7.org/fhir/R4/terminologies.html#required
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from hub.errors import Issue
from hub.fhir._places import ALONE, Place, fhirpath, xpath
from hub.fhir._shapes import Field, shape_of
from hub.fhir.bounded import Bounded
from hub.fhir.elements import resource_types
from hub.fhir.json import dumps
from hub.fhir.resource import Resource

MAX_FAULTS = 1_000
_LONG = 1024
"""Bytes of an element: of a longer one it is not remembered that it is sound."""

NOT_WRITTEN: Mapping[str, bytes] = MappingProxyType({})
_SOUND: Bounded[tuple[str, str, bytes | None, frozenset[str]]] = Bounded(4096)
"""Elements that are as they should be, by the type of their resource, their name, how they are written, and what is contained
beside them: most are met again (codes, units, whose it is)."""

_ID = r"[A-Za-z0-9\-.]{1,64}"
_LITERAL = re.compile(
    rf"(?P<base>https?://[^\s?#]+/)?(?P<type>[A-Z][A-Za-z]+)(?:/{_ID}(?:/_history/{_ID})?|(?P<search>\?\S+))", re.ASCII
)
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:[^\s:]\S*", re.ASCII | re.IGNORECASE)
_NAME = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,63}", re.ASCII)


def faults(resource: Any, written: Mapping[str, bytes] = NOT_WRITTEN) -> list[Issue]:
    """What is wrong with a resource as to how it is made, in the order it is written: the first `MAX_FAULTS`.

    Takes: `written`: its elements as `hub.fhir.encoded` has them, where they have been put into JSON.
    Gives: issues of severity error, their places as FHIRPath and as XPath. They hold no values.
    """
    judging = _Judging(written)
    with suppress(_Enough):
        judging.resource(resource, None, None)
    return judging.found


class _Enough(Exception):
    """So much is wrong that nobody reads on: a body can have as many faults as it has elements."""


class _Judging:
    """One resource being judged: what is found wrong on the way."""

    def __init__(self, written: Mapping[str, bytes]) -> None:
        self.found: list[Issue] = []
        self._written = written

    def resource(self, held: Any, place: Place | None, inside: frozenset[str] | None) -> None:
        """`place`: where it is held, None: it stands alone. `inside`: ids of what is contained beside it."""
        name = held.get("resourceType") if isinstance(held, dict) else None
        if not isinstance(name, str) or name not in resource_types():
            self._wrong(place or (None, "resourceType", "", ALONE), "not a resource type of FHIR R4", "structure")
            return
        here: Place = (place, "" if place else name, name, ALONE)
        if inside is not None and "contained" in held:
            self._wrong((here, "contained", "contained", ALONE), "what is contained contains nothing itself", "structure")
        self._object(held, name, here, _contained(held) if inside is None else inside)

    def _object(self, held: Resource, type_name: str, place: Place, inside: frozenset[str], bare: bool = False) -> None:
        """`bare`: it may hold an id and nothing else, since its value stands beside it."""
        shape = shape_of(type_name)
        fields, seen = shape.fields, 0
        chosen: list[Field] = []
        for written, value in held.items():
            field = fields.get(written)
            if field is None:
                if written == "resourceType" and shape.resource:
                    continue
                field = self._other(written, held, fields, place, inside)
            elif place[0] is not None or field.check is not None or written == "identifier":  # that no other resource has
                if field.many or not _sound(value, field):
                    self._element(value, held, field, place, inside)
            elif (type_name, written, self._written.get(written), inside) not in _SOUND:
                self._outermost(type_name, value, field, place, inside)
            seen += 1
            if field is not None and field.choice:
                chosen.append(field)
        if not shape.resource and not bare and (not seen or (seen == 1 and "id" in held)):
            self._wrong(place, "an element must hold something", "structure")
        if len(chosen) > 1:
            self._choices(chosen, place)
        for name, names in shape.required:
            if held.keys().isdisjoint(names):
                self._wrong((place, name, name, ALONE), "is required", "required")

    def _outermost(self, type_name: str, value: Any, field: Field, place: Place, inside: frozenset[str]) -> None:
        """An element of a resource itself that is no primitive: one that was found sound before is not looked into."""
        written = _in_json(value)
        known = (type_name, field.written, written, inside)
        if known in _SOUND:
            return
        before = len(self.found)
        self._element(value, {}, field, place, inside)
        if len(self.found) == before and 0 < len(written) <= _LONG:
            _SOUND.remember(known)

    def _element(self, value: Any, holder: Resource, field: Field, place: Place, inside: frozenset[str]) -> None:
        """The value of one element of `holder`, which stands at `place`."""
        if field.many:
            self._list(value, holder, field, place, inside)
        else:
            self._value(value, field, (place, field.name, field.written, ALONE), inside)

    def _choices(self, chosen: Sequence[Field], place: Place) -> None:
        first: dict[str, Field] = {}
        for field in chosen:
            if first.setdefault(field.name, field) is not field:
                self._wrong((place, field.name, field.written, ALONE), "a choice of types is made only once", "structure")

    def _other(
        self, written: str, held: Resource, fields: Mapping[str, Field], place: Place, inside: frozenset[str]
    ) -> Field | None:
        """What stands under a name that is no element's: what is said beside a primitive value, whose field is given, or nothing
        known."""
        field = fields.get(written[1:]) if written.startswith("_") else None
        if field is None or field.check is None or field.type == "xhtml":
            name = written if _NAME.fullmatch(written) else ""
            self._wrong((place, name, name, ALONE) if name else place, "is not an element of this type", "structure")
            return None
        beside, values = held[written], held.get(field.written)
        if not field.many:
            self._beside(beside, values, (place, field.name, field.written, ALONE), inside)
        elif not isinstance(beside, list):
            self._wrong((place, field.name, field.written, ALONE), "must be a list", "structure")
        else:
            for at, each in enumerate(beside):
                value = values[at] if isinstance(values, list) and at < len(values) else None
                if each is not None or value is None:
                    self._beside(each, value, (place, field.name, field.written, at), inside)
        return field

    def _beside(self, held: Any, value: Any, place: Place, inside: frozenset[str]) -> None:
        if isinstance(held, dict) and (held or value is None):
            self._object(held, "Element", place, inside, bare=value is not None)
        else:
            self._wrong(place, "must be an object", "structure")

    def _list(self, value: Any, holder: Resource, field: Field, place: Place, inside: frozenset[str]) -> None:
        if type(value) is not list or not value:
            problem = "a list must not be empty" if value == [] else "must be a list"
            self._wrong((place, field.name, field.written, ALONE), problem, "structure")
            return
        for at, each in enumerate(value):
            if each is None and field.check and _said_beside(holder.get(f"_{field.written}"), at):
                continue
            if not _sound(each, field):
                self._value(each, field, (place, field.name, field.written, at), inside)

    def _value(self, value: Any, field: Field, place: Place, inside: frozenset[str]) -> None:
        if field.check is not None:
            problem = field.check(value)
            if problem is not None:
                self._wrong(place, *problem)
            elif field.codes is not None and value not in field.codes:
                self._wrong(place, "is not one of the codes that may stand here", "code-invalid")
        elif field.type == "Resource":
            self.resource(value, place, inside if field.name == "contained" else None)
        elif type(value) is not dict:
            self._wrong(place, "must be an object", "structure")
        else:
            self._object(value, field.type, place, inside)
            if field.type == "Reference":
                self._reference(value, field.targets, place, inside)
            elif field.type == "Extension" and ("extension" in value) == any(
                name.startswith(("value", "_value")) for name in value
            ):
                self._wrong(place, "must hold a value or extensions, and not both", "structure")
            elif field.codes is not None and not _bound(value, field.codes):
                self._wrong(place, "must have one of the codes that may stand here", "code-invalid")

    def _reference(self, held: Resource, targets: frozenset[str], place: Place, inside: frozenset[str]) -> None:
        written, told = held.get("reference"), held.get("type")
        if isinstance(told, str) and targets and told in resource_types() and told not in targets:
            self._wrong((place, "type", "type", ALONE), "may not point at this resource type", "value")
        if not isinstance(written, str):
            return
        literal = _LITERAL.fullmatch(written)
        kind = literal["type"] if literal and not (literal["base"] and literal["search"]) else ""
        problem = ""
        if written.startswith("#"):
            problem = "points at nothing that is contained" if len(written) > 1 and written[1:] not in inside else ""
        elif kind and kind in resource_types():
            if targets and kind not in targets:
                problem = "may not point at this resource type"
            elif isinstance(told, str) and told in resource_types() and told != kind:
                problem = "points at another resource type than is said beside it"
        elif literal and not literal["base"]:
            problem = "not a resource type of FHIR R4"
        elif not _ABSOLUTE.fullmatch(written):
            problem = "neither Type/id nor an absolute URL"
        if problem:
            self._wrong((place, "reference", "reference", ALONE), problem, "value")

    def _wrong(self, place: Place, problem: str, code: str) -> None:
        self.found.append(Issue(fhirpath(place), problem, "error", code, xpath(place)))
        if len(self.found) == MAX_FAULTS:
            raise _Enough


def _in_json(value: Any) -> bytes:
    """An element's JSON; nothing, where it cannot be written."""
    try:
        return dumps(value)
    except (TypeError, ValueError):
        return b""


def _sound(value: Any, field: Field) -> bool:
    """Whether a primitive value is as it should be, which most are."""
    return field.check is not None and field.check(value) is None and (field.codes is None or value in field.codes)


def _contained(held: Resource) -> frozenset[str]:
    found = held.get("contained")
    ids = (each.get("id") for each in found if isinstance(each, dict)) if isinstance(found, list) else ()
    return frozenset(each for each in ids if isinstance(each, str))


def _said_beside(beside: Any, at: int) -> bool:
    """Whether a primitive without a value has something said beside it."""
    return isinstance(beside, list) and at < len(beside) and beside[at] is not None


def _bound(concept: Resource, allowed: Any) -> bool:
    """Whether a CodeableConcept has a coding of its value set; one that only says why it has no code need not."""
    held = concept.get("coding")
    if held is None and "text" not in concept:
        return True
    found = [each for each in held if isinstance(each, dict)] if isinstance(held, list) else []
    codings = ((each.get("system"), each.get("code")) for each in found)
    return any(isinstance(system, str) and isinstance(code, str) and code in allowed.get(system, ()) for system, code in codings)
