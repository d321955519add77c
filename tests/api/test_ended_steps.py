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


def test_who_has_ended_an_emergency_asks_for_no_block_to_be_lifted_by_what_is_left_of_it(shared, kit):
    house, patient = shared, shared.enroll()
    told = {"patient": patient.id, "type": "emergency", "reason": "medvetslös", "providers": [kit.P2]}
    asked = {"patient": patient.id, "provider": kit.P2, "reason": "medvetslös"}
    first = house.post("/access/assertions", "doctor", json=told).json()
    assert house.post("/access/assertions", "doctor", json=told | {"step": 2}).status_code == 201
    assert house.post("/access/requests-to-lift", "doctor", json=asked).status_code == 201
    house.do("DELETE", f"/access/assertions/{first['id']}", "doctor")
    assert house.post("/access/requests-to-lift", "doctor", json=asked).status_code == 409
