"""What the sources outside RIV-TA share: custody from the configuration, `meta`, and where a key belongs."""

from datetime import timedelta
from typing import cast, get_args
from urllib.parse import quote

from hub.fhir.custody import Custody, Purpose
from hub.fhir.identifiers import HSA_ID, HSA_ID_OF_BASE_PROFILES, PERSONNUMMER, RESERVNUMMER, SAMORDNINGSNUMMER, hsa_id
from hub.fhir.resource import Resource
from hub.fhir.swedish_time import Moment
from hub.mappers import Settings
from hub.mappers._rivta_types import named

NOPATIENT = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "NOPATIENT"}
PATIENT_SYSTEMS = (PERSONNUMMER, SAMORDNINGSNUMMER, RESERVNUMMER)
HSA_SYSTEMS = (HSA_ID, HSA_ID_OF_BASE_PROFILES)

LABORATORY = "und-kkm-ure"
CARE_PLANS = "cll-cp"
OBSERVATIONS = "chb-go"
APPOINTMENTS = "crm-scheduling"
CARE_TEAMS = "care-team"
"""Categories of the engagement index; it has none for the last two, which are our own words."""


def custody(settings: Settings, provider: str | None, unit: str | None, info_type: str, **facts: object) -> Custody:
    """Custody with what the message says (`facts`); what it cannot say is as the configuration has it."""
    defaults = settings.defaults
    held = {
        "released": defaults.released,
        "secret": defaults.secret,
        "insurance": defaults.insurance,
        "purpose": cast(Purpose, defaults.purpose) if defaults.purpose in get_args(Purpose) else None,
        "incapacity": defaults.incapacity,
        "nullified": False,
    }
    return Custody(
        source=settings.source,
        provider=hsa_id(provider),
        unit=hsa_id(unit),
        info_type=info_type,
        regime="SVOD",
        **(held | facts),  # type: ignore[arg-type]  # the names are Custody's own
    )


def span(*moments: Moment | None) -> dict[str, object]:
    """The time compared with a block's period: from the first moment's beginning to the last one's end, both included."""
    known = [moment for moment in moments if moment]
    if not known:
        return {}
    end = max(moment.ends for moment in known) - timedelta(microseconds=1)
    return {"time_from": min(moment.begins for moment in known), "time_to": end}


def meta(settings: Settings, released: bool | None) -> Resource:
    """`meta` of every resource of a record; what is not known to be released to the patient is marked as not."""
    held: Resource = {"source": f"{HSA_ID}#{settings.system}"}
    return held | ({} if released else {"security": [NOPATIENT]})


def own_system(format_name: str, settings: Settings, *parts: str) -> str:
    """The system of identifiers and codes that mean something only inside one source system."""
    return ":".join(("urn:hub", format_name, settings.system, *(quote(part, safe="-._") for part in parts)))


def responsible(unit: str | None, hsa: str, name: str, role: str) -> Resource | None:
    """Who answers for a record, as a PractitionerRole with the id `author`, to be contained; None where nobody is named."""
    person = named("Practitioner", hsa_id(hsa), name or None)
    if not person and not role:
        return None
    organization = named("Organization", hsa_id(unit), None)
    return (
        {"resourceType": "PractitionerRole", "id": "author"}
        | ({"practitioner": person} if person else {})
        | ({"organization": organization} if organization else {})
        | ({"code": [{"text": role}]} if role else {})
    )
