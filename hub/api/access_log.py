"""/access/log: the access log read, reviewed and exported. API.md section 2; R06, R72."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from hub.api.access_forms import HSA, PATIENT, TIME, Routing, access_body, json_answer, json_schema, only
from hub.api.edge import refusing
from hub.consent.decision import BASES
from hub.errors import InvalidRequest
from hub.interactions.body import check_known
from hub.interactions.context import Context
from hub.interactions.log import VERDICTS, access_log, give_verdict, watch
from hub.interactions.log_export import ENDINGS, FORMS, export_log
from hub.interactions.log_filters import ACTIONS, OUTCOMES
from hub.interactions.log_proofs import consistency_of, proof_of

_FLAG = {"enum": ["true"]}
FILTERS: dict[str, dict[str, Any]] = {
    "since": TIME,
    "until": TIME | {"description": "Not included."},
    "unit": HSA,
    "person": HSA,
    "patient": PATIENT,
    "action": {"enum": list(ACTIONS)},
    "outcome": {"enum": list(OUTCOMES)},
    "rule": {"type": "string", "description": "A rule that decided."},
    "basis": {"enum": list(BASES), "description": "The law that a deciding rule rests on."},
    "emergency": _FLAG | {"description": "Only openings in an emergency."},
    "unreviewed": _FLAG | {"description": "Only what has no verdict."},
    "share": {"type": "number", "description": "A part of 1, drawn by the entries' hashes: nobody can choose what is drawn."},
}
_COUNT = {"name": "count", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 1000}}
_AFTER = {"name": "after", "in": "query", "schema": {"type": "string", "description": "What `next` of the page before said."}}
_CHOSEN = [{"name": name, "in": "query", "schema": schema} for name, schema in FILTERS.items()]
_FORM = {"name": "form", "in": "query", "required": True, "schema": {"enum": list(FORMS)}}
_VERDICT = json_schema(
    required=["shard", "seq", "verdict"],
    properties={
        "shard": {"type": "integer", "minimum": 0},
        "seq": {"type": "integer", "minimum": 0},
        "verdict": {"enum": list(VERDICTS)},
        "note": {"type": "string", "maxLength": 2000},
    },
)


_WATCH = json_schema(
    required=["patient", "watched"],
    properties={"patient": PATIENT, "watched": {"type": "boolean"}, "note": {"type": "string", "maxLength": 2000}},
)
_TEXT = {"type": "string", "description": "`id/version`."}


def _whole(name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": True, "schema": {"type": "integer", "minimum": 0}}


def log_routes(route: Routing) -> None:
    """The routes of the access log."""
    route(
        "/log",
        "GET",
        _log,
        summary="The access log: a patient's own, or for a reviewer the own care provider's, with cues and verdicts",
        openapi_extra={"parameters": [_AFTER, _COUNT, *_CHOSEN]},
        name="access log",
        operation_id="access_log",
    )
    route(
        "/log/export",
        "GET",
        _export,
        summary="The log as a file: for a patient the whole own list, with proof; for a reviewer what was filtered",
        openapi_extra={"parameters": [_FORM, *_CHOSEN]},
        operation_id="export_log",
    )
    route(
        "/log/proof",
        "GET",
        _proof,
        summary="An entry with the path that proves it under the last checkpoint; of an answer also one version that it held",
        openapi_extra={"parameters": [_whole("shard"), _whole("seq"), {"name": "resource", "in": "query", "schema": _TEXT}]},
        operation_id="prove_entry",
    )
    route(
        "/log/consistency",
        "GET",
        _consistency,
        summary="The paths that prove that the log of one checkpoint begins with that of an earlier one",
        openapi_extra={"parameters": [_whole("first"), _whole("second")]},
        operation_id="prove_consistency",
    )
    route(
        "/log/verdicts",
        "POST",
        _verdict,
        summary="What a reviewer says of an entry",
        openapi_extra=_VERDICT,
        status_code=201,
        operation_id="give_verdict",
    )
    route(
        "/log/watched",
        "POST",
        _watch,
        summary="A reviewer says that a patient is of public interest, or no longer",
        openapi_extra=_WATCH,
        status_code=201,
        operation_id="watch_patient",
    )


async def _watch(request: Request, context: Context) -> Response:
    async with refusing(context, "watch", "AuditEvent"):
        body = await access_body(request)
        check_known(body, ("patient", "watched", "note"))
        watched, note = body.get("watched"), body.get("note", "")
        if not isinstance(watched, bool):
            raise InvalidRequest("true or false", "watched")
        if not isinstance(note, str) or len(note) > 2000:
            raise InvalidRequest("a text of at most 2000 characters", "note")
    return json_answer(await watch(context, str(body.get("patient", "")), watched, note), 201)


async def _log(request: Request, context: Context) -> Response:
    async with refusing(context, "read-log", "AuditEvent"):
        only(request, "after", "count", *FILTERS)
        count = _count(request.query_params.get("count", "200"))
    return json_answer(await access_log(context, request.query_params.get("after", ""), count, _asked(request)))


async def _export(request: Request, context: Context) -> Response:
    async with refusing(context, "export-log", "AuditEvent"):
        only(request, "form", *FILTERS)
        form = request.query_params.get("form", "")
    content, media_type = await export_log(context, form, _asked(request))
    headers = {"Content-Disposition": f'attachment; filename="access-log.{ENDINGS[form]}"', "Cache-Control": "no-store"}
    return Response(content, 200, headers, media_type)


async def _proof(request: Request, context: Context) -> Response:
    async with refusing(context, "read-log", "AuditEvent"):
        only(request, "shard", "seq", "resource")
        shard, seq = _number(request, "shard"), _number(request, "seq")
    return json_answer(await proof_of(context, shard, seq, request.query_params.get("resource", "")))


async def _consistency(request: Request, context: Context) -> Response:
    async with refusing(context, "read-log", "AuditEvent"):
        only(request, "first", "second")
        first, second = _number(request, "first"), _number(request, "second")
    return json_answer(await consistency_of(context, first, second))


def _number(request: Request, name: str) -> int:
    written = request.query_params.get(name, "")
    if not (written.isascii() and written.isdigit() and len(written) < 10):
        raise InvalidRequest("a whole number", name)
    return int(written)


async def _verdict(request: Request, context: Context) -> Response:
    async with refusing(context, "review", "AuditEvent"):
        body = await access_body(request)
        check_known(body, ("shard", "seq", "verdict", "note"))
        shard, seq = _place(body, "shard"), _place(body, "seq")
        note = body.get("note", "")
        if not isinstance(note, str) or len(note) > 2000:
            raise InvalidRequest("a text of at most 2000 characters", "note")
    return json_answer(await give_verdict(context, shard, seq, str(body.get("verdict", "")), note), 201)


def _place(body: Mapping[str, Any], name: str) -> int:
    held = body.get(name)
    if type(held) is not int or not 0 <= held < 2**31:
        raise InvalidRequest("a whole number, as the log shows it", name)
    return held


def _asked(request: Request) -> Mapping[str, str]:
    return {name: value for name, value in request.query_params.items() if name in FILTERS}


def _count(written: str) -> int:
    if not (written.isascii() and written.isdigit() and len(written) < 10 and int(written)):
        raise InvalidRequest("not a whole number of 1 or more", "count")
    return min(int(written), 1000)
