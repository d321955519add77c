"""What is wrong with a resource, and where."""

import os
from decimal import Decimal
from pathlib import Path

import pytest
from fhir.resources.R4B import get_fhir_model_class

from hub.fhir.json import loads
from hub.fhir.r4 import REQUIRED
from hub.fhir.types import TYPES
from hub.fhir.validation import validate

GOOD = {"resourceType": "Observation", "status": "final", "code": {"text": "Hemoglobin"}}
EXTENSION = {"extension": [{"url": "http://example.org/x", "valueString": "y"}]}
EXAMPLES = Path(os.environ.get("HUB_REFERENCE", Path(__file__).parents[2].parent / "shared" / "reference"))
EXAMPLES = EXAMPLES / "samples" / "fhir-r4" / "hl7-r4-examples"


def observation(**elements):
    return GOOD | elements


@pytest.mark.parametrize(
    "resource",
    [
        GOOD,
        observation(id="a-B.1", meta={"versionId": "1", "lastUpdated": "2026-03-01T08:00:00.123Z"}),
        observation(valueQuantity={"value": Decimal("1.50"), "comparator": "<", "unit": "mmol/L"}),
        observation(valueQuantity={"value": 5}),
        observation(effectiveDateTime="2026-03"),
        observation(effectivePeriod={"start": "2026-03-01", "end": "2026-03-01T10:00:00+01:00"}),
        observation(subject={"reference": "Patient/1"}, performer=[{"reference": "Organization/1/_history/2"}]),
        observation(subject={"reference": "Patient?identifier=urn:x|1"}, focus=[{"reference": "Account/1"}]),
        observation(subject={"reference": "urn:uuid:0b1f3a5e-1111-4222-8333-444455556666"}),
        observation(subject={"reference": "https://other.example/fhir/Patient/1"}),
        observation(subject={"identifier": {"system": "urn:x", "value": "1"}, "display": "Någon"}),
        observation(contained=[{"resourceType": "Patient", "id": "p"}], subject={"reference": "#p"}),
        {"resourceType": "Observation", "_status": EXTENSION, "code": {"text": "a"}},
        observation(_effectiveDateTime=EXTENSION),
        observation(extension=[{"url": "http://example.org/x", "valueMeta": {"versionId": "1"}}]),
        {"resourceType": "Patient", "name": [{"given": [None, "Anna"], "_given": [EXTENSION, None]}]},
        {"resourceType": "Binary", "contentType": "text/plain", "data": "aGVq"},
        {"resourceType": "HealthcareService", "availableTime": [{"daysOfWeek": ["mon"], "availableStartTime": "08:00:00"}]},
    ],
    ids=str,
)
def test_what_is_r4_passes(resource):
    assert validate(resource) == []


@pytest.mark.parametrize(
    ("resource", "place", "code"),
    [
        (None, "resourceType", "structure"),
        ([], "resourceType", "structure"),
        ({}, "resourceType", "structure"),
        ({"resourceType": 5}, "resourceType", "structure"),
        ({"resourceType": "Ghost"}, "resourceType", "structure"),
        ({"resourceType": "DomainResource", "id": "1"}, "resourceType", "structure"),
        ({"resourceType": "HumanName", "family": "A"}, "resourceType", "structure"),
        ({"resourceType": "SubscriptionTopic", "url": "http://a", "status": "draft"}, "resourceType", "structure"),
        ({"resourceType": "Observation"}, "Observation", "structure"),
        ({"resourceType": "Observation", "code": {"text": "a"}}, "Observation.status", "required"),
        ({"resourceType": "Observation", "status": "final"}, "Observation.code", "required"),
        (observation(status="finished"), "Observation.status", "code-invalid"),
        (observation(status="Final"), "Observation.status", "code-invalid"),
        (observation(status=True), "Observation.status", "structure"),
        (observation(status=None), "Observation.status", "structure"),
        (observation(status=["final"]), "Observation.status", "structure"),
        (observation(colour="red"), "Observation.colour", "structure"),
        (observation(valueString="a", valueInteger=1), "Observation", "value"),
        (observation(valueBoolean="true"), "Observation.value", "structure"),
        (observation(valueBoolean=1), "Observation.value", "structure"),
        (observation(valueInteger="5"), "Observation.value", "structure"),
        (observation(valueInteger=Decimal("5.0")), "Observation.value", "structure"),
        (observation(valueInteger=True), "Observation.value", "structure"),
        (observation(valueQuantity={"value": "1"}), "Observation.value.value", "structure"),
        (observation(valueQuantity={"value": 1, "comparator": "~"}), "Observation.value.comparator", "code-invalid"),
        (observation(valueString=""), "Observation.value", "value"),
        (observation(valueString="  "), "Observation.value", "value"),
        (observation(valueString="a\x00b"), "Observation.value", "value"),
        (observation(valueDateTime="2026-02-30"), "Observation.value", "structure"),
        (observation(effectiveDateTime="2026-3-1"), "Observation.effective", "structure"),
        (observation(effectiveDateTime="2026-03-01T10:00:00"), "Observation.effective", "value"),
        (observation(effectiveInstant="2026-03-01"), "Observation.effective", "value"),
        (observation(id="a b"), "Observation.id", "value"),
        (observation(id="x" * 65), "Observation.id", "value"),
        (observation(contained=[{"resourceType": "Patient", "id": "å"}]), "Observation.contained[0].id", "value"),
        (observation(contained=[{"resourceType": "Ghost"}]), "Observation.contained[0]", "structure"),
        (observation(contained=[{"resourceType": "Patient", "gender": "f"}]), "Observation.contained[0].gender", "code-invalid"),
        (observation(category={"text": "a"}), "Observation.category", "structure"),
        (observation(category=[]), "Observation.category", "structure"),
        (observation(category=[None]), "Observation.category[0]", "structure"),
        (observation(category=[{}]), "Observation.category[0]", "structure"),
        (observation(component=[{"code": {"text": "a"}}, {"valueInteger": 1}]), "Observation.component[1].code", "required"),
        (observation(subject="Patient/1"), "Observation.subject", "structure"),
        (observation(subject={"reference": "Patient 1"}), "Observation.subject.reference", "value"),
        (observation(subject={"reference": "patient/1"}), "Observation.subject.reference", "value"),
        (observation(subject={"reference": "#p"}), "Observation.subject.reference", "value"),
        (observation(subject={"reference": "Ghost/1"}), "Observation.subject.reference", "value"),
        (observation(subject={"reference": "Organization/1"}), "Observation.subject.reference", "value"),
        (observation(performer=[{"reference": "Device/1"}]), "Observation.performer[0].reference", "value"),
        (observation(extension=[{"url": "http://a", "valueRatioRange": {}}]), "Observation.extension[0].value", "structure"),
        (observation(_status="x"), "Observation.status", "structure"),
        ({"resourceType": "Binary", "contentType": "text/plain", "data": "not base64!"}, "Binary.data", "structure"),
        ({"resourceType": "Patient", "birthDate": "1990-13-01"}, "Patient.birthDate", "structure"),
        ({"resourceType": "Patient", "birthDate": "1990-01-01T10:00:00Z"}, "Patient.birthDate", "value"),
        ({"resourceType": "Patient", "name": [{"use": "best"}]}, "Patient.name[0].use", "code-invalid"),
        ({"resourceType": "Patient", "name": [{"given": [None]}]}, "Patient.name[0].given[0]", "structure"),
    ],
    ids=str,
)
def test_what_is_not_r4_is_refused_at_its_place(resource, place, code):
    found = validate(resource)
    assert (place, code) in {(issue.place, issue.code) for issue in found}
    assert {issue.severity for issue in found} == {"error"}


@pytest.mark.parametrize("element", sorted(REQUIRED))
def test_a_required_binding_is_of_a_code_that_r4_has(element):
    model, name = element.rsplit(".", 1)
    (field,) = [each for each in get_fhir_model_class(model).model_fields.values() if each.alias == name]
    assert "Code()" in str(field.annotation)
    assert REQUIRED[element]


def test_an_issue_never_repeats_a_value():
    secret = "canary-199002222397"
    wrong = observation(
        id=secret + "å",
        status=secret,
        valueDateTime=secret,
        subject={"reference": f"Ghost/{secret}"},
        note=[{"text": 5, "authorString": secret + "\x01"}],
        valueQuantity=secret,
    )
    assert secret not in str(validate(wrong))
    assert secret not in str(validate(observation(effectiveInstant=secret, issued=secret, valueTime=secret)))


@pytest.mark.reference
@pytest.mark.skipif(not EXAMPLES.is_dir() and "HUB_REFERENCE" not in os.environ, reason="the reference material is not at hand")
def test_hl7s_own_examples_of_our_types_pass():
    read = (loads(path.read_bytes()) for path in sorted(EXAMPLES.glob("**/*.json")))
    ours = [resource for resource in read if resource.get("resourceType") in TYPES]
    assert len(ours) > 50
    assert [issue for resource in ours for issue in validate(resource)] == []
