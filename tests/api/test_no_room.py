"""The disk is full: whatever would be written, nothing is answered but 503, and all goes on where there is room again."""

import resource

import pytest

from hub.store.audit_check import whole


@pytest.fixture
def full(house):
    """A call of this fills the disk up, another empties it. SQLite's files alone are ours."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(on: bool) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096 if on else limits[0], limits[1]))

    yield fill
    fill(on=False)


def test_nothing_is_told_and_nothing_is_a_fault_where_the_disk_is_full(house, kit, full):
    if not house.store.database.sqlite:
        return  # its server's files are not this process's
    patient = house.enroll()
    house.near(patient)
    id = house.hold(patient, provider=kit.P1, unit=kit.U1)
    me = house.patient_person(patient)
    asked = (
        ("GET", f"/fhir/Observation/{id}", "doctor", {}),
        ("GET", f"/fhir/Observation?patient={patient.id}", "doctor", {}),
        ("GET", "/access/log", "reviewer", {}),
        ("GET", "/fhir/AuditEvent", "reviewer", {}),
        ("GET", "/access/log/export?form=ndjson", me, {}),
        ("POST", "/access/shares", me, {"json": {"patient": patient.id, "unit": kit.U1}}),
        ("POST", "/fhir/Observation", me, {"resource": kit.observation(patient)}),
    )
    full(True)
    for method, path, who, more in asked:
        answer = house.do(method, path, who, **more)
        assert answer.status_code == 503, (path, answer.text)
        assert (answer.json()["resourceType"], id in answer.text) == ("OperationOutcome", False)
        assert answer.headers["retry-after"]
    full(False)
    assert house.get(f"/fhir/Observation/{id}", "doctor").status_code == 200
    assert whole(house.store.reader())[1] == ""
