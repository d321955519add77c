"""Protected identity: nothing that tells a place is left."""

import pytest

from hub.fhir.identifiers import PERSONNUMMER
from hub.fhir.index import index
from hub.fhir.json import dumps
from hub.fhir.masking import SECURITY_LABEL, hidden, is_protected, masked, without_places
from hub.fhir.validation import validate

PLACE = "Hemlig"
DOCTOR = {"resourceType": "Practitioner", "id": "p", "name": [{"text": "Anna Test"}]}
PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "meta": {"security": [{"system": SECURITY_LABEL, "code": "sekretessmarkering"}]},
    "text": {"status": "generated", "div": f"<div xmlns='http://www.w3.org/1999/xhtml'>{PLACE}</div>"},
    "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", "valueAddress": {"city": PLACE}}],
    "identifier": [{"system": "urn:x", "value": "1"}],
    "name": [{"family": "Test", "given": ["Anna"]}],
    "birthDate": "1990-02-22",
    "_birthDate": {"id": "b"},
    "gender": "female",
    "telecom": [{"system": "phone", "value": PLACE}],
    "address": [{"city": PLACE}],
    "photo": [{"url": f"http://{PLACE}"}],
    "contact": [{"name": {"text": PLACE}}],
    "generalPractitioner": [{"display": PLACE}],
    "managingOrganization": {"display": PLACE},
    "contained": [{"resourceType": "Organization", "id": "o", "name": PLACE}],
    "newElement": PLACE,
}


def test_a_protected_person_keeps_a_name_and_no_place():
    found = masked(PATIENT)
    assert PLACE.encode() not in dumps(found)
    assert found["name"] == PATIENT["name"]
    assert found["_birthDate"] == {"id": "b"}
    assert validate(found) == []
    assert not index(found).keys() & {"address", "address-city", "telecom", "phone", "general-practitioner", "organization"}


def test_masking_twice_changes_nothing_and_leaves_the_original():
    assert masked(masked(PATIENT)) == masked(PATIENT)
    assert PATIENT["address"] == [{"city": PLACE}]


@pytest.mark.parametrize(
    ("meta", "protected"),
    [
        ({"security": [{"system": SECURITY_LABEL, "code": "skyddadFolkbokforing"}]}, True),
        ({"security": [{"system": SECURITY_LABEL, "code": "other"}]}, False),
        ({"security": [{"system": "http://other", "code": "sekretessmarkering"}]}, False),
        ({}, False),
    ],
)
def test_a_label_protects(meta, protected):
    assert is_protected({"resourceType": "Patient", "meta": meta}) is protected
    assert is_protected({"resourceType": "Patient"}) is False


def test_only_what_is_known_is_masked_whole():
    with pytest.raises(ValueError, match="only Patient"):
        masked({"resourceType": "Observation"})


@pytest.mark.parametrize(
    "resource",
    [
        {
            "resourceType": "Appointment",
            "status": "booked",
            "description": PLACE,
            "comment": PLACE,
            "patientInstruction": PLACE,
            "start": "2026-03-01T08:00:00Z",
            "end": "2026-03-01T09:00:00Z",
            "participant": [
                {"actor": {"reference": "Patient/p1"}, "status": "accepted"},
                {"actor": {"reference": "Location/l1", "display": PLACE}, "status": "accepted"},
                {"actor": {"type": "Organization", "identifier": {"value": PLACE}}, "status": "accepted"},
                {"actor": {"reference": "#here"}, "status": "accepted"},
            ],
            "contained": [{"resourceType": "Location", "id": "here", "name": PLACE}],
        },
        {
            "resourceType": "Encounter",
            "meta": {"source": f"urn:x#{PLACE}"},
            "status": "finished",
            "class": {"code": "AMB"},
            "subject": {"reference": "Patient/p1"},
            "serviceProvider": {"display": PLACE},
            "location": [{"location": {"display": PLACE}}],
            "participant": [{"individual": {"reference": "https://x.example/fhir/PractitionerRole/1", "display": PLACE}}],
            "hospitalization": {"origin": {"display": PLACE}},
        },
        {
            "resourceType": "Provenance",
            "target": [{"reference": "Encounter/1"}],
            "recorded": "2026-03-01T08:00:00Z",
            "agent": [{"who": {"type": "Organization", "display": PLACE}}],
        },
        {
            "resourceType": "CareTeam",
            "text": {"status": "generated", "div": f"<div>{PLACE}</div>"},
            "subject": {"reference": "Patient/p1"},
            "managingOrganization": [{"display": PLACE}],
            "telecom": [{"system": "phone", "value": PLACE}],
            "participant": [{"member": {"reference": "Organization?identifier=urn:x|1", "display": PLACE}}],
        },
        {
            "resourceType": "Composition",
            "status": "final",
            "type": {"text": "Epikris"},
            "subject": {"reference": "Patient/p1"},
            "date": "2026-03-01",
            "author": [{"reference": "Practitioner/1"}],
            "title": "Epikris",
            "custodian": {"display": PLACE},
            "section": [{"title": "Anamnes", "text": {"status": "generated", "div": f"<div>{PLACE}</div>"}}],
        },
        {
            "resourceType": "AuditEvent",
            "type": {"code": "rest"},
            "recorded": "2026-03-01T08:00:00Z",
            "agent": [{"requestor": True, "network": {"address": PLACE, "type": "1"}, "who": {"reference": "Practitioner/1"}}],
            "source": {"site": PLACE, "observer": {"reference": "Organization/1", "display": PLACE}},
        },
        {
            "resourceType": "Task",
            "status": "requested",
            "intent": "order",
            "for": {"reference": "Patient/p1"},
            "location": {"display": PLACE},
            "owner": {"type": "HealthcareService", "display": PLACE},
            "input": [
                {"type": {"text": "where"}, "valueAddress": {"city": PLACE}},
                {"type": {"text": "how"}, "valueContactPoint": {"system": "phone", "value": PLACE}},
            ],
        },
        {
            "resourceType": "Procedure",
            "status": "completed",
            "subject": {"reference": "Patient/p1"},
            "location": {"display": PLACE},
            "performer": [{"actor": {"reference": "Practitioner/1"}, "onBehalfOf": {"display": PLACE}}],
        },
        {
            "resourceType": "ServiceRequest",
            "status": "active",
            "intent": "order",
            "subject": {"reference": "Patient/p1"},
            "locationReference": [{"display": PLACE}],
        },
    ],
    ids=lambda resource: resource["resourceType"],
)
def test_a_resource_about_a_protected_person_names_no_place(resource):
    found = without_places(resource)
    assert PLACE.encode() not in dumps(found)
    assert validate(found) == []
    assert found.get("subject") == resource.get("subject")


def test_what_is_no_place_stays():
    resource = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "Hb"},
        "subject": {"reference": "Patient/p1"},
        "performer": [{"type": "Practitioner", "display": "Anna Test"}, {"reference": "RelatedPerson/1"}],
        "valueString": "x",
    }
    assert without_places(resource) == resource


def test_a_consent_of_a_protected_person_still_says_to_whom_it_was_given():
    reader = {"type": "Organization", "identifier": {"system": "urn:oid:1.2.752.129.2.1.4.1", "value": "SE2321990018-U1"}}
    role = {"resourceType": "PractitionerRole", "id": "r", "organization": reader, "telecom": [{"value": PLACE}]}
    consent = {
        "resourceType": "Consent",
        "id": "c",
        "text": {"status": "generated", "div": PLACE},
        "organization": [reader],
        "provision": {"type": "permit", "actor": [{"reference": reader}, {"reference": {"reference": "#r"}}]},
        "contained": [role, {"resourceType": "Organization", "id": "o", "name": PLACE}],
    }
    found = without_places(consent)
    assert (found["organization"], found["provision"]) == (consent["organization"], consent["provision"])
    assert found["contained"] == [{"resourceType": "PractitionerRole", "id": "r", "organization": reader}]
    assert PLACE.encode() not in dumps(found)
    assert without_places(found) == found


@pytest.mark.parametrize(
    "system", ["urn:hub:rivta:SE2321990018-LIS:GetLaboratoryOrderOutcome", "urn:hub:message:alfa", "urn:x:se2321990018-LIS"]
)
def test_an_identifier_of_a_protected_person_does_not_tell_whose_it_is(system):
    held = {"system": system, "value": "1", "assigner": {"display": PLACE}}
    neutral = {"system": "urn:hub:protected", "value": "1"}
    entity = [{"role": "source", "what": {"identifier": held}}]
    assert without_places({"resourceType": "Observation", "identifier": [held]})["identifier"] == [neutral]
    if system.startswith("urn:hub:"):
        assert without_places({"resourceType": "Provenance", "entity": entity})["entity"][0]["what"]["identifier"] == neutral
    assert masked({"resourceType": "Patient", "identifier": [held]})["identifier"] == [neutral]
    kept = {"system": "http://electronichealth.se/identifier/personnummer", "value": "1"}
    assert masked({"resourceType": "Patient", "identifier": [kept]})["identifier"] == [kept]


def test_the_value_of_an_identifier_does_not_begin_with_who_gave_it():
    held = [{"system": "http://x.org", "value": "SE2321990018-JOURNAL:VL-1"}, {"value": "SE2321990018-LAB^7"}, {"value": "VL-1"}]
    held.append({"system": "http://x.org", "value": "SE2321990018-LAB"})
    found = without_places({"resourceType": "Observation", "identifier": held})["identifier"]
    assert [each.get("value") for each in found] == ["VL-1", "7", "VL-1", None]


UNIT = {"identifier": {"system": "urn:oid:1.2.752.129.2.1.4.1", "value": f"SE2321990018-{PLACE}"}, "display": PLACE}
"""As Swedish systems mostly name a unit: neither a literal reference nor a type."""


@pytest.mark.parametrize(
    ("type", "more"),
    [
        ("Observation", {"performer": [UNIT, {"display": PLACE}]}),
        ("Observation", {"note": [{"text": "x", "authorReference": UNIT}]}),
        ("Observation", {"performer": [{"type": "http://hl7.org/fhir/StructureDefinition/Organization", "display": PLACE}]}),
        ("Observation", {"extension": [{"url": "http://x.org/e", "valueReference": {"display": PLACE}}]}),
        ("Observation", {"_status": {"extension": [{"url": "http://x.org/e", "valueReference": UNIT}]}}),
        ("Observation", {"identifier": [{"system": "http://x.org", "value": "1", "assigner": {"display": PLACE}}]}),
        ("Observation", {"contained": [{"resourceType": "Patient", "id": "q", "contact": [{"name": {"text": PLACE}}]}]}),
        ("Observation", {"contained": [{"resourceType": "RelatedPerson", "id": "q", "name": [{"text": PLACE}]}]}),
        ("Observation", {"contained": [{"resourceType": "Practitioner", "id": "q", "qualification": [{"issuer": UNIT}]}]}),
        ("ServiceRequest", {"locationCode": [{"text": PLACE}], "performer": [UNIT], "requester": {"display": PLACE}}),
        ("DocumentReference", {"author": [UNIT], "context": {"facilityType": {"text": PLACE}}}),
        (
            "Appointment",
            {"serviceType": [{"coding": [{"system": f"urn:hub:rivta:SE2321990018-{PLACE}:care-type", "code": "1"}]}]},
        ),
        ("Observation", {"valueQuantity": {"value": 1, "system": f"urn:x:SE2321990018-{PLACE}", "code": "1"}}),
        ("Task", {"owner": UNIT, "input": [{"type": {"text": "x"}, "valueReference": UNIT}]}),
        ("Appointment", {"participant": [{"actor": UNIT, "status": "accepted"}, {"actor": {"display": PLACE}}]}),
        ("Communication", {"sender": UNIT, "recipient": [{"display": PLACE}]}),
        (
            "QuestionnaireResponse",
            {"item": [{"answer": [{"valueReference": UNIT}], "item": [{"answer": [{"valueReference": UNIT}]}]}]},
        ),
        ("Bundle", {"entry": [{"resource": {"resourceType": "Observation", "performer": [UNIT]}}]}),
        ("Patient", {"name": [{"extension": [{"url": "http://x.org/e", "valueAddress": {"city": PLACE}}]}]}),
        ("Patient", {"_birthDate": {"extension": [{"url": "http://x.org/e", "valueAddress": {"city": PLACE}}]}}),
        ("Patient", {"identifier": [{"system": PERSONNUMMER, "value": "1", "assigner": {"display": PLACE}}]}),
    ],
    ids=lambda each: each if isinstance(each, str) else next(iter(each)),
)
def test_what_may_be_to_a_place_goes_where_nothing_says_what_it_is(type, more):
    found = hidden({"resourceType": type} | more)
    assert PLACE.encode() not in dumps(found)
    assert hidden(found) == found


@pytest.mark.parametrize(
    ("type", "more"),
    [
        ("MedicationRequest", {"medicationReference": {"display": "Alvedon"}, "basedOn": [{"display": "Plan"}]}),
        ("Observation", {"subject": {"identifier": {"system": PERSONNUMMER, "value": "1"}}, "specimen": {"display": "Blod"}}),
        (
            "Observation",
            {"performer": [{"type": "Practitioner", "display": "Anna Test"}, {"reference": "#p"}], "contained": [DOCTOR]},
        ),
        ("Encounter", {"diagnosis": [{"condition": {"display": "Astma"}}], "class": {"display": "AMB"}}),
        ("Provenance", {"target": [{"reference": "Encounter/1"}], "agent": [{"who": {"reference": "https://x.org/Device/1"}}]}),
    ],
    ids=lambda each: each if isinstance(each, str) else next(iter(each)),
)
def test_what_can_be_to_no_place_stays(type, more):
    resource = {"resourceType": type} | more
    assert hidden(resource) == resource


HSA = "urn:oid:1.2.752.129.2.1.4.1"
EMPLOYEE = {"system": HSA, "value": "SE2321990018-1001"}
NAMED = {"type": "Practitioner", "display": "Anna Test"}
UNNAMED = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]}


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ({"reference": "Practitioner/1", "identifier": EMPLOYEE, "display": "Anna Test"}, NAMED),
        ({"reference": "https://x.example/fhir/Practitioner/1/_history/2", "display": "Anna Test"}, NAMED),
        ({"type": "Practitioner", "identifier": EMPLOYEE, "display": "Anna Test"}, NAMED),
        ({"type": "Practitioner", "identifier": {"system": "urn:x:staff", "value": "1001"}, "display": "Anna Test"}, NAMED),
        ({"type": "Practitioner", "identifier": EMPLOYEE}, UNNAMED),
        ({"reference": "Practitioner/1"}, UNNAMED),
        ({"reference": "#p"}, {"reference": "#p"}),
        ({"reference": "#r"}, NAMED),
        ({"reference": "PractitionerRole/1", "display": "Anna Test"}, UNNAMED),
    ],
    ids=str,
)
def test_of_staff_a_protected_person_s_record_keeps_the_name_and_nothing_that_leads_to_a_unit(written, left):
    person = DOCTOR | {"identifier": [EMPLOYEE], "telecom": [{"value": PLACE}], "qualification": [{"code": {"text": PLACE}}]}
    role = {"resourceType": "PractitionerRole", "id": "r", "organization": UNIT, "practitioner": NAMED | {"identifier": EMPLOYEE}}
    performed = {"resourceType": "Procedure", "performer": [{"actor": written}], "recorder": written, "contained": [person, role]}
    found = without_places(performed | {"note": [{"authorReference": written, "text": "x"}]})
    assert (found["performer"][0]["actor"], found["recorder"], found["note"][0]["authorReference"]) == (left, left, left)
    assert found["contained"] == [{name: DOCTOR[name] for name in ("resourceType", "id", "name")}]
    assert EMPLOYEE["value"].encode() not in dumps(found)
    assert "Practitioner/1" not in str(index(found, whole=True))
    assert without_places(found) == found


def test_an_hsa_id_is_left_nowhere_it_may_stand():
    told = {"url": "http://x.org/hierarchy", "valueIdentifier": EMPLOYEE}
    coded = {"coding": [{"system": HSA, "code": "SE2321990018-1001"}]}
    found = hidden({"resourceType": "Observation", "extension": [told], "identifier": [EMPLOYEE], "method": coded})
    assert b"SE2321990018" not in dumps(found)
    assert hidden(found) == found


def test_nor_in_a_text_a_tag_or_what_lies_in_something_contained():
    by = {"type": "Practitioner", "display": f"Anna Test {EMPLOYEE['value']}"}
    unit = {"resourceType": "Organization", "name": PLACE, "identifier": [EMPLOYEE]}
    entries = [{"fullUrl": f"https://x.example/fhir/Organization/{EMPLOYEE['value']}", "resource": unit}]
    told = {
        "resourceType": "Observation",
        "meta": {"tag": [{"system": HSA, "code": EMPLOYEE["value"]}], "security": [{"system": "urn:x", "code": "N"}]},
        "note": [{"authorString": EMPLOYEE["value"], "text": f"Ring {EMPLOYEE['value']} i dag"}],
        "extension": [{"url": "urn:x", "valueString": EMPLOYEE["value"]}],
        "performer": [by],
        "contained": [{"resourceType": "Bundle", "id": "b", "type": "collection", "entry": entries}],
    }
    found = hidden(told)
    assert b"SE2321990018" not in dumps(found)
    assert PLACE.encode() not in dumps(found)
    assert found["note"][0]["text"] == "Ring (skyddad uppgift) i dag"
    assert found["meta"]["security"] == told["meta"]["security"]
    assert hidden(found) == found


def test_a_primitive_beside_does_not_make_a_reference_another():
    place = {"display": PLACE, "_display": {"id": "d"}}
    assert PLACE.encode() not in dumps(hidden({"resourceType": "Observation", "performer": [place]}))
