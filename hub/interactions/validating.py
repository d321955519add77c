"""$validate: whether a resource could stand here, as far as structure, types, cardinality and required codes go; and where it is
asked whether the resource could be created, updated or deleted, whether this caller's doing so would be taken. Nothing is kept.

Source: http://hl7.org/fhir/R4/resource-operation-validate.html
"""

from dataclasses import replace
from typing import Any, Literal, cast, get_args

from hub.errors import HubError, InvalidRequest, Issue, NotSupported
from hub.fhir.outcome import all_well, outcome
from hub.fhir.pointing import ONLY_IN_A_TRANSACTION, by_search
from hub.fhir.relinked import made_relative
from hub.fhir.resource import Resource
from hub.fhir.validation import validate
from hub.interactions import logbook
from hub.interactions.changes import Change
from hub.interactions.context import Context, check_caller
from hub.interactions.write import rehearsed
from hub.store.audit_log import Leaf
from hub.store.store import Store
from hub.store.tables import NO_PATIENT

_BASE_PROFILE = "http://hl7.org/fhir/StructureDefinition/"
_LETTERS = "cur"
"""Who may create, update or read resources of a type may ask what is wrong with one."""
Mode = Literal["", "create", "update", "delete", "profile"]
"""http://hl7.org/fhir/R4/valueset-resource-validation-mode.html; empty: the resource alone is judged."""
MODES: tuple[str, ...] = get_args(Mode)


async def validated(
    context: Context, resource_type: str, fhir_id: str, resource: Any, profile: str = "", mode: str = ""
) -> Resource:
    """An OperationOutcome: what is wrong, or that nothing is.

    Takes: `fhir_id`: which one it is to be; empty: any; `profile`: canonical URL it is to follow; empty: the type's own; `mode`:
    what is to be done with it.
    Raises: Forbidden; NotSupported: another profile than the type's own, or another mode; InvalidRequest.
    """
    try:
        letter = next((each for each in _LETTERS if context.caller.may(each, resource_type)), _LETTERS[0])
        context.caller.require(letter, resource_type)
        check_caller(context)
        if profile not in ("", _BASE_PROFILE + resource_type):
            raise NotSupported("only the definition of the type itself is judged by", "profile")
        change = _change(resource_type, fhir_id, resource, mode)
        issues = await context.durable(_judged, context, resource_type, fhir_id, resource, change)
        issues = issues or (list(await rehearsed(context, _read_as_written(context, change))) if change else [])
    except HubError as fault:
        await context.refuse("validate", resource_type, fault)
        raise
    return outcome(issues) if issues else all_well(_SAYS[cast(Mode, mode)])


_SAYS: dict[Mode, str] = {
    "": "nothing is wrong with its structure, types, cardinality and required codes",
    "profile": "nothing is wrong with its structure, types, cardinality and required codes",
    "create": "it could be created",
    "update": "it could be updated",
    "delete": "it could be deleted",
}


def _change(resource_type: str, fhir_id: str, resource: Any, mode: str) -> Change | None:
    """What is to be done, if anything is. Raises: InvalidRequest; NotSupported."""
    held = resource if isinstance(resource, dict) else {}
    match mode:
        case "" | "profile":
            return None
        case "create":
            return Change(action="create", type=resource_type, resource=held)
        case "update":
            named = fhir_id or held.get("id")
            if not isinstance(named, str):
                raise InvalidRequest("an update is of a resource with an id", "mode")
            return Change(action="update", type=resource_type, id=named, resource=held)
        case "delete":
            if not fhir_id:
                raise InvalidRequest("a deletion is of a resource that the address names", "mode")
            return Change(action="delete", type=resource_type, id=fhir_id)
        case _:
            raise NotSupported(f"is one of {', '.join(MODES[1:])}", "mode")


def _read_as_written(context: Context, change: Change) -> Change:
    """The change as the request for it would be read: this server's own absolute references are relative ones."""
    return replace(change, resource=made_relative(change.resource, context.hub.base)) if change.resource else change


def _judged(
    _: Store, context: Context, resource_type: str, fhir_id: str, resource: Any, change: Change | None
) -> tuple[list[Issue], Leaf]:
    issues = [] if change and change.action == "delete" else validate(resource)
    if isinstance(resource, dict) and not issues:
        if resource.get("resourceType") != resource_type:
            issues = [Issue("resourceType", "the resource is of another type than the URL says", "error", "invalid")]
        elif fhir_id and resource.get("id") != fhir_id and not (change and change.action == "create"):
            issues = [Issue(f"{resource_type}.id", "the id in the body is not the one in the URL", "error", "invalid")]
        elif change and change.resource:
            issues = [Issue(place, ONLY_IN_A_TRANSACTION, "error", "invalid") for place, _ in by_search(resource)]
    return issues, logbook.administered(context.caller, "validate", NO_PATIENT, "", context.request_id, type=resource_type)
