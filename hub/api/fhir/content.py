"""A Binary as the content that it holds, beside its form as a resource. http://hl7.org/fhir/R4/binary.html#rest"""

import re
from base64 import b64decode, b64encode

from starlette.requests import Request
from starlette.responses import Response

from hub.api.edge import clean_id
from hub.api.fhir._asked import type_or_none
from hub.api.formats import as_it_is, media_type, named_types, resource_body
from hub.api.media import FHIR_TYPES, JSON_TYPES, XML_TYPES
from hub.errors import HubError, UnsupportedMedia
from hub.fhir.json import loads
from hub.fhir.resource import Resource

_MEDIA_TYPE = re.compile(r"""[\w.+-]+/[\w.+-]+(?: ?; ?[\w-]+="?[\w.+-]+"?)*""", re.ASCII)


def wants_content(request: Request) -> bool:
    """Whether a read may be of the content itself: of a Binary, where no format of FHIR's own is named."""
    return type_or_none(request) == "Binary" and named_types(request).isdisjoint(FHIR_TYPES)


def content(request: Request, stored: bytes, headers: dict[str, str]) -> Response | None:
    """The content of a stored Binary, as what it says it is; what is no media type is bytes.

    Gives: None: the resource is asked for, by a general media type (`application/json`) that the content is not of.
    """
    held = loads(stored)
    written = held.get("contentType", "")
    general = named_types(request) & {*JSON_TYPES, *XML_TYPES}
    if general and written.partition(";")[0].strip().lower() not in general:
        return None
    as_it_is(request)
    kind = written if _MEDIA_TYPE.fullmatch(written) else "application/octet-stream"
    return Response(b64decode("".join(held.get("data", "").split())), headers=headers | {"Content-Type": kind})


async def sent_resource(request: Request) -> Resource:
    """The resource that was sent; where it is to be a Binary, what was sent in any other form is its content.

    Raises: as `resource_body`.
    """
    if type_or_none(request) != "Binary":
        return await resource_body(request)
    kind = media_type(request)
    if not kind:
        raise UnsupportedMedia("says what the content is", "Content-Type")
    if kind in (*JSON_TYPES, *XML_TYPES):
        try:
            found = await resource_body(request)
        except HubError:
            if kind in FHIR_TYPES:
                raise
        else:
            if found.get("resourceType") == "Binary":
                return found
    return await _of_content(request)


async def _of_content(request: Request) -> Resource:
    made: Resource = {"resourceType": "Binary"}
    if "id" in request.path_params:
        made["id"] = clean_id(request.path_params["id"])
    made["contentType"] = " ".join(request.headers["content-type"].split())
    if context := request.headers.get("x-security-context"):
        made["securityContext"] = {"reference": context}
    if body := await request.body():
        made["data"] = b64encode(body).decode()
    return made
