"""What types are made of: rows read from the specification's own pages of each type."""

import pytest

from hub.fhir.elements import codes, definition, is_primitive, resource_types


def test_resource_types_are_those_of_r4():
    """http://hl7.org/fhir/R4/resourcelist.html; abstract types are none that a resource can be of."""
    assert len(resource_types()) == 146  # without Resource and DomainResource
    assert {"Patient", "Parameters", "Binary", "MedicinalProduct"} <= resource_types()
    assert not {"Resource", "DomainResource", "SubscriptionTopic", "HumanName"} & resource_types()


def test_elements_come_in_the_order_of_the_specification():
    assert [each.name for each in definition("Patient").elements][:9] == [
        *("id", "meta", "implicitRules", "language", "text", "contained", "extension", "modifierExtension", "identifier"),
    ]
    assert [each.name for each in definition("Observation.component").elements] == [
        *("id", "extension", "modifierExtension", "code", "value", "dataAbsentReason", "interpretation", "referenceRange"),
    ]
    assert [each.name for each in definition("Duration").elements][2:] == ["value", "comparator", "unit", "system", "code"]


@pytest.mark.parametrize(
    ("type_name", "written", "kind", "required", "many", "summary", "modifier"),
    [
        ("Patient", "active", "boolean", False, False, True, True),
        ("Patient", "contact", "Patient.contact", False, True, False, False),
        ("Patient", "deceasedDateTime", "dateTime", False, False, True, True),
        ("Patient", "id", "id", False, False, True, False),
        ("HumanName", "given", "string", False, True, True, False),
        ("Observation", "status", "code", True, False, True, True),
        ("Observation", "valueSampledData", "SampledData", False, False, True, False),
        ("Observation.component", "referenceRange", "Observation.referenceRange", False, True, False, False),
        ("Questionnaire.item", "item", "Questionnaire.item", False, True, False, False),
        ("MedicationRequest", "medicationReference", "Reference", True, False, True, False),
        ("Narrative", "div", "xhtml", True, False, False, False),
        ("Bundle.entry", "resource", "Resource", False, False, True, False),
        ("Extension", "url", "uri", True, False, False, False),
    ],
)
def test_an_element_is_what_its_page_says(type_name, written, kind, required, many, summary, modifier):
    found = definition(type_name).written[written]
    element = found.element
    assert (found.type, element.required, element.many, element.summary, element.modifier) == (
        *(kind, required, many, summary, modifier),
    )


def test_a_reference_has_the_targets_of_r4():
    assert definition("Observation").written["subject"].element.targets == {"Patient", "Group", "Device", "Location"}
    assert definition("Observation").written["focus"].element.targets == frozenset()


def test_only_ids_and_urls_of_extensions_are_attributes_in_xml():
    assert definition("Extension").written["url"].element.attribute
    assert definition("HumanName").written["id"].element.attribute
    assert not definition("Patient").written["id"].element.attribute


def test_a_required_value_set_has_its_codes_by_system():
    bound = definition("Observation").written["status"].element.codes
    assert codes(bound) == {
        "http://hl7.org/fhir/observation-status": {
            *("registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error", "unknown"),
        }
    }
    assert codes("http://hl7.org/fhir/ValueSet/mimetypes") == {}


def test_every_type_that_an_element_names_is_there():
    seen, left = set(), set(resource_types())
    while left:
        name = left.pop()
        seen.add(name)
        kinds = {each.type for each in definition(name).written.values() if not is_primitive(each.type)}
        left |= kinds - seen - {"Resource"}
    assert len(seen) > 600
