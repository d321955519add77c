"""$meta of a type or of everything: which profiles, tags and security labels the resources have that are released to the caller.

Source: http://hl7.org/fhir/R4/resource-operation-meta.html
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hub.errors import TooCostly
from hub.fhir.clause import present
from hub.fhir.criteria import AnyOf
from hub.fhir.json import dumps, loads
from hub.fhir.query import MAX_COUNT, read_query
from hub.fhir.resource import Resource
from hub.fhir.types import COMMON
from hub.interactions.context import Context
from hub.interactions.search import look_up

MOST = 50
"""Pages of resources that are looked at."""
_LABELS = {"_profile": "profile", "_security": "security", "_tag": "tag"}
"""Elements of Meta by the parameters that find them."""


async def labels(context: Context, resource_type: str) -> Resource:
    """A Meta of all that there is. Takes: `resource_type`: empty: of every type.

    Raises: Forbidden; TooCostly: too many resources have labels.
    """
    query = read_query(
        resource_type,
        [("_count", str(MAX_COUNT)), ("_sort", "_id")],
        now=context.hub.clock(),
        base=context.hub.base,
        own_source=context.caller.kind == "system",
    )
    labelled = AnyOf(tuple(present(each) for each in COMMON if each.name in _LABELS))
    query = replace(query, criteria=(labelled,))
    found: dict[str, dict[bytes, Any]] = {name: {} for name in _LABELS.values()}
    for _ in range(MOST):
        answer, _asked = await look_up(context, query)
        _gather(found, (loads(each.bytes)["meta"] for each in answer.page.hits))
        if answer.cursor is None:
            return {name: list(values.values()) for name, values in found.items() if values}
        query = replace(query, cursor=answer.cursor)
    raise TooCostly("more resources have labels than are looked through: ask of one type, or search")


def _gather(found: dict[str, dict[bytes, Any]], metas: Iterable[Resource]) -> None:
    for meta in metas:
        for name, values in found.items():
            for each in meta.get(name, ()):
                values.setdefault(_same(each), each)


def _same(label: Any) -> bytes:
    """What makes two labels one: of a Coding its system and code."""
    return dumps([label.get("system"), label.get("code")] if isinstance(label, dict) else label)
