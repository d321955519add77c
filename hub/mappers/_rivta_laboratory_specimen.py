"""Specimens of a laboratory report: named once however often they are repeated. MAPPING 3."""

from hub.fhir.identifiers import Identifier
from hub.fhir.resource import Resource
from hub.mappers._rivta import Header
from hub.mappers._rivta_types import business_identifier, concept, extension, identifier, time, written
from hub.mappers._tracked import Node


def specimen(node: Node, header: Header) -> tuple[Identifier, Resource]:
    """A specimen and its key: its own identifier and the time it was taken, else what it is and that time."""
    number = business_identifier(node.one("identifier"))
    material, place = concept(node.one("material")), concept(node.one("anatomicalLocation"))
    taken, comment = node.one("timestamp").value or "", node.one("comment").value
    name = number.value if number else f"{(material or {}).get('text', '')},{(place or {}).get('text', '')}"
    collection = time("collectedDateTime", node.one("timestamp")) | ({"bodySite": place} if place else {})
    said = {
        "identifier": [written(number)] if number else None,
        "type": material,
        "subject": header.subject,
        "collection": collection,
        "processing": [_processing(activity) for activity in node.all("activity")],
        "container": [_container(container) for container in node.all("container")],
        "note": [{"text": comment}] if comment else None,
    }
    made = header.start("Specimen") | {element: value for element, value in said.items() if value}
    return header.child(f"specimen-{name}@{taken}"), made


def _processing(node: Node) -> Resource:
    method, when = concept(node.one("method")), _performed(node.one("time"))
    made = {"extension": [extension("processing-method", "CodeableConcept", method)]} if method else {}
    code = concept(node.one("code"))
    return made | ({"procedure": code} if code else {}) | when


def _performed(node: Node) -> Resource:
    start, end = node.one("start"), node.one("end")
    if start and end and start.peek() != end.peek():
        return {"timePeriod": time("start", start) | time("end", end)}
    read = time("timeDateTime", end)
    return time("timeDateTime", start) or read


def _container(node: Node) -> Resource:
    numbers = [found for held in node.all("identifier") if (found := identifier(held))]
    kind = concept(node.one("type"))
    return ({"identifier": numbers} if numbers else {}) | ({"type": kind} if kind else {})
