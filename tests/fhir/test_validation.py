"""What is wrong with a resource, and where."""

from decimal import Decimal

import pytest

from hub.errors import Issue
from hub.fhir.structure import MAX_FAULTS
from hub.fhir.validation import Shapes, second_opinion, validate

GOOD = {"resourceType": "Observation", "status": "final", "code": {"text": "Hemoglobin"}}
EXTENSION = {"extension": [{"url": "http://example.org/x", "valueString": "y"}]}

REFERS = (("patient", "Patient"), ("insurer", "Organization"), ("request", "CoverageEligibilityRequest"))
UNBOUND = ("Condition.clinicalStatus", "code-invalid")


def observation(**elements):
    return GOOD | elements


def coded(system, code):
    return {"coding": [{"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": code}]}


def narrative(inside):
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{inside}</div>'


def told(div):
    return observation(text={"status": "generated", "div": div})


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
        {"resourceType": "Patient", "name": [{"given": ["a"], "_given": [None, EXTENSION]}]},
        {"resourceType": "Patient", "name": [{"given": ["a", "b"], "_given": [EXTENSION]}]},
        {"resourceType": "Patient"},
        {"resourceType": "MedicinalProduct", "name": [{"productName": "Alvedon"}]},
        observation(subject={"reference": "#"}),
        observation(subject={"reference": "http://example.org/fhir/Patient?identifier=1"}),
        observation(subject={"reference": "http://example.org/a/Ghost/1"}),
        observation(subject={"type": "Patient", "identifier": {"value": "1"}}),
        observation(subject={"type": "http://example.org/StructureDefinition/Own", "display": "Någon"}),
        observation(extension=[{"url": "http://example.org/x", "_valueString": EXTENSION}]),
        observation(_status={"id": "s1"}),
        observation(note=[{"text": "a", "_text": {"id": "s1"}}]),
        {
            "resourceType": "Condition",
            "subject": {"reference": "Patient/1"},
            "clinicalStatus": coded("condition-clinical", "active"),
        },
        {"resourceType": "Condition", "subject": {"reference": "Patient/1"}, "clinicalStatus": EXTENSION},
        {"resourceType": "Condition", "subject": {"reference": "Patient/1"}, "code": {"text": "whatever"}},
        {
            "resourceType": "Basic",
            "code": {"text": "a"},
            "text": {"status": "generated", "div": narrative("<img src='#a' alt=''/>")},
        },
        {
            "resourceType": "Basic",
            "code": {"text": "a"},
            "text": {"status": "generated", "div": narrative("<a href='x.html'>å</a>")},
        },
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
        ({"resourceType": "Observation"}, "Observation.status", "required"),
        ({"resourceType": "Observation"}, "Observation.code", "required"),
        ({"resourceType": "Observation", "code": {"text": "a"}}, "Observation.status", "required"),
        ({"resourceType": "Observation", "status": "final"}, "Observation.code", "required"),
        (observation(status="finished"), "Observation.status", "code-invalid"),
        (observation(status="Final"), "Observation.status", "code-invalid"),
        (observation(status=True), "Observation.status", "structure"),
        (observation(status=None), "Observation.status", "structure"),
        (observation(status=["final"]), "Observation.status", "structure"),
        (observation(colour="red"), "Observation.colour", "structure"),
        (observation(valueString="a", valueInteger=1), "Observation.value", "structure"),
        (observation(valueString="a", issued="2026-03-01T10:00:00Z", _valueInteger=EXTENSION), "Observation.value", "structure"),
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
        (observation(valueDateTime="2026-02-30"), "Observation.value", "value"),
        (observation(effectiveDateTime="2026-3-1"), "Observation.effective", "value"),
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
        (
            observation(extension=[{"url": "http://a", "valueRatioRange": {}}]),
            "Observation.extension[0].valueRatioRange",
            "structure",
        ),
        (observation(_status="x"), "Observation.status", "structure"),
        ({"resourceType": "Binary", "contentType": "text/plain", "data": "not base64!"}, "Binary.data", "value"),
        ({"resourceType": "Patient", "birthDate": "1990-13-01"}, "Patient.birthDate", "value"),
        ({"resourceType": "Patient", "birthDate": "1990-01-01T10:00:00Z"}, "Patient.birthDate", "value"),
        ({"resourceType": "Patient", "name": [{"use": "best"}]}, "Patient.name[0].use", "code-invalid"),
        ({"resourceType": "Patient", "name": [{"given": [None]}]}, "Patient.name[0].given[0]", "structure"),
        (
            {"resourceType": "Patient", "name": [{"given": ["a"], "_given": [None, None]}]},
            "Patient.name[0].given[1]",
            "structure",
        ),
        ({"resourceType": "Patient", "_birthDate": {"id": "b"}}, "Patient.birthDate", "structure"),
        ({"resourceType": "Patient", "name": [{"id": "n"}]}, "Patient.name[0]", "structure"),
        ({"resourceType": "Patient", "_name": [{"id": "n"}]}, "Patient._name", "structure"),
        ({"resourceType": "Patient", "a b": 1}, "Patient", "structure"),
        ({"resourceType": "Patient", "extension": [{"url": "http://a"}]}, "Patient.extension[0]", "structure"),
        (
            {"resourceType": "Patient", "extension": [{"url": "http://a", "valueString": "b", **EXTENSION}]},
            "Patient.extension[0]",
            "structure",
        ),
        ({"resourceType": "Patient", "extension": [{"valueString": "b"}]}, "Patient.extension[0].url", "required"),
        (
            observation(contained=[{"resourceType": "Patient", "contained": [{"resourceType": "Patient"}]}]),
            "Observation.contained[0].contained",
            "structure",
        ),
        (observation(subject={"type": "Practitioner", "display": "x"}), "Observation.subject.type", "value"),
        (observation(subject={"type": "Group", "reference": "Patient/1"}), "Observation.subject.reference", "value"),
        (observation(subject={"reference": "https://a.example/fhir/Practitioner/1"}), "Observation.subject.reference", "value"),
        ({"resourceType": "Condition", "subject": {"reference": "Patient/1"}, "clinicalStatus": {"text": "active"}}, *UNBOUND),
        (
            {"resourceType": "Condition", "subject": {"reference": "Patient/1"}, "clinicalStatus": coded("other", "active")},
            *UNBOUND,
        ),
        (told(""), "Observation.text.div", "value"),
        (told("Hb"), "Observation.text.div", "value"),
        (told("<div>Hb</div>"), "Observation.text.div", "value"),
        (told(narrative(" ")), "Observation.text.div", "value"),
        (told(narrative("<b>Hb")), "Observation.text.div", "value"),
        (told(narrative("&nbsp;")), "Observation.text.div", "value"),
        (told(narrative("a<script>b</script>")), "Observation.text.div", "value"),
        (told(narrative("<p onclick='x()'>b</p>")), "Observation.text.div", "value"),
        (told(narrative("<a href='javascript:x()'>b</a>")), "Observation.text.div", "value"),
        (told(narrative("<a href=' JavaScript:x()'>b</a>")), "Observation.text.div", "value"),
        (told(narrative("<a href='java&#10;script:x()'>b</a>")), "Observation.text.div", "value"),
        (told(narrative("<a href='&#1;javascript:x()'>b</a>")), "Observation.text.div", "value"),
        (told(narrative("<img src='data:text/html,a'/>")), "Observation.text.div", "value"),
        (told("<!DOCTYPE div>" + narrative("Hb")), "Observation.text.div", "value"),
        (told("<?xml version='1.0'?>" + narrative("Hb")), "Observation.text.div", "value"),
    ],
    ids=str,
)
def test_what_is_not_r4_is_refused_at_its_place(resource, place, code):
    found = validate(resource)
    assert (place, code) in {(issue.place, issue.code) for issue in found}
    assert {issue.severity for issue in found} == {"error"}


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


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("boolean", [True, False], ["true", 1, 0, "True"]),
        ("integer", [0, -1, 2**31 - 1, -(2**31)], [2**31, -(2**31) - 1, Decimal("1.0"), "1", True]),
        ("unsignedInt", [0, 2**31 - 1], [-1, 2**31]),
        ("positiveInt", [1, 2**31 - 1], [0, -1, 2**31]),
        ("decimal", [0, Decimal("1.50"), Decimal("-1E-9")], ["1", True]),
        (
            "string",
            ["a", " a ", "å\n\t\r", "\x7f\u2028"],
            ["", " \n", "\x00", "\x0b", "\x1f", "\ufffe", "\ud800", "x" * 1048577, 1],
        ),
        ("uri", ["http://a", "urn:oid:1.2.3", "a/b", "å"], ["", " ", "a b", "a\n", 1]),
        ("url", ["http://a", "mailto:a@b"], ["a b"]),
        ("canonical", ["http://a|1", "#a"], ["a |1"]),
        ("oid", ["urn:oid:1.2.752", "urn:oid:0.0"], ["1.2.3", "urn:oid:3.1", "urn:oid:1", "urn:oid:1.02"]),
        (
            "uuid",
            ["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"],
            ["urn:uuid:C757873D-EC9A-4326-A141-556F43239520", "c757873d"],
        ),
        ("id", ["a", "A-1.b", "x" * 64], ["", "x" * 65, "a b", "å", "a_b", "a/b", "a\n"]),
        ("code", ["a", "a b", "å/ä"], ["", " a", "a ", "a  b", "a\tb", "a\nb"]),
        (
            "date",
            ["2024", "2024-02", "2024-02-29", "0001"],
            ["24", "2024-2", "2023-02-29", "2024-04-31", "0000", "2024-02-29T10:00:00Z"],
        ),
        (
            "dateTime",
            ["2024", "2024-02-29", "2024-02-29T23:59:60Z", "2024-02-29T10:00:00.123456+14:00", "2024-01-31T00:00:00-00:00"],
            [
                "2024-02-29T10:00:00",
                "2024-02-29T10:00Z",
                "2024-02-29T24:00:00Z",
                "2024-02-30T10:00:00Z",
                "2024-01-01T10:00:00+14:01",
            ],
        ),
        (
            "instant",
            ["2024-02-29T10:00:00Z", "2024-02-29T10:00:00.1+01:00"],
            ["2024-02-29", "2024-02-29T10:00:00", "2023-02-29T10:00:00Z"],
        ),
        ("time", ["00:00:00", "23:59:60", "10:00:00.123"], ["10:00", "24:00:00", "10:00:00Z", "1:00:00"]),
        ("base64Binary", ["aGVq", "aGVqaA==", " aGVq\naGVq "], ["", "aGV", "aGVqaA", "a-b_", "åäö=", 1]),
        ("markdown", ["# a"], ["", 1]),
    ],
)
def test_a_primitive_has_the_form_of_its_type(kind, good, bad):
    """http://hl7.org/fhir/R4/datatypes.html#primitive"""
    name = f"value{kind[0].upper()}{kind[1:]}"
    for value in good:
        assert validate(observation(extension=[{"url": "http://a", name: value}])) == [], value
    for value in bad:
        found = validate(observation(extension=[{"url": "http://a", name: value}]))
        assert [issue.place for issue in found] == ["Observation.extension[0].value"], value


def test_a_place_is_said_as_fhirpath_and_as_xpath():
    patient = {"resourceType": "Patient", "name": [{"text": "a"}, {"given": ["a", ""]}], "deceasedBoolean": "no"}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": patient}]}
    assert [(issue.place, issue.location) for issue in validate(bundle)] == [
        (
            "Bundle.entry[0].resource.name[1].given[1]",
            "/f:Bundle/f:entry[1]/f:resource/f:Patient/f:name[2]/f:given[2]",
        ),
        ("Bundle.entry[0].resource.deceased", "/f:Bundle/f:entry[1]/f:resource/f:Patient/f:deceasedBoolean"),
    ]


def test_a_reference_inside_what_is_contained_is_looked_up_beside_it():
    practitioner = {"resourceType": "Practitioner", "id": "d"}
    patient = {"resourceType": "Patient", "id": "p", "generalPractitioner": [{"reference": "#d"}]}
    assert validate(observation(contained=[practitioner, patient], subject={"reference": "#p"})) == []
    [issue] = validate(observation(contained=[patient], subject={"reference": "#p"}))
    assert issue.place == "Observation.contained[0].generalPractitioner[0].reference"


def test_the_models_have_an_opinion_of_their_own():
    wrong = observation(status=["final"], component=[{"valueInteger": "a"}])
    assert {issue.place for issue in second_opinion(wrong)} == {
        "Observation.component[0].code",
        "Observation.component[0].valueInteger",
        "Observation.status",
    }
    assert list(second_opinion({"resourceType": "MedicationKnowledge", "status": "nothing"})) == []
    assert list(second_opinion({"resourceType": "MedicinalProduct"})) == []
    assert list(second_opinion(observation(contained=[{"resourceType": "MedicinalProduct"}]))) == []
    assert list(second_opinion({"resourceType": "Patient", "name": [{"use": "a", "given": "b"}] * 5_001})) == []
    refers = {name: {"reference": f"{kind}/1"} for name, kind in REFERS}
    stumbled = {"resourceType": "CoverageEligibilityResponse", "status": "active", "outcome": "complete", "created": "2026"}
    assert validate(stumbled | refers | {"_purpose": [EXTENSION]}) == []


def test_the_models_are_asked_once_about_a_shape_and_about_every_other_one():
    asked = []

    def opinion(resource):
        asked.append(resource)
        return iter([Issue("Observation", "no", "error", "value")] if "note" in resource else [])

    shapes = Shapes(opinion, most=2)
    first, alike = observation(), observation(status="amended")
    wrong = observation(note=[{"text": "x"}])
    asks = [first, alike, wrong, wrong, observation(valueString="x"), observation(valueInteger=1), first]
    assert [len(shapes.opinion(each)) for each in asks] == [0, 0, 1, 1, 0, 0, 0]
    assert asked == [first, wrong, wrong, *asks[4:]]


def test_a_code_or_system_that_is_no_text_is_told_as_a_fault():
    for name in ("code", "system"):
        wrong = {"resourceType": "Condition", "subject": {"reference": "Patient/1"}, "clinicalStatus": {"coding": [{name: []}]}}
        assert f"Condition.clinicalStatus.coding[0].{name}" in [each.place for each in validate(wrong)]


def test_of_more_faults_than_anybody_reads_the_first_are_told():
    assert len(validate({"resourceType": "Patient", "name": [{}] * 100_000})) == MAX_FAULTS
