"""$validate: whether a resource could stand here, as far as structure, types, cardinality and required codes go. Nothing is kept.

Source: http://hl7.org/fhir/R4/resource-operation-validate.html
"""

from typing import Any

from hub.errors import HubError, Issue, NotSupported
from hub.fhir.outcome import all_well, outcome
from hub.fhir.resource import Resource
from hub.fhir.validation import validate
from hub.interactions import logbook
from hub.interactions.context import Context, check_caller
from hub.store.audit_log import Leaf
from hub.store.store import Store
from hub.store.tables import NO_PATIENT

_BASE_PROFILE = "http://hl7.org/fhir/StructureDefinition/"
_LETTERS = "cur"
"""Who may create, update or read resources of a type may ask what is wrong with one."""


async def validated(context: Context, resource_type: str, fhir_id: str, resource: Any, profile: str = "") -> Resource:
    """An OperationOutcome: what is wrong, or that nothing is.

    Takes: `fhir_id`: which one it is to be; empty: any; `profile`: canonical URL it is to follow; empty: the type's own.
    Raises: Forbidden; NotSupported: another profile than the type's own.
    """
    try:
        letter = next((each for each in _LETTERS if context.caller.may(each, resource_type)), _LETTERS[0])
        context.caller.require(letter, resource_type)
        check_caller(context)
        if profile not in ("", _BASE_PROFILE + resource_type):
            raise NotSupported("only the definition of the type itself is judged by", "profile")
        issues = await context.durable(_judged, context, resource_type, fhir_id, resource)
    except HubError as fault:
        await context.refuse("validate", resource_type, fault)
        raise
    return outcome(issues) if issues else all_well("nothing is wrong with its structure, types, cardinality and required codes")


def _judged(_: Store, context: Context, resource_type: str, fhir_id: str, resource: Any) -> tuple[list[Issue], Leaf]:
    issues = validate(resource)
    if isinstance(resource, dict) and not issues:
        if resource["resourceType"] != resource_type:
            issues = [Issue("resourceType", "the resource is of another type than the URL says", "error", "invalid")]
        elif fhir_id and resource.get("id") != fhir_id:
            issues = [Issue(f"{resource_type}.id", "the id in the body is not the one in the URL", "error", "invalid")]
    return issues, logbook.administered(context.caller, "validate", NO_PATIENT, "", context.request_id, type=resource_type)
