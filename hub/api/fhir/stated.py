"""What the hub says that it does at /fhir, as its routes tell it."""

from collections.abc import Iterable

from starlette.routing import Route

from hub.api.edge import Edge, Otherwise
from hub.api.media import JSON_PATCH
from hub.fhir.capability import Server, capability
from hub.fhir.json import dumps
from hub.fhir.served import Served, served

STATED = "2026-11-28"
"""When the CapabilityStatement last came to say something else."""
MEDIA_TYPES = ("application/fhir+json", "application/fhir+xml")
BASE = "/fhir"


def does(routes: Iterable[Route]) -> Served:
    """What routes below /fhir do."""
    answering = (each for each in routes if not isinstance(each.endpoint, Otherwise))
    return served((method, each.path.removeprefix(BASE)) for each in answering for method in each.methods or ())


def statement(edge: Edge, version: str, routes: Iterable[Route]) -> bytes:
    """The CapabilityStatement."""
    issuer = edge.hub.config.issuers[0] if edge.hub.config.issuers else None
    server = Server(
        base=edge.hub.base,
        software_version=version,
        date=STATED,
        formats=(*MEDIA_TYPES, "json", "xml"),
        patch_formats=(JSON_PATCH, *MEDIA_TYPES),
        conditional_create=True,
        conditional_read="full-support",
        authorize_url=issuer.authorize_url if issuer else "",
        token_url=issuer.token_url if issuer else "",
        cors=bool(edge.hub.config.cors_origins),
    )
    return dumps(capability(server, does(routes)))
