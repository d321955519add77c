"""The grounds that a resource registers when it is written, and what becomes of them when it is deleted, whoever does it."""

from collections.abc import Sequence

from hub.consent.provision import Given
from hub.fhir.resource import Resource
from hub.interactions import consents, source_denials
from hub.interactions.context import Context
from hub.interactions.owning import registers
from hub.interactions.registrations import placed
from hub.store.database import Connection
from hub.store.known import Known
from hub.store.tables import NO_PATIENT


def registered(connection: Connection, context: Context, key: bytes, resource: Resource, told: Known) -> Sequence[Given]:
    """The grounds that a resource registers, and those that it no longer does, ended.

    Takes: `key`: the identity key. Raises: as `hub.interactions.consents.registered`, `source_denials.denied` and `placed` do.
    """
    if not registers(resource["resourceType"]):
        return ()
    if context.caller.kind == "system":
        return source_denials.denied(context, key, resource, told) if told.pk != NO_PATIENT else ()
    grounds = consents.registered(context, key, resource, told)
    consents.check_representative(connection, key, context, grounds, told)
    return placed(context, told, grounds)


def ended(context: Context, key: bytes, resource_type: str, fhir_id: str, told: Known) -> Sequence[Given]:
    """The grounds that a resource registered, as they end with it."""
    if not registers(resource_type):
        return ()
    if context.caller.kind == "system":
        return source_denials.lifted(context, key, fhir_id, told)
    return placed(context, told, consents.ended(context, consents.of(told, fhir_id)))
