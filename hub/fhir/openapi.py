"""The FHIR API as OpenAPI 3.1, from the same tables as everything else: its routes, types, search parameters and elements.

Every type has its paths, with the parameters that it is searched by; a resource's schema names its elements and of what JSON
type they are. What is inside of them, and what must hold between them, is in R4's definitions, to which each schema points.
Source: https://spec.openapis.org/oas/v3.1.0.html
"""

from collections.abc import Iterator, Mapping, Sequence

from hub.fhir.capability import WRITING, otherwise, searched
from hub.fhir.json_schema import schema
from hub.fhir.resource import Resource
from hub.fhir.served import Interaction, Operation, Served
from hub.fhir.types import COMMON, TYPES, ResourceType

FORM = "application/x-www-form-urlencoded"
_TEXT: Resource = {"type": "string"}
_ID: Resource = {"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"}
_EVERYWHERE = ("Resource-content", "filter", "_has", "_list")
_RESULT: Mapping[str, tuple[str, Resource]] = {
    "_count": ("Hits a page", {"type": "integer", "minimum": 0}),
    "_sort": ("Parameters to order by, with commas between; a minus before one turns it round", _TEXT),
    "_include": ("What hits point at, too: Type:parameter", {"type": "array", "items": _TEXT}),
    "_revinclude": ("What points at hits, too: Type:parameter", {"type": "array", "items": _TEXT}),
    "_summary": ("How much of each resource", {"enum": ["true", "text", "data", "count", "false"]}),
    "_elements": ("Elements to be given, with commas between", _TEXT),
    "_total": ("Whether the hits are counted", {"enum": ["none", "estimate", "accurate"]}),
}
"""What shapes the answer of a search."""
_PAST: Mapping[str, tuple[str, Resource]] = {
    "_since": ("What changed at this time or later", _TEXT),
    "_at": ("The versions that were current at this time", _TEXT),
    "_list": ("The id of a List: versions that it names, or of resources that it names", _TEXT),
    "_type": ("Resource types, with commas between", _TEXT),
    "start": ("The first day of the care that it is about", _TEXT),
    "end": ("The last day of the care that it is about", _TEXT),
    "mode": ("What the resource is to be used for", {"enum": ["create", "update", "delete", "profile"]}),
    "profile": ("The canonical URL of a profile to judge by", _TEXT),
}
"""What shapes a history and the answers of operations."""
_TAKEN: Mapping[str, tuple[str, ...]] = {
    "read": ("_summary", "_elements"),
    "vread": ("_summary", "_elements"),
    "history-instance": ("_count", "_since", "_at", "_list", "_summary", "_elements"),
    "history-type": ("_count", "_since", "_at", "_list", "_summary", "_elements"),
    "history-system": ("_count", "_since", "_at", "_list", "_summary", "_elements"),
    "$everything": ("_count", "_since", "_type", "end", "start"),
    "$validate": ("mode", "profile"),
}
"""What is taken in the query, besides search parameters."""
_FORM: Mapping[str, tuple[str, Resource]] = {
    "_format": ("The form of the answer, before what Accept says", _TEXT),
    "_pretty": ("Whether it is written for eyes", {"enum": ["true", "false"]}),
}
"""What every request heeds."""
_HEADERS: Mapping[str, str] = {
    "If-Match": "The version that the writer believes is the current one",
    "If-None-Match": "The version that the reader has",
    "If-Modified-Since": "The time of the version that the reader has",
    "If-None-Exist": "A search that must find nothing, or what it finds is answered instead",
    "X-Provenance": "A Provenance of what is written, as JSON without its target",
    "Prefer": "return=minimal | representation | OperationOutcome; handling=strict | lenient",
}
_SAYS: Mapping[str, str] = {
    "search-system": "Search every type",
    "transaction": "Do several things at once",
    "history-system": "What happened to any resource",
    "capabilities": "What this server does",
    "search-type": "Search",
    "create": "Create",
    "update": "Replace",
    "patch": "Change parts",
    "delete": "Delete",
    "history-type": "What happened to any resource of the type",
    "read": "Read",
    "history-instance": "What happened to it",
    "vread": "Read a version",
}
_PATCHES = ("application/json-patch+json", "application/fhir+json", "application/fhir+xml")
_EMPTY = frozenset(("delete",))


def described(served: Served, formats: Sequence[str], prefix: str = "/fhir") -> Resource:
    """`paths` and `components` of everything that is served.

    Takes: `formats`: media types of resources; `prefix`: of every path.
    """
    paths: dict[str, Resource] = {}
    every: tuple[Interaction | Operation, ...] = (*served.interactions, *served.operations)
    for each in every:
        for held in _types(each):
            address = each.path.replace("{type}", held.name) if held else each.path
            path = paths.setdefault(
                prefix + address, {"parameters": [{"$ref": f"#/components/parameters/{one}"} for one in _FORM]}
            )
            path[each.method.lower()] = _operation(each, held, formats)
    return {"paths": paths, "components": _components(formats)}


def _types(each: Interaction | Operation) -> Iterator[ResourceType | None]:
    """The types for which there is a path; None: it is of no type."""
    if "{type}" not in each.path:
        yield TYPES[each.type] if isinstance(each, Operation) and each.type else None
        return
    for held in TYPES.values():
        writes = isinstance(each, Interaction) and each.code in WRITING
        if (held.writers or not writes) and (each.level != "compartment" or held.patient):
            yield held


def _operation(each: Interaction | Operation, held: ResourceType | None, formats: Sequence[str]) -> Resource:
    code = each.code if isinstance(each, Interaction) else f"${each.name}"
    about = f" {held.name}" if held else ""
    written: Resource = {
        "operationId": "-".join(
            [*each.path.replace("{type}", held.name if held else "").strip("/").split("/"), each.method.lower()]
        ),
        "tags": [held.name if held else "FHIR"],
        "summary": f"{_SAYS.get(code, code)}{about}",
        "responses": _responses(code, held, formats),
    }
    if code == "capabilities":
        written["security"] = []
    if parameters := [*_places(each), *_questions(each, held), *_headers(code)]:
        written["parameters"] = parameters
    if body := _body(each, held, formats):
        written["requestBody"] = {"required": isinstance(each, Interaction), "content": body}
    return written


def _responses(code: str, held: ResourceType | None, formats: Sequence[str]) -> Resource:
    found: Resource = {"default": {"$ref": "#/components/responses/fault"}}
    name = held.name if held and code in ("read", "vread", "create", "update", "patch") else "Bundle"
    name = {"capabilities": "CapabilityStatement", "$validate": "OperationOutcome", "$meta": "Parameters"}.get(code, name)
    given = {"description": "As asked", "content": _content(name, formats)}
    if code in _EMPTY:
        return {"204": {"description": "It is not there any longer"}} | found
    if code in ("create", "update"):
        found = {"201": {"description": "Created", "content": _content(name, formats)}} | found
    return found if code == "create" else {"200": given} | found


def _content(name: str, formats: Sequence[str]) -> Resource:
    return {each: {"schema": {"$ref": f"#/components/schemas/{name}"}} for each in formats}


def _places(each: Interaction | Operation) -> Iterator[Resource]:
    for name in ("id", "version", "patient"):
        if f"{{{name}}}" in each.path:
            yield {"$ref": f"#/components/parameters/{name}"}


def _questions(each: Interaction | Operation, held: ResourceType | None) -> Iterator[Resource]:
    """What may be asked in the query: of a search, of what acts on what a search finds, of a read."""
    code = each.code if isinstance(each, Interaction) else f"${each.name}"
    names = list(_TAKEN.get(code, ()))
    conditional = isinstance(each, Interaction) and each.conditional
    searching = each.method == "GET" and code.startswith("search")
    if conditional or searching:
        names += _names(held) if held else (*(_name(one.definition, one.name) for one in COMMON), *_EVERYWHERE)
    names += _RESULT if searching else ()
    yield from ({"$ref": f"#/components/parameters/{name}"} for name in names)


def _names(held: ResourceType) -> Iterator[str]:
    yield from (_name(each.definition, each.name) for each in searched(held))
    yield from (_name(its, name) for name, _, its in otherwise(held))


def _name(canonical: str, name: str) -> str:
    """The name of a parameter's component: many types share a definition."""
    return canonical.rsplit("/", 1)[-1] or name


def _headers(code: str) -> Iterator[Resource]:
    names = ["If-None-Match", "If-Modified-Since"] if code == "read" else ["If-None-Exist"] if code == "create" else []
    names += ["X-Provenance"] if code in ("create", "update") else []
    names += ["If-Match"] if code in ("update", "patch", "delete") else []
    names += ["Prefer"] if code in ("create", "update", "patch", "search-type", "search-system", "transaction") else []
    return ({"$ref": f"#/components/parameters/{name}"} for name in names)


def _body(each: Interaction | Operation, held: ResourceType | None, formats: Sequence[str]) -> Resource:
    if isinstance(each, Operation):
        return _content(held.name if held and each.name == "validate" else "Parameters", formats) if each.method == "POST" else {}
    match each.code, each.method:
        case "search-type" | "search-system", "POST":
            return {FORM: {"schema": {"type": "object", "additionalProperties": {"type": ["string", "array"]}}}}
        case "patch", _:
            return {media: {"schema": {}} for media in _PATCHES}
        case "transaction", _:
            return _content("Bundle", formats)
        case "create" | "update", _ if held:
            return _content(held.name, formats)
    return {}


def _components(formats: Sequence[str]) -> Resource:
    parameters: dict[str, Resource] = {
        "id": {"name": "id", "in": "path", "required": True, "schema": _ID},
        "version": {"name": "version", "in": "path", "required": True, "schema": _ID},
        "patient": {"name": "patient", "in": "path", "required": True, "schema": _ID},
    }
    parameters |= {
        name: {"name": name, "in": "query", "description": says, "schema": schema}
        for name, (says, schema) in (*_RESULT.items(), *_PAST.items(), *_FORM.items())
    }
    parameters |= {name: {"name": name, "in": "header", "description": says, "schema": _TEXT} for name, says in _HEADERS.items()}
    for held in TYPES.values():
        kinds = [(each.name, each.kind, each.definition) for each in searched(held)]
        for name, kind, its in (*kinds, *otherwise(held)):
            parameters[_name(its, name)] = {"name": name, "in": "query", "description": _described(kind, its), "schema": _TEXT}
    names = sorted({*TYPES, "Parameters"})
    return {
        "parameters": parameters,
        "schemas": {name: schema(name) for name in names},
        "responses": {"fault": {"description": "What is wrong, and where", "content": _content("OperationOutcome", formats)}},
    }


def _described(kind: str, its: str) -> str:
    return f"{kind}: {its}" if its.startswith("http") else kind
