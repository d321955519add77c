"""CapabilityStatement, derived from the types of the house: it names what is supported and nothing else.

Source: http://hl7.org/fhir/R4/capabilitystatement.html
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.fhir.resource import Resource
from hub.fhir.types import TYPES, ResourceType

FHIR_VERSION = "4.0.1"
_OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
FORMATS = ("application/fhir+json", "json", "application/fhir+xml", "xml")
READING = ("read", "vread", "history-instance", "search-type")
"""Interactions on every type. http://hl7.org/fhir/R4/valueset-type-restful-interaction.html"""
WRITING = ("create", "update", "delete")
"""Interactions on the types that someone writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What the statement says of this one hub."""

    base: str
    """FHIR base URL."""
    software_version: str
    date: str
    """FHIR dateTime at which what it states came to be."""
    authorize_url: str = ""
    token_url: str = ""
    cors: bool = False


def capability(server: Server, reading: Sequence[str] = READING, writing: Sequence[str] = WRITING) -> Resource:
    """The CapabilityStatement of a hub that does these interactions."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": server.date,
        "kind": "instance",
        "software": {"name": "Samsyn", "version": server.software_version},
        "implementation": {"description": "Samsyn: a shared view of a patient's records", "url": server.base},
        "fhirVersion": FHIR_VERSION,
        "format": list(FORMATS),
        "rest": [
            {
                "mode": "server",
                "security": _security(server),
                "resource": [_resource(held, reading, writing) for _, held in sorted(TYPES.items())],
            }
        ],
    }


def _resource(held: ResourceType, reading: Sequence[str], writing: Sequence[str]) -> Resource:
    interactions = (*reading, *(writing if held.writers else ()))
    written: Resource = {
        "type": held.name,
        "interaction": [{"code": code} for code in interactions],
        "versioning": "versioned",
        "readHistory": "vread" in interactions,
        "updateCreate": "update" in interactions,
        "referencePolicy": ["literal", "logical"],
    }
    if "search-type" in interactions:
        asked = (each for each in held.named.values() if each.kind != "special")  # `Location.near` is refused
        written["searchParam"] = [{"name": each.name, "definition": each.definition, "type": each.kind} for each in asked]
    return written


def _security(server: Server) -> Resource:
    service = {"system": "http://terminology.hl7.org/CodeSystem/restful-security-service", "code": "SMART-on-FHIR"}
    held: Resource = {"cors": server.cors, "service": [{"coding": [service]}]}
    urls = [("authorize", server.authorize_url), ("token", server.token_url)]
    known = [{"url": name, "valueUri": url} for name, url in urls if url]
    if not known:
        return held
    return {"extension": [{"url": _OAUTH_URIS, "extension": known}]} | held
