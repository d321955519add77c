"""What leaves an entry beside answers: a number told of hits, refusals of floods, faults of the hub's own."""

import pytest

from hub.interactions import read


@pytest.fixture
def seen(light, kit):
    patient = light.enroll()
    light.near(patient)
    light.consent(patient)
    return patient, light.hold(patient)


def test_a_number_told_is_logged_as_such(light, seen):
    patient, _ = seen
    assert light.get(f"/fhir/Observation?patient={patient.id}&_count=0", "doctor").json()["total"] == 1
    entry = light.log()[-1]
    assert (entry["outcome"], entry["released"], entry["total"]) == ("permit", 0, 1)
    assert "R47" in entry["rules"]
    assert entry["grounds"]
    assert light.get(f"/fhir/CarePlan?patient={patient.id}&_count=0", "doctor").json()["total"] == 0
    assert (light.log()[-1]["outcome"], light.log()[-1]["total"]) == ("nothing", 0)
    light.get(f"/fhir/Observation?patient={patient.id}", "doctor")
    assert "total" not in light.log()[-1]


def test_a_fault_of_ours_leaves_an_entry_without_data(light, seen, monkeypatch):
    patient, id = seen

    def breaks(*_, **__):
        raise RuntimeError(patient.number.value)

    monkeypatch.setattr(read, "rid", breaks)
    answer = light.get(f"/fhir/Observation/{id}", "doctor")
    assert answer.status_code == 500
    entry = light.log()[-1]
    assert (entry["action"], entry["outcome"], entry["reason"]) == ("fail", "error", "exception")
    assert entry["who"]["subject"] == "SE2321990018-E1"
    assert entry["request"] in answer.text
    assert patient.number.value not in str(entry) + answer.text
