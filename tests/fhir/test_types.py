"""Every resource type of the house keeps its promises, and is searched as R4's registry says."""

from typing import get_args

import pytest
from fhir.resources.R4B import get_fhir_model_class

from hub.fhir.expression import Both, Compared, Exists, Member
from hub.fhir.expression_read import parse, unnarrowed
from hub.fhir.index import index
from hub.fhir.parameters import KINDS
from hub.fhir.types import COMMON, TYPES, Kind, resource_type

HOUSE = {
    # Search parameters that R4 defines for the type, those of its own standard extensions included; Patient's `age` is not
    # among them, since R4 gives it no expression.
    "AllergyIntolerance": 16,
    "Appointment": 17,
    "AuditEvent": 18,
    "Binary": 0,
    "Bundle": 5,
    "CapabilityStatement": 23,
    "CarePlan": 20,
    "CareTeam": 8,
    "CodeSystem": 20,
    "Communication": 15,
    "CommunicationRequest": 16,
    "Composition": 18,
    "ConceptMap": 26,
    "Condition": 21,
    "Consent": 15,
    "DeviceRequest": 18,
    "DiagnosticReport": 17,
    "DocumentReference": 25,
    "Encounter": 23,
    "Endpoint": 6,
    "EpisodeOfCare": 9,
    "Flag": 6,
    "Goal": 8,
    "HealthcareService": 12,
    "Immunization": 16,
    "List": 12,
    "Location": 15,
    "Medication": 9,
    "MedicationAdministration": 13,
    "MedicationDispense": 15,
    "MedicationRequest": 16,
    "MedicationStatement": 11,
    "Observation": 43,
    "OperationOutcome": 0,
    "Organization": 13,
    "Patient": 25,
    "Practitioner": 17,
    "PractitionerRole": 13,
    "Procedure": 16,
    "Provenance": 10,
    "Questionnaire": 19,
    "QuestionnaireResponse": 12,
    "RelatedPerson": 17,
    "Schedule": 7,
    "SearchParameter": 19,
    "ServiceRequest": 21,
    "Slot": 8,
    "Specimen": 12,
    "StructureDefinition": 26,
    "Subscription": 6,
    "Task": 19,
    "ValueSet": 18,
}
COMPARTMENT = {
    # http://hl7.org/fhir/R4/compartmentdefinition-patient.html, as the elements that its parameters look at
    "AllergyIntolerance": "patient recorder asserter",
    "Appointment": "participant.actor",
    "AuditEvent": "agent.who entity.what",
    "CarePlan": "subject activity.detail.performer",
    "CareTeam": "subject participant.member",
    "Communication": "subject sender recipient",
    "CommunicationRequest": "subject sender recipient requester",
    "Composition": "subject author attester.party",
    "Condition": "subject asserter",
    "Consent": "patient",
    "DeviceRequest": "subject performer",
    "DiagnosticReport": "subject",
    "DocumentReference": "subject author",
    "Encounter": "subject",
    "EpisodeOfCare": "patient",
    "Flag": "subject",
    "Goal": "subject",
    "Immunization": "patient",
    "List": "subject source",
    "MedicationAdministration": "subject performer.actor",
    "MedicationDispense": "subject receiver",
    "MedicationRequest": "subject",
    "MedicationStatement": "subject",
    "Observation": "subject performer",
    "Patient": "link.other",
    "Procedure": "subject performer.actor",
    "Provenance": "target",
    "QuestionnaireResponse": "subject author",
    "RelatedPerson": "patient",
    "Schedule": "actor",
    "ServiceRequest": "subject performer",
    "Specimen": "subject",
    # not in R4's, but of one patient all the same
    "Binary": "securityContext",
    "Task": "for",
}
PARAMETERS = [
    pytest.param(held, parameter, id=f"{held.name}.{parameter.name}") for held in TYPES.values() for parameter in held.search
]
ELEMENTS = {
    "token": {"CodeableConcept", "Coding", "Identifier", "ContactPoint", "str", "bool", "datetime", "int"},
    "date": {"datetime", "date", "Period", "Timing"},
    "string": {"str", "HumanName", "Address", "Annotation"},
    "reference": {"Reference", "str", "Resource"},
    "uri": {"str", "AnyUrl"},
    "special": {"LocationPosition"},
    "number": {"Decimal", "int"},
    "quantity": {"Quantity", "Age", "Range", "SampledData", "Money", "Duration"},
}


def bare(annotation):
    while get_args(annotation):
        annotation = next(each for each in get_args(annotation) if each is not type(None))
    return annotation


def kinds(models, path):
    """The names of what R4B's models find at a path, by names in JSON."""
    found = list(models)
    for step in path:
        if not isinstance(step, Member):
            continue
        fields = [field for model in found for field in model.model_fields.values() if field.alias == step.json]
        assert fields, f"R4 has no {step.json} in {found}"
        found = [bare(field.annotation) for field in fields]
        found = [each.get_model_klass() if hasattr(each, "get_model_klass") else each for each in found]
    return {each.__name__ for each in found}


def paths(expression):
    """The paths to elements, those inside of conditions that stand alone included."""
    for path in parse(expression):
        match path:
            case (Both(first, second),):
                yield from (inner for side in (first, second) for step in side[0] for inner in step.of)
            case (Exists(of),) | (Compared(of),):
                yield from of
            case _:
                yield path


def models(expression, begun):
    """The models of the elements that a composite begins at."""
    found = begun
    for step in parse(expression)[-1]:
        [field] = [field for model in found for field in model.model_fields.values() if field.alias == step.json]
        found = [bare(field.annotation).get_model_klass()]
    return found


def test_the_types_of_the_house_are_all_there_with_every_parameter_of_r4():
    assert {name: len(held.search) for name, held in TYPES.items()} == HOUSE
    assert all(name == held.name for name, held in TYPES.items())
    assert [each.name for each in COMMON] == ["_id", "_lastUpdated", "_tag", "_profile", "_security", "_source"]


def test_a_type_lies_in_the_compartment_that_r4_puts_it_in_and_in_no_other():
    assert {name: " ".join(held.patient) for name, held in TYPES.items() if held.patient} == COMPARTMENT
    assert {name for name, held in TYPES.items() if held.shared} == TYPES.keys() - COMPARTMENT.keys()


def test_a_type_that_nobody_said_whose_it_is_is_refused():
    with pytest.raises(ValueError, match="Device belongs"):
        resource_type("Device")
    with pytest.raises(ValueError, match="Media belongs"):
        resource_type("Media", shared=True)


@pytest.mark.parametrize(("held", "parameter"), PARAMETERS)
def test_a_parameter_looks_where_r4_has_something_of_its_kind(held, parameter):
    begun = [get_fhir_model_class(held.name)]
    parts = parameter.components or (parameter,)
    start = models(parameter.expression, begun) if parameter.components else begun
    for part in parts:
        for path in paths(part.expression):
            assert kinds(start, path) <= ELEMENTS[part.kind], part.name
    assert parameter.definition.startswith("http://hl7.org/fhir/SearchParameter/")


@pytest.mark.parametrize(
    ("type_name", "name", "expected"),
    [
        ("Observation", "code", {"kind": "token", "expression": "code", "definition": "clinical-code"}),
        ("Observation", "status", {"system": "http://hl7.org/fhir/observation-status", "literal": False}),
        ("Observation", "identifier", {"literal": True, "system": ""}),
        ("Observation", "patient", {"index": "subject", "targets": ("Patient",)}),
        ("Observation", "subject", {"index": "subject", "targets": ("Device", "Group", "Location", "Patient")}),
        ("Observation", "encounter", {"targets": ("Encounter",)}),
        ("Encounter", "part-of", {"targets": ("Encounter",), "expression": "partOf"}),
        ("Observation", "focus", {"targets": ()}),
        ("Patient", "active", {"system": "http://hl7.org/fhir/special-values"}),
        ("Patient", "phonetic", {"index": "name", "kind": "string"}),
        ("Patient", "phone", {"expression": "telecom.where(system = 'phone')", "index": "phone"}),
        ("Appointment", "date", {"instant": True}),
        ("Appointment", "location", {"index": "actor", "targets": ("Location",)}),
        ("Slot", "start", {"instant": True}),
        ("Condition", "onset-age", {"kind": "quantity", "expression": "onset.ofType(Age) | onset.ofType(Range)"}),
        ("AuditEvent", "patient", {"index": "patient", "targets": ("Patient",)}),
        ("Provenance", "target", {"targets": ()}),
        ("Task", "patient", {"index": "subject"}),
        ("ValueSet", "url", {"kind": "uri", "definition": "conformance-url"}),
        ("ConceptMap", "source-code", {"kind": "token", "expression": "group.element.code"}),
        ("Goal", "target-date", {"expression": "target.due.ofType(date)"}),
        ("Bundle", "message", {"index": "composition", "targets": ("MessageHeader",)}),
    ],
)
def test_a_parameter_is_as_the_registry_says(type_name, name, expected):
    parameter = TYPES[type_name].parameter(name)
    for attribute, value in expected.items():
        found = getattr(parameter, attribute)
        assert (found.rsplit("/", 1)[-1] if attribute == "definition" else found) == value


def test_a_composite_has_its_parts():
    composite = TYPES["Observation"].parameter("component-code-value-quantity")
    assert composite.expression == "component"
    assert [(each.kind, each.expression) for each in composite.components] == [
        ("token", "code"),
        ("quantity", "value.ofType(Quantity)"),
    ]
    assert TYPES["Observation"].parameter("code-value-quantity").expression == "$this"
    held = [each for name in TYPES for each in TYPES[name].search if each.kind == "composite"]
    assert all(len(each.components) == 2 for each in held)
    assert len(held) == 23


@pytest.mark.parametrize("held", TYPES.values(), ids=lambda held: held.name)
def test_a_type_is_sorted_by_a_date_and_keeps_keys_only_where_they_are_made(held):
    assert held.parameter(held.sort).kind == "date"
    assert held.parameter("_unknown") is None
    for parameter in held.search:
        shared = held.parameter(parameter.index)
        assert shared.index == shared.name
        assert (shared.kind, shared.system, shared.literal, shared.instant) == (
            parameter.kind,
            parameter.system,
            parameter.literal,
            parameter.instant,
        )
        assert unnarrowed(parameter.expression) == unnarrowed(shared.expression)
        assert shared is parameter or not shared.targets or set(parameter.targets) <= set(shared.targets) or held.name == "Bundle"


def test_every_kind_of_parameter_is_one_of_r4s():
    assert set(KINDS) <= set(get_args(Kind))


def test_the_index_of_a_resource_has_every_key_once():
    resource = {
        "resourceType": "Appointment",
        "id": "a1",
        "meta": {"lastUpdated": "1970-01-01T00:00:00.5Z"},
        "status": "booked",
        "start": "1970-01-01T01:00:00+01:00",
        "serviceType": [{"coding": [{"system": "s", "code": "X"}, {"system": "s", "code": "x"}], "text": "not a token"}],
        "participant": [
            {"actor": {"reference": "Patient/p1", "identifier": {"system": "urn:n", "value": "Aa"}}, "status": "accepted"},
            {"actor": {"reference": "Location/l1", "display": "Mottagningen"}, "status": "accepted"},
            {"type": [{"text": "unknown"}]},
        ],
    }
    assert index(resource) == {
        "_id": (("", "a1"),),
        "_lastUpdated": ((500_000, 500_001),),
        "status": (("", "booked"),),
        "date": ((0, 1),),
        "service-type": (("s", "x"),),
        "part-status": (("", "accepted"),),
        "actor": (("Patient/p1",), ("Location/l1",)),
        "actor:identifier": (("urn:n", "Aa"),),
    }


@pytest.mark.parametrize(
    "resource",
    [
        {},
        {"resourceType": "Ghost", "id": "1"},
        {
            "resourceType": "Observation",
            "code": "text",
            "subject": [None, 5],
            "effectivePeriod": "2013",
            "category": {"coding": 1},
        },
        {"resourceType": "Patient", "name": "x", "telecom": [["deep"]], "birthDate": {}, "active": "maybe?", "link": 7},
    ],
)
def test_the_index_of_what_has_another_form_is_only_smaller(resource):
    index(resource)


def test_an_instant_in_a_choice_is_a_point():
    assert index({"resourceType": "Observation", "effectiveInstant": "1970-01-01T00:00:00Z"}) == {"date": ((0, 1),)}
    assert index({"resourceType": "Observation", "effectiveDateTime": "1970-01-01T00:00:00Z"}) == {"date": ((0, 1_000_000),)}


@pytest.mark.parametrize(
    ("resource", "deceased"),
    [
        ({}, "false"),
        ({"deceasedBoolean": False}, "false"),
        ({"deceasedBoolean": True}, "true"),
        ({"deceasedDateTime": "2020"}, "true"),
    ],
)
def test_who_is_not_said_to_be_dead_is_found_among_the_living(resource, deceased):
    assert index({"resourceType": "Patient", **resource})["deceased"] == (("", deceased),)


def test_a_document_is_found_by_the_composition_that_it_begins_with():
    bundle = {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Composition", "id": "c1"}}]}
    assert index(bundle) == {"composition": (("Composition/c1",),)}
