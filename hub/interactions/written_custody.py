"""The custody of what a caller writes: the commission's, the source's defaults, or the patient's own. API.md section 4."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hub.caller import Caller
from hub.consent.grounds import Consent
from hub.consent.provision import Given
from hub.errors import Forbidden, Unprocessable
from hub.fhir.custody import CONSENT, HUB, OWN, Custody
from hub.fhir.identifiers import hsa_id
from hub.fhir.index import index
from hub.fhir.index_keys import DateKey
from hub.fhir.resource import Resource
from hub.fhir.types import TYPES
from hub.hub import Hub, settings
from hub.interactions.context import Context
from hub.records import placed
from hub.store.values import moment

UNPLACED = "the hub's configuration of source {} must name a `unit` that the directory knows, of the source's `owner`"
NOBODY = "nobody"
"""Provider and unit of what no staff see; HSA-ids are in upper case."""
CATEGORIES = {
    "AllergyIntolerance": "upp",
    "CarePlan": "cll-cp",
    "Composition": "voo",
    "Condition": "dia",
    "DocumentReference": "voo",
    "Encounter": "vko",
    "Flag": "upp",
    "Immunization": "caa-gvh",
    "MedicationRequest": "caa-gmh",
    "MedicationStatement": "caa-gmh",
    "MedicationAdministration": "caa-gmh",
    "MedicationDispense": "caa-gmh",
    "DiagnosticReport": "und-kkm-ure",
    "Observation": "und-kkm-ure",
    "Specimen": "und-kkm-ure",
}
"""Engagement-index category of what a source's client writes; other types carry their own name."""


def custody_of(context: Context, resource: Resource, given: Sequence[Given] = ()) -> Custody:
    """The custody of a new entry with this resource. `given`: the grounds that it registers, if it is a Consent.

    Raises: Forbidden: the client's source is not configured; Unprocessable: nor is the unit that it writes for.
    """
    caller, now = context.caller, context.hub.clock()
    if resource["resourceType"] == "Consent" and caller.kind != "system":
        return _of_consent(context, given)
    match caller.kind:
        case "patient":
            return _registered(OWN, "own", now, regime="OWN", provider=None, unit=None)
        case "system":
            return _of_source(context.hub, caller.source, resource)
        case _:
            return _registered(HUB, resource["resourceType"].lower(), now, **_commission(caller))


def _of_consent(context: Context, given: Sequence[Given]) -> Custody:
    """A Consent is no care documentation: beside the patient it concerns the unit that is to read, and nobody else.

    Whether it is care documentation, and whether it may leave its unit, is left unknown, which opens nothing (R30, R40). A
    patient's Consent that permits no one unit, above all one that denies, lies at a unit that is nobody's.
    """
    caller, directory = context.caller, context.hub.directory
    now = context.hub.clock()
    if caller.kind != "patient":
        return replace(_registered(HUB, CONSENT, now, **_commission(caller)), purpose=None, insurance=None)
    standing = [each for each in given if each.state == "active"] or given
    units = {each.unit if isinstance(each, Consent) else "" for each in standing}
    unit = units.pop() if len(units) == 1 else ""
    provider, social = (directory.provider_of(unit), directory.is_social(unit)) if unit else (NOBODY, False)
    place: dict[str, Any] = {"provider": provider, "unit": unit or NOBODY, "social": social}
    return replace(_registered(OWN, CONSENT, now, regime="SVOD", **place), purpose=None, insurance=None)


def _commission(caller: Caller) -> dict[str, Any]:
    return {"regime": "SVOD", "provider": caller.provider, "unit": caller.unit, "social": caller.social_unit}


def _registered(source: str, info_type: str, now: datetime, **more: Any) -> Custody:
    return Custody(
        source=source,
        info_type=info_type,
        time_from=now,
        time_to=now,
        released=True,
        secret=False,
        nullified=False,
        insurance=False,
        purpose="care",
        incapacity=False,
        **more,
    )


def _of_source(hub: Hub, name: str, resource: Resource) -> Custody:
    source = hub.source(name)
    if source is None:
        raise Forbidden("the client is registered for a source that is not configured")
    held = settings(source, hub.directory)
    first, last = _span(resource)
    purpose: Any = held.defaults.purpose
    custody = Custody(
        source=name,
        provider=hsa_id(held.provider),
        unit=held.unit,
        info_type=CATEGORIES.get(resource["resourceType"], resource["resourceType"].lower()),
        regime="SVOD",
        time_from=first,
        time_to=last,
        released=held.defaults.released,
        secret=held.defaults.secret,
        nullified=False,
        insurance=held.defaults.insurance,
        purpose=purpose,
        incapacity=held.defaults.incapacity,
    )
    custody = placed(custody, hub.directory)
    if not TYPES[resource["resourceType"]].shared and (custody.provider is None or custody.social is None):
        raise Unprocessable(f"nobody could see it: {UNPLACED.format(name)}", resource["resourceType"])
    return custody


def _span(resource: Resource) -> tuple[datetime | None, datetime | None]:
    """The time that a resource is about, as its type's main date has it; none known: every block's period covers it."""
    parameter = TYPES[resource["resourceType"]].parameter(TYPES[resource["resourceType"]].sort)
    keys = index(resource, only="date").get(parameter.index, ()) if parameter and parameter.name != "_lastUpdated" else ()
    dates = [each for each in keys if isinstance(each, DateKey)]
    try:
        return moment(min(each.lo for each in dates)), moment(max(each.hi for each in dates)) - timedelta(microseconds=1)
    except (ValueError, OverflowError):  # no date, or one that is open
        return None, None
