"""FHIR R4 as others write it: valid examples are valid and the same in XML, the others are refused where they are wrong."""

import pytest

from hub.fhir.json import dumps, loads
from hub.fhir.validation import validate
from hub.fhir.xml import dumps_xml
from hub.fhir.xml_reader import loads_xml

_OLD = "a Finnish prescription whose numbers are strings and whose lists are single objects"
WRONG = {
    "fhir-test-cases/json-patch-tests.json": ("resourceType", "test cases, no resource"),
    "fhir-test-cases/medicationrequest0301.json": (
        "MedicationRequest.dispenseRequest.performer.reference",
        "dispensed by a Practitioner where only an Organization may be",
    ),
    "finnish-base-profiles/Observation-example-duplicate-7.json": ("Observation.value.value", "a decimal written as a string"),
    "finnish-base-profiles/medicationrequestesim2.json": ("MedicationRequest.statusReason.coding", _OLD),
    "finnish-base-profiles/medicationrequestesim4.json": ("MedicationRequest.statusReason.coding", _OLD),
    "finnish-base-profiles/medicationrequestesim6.json": ("MedicationRequest.statusReason.coding", _OLD),
    "finnish-base-profiles/medicationrequestesim7B.json": ("MedicationRequest.category", _OLD),
    "finnish-base-profiles/medicationrequestesim9.json": ("MedicationRequest.statusReason.coding", _OLD),
    "openehr-ips-integration/ips.real.json": ("resourceType", "an openEHR composition, no resource"),
    "openehr-ips-integration/ips_example_evsclient.json": ("Bundle.entry[0].resource.section[0].text.div", "empty narrative"),
}
"""Each with its first place and why it is no FHIR R4."""


@pytest.fixture(scope="module")
def samples(reference):
    folder = reference / "samples" / "fhir-r4"
    return {str(path.relative_to(folder)): loads(path.read_bytes()) for path in sorted(folder.rglob("*.json"))}


@pytest.mark.reference
def test_every_valid_example_is_valid(samples):
    assert len(samples) > 150
    wrong = {name: found for name, held in samples.items() if name not in WRONG and (found := validate(held))}
    assert wrong == {}


@pytest.mark.reference
def test_what_is_no_fhir_r4_is_refused_with_the_place(samples):
    for name, (place, why) in WRONG.items():
        assert place in [issue.place for issue in validate(samples[name])], (name, why)


@pytest.mark.reference
def test_every_valid_example_is_the_same_after_xml(samples):
    for name, held in samples.items():
        if name not in WRONG:
            assert loads_xml(dumps_xml(held)) == held, name
            assert sorted(dumps(loads_xml(dumps_xml(held)))) == sorted(dumps(held)), name
