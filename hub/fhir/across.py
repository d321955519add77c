"""References from one entry to another: which those are, and what a resource is without those whose targets are not shown.

A reference to a person, to the directory, to what is contained, or to another server leads to no entry. Business identifiers
alone are the record's own content (docs/decisions/0005).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from operator import is_
from typing import Any, NamedTuple

from hub.fhir.custody import API_FAMILY, HUB, OWN
from hub.fhir.elements import definition, is_primitive
from hub.fhir.resource import Resource
from hub.fhir.types import TYPES

ENTRY_TYPES = frozenset(name for name, held in TYPES.items() if not held.shared) - {"Patient", "AuditEvent"}
"""What lies in entries of a record. Who somebody is and what the log holds are not asked for as entries are."""
ABSENT: Resource = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}
"""Stands where an element must be. http://hl7.org/fhir/R4/extension-data-absent-reason.html"""
_NOTHING = frozenset(("id", "url"))
"""What an element that lost its value may still have, and says nothing by."""
_TYPES = "|".join(sorted(ENTRY_TYPES)).encode()
_POINTED = re.compile(rb'"reference":"((?:' + _TYPES + rb')/[A-Za-z0-9\-.]{1,64})(?=["/])')
"""In JSON as the hub writes it: in a text the quotation marks would have a stroke before them."""
Hides = Callable[[str], bool]


def leads_across(target: str) -> bool:
    """Whether a target, as `hub.fhir.parameters.reference.target` writes it, is an entry's."""
    return target.partition("/")[0] in ENTRY_TYPES


def entry_of(reference: Resource) -> str:
    """What a Reference leads to, as `Type/id`, if that is an entry's; else empty."""
    written = reference.get("reference")
    found = _LITERAL.match(written) if isinstance(written, str) else None
    return found[0] if found and found[1] in ENTRY_TYPES else ""


def pointed(written: bytes) -> Iterator[str]:
    """What a resource, as the hub writes it, may refer to in entries, one after the other. Of an element that is a uri it may say
    so too."""
    return (each.decode() for each in _POINTED.findall(written))


def may_point(family: str, resource_type: str, source: str) -> bool:
    """Whether a resource is to be looked at before it is shown, since it may refer to other entries: what clients write, whether
    or not it does. What comes in messages refers to nothing but its own entry (docs/decisions/0005); a Consent that is
    registered at the hub is read whole (docs/decisions/0052).

    Takes: `family`: of its entry.
    """
    return family == API_FAMILY and not (resource_type == "Consent" and source in (HUB, OWN))


def without(resource: Resource, hides: Hides) -> Resource:
    """The resource without its references to what `hides` says is not shown (`Type/id`); the same object where it has none.

    A reference goes whole, with what it says of its target. So does an element, above all an extension, that held nothing else.
    Where one must stand, it is said that it is not known.
    """

    def hidden(reference: Resource) -> bool:
        found = entry_of(reference)
        return bool(found and hides(found))

    found = _of_type(resource, str(resource["resourceType"]), hidden)
    return resource if found is None else found


def restored(sent: Resource, seen: Resource, kept: Resource) -> Resource:
    """What a resource is to be for whom was shown it without some of its references, and sent it back: each element that was
    sent as it was shown is as it was kept. The same object where that is all the same.

    Takes: `seen`: what was shown; `kept`: what it was made of.
    """
    back = {name: kept[name] for name in kept if kept[name] != seen.get(name) == sent.get(name)}
    return sent | back if back else sent


_LITERAL = re.compile(r"([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}")
Hidden = Callable[[Resource], bool]


def _of_type(held: Any, kind: str, hidden: Hidden, must: bool = False) -> Any:
    """An element of a type. Gives: None: nothing is left of it. Takes: `must`: an extension that may not go unnoticed."""
    if not isinstance(held, dict):
        return held
    if kind == "Reference" and hidden(held):
        return None
    inner = _inner(str(held.get("resourceType")) if kind == "Resource" else kind)
    changed: dict[str, Any] = {}
    for name, value in held.items():
        if (place := inner.get(name)) is not None:
            new = _element(value, place, hidden, must or name == "modifierExtension")
            if new is not value:
                changed[name] = new
    if not changed:
        return held
    left = {name: value for name, value in (held | changed).items() if value is not None}
    return None if left.keys() <= _NOTHING else left


class _Inner(NamedTuple):
    """What may stand under a name, and hold references somewhere within."""

    kind: str
    required: bool
    value: bool
    """Whether it is what an extension says."""

    def needed(self, must: bool) -> bool:
        """Whether something must stand there. Takes: `must`: it is in an extension that may not go unnoticed."""
        return self.required or (must and self.value)


@cache
def _inner(kind: str) -> Mapping[str, _Inner]:
    """By the names that a type has in JSON: of a primitive, what is beside it. None of a type that FHIR R4 has not."""
    try:
        fields = definition(kind).written.values()
    except KeyError:
        return {}
    beside = {"_" + each.name: _Inner("Element", False, False) for each in fields if is_primitive(each.type)}
    there = [each for each in fields if not is_primitive(each.type)]
    return beside | {each.name: _Inner(each.type, each.element.required, each.element.name == "value") for each in there}


def _element(value: Any, inner: _Inner, hidden: Hidden, must: bool) -> Any:
    """What stands under a name. None: nothing."""
    if not isinstance(value, list):
        new = _of_type(value, inner.kind, hidden, must)
        return ABSENT if new is None and inner.needed(must) else new
    made = [_of_type(each, inner.kind, hidden, must) for each in value]
    if all(map(is_, made, value)):
        return value
    kept = [new for new, each in zip(made, value, strict=True) if new is not None or each is None]
    return kept or ([ABSENT] if inner.needed(must) else None)  # a null keeps its place


@cache
def led_to(resource_type: str, index: str) -> frozenset[str]:
    """The types of entries that keys of a type under this name may lead to."""
    held = TYPES.get(resource_type)
    targets: set[str] = set()
    for each in held.named.values() if held else ():
        if each.index == index and each.kind == "reference":
            targets.update(each.targets or ENTRY_TYPES)
    return ENTRY_TYPES & targets if targets else ENTRY_TYPES
