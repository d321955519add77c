"""The outcome of one analysis: value, flag and reference range, digit by digit. MAPPING 3.

A unit is never converted: an NPU code names its unit.
"""

from hub.fhir.canonical import EXTENSION
from hub.fhir.resource import Resource
from hub.mappers._rivta_types import SNOMED, concept, decimal, extension, flag, quantity, unit
from hub.mappers._tracked import Node

_V3 = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
_V3_OID = {"2.16.840.1.113883.5.83": _V3}
_FLAGS = {"281302008": ("H", "High"), "281300000": ("L", "Low"), "281301001": ("N", "Normal")}
"""SNOMED CT above, below and within reference range -> v3. Nictiz' published results carry these pairs; no other is added."""


def value_of(node: Node) -> Resource:
    """`value[x]` of a result; what is no number in a place for numbers is shown as it stands."""
    if held := node.one("pq"):
        found = quantity(held)
        return {"valueQuantity": found} if found else _as_text(held)
    if held := node.one("intervalPQ"):
        return _interval(held)
    if held := node.one("cv"):
        found = concept(held)
        return {"valueCodeableConcept": found} if found else {}
    said = node.one("st").value
    return {"valueString": said} if said else {}


def _as_text(node: Node) -> Resource:
    words = " ".join(part for name in ("value", "unit") if (part := node.one(name).peek()))
    return {"valueString": words} if words else {}


def _interval(node: Node) -> Resource:
    """A comparator for one bound whose closedness is said; else a Range."""
    low, high = decimal(node.one("low")), decimal(node.one("high"))
    by = unit(node.one("unit"))
    closed = _closed(node)
    if low is None and high is None:
        return {}
    for name, value, other in (("low", low, high), ("high", high, low)):
        if value is not None and other is None and closed[name] is not None:
            return {"valueQuantity": {"value": value, "comparator": _comparator(name, bool(closed[name]))} | by}
    return {"valueRange": _open_ends(closed) | _bounds(node)}


def _comparator(name: str, is_closed: bool) -> str:
    return (">" if name == "low" else "<") + ("=" if is_closed else "")


def _bounds(node: Node) -> Resource:
    low, high, by = decimal(node.one("low")), decimal(node.one("high")), unit(node.one("unit"))
    found: Resource = {} if low is None else {"low": {"value": low, **by}}
    return found if high is None else {**found, "high": {"value": high, **by}}


def _closed(node: Node) -> "dict[str, bool | None]":
    return {"low": flag(node.one("lowClosed")), "high": flag(node.one("highClosed"))}


def _open_ends(closed: "dict[str, bool | None]") -> Resource:
    """FHIR's bounds are part of the range; those that are not are marked."""
    ends = [extension(f"{name}-closed", "Boolean", False) for name, said in closed.items() if said is False]
    return {"extension": ends} if ends else {}


def interpretations(node: Node) -> list[Resource]:
    """The laboratory's own flags, as given, with v3's code beside where the table has it; none given is not normal."""
    return [_flagged(found) for flagged in node.all("interpretation") if (found := concept(flagged, _V3_OID))]


def _flagged(found: Resource) -> Resource:
    codings = found.get("coding", [])
    known = next((_FLAGS[coding["code"]] for coding in codings if coding["system"] == SNOMED and coding["code"] in _FLAGS), None)
    if not known:
        return found
    return found | {"coding": [*codings, {"system": _V3, "code": known[0], "display": known[1]}]}


def reference_range(node: Node) -> Resource | None:
    """The range that the laboratory compared with; it needs a low, a high or a text (obs-3)."""
    if not node:
        return None
    interval, description = node.one("interval"), node.one("description").value
    population, comment = node.one("population").value, node.one("comment").value
    closed, bounds = _closed(interval), _bounds(interval)
    text = ". ".join(part for part in (description, comment) if part)
    if population and not bounds and not text:
        text = population
    if not bounds and not text:
        return None
    applies = {"appliesTo": [{"text": population}]} if population else {}
    return _open_ends(closed) | bounds | applies | ({"text": text} if text else {})


RESULT_TYPE = f"{EXTENSION}/result-type"
"""What a lone result is of, where it says so beside its analysis."""
