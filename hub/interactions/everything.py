"""Patient/[id]/$everything: the patient's record, and what it points at, as far as it is released to the caller.

It is a search of the whole compartment: the same view, freshness, paging and log entry.
Source: http://hl7.org/fhir/R4/patient-operation-everything.html
"""

from collections.abc import Sequence

from hub.errors import NotSupported
from hub.fhir.query import read_query
from hub.interactions.context import Context
from hub.interactions.read import read
from hub.interactions.search import search_type

TAKEN = ("_since", "_type", "_count")


async def everything(context: Context, patient: str, parameters: Sequence[tuple[str, str]]) -> bytes:
    """A searchset Bundle, the first page of it; the rest follows by its links.

    Takes: `patient`: logical id; `parameters`: names and values, decoded.
    Raises: NotFound: no such Patient in the caller's view; NotSupported: another parameter than `TAKEN`; InvalidRequest.
    """
    for name, _ in parameters:
        if name not in TAKEN:
            raise NotSupported(f"$everything takes {', '.join(TAKEN)}", name)
    await read(context, "Patient", patient)
    asked = [("_lastUpdated", f"ge{value}") if name == "_since" else (name, value) for name, value in parameters]
    if not any(name == "_type" for name, _ in asked):
        asked.append(("_include", "*"))
    query = read_query(
        "",
        asked,
        now=context.hub.clock(),
        base=context.hub.base,
        own_source=context.caller.kind == "system",
        patient=patient,
    )
    return await search_type(context, query)
