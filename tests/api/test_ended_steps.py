"""A second step stands and falls with its first, over HTTP."""


def test_who_ends_an_emergency_ends_both_its_steps(shared, kit):
    house, patient = shared, shared.enroll()
    id = house.hold(patient)
    path = f"/fhir/Observation?patient={patient.id}"
    told = {"patient": patient.id, "type": "emergency", "reason": "medvetslös", "providers": [kit.P2]}
    house.near(patient)
    first = house.post("/access/assertions", "doctor", json=told).json()
    assert house.post("/access/assertions", "doctor", json=told | {"step": 2}).status_code == 201
    assert house.found(path, "doctor") == [id]
    assert house.do("DELETE", f"/access/assertions/{first['id']}", "doctor").status_code == 200
    assert house.found(path, "doctor") == []
    assert "consent-required" in house.notices(house.get(path, "doctor"))
