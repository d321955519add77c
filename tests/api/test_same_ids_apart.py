"""Two sources' clients may choose the same id: what one of them refers to is its own, in chains, `_has` and includes."""

from dataclasses import replace

import pytest

from hub.fhir.custody import API_FAMILY
from hub.fhir.encoded import encoded
from hub.fhir.identity import rid
from hub.store.deposit import Record, deposit
from tests.api.conftest import CUSTODY, KEYS

CODES = {"alfa": ("finished", "aaa"), "beta": ("planned", "bbb")}


@pytest.fixture(scope="module")
def both(shared):
    """A patient of whom both sources hold a stay and a measurement in it, under the same ids; the patient sees both."""
    patient = shared.enroll()
    subject = {"reference": f"Patient/{patient.id}"}
    for source, (status, code) in CODES.items():
        stay = {"resourceType": "Encounter", "id": "e1", "status": status, "class": {"code": "AMB"}, "subject": subject}
        seen = {"resourceType": "Observation", "id": "o1", "status": "final", "subject": subject}
        seen |= {"encounter": {"reference": "Encounter/e1"}, "code": {"coding": [{"system": "urn:c", "code": code}]}}
        with shared.store.database.writing() as connection:
            records = [
                Record(
                    rid(KEYS.identity, "entry", f"{source}-{each['id']}"),
                    API_FAMILY,
                    replace(CUSTODY, source=source),
                    (encoded(each),),
                    f"{source}/",
                )
                for each in (stay, seen)
            ]
            deposit(connection, KEYS.identity, patient.pk, records, (), shared.store.now())
    return shared, patient, shared.patient_person(patient)


def told(both, path):
    """(mode, what tells whose it is) of each entry."""
    house, patient, who = both
    answer = house.get(f"/fhir/{path}{'&' if '?' in path else '?'}patient={patient.id}", who)
    assert answer.status_code == 200, answer.text
    entries = [each for each in answer.json().get("entry", ()) if each["search"]["mode"] != "outcome"]
    return sorted((each["search"]["mode"], _mark(each["resource"])) for each in entries)


def _mark(resource):
    return resource["status"] if resource["resourceType"] == "Encounter" else resource["code"]["coding"][0]["code"]


def test_both_are_seen(both):
    assert told(both, "Observation") == [("match", "aaa"), ("match", "bbb")]
    assert told(both, "Encounter") == [("match", "finished"), ("match", "planned")]


@pytest.mark.parametrize(("status", "code"), CODES.values())
def test_a_chain_and_has_stay_within_a_source(both, status, code):
    assert told(both, f"Observation?encounter.status={status}") == [("match", code)]
    assert told(both, f"Encounter?_has:Observation:encounter:code={code}") == [("match", status)]
    has = f"Observation?encounter:Encounter._has:Observation:encounter:code={code}"
    assert told(both, has) == [("match", code)]


@pytest.mark.parametrize(("status", "code"), CODES.values())
def test_what_is_included_is_of_the_same_source(both, status, code):
    found = [("include", status), ("match", code)]
    assert told(both, f"Observation?code={code}&_include=Observation:encounter") == found
    assert told(both, f"Encounter?status={status}&_revinclude=Observation:encounter") == [
        ("include", code),
        ("match", status),
    ]
    everything = told(both, "Observation?_include=Observation:encounter&_revinclude:iterate=Observation:encounter")
    assert everything == [("include", "finished"), ("include", "planned"), ("match", "aaa"), ("match", "bbb")]


def test_a_chain_to_the_patient_whom_everybody_knows_leads_on(both):
    _, patient, _ = both
    assert len(told(both, f"Observation?subject:Patient._id={patient.id}")) == 2
