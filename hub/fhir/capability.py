"""CapabilityStatement, derived from the types and the routes of the house: it names what is supported and nothing else.

Source: http://hl7.org/fhir/R4/capabilitystatement.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from hub.fhir.elements import definition
from hub.fhir.resource import Resource
from hub.fhir.served import Served
from hub.fhir.types import COMMON, TYPES, URL, ResourceType, SearchParameter, Writer

FHIR_VERSION = "4.0.1"
_OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_STRUCTURE = "http://hl7.org/fhir/StructureDefinition/"
_OPERATIONS = "http://hl7.org/fhir/OperationDefinition/"
_OF_RESOURCE = frozenset(("meta", "meta-add", "meta-delete", "validate", "graph", "graphql", "convert"))
"""Operations that R4 defines for every type."""
WRITING = frozenset(("create", "update", "patch", "delete"))
"""Interactions on the types that someone writes."""
_ASKED_OTHERWISE = (
    ("_content", "string", "Resource-content"),
    ("_filter", "special", "filter"),
    ("_has", "special", ""),
    ("_list", "special", ""),
)
"""Parameters of every type that find nothing in a resource by an expression: name, type, definition."""
_TEXT = ("_text", "string", "DomainResource-text")
"""Likewise, of types that have a narrative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What the statement says of this one hub, besides what its types and routes tell."""

    base: str
    """FHIR base URL."""
    software_version: str
    date: str
    """FHIR dateTime at which what it states came to be."""
    formats: tuple[str, ...] = ("application/fhir+json", "json")
    patch_formats: tuple[str, ...] = ()
    conditional_create: bool = False
    """If-None-Exist is heeded."""
    conditional_read: Literal["not-supported", "modified-since", "not-match", "full-support"] = "not-supported"
    conditional_delete: Literal["single", "multiple"] = "single"
    """Where there is a route for it."""
    authorize_url: str = ""
    token_url: str = ""
    cors: bool = False


def capability(server: Server, served: Served) -> Resource:
    """The CapabilityStatement of a hub that does what is `served`."""
    rest: Resource = {
        "mode": "server",
        "security": _security(server),
        "resource": [_resource(held, server, served) for _, held in sorted(TYPES.items())],
    }
    system = [code for code in served.codes("system") if code != "capabilities"]
    codes = [*system, *(["batch"] if "transaction" in system else [])]
    if codes:
        rest["interaction"] = [{"code": code} for code in codes]
    if "search-system" in system:
        rest["searchParam"] = [*map(_parameter, COMMON), *map(_otherwise, _ASKED_OTHERWISE)]
    if operations := _operations(served, ""):
        rest["operation"] = operations
    if served.codes("compartment"):
        rest["compartment"] = ["http://hl7.org/fhir/CompartmentDefinition/patient"]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": server.date,
        "kind": "instance",
        "software": {"name": "Samsyn", "version": server.software_version},
        "implementation": {"description": "Samsyn: a shared view of a patient's records", "url": server.base},
        "fhirVersion": FHIR_VERSION,
        "format": list(server.formats),
        **({"patchFormat": list(server.patch_formats)} if server.patch_formats and "patch" in served.codes("instance") else {}),
        "rest": [rest],
    }


def interactions(held: ResourceType, served: Served) -> tuple[str, ...]:
    """The interactions on a type and its instances."""
    return tuple(code for code in served.codes("type", "instance") if held.writers or code not in WRITING)


def _resource(held: ResourceType, server: Server, served: Served) -> Resource:
    codes = interactions(held, served)
    conditional = served.codes("type", conditional=True) if held.writers else ()
    written: Resource = {
        "type": held.name,
        "profile": _STRUCTURE + held.name,
        **({"documentation": _written_by(held)} if held.writers and "update" in codes else {}),
        "interaction": [{"code": code} for code in codes],
        "versioning": "versioned",
        "readHistory": "vread" in codes,
        "updateCreate": "update" in codes and "source" in held.writers,
        "conditionalCreate": "create" in codes and server.conditional_create,
        "conditionalRead": server.conditional_read,
        "conditionalUpdate": "update" in conditional,
        "conditionalDelete": server.conditional_delete if "delete" in conditional else "not-supported",
        "referencePolicy": ["literal", "logical"],
    }
    if "search-type" in codes:
        written["searchInclude"] = ["*", *_includes(held)]
        written["searchRevInclude"] = list(_reverse_includes(held))
        written["searchParam"] = list(_parameters(held))
    if operations := _operations(served, held.name):
        written["operation"] = operations
    return written


def _written_by(held: ResourceType) -> str:
    """Who writes a type, and who of these may choose the id of what is new: FHIR's `updateCreate` cannot tell callers apart."""
    said = f"Written by {' and by '.join(_WRITERS[each] for each in _WRITERS if each in held.writers)}."
    return f"{said} {_MAY_CHOOSE}" if "source" in held.writers else said


_WRITERS: Mapping[Writer, str] = {"source": "the client of a source system", "staff": "care staff", "patient": "the patient"}
_MAY_CHOOSE = "Only the client of a source system may choose the id of a new resource (updateCreate); others create by POST."


def searched(held: ResourceType) -> Iterator[SearchParameter]:
    """What a type is searched by, of what finds something by an expression."""
    return iter(held.named.values())


def otherwise(held: ResourceType) -> Iterator[tuple[str, str, str]]:
    """What it is searched by besides: name, type, definition."""
    yield from _ASKED_OTHERWISE
    if any(each.name == "text" and each.types == ("Narrative",) for each in definition(held.name).elements):
        yield _TEXT


def _parameters(held: ResourceType) -> Iterator[Resource]:
    yield from map(_parameter, searched(held))
    yield from map(_otherwise, otherwise(held))


def _parameter(parameter: SearchParameter) -> Resource:
    return {"name": parameter.name, "definition": parameter.definition, "type": parameter.kind}


def _otherwise(row: tuple[str, str, str]) -> Resource:
    name, kind, its = row
    return {"name": name, **({"definition": URL + its} if its else {}), "type": kind}


def _includes(held: ResourceType) -> Iterator[str]:
    return (f"{held.name}:{each.name}" for each in held.search if each.kind == "reference")


def _reverse_includes(held: ResourceType) -> Iterator[str]:
    return (
        f"{name}:{each.name}"
        for name, other in sorted(TYPES.items())
        for each in other.search
        if each.kind == "reference" and (not each.targets or held.name in each.targets)
    )


def _operations(served: Served, resource_type: str) -> list[Resource]:
    names = served.operations_on(resource_type)
    owners = ("Resource" if name in _OF_RESOURCE else resource_type or "Resource" for name in names)
    return [{"name": name, "definition": f"{_OPERATIONS}{owner}-{name}"} for name, owner in zip(names, owners, strict=True)]


def _security(server: Server) -> Resource:
    service = {"system": "http://terminology.hl7.org/CodeSystem/restful-security-service", "code": "SMART-on-FHIR"}
    held: Resource = {
        "cors": server.cors,
        "service": [{"coding": [service]}],
        "description": f"OAuth 2.0 as SMART App Launch has it: {server.base}/.well-known/smart-configuration",
    }
    urls = [("authorize", server.authorize_url), ("token", server.token_url)]
    known = [{"url": name, "valueUri": url} for name, url in urls if url]
    if not known:
        return held
    return {"extension": [{"url": _OAUTH_URIS, "extension": known}]} | held
