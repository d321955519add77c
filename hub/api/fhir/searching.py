"""Searches: of a type, of all types, in a patient's compartment; by GET and by POST. http://hl7.org/fhir/R4/http.html#search"""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from hub.api.edge import clean_id, refusing
from hub.api.fhir._asked import known_type, pairs, preference, type_or_none
from hub.api.formats import FHIR_JSON, asked
from hub.errors import NotSupported, UnsupportedMedia
from hub.fhir.distance import Position
from hub.fhir.identifiers import Identifier
from hub.fhir.query import Query, read_query
from hub.fhir.types import TYPES
from hub.fhir.value_sets import Terminology
from hub.interactions.context import Context
from hub.interactions.loaded_terminology import terminology_for
from hub.interactions.log_events import asks_of_log, check_asks_alone, search_events
from hub.interactions.places import places_for
from hub.interactions.search import search_type


async def search(request: Request, context: Context) -> Response:
    return await _answer_search(request, context)


async def search_by_post(request: Request, context: Context) -> Response:
    async with refusing(context, "search", type_or_none(request)):
        form = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if form not in ("application/x-www-form-urlencoded", "") or (not form and await request.body()):
            raise UnsupportedMedia("a search is posted as application/x-www-form-urlencoded", "Content-Type")
        written = await request.body()
    return await _answer_search(request, context, written)


async def _answer_search(request: Request, context: Context, form: bytes = b"") -> Response:
    async with refusing(context, "search", type_or_none(request)):
        sent = pairs(form)
        asked(request, sent)
        written = [*pairs(request.scope["query_string"]), *sent]
        of_log = asks_of_log(context, request.path_params.get("type"))
        if not of_log:
            check_asks_alone(context, written)
            known = await terminology_for(context, written), await places_for(context, written)
            query = _query(request, context, written, *known)
    if of_log:
        within = [("patient", clean_id(request.path_params["patient"]))] if "patient" in request.path_params else []
        return Response(await search_events(context, [*written, *within]), media_type=FHIR_JSON)
    if any(isinstance(each, Identifier) for each in query.patients):
        context.count_lookup()
    return Response(await search_type(context, query), media_type=FHIR_JSON)


def _query(
    request: Request,
    context: Context,
    pairs: list[tuple[str, str]],
    terminology: Terminology,
    places: Mapping[str, Position] | None,
) -> Query:
    """What is asked: of a type, of every type, or in a patient's compartment of one or all of them (`*`)."""
    at, patient = request.path_params, clean_id(request.path_params.get("patient", ""))
    everything = at.get("type", "*") == "*"
    resource_type = "" if everything else known_type(request)
    if "patient" in at and resource_type and not TYPES[resource_type].patient:
        raise NotSupported("resources of this type lie in no patient's compartment")
    return read_query(
        resource_type,
        pairs,
        now=context.hub.clock(),
        lenient=preference(request, "handling") == "lenient",
        base=context.hub.base,
        terminology=terminology,
        places=places,
        own_source=context.caller.kind == "system",
        patient=patient if "patient" in at else "",
    )
