"""A consent of the register, shown as FHIR Consent in the shape of IHE PCF basic; of some data alone, of PCF intermediate; by
labels, of PCF advanced.

Deviates: R4 says that `provision.type` is not permitted at the root; IHE PCF requires it there.
Source: https://profiles.ihe.net/ITI/PCF/StructureDefinition-IHE.PCF.consentBasic.html
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from hub.consent._data import RESOURCE_TYPES
from hub.consent._parts import CATEGORY, CUSTODIAN, INFORMATION_TYPE, POLICY, RECIPIENT, SCOPE, TREATMENT
from hub.consent.grounds import Consent, closing
from hub.consent.limits import Limits
from hub.fhir.identifiers import HSA_ID
from hub.fhir.resource import Resource
from hub.fhir.swedish_time import LOCAL

PROFILE = "https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consentBasic"
INTERMEDIATE = "https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consentIntermediate"
ADVANCED = "https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consentAdvanced"
_STATUS = {"active": "active", "ended": "inactive", "annulled": "entered-in-error"}
_ROLE = "reader"


def written(consent: Consent, patient: str, source: str = "Samtycke registrerat i hubben") -> Resource:
    """The Consent that `provision.read` reads as this row.

    Takes: `patient`: the literal reference of the patient; `source`: what documents that it was given.
    """
    performer = {"reference": consent.represented_by or patient}
    resource: Resource = {
        "resourceType": "Consent",
        "id": consent.id,
        "meta": {"profile": [_profile(consent)]},
        "status": _STATUS[consent.state],
        "scope": {"coding": [_coding(SCOPE)]},
        "category": [{"coding": [_coding(CATEGORY)]}],
        "patient": {"reference": patient},
        "dateTime": _instant(consent.recorded),
        "performer": [performer],
        "organization": [_organization(consent.provider)],
        "sourceAttachment": {"title": source},
        "policy": [{"uri": POLICY[consent.regime]}],
        "provision": _provision(consent),
    }
    return resource | ({"contained": [_role(consent)]} if consent.employee else {})


def _profile(consent: Consent) -> str:
    if consent.within and consent.within.labelled:
        return ADVANCED
    return INTERMEDIATE if consent.limited else PROFILE


def _provision(consent: Consent) -> Resource:
    reader: Resource = {"reference": f"#{_ROLE}"} if consent.employee else _organization(consent.unit)
    held: Resource = {
        "type": "permit",
        "period": {"start": _instant(consent.start)} | ({"end": _inclusive(consent.end)} if consent.end else {}),
        "actor": [{"role": {"coding": [_coding(RECIPIENT)]}, "reference": reader}],
        "purpose": [_coding(TREATMENT)],
    }
    if consent.information_start or consent.information_end:
        held["dataPeriod"] = _period(consent.information_start, consent.information_end)
    if consent.within:
        return held | _limits(consent.within, "deny")
    exceptions = list(_exceptions(consent))
    return held | ({"provision": exceptions} if exceptions else {})


def _limits(limits: Limits, other: str) -> Resource:
    """What a provision says of data. `other`: the type of its exceptions."""
    role = {"coding": [_coding(CUSTODIAN)]}
    classes = [_coding((INFORMATION_TYPE, each)) for each in limits.types]
    classes += [_coding((RESOURCE_TYPES, each)) for each in limits.kinds]
    nested = "permit" if other == "deny" else "deny"
    held: Resource = {
        "dataPeriod": _period(limits.start, limits.end),
        "actor": [{"role": role, "reference": _organization(each)} for each in limits.holders],
        "class": classes,
        "data": [{"meaning": each.meaning, "reference": {"reference": each.reference}} for each in limits.data],
        "securityLabel": [_coding(each) for each in limits.labels],
        "provision": [{"type": other} | _limits(each, nested) for each in limits.but],
    }
    return {name: value for name, value in held.items() if value}


def _exceptions(consent: Consent) -> Iterator[Resource]:
    if consent.except_start or consent.except_end:
        yield {"type": "deny", "dataPeriod": _period(consent.except_start, consent.except_end)}
    if consent.except_holders:
        role = {"coding": [_coding(CUSTODIAN)]}
        yield {"type": "deny", "actor": [{"role": role, "reference": _organization(each)} for each in consent.except_holders]}
    if consent.except_types:
        yield {"type": "deny", "class": [_coding((INFORMATION_TYPE, each)) for each in consent.except_types]}


def _period(start: datetime | None, end: datetime | None) -> dict[str, str]:
    return ({"start": _instant(start)} if start else {}) | ({"end": _inclusive(end)} if end else {})


def _role(consent: Consent) -> Resource:
    """The one employee, in the unit: both must match, which two actors could not say."""
    return {
        "resourceType": "PractitionerRole",
        "id": _ROLE,
        "practitioner": {"type": "Practitioner", "identifier": _identifier(consent.employee)},
        "organization": _organization(consent.unit),
    }


def _organization(hsa_id: str) -> Resource:
    return {"type": "Organization", "identifier": _identifier(hsa_id)}


def _identifier(hsa_id: str) -> dict[str, Any]:
    return {"system": HSA_ID, "value": hsa_id}


def _coding(pair: tuple[str, str]) -> dict[str, str]:
    return {"system": pair[0], "code": pair[1]}


def _inclusive(end: datetime) -> str:
    """The last day, where the period ends at a Swedish midnight; else the last instant."""
    last = end - timedelta(microseconds=1)
    day = last.astimezone(LOCAL).date()
    return day.isoformat() if closing(day) == end else _instant(last)


def _instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
