"""What a reader could see, now and then, and what a consent or a block would change: counts, by the engine that decides."""

from dataclasses import replace

import pytest

from hub.catalogue import PROTECTED
from hub.interactions import simulating
from hub.store import patients
from hub.store.patients import Facts, facts_of
from tests.api.conftest import E4, KEYS, Patient

LABORATORY = "und-kkm-ure"
PROVSVAR = {"sv": "Provsvar", "en": "Laboratory results"}


@pytest.fixture
def patient(shared):
    return shared.enroll()


def could_see(house, who, patient, **asked):
    return house.get("/access/could-see", who, params={"patient": patient.id} | asked)


def seen(answer):
    assert answer.status_code == 200, answer.text
    return [(each["provider"]["id"], each["kind"], each["entries"], each["rule"]) for each in answer.json()["sees"]]


def simulate(house, patient, **body):
    answer = house.post("/access/simulations", house.patient_person(patient), json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["readers"]


def test_a_reader_s_reach_follows_the_grounds_as_they_were_known(house, kit):
    patient = house.enroll()
    house.hold(patient)
    house.hold(patient)
    house.hold(patient, provider=kit.P1, unit=kit.U2)
    house.clock.move(minutes=1)
    none = house.clock.now.isoformat()
    house.clock.move(minutes=1)
    house.near(patient)
    given = house.consent(patient).json()["id"]
    house.clock.move(minutes=1)
    open_at = house.clock.now.isoformat()
    house.clock.move(minutes=1)
    house.hold(patient)
    house.do("DELETE", f"/fhir/Consent/{given}", "doctor")
    asked = {"unit": kit.U1, "employee": kit.E1}
    own, other = (kit.P1, LABORATORY, 1, "R35"), (kit.P2, LABORATORY, 2, "R47")
    for who in ("reviewer", house.patient_person(patient)):
        assert seen(could_see(house, who, patient, **asked, at=none)) == []
        then = could_see(house, who, patient, **asked, at=open_at)
        assert sorted(seen(then)) == [own, other]
        [crossing] = [each for each in then.json()["sees"] if each["rule"] == "R47"]
        assert given in [each["id"].split("-")[0] for each in crossing["grounds"]]
        assert seen(could_see(house, who, patient, **asked)) == [own]


def test_it_is_what_the_reader_finds(shared, kit, patient):
    for custody in ({}, {"released": None}, {"purpose": None}, {"provider": kit.P1, "unit": kit.U1}, {"insurance": True}):
        shared.hold(patient, **custody)
    shared.near(patient)
    shared.consent(patient)
    found = shared.found(f"/fhir/Observation?patient={patient.id}", "doctor")
    asked = {"unit": kit.U1, "employee": kit.E1}
    assert sum(each[2] for each in seen(could_see(shared, "reviewer", patient, **asked))) == len(found) == 3
    mine = seen(could_see(shared, shared.patient_person(patient), patient, **asked))
    assert sum(each[2] for each in mine) == 2


def test_it_is_the_patient_s_and_the_reader_s_reviewer_s_to_ask(shared, kit, patient):
    asked = {"unit": kit.U1, "employee": kit.E1}
    for who in ("doctor", "officer", "quality", "alfa-client", "technician", shared.patient_person(patient, "guardian")):
        assert could_see(shared, who, patient, **asked).status_code == 403
    assert could_see(shared, "reviewer2", patient, **asked).status_code == 400
    assert could_see(shared, "reviewer", patient, unit=kit.U1).status_code == 400
    assert could_see(shared, shared.patient_person(shared.enroll()), patient, **asked).status_code == 404
    assert could_see(shared, "reviewer", patient, **asked, at="2041-01-01T00:00:00Z").status_code == 400
    assert could_see(shared, "reviewer", patient, unit="SE-nowhere", employee=kit.E1).status_code == 400
    assert could_see(shared, "reviewer", patient, **asked, at="0001-01-01T00:00:00+14:00").status_code == 400


def units_told(answer):
    return sorted((each["provider"]["id"], each.get("unit", {}).get("id", ""), each["entries"]) for each in answer.json()["sees"])


def test_rows_are_told_apart_by_unit_kind_and_rule_in_words(shared, kit, patient):
    for provider, unit in ((kit.P1, kit.U1), (kit.P1, kit.U2), (kit.P2, kit.U3), (kit.P2, "SE2321990018-U4")):
        shared.hold(patient, provider=provider, unit=unit)
    shared.near(patient)
    shared.consent(patient)
    asked = {"unit": kit.U1, "employee": kit.E1}
    mine = could_see(shared, shared.patient_person(patient), patient, **asked)
    assert mine.json()["reader"] == {
        "unit": kit.U1,
        "unitName": "Vårdcentralen Aspen",
        "provider": kit.P1,
        "providerName": "Region Ett",
        "employee": kit.E1,
        "employeeName": "Doris Dahl",
    }
    own = [(kit.P1, kit.U1, 1), (kit.P1, kit.U2, 1)]
    assert units_told(mine) == [*own, (kit.P2, kit.U3, 1), (kit.P2, "SE2321990018-U4", 1)]
    told = could_see(shared, "reviewer", patient, **asked)
    assert units_told(told) == [*own, (kit.P2, "", 2)]  # of others no more than the care provider
    [other] = [each for each in told.json()["sees"] if each["provider"]["id"] == kit.P2]
    assert other["kindName"] == PROVSVAR
    assert other["words"] == {"sv": "Patienten har samtyckt.", "en": "The patient has consented."}
    assert {each["unit"]["name"] for each in told.json()["sees"] if "unit" in each} == {"Vårdcentralen Aspen", "Kliniken Björken"}


def test_nobody_is_told_which_units_hold_something_of_a_protected_person(house, kit):
    patient = house.enroll(protected="sekretessmarkering")
    for unit in (kit.U1, kit.U2):
        house.hold(patient, provider=kit.P1, unit=unit)
    house.near(patient)
    for who in ("reviewer", house.patient_person(patient)):
        assert units_told(could_see(house, who, patient, unit=kit.U1, employee=kit.E1)) == [(kit.P1, "", 1), (kit.P1, "", 1)]


def test_nor_of_one_of_whom_the_register_has_said_nothing(house, kit):
    """Whether such a person is protected is not known, and what is not known opens nothing."""
    number = house._number()
    with house.store.database.writing() as connection:
        pk = patients.enroll(connection, KEYS.identity, Facts(numbers=(number,)), house.store.now())
    patient = Patient(pk, facts_of(house.store.reader(), pk)[0], number)
    house.hold(patient, provider=kit.P1, unit=kit.U1)
    house.near(patient)
    assert units_told(could_see(house, "reviewer", patient, unit=kit.U1, employee=kit.E1)) == [(kit.P1, "", 1)]


def test_the_order_of_rows_does_not_tell_in_which_unit_elsewhere_something_is(shared, kit):
    told = []
    for unit, other in ((kit.U3, "SE2321990018-U4"), ("SE2321990018-U4", kit.U3), (kit.U3, kit.U3)):
        patient = shared.enroll()
        shared.hold(patient, provider=kit.P2, unit=unit, info_type="voo")
        shared.hold(patient, provider=kit.P2, unit=other)
        shared.near(patient)
        shared.consent(patient)
        told.append(seen(could_see(shared, "reviewer", patient, unit=kit.U1, employee=kit.E1)))
    assert told[0] == told[1] == told[2]
    assert len(told[0]) == 2


@pytest.mark.parametrize(
    ("asked", "place", "told"),
    [
        ({"unit": ""}, "unit", "name the unit"),
        ({"patient": ""}, "patient", "name the patient"),
        ({"employee": ""}, "employee", "name one by HSA-id"),
        ({"employee": "SE2321990018-E999"}, "employee", "has an employee of that HSA-id"),
        ({"unit": "SE2321990018-U3"}, "unit", "of the own care provider"),
        ({"role": "doctor"}, "role", "physician, dentist"),
    ],
    ids=str,
)
def test_a_reviewer_who_asks_wrongly_is_told_what_to_name(shared, kit, patient, asked, place, told):
    """An empty answer would say that nobody could see anything."""
    right = {"patient": patient.id, "unit": kit.U1, "employee": kit.E1}
    given = {name: value for name, value in (right | asked).items() if value}
    refused = shared.get("/access/could-see", "reviewer", params=given)
    [issue] = refused.json()["issue"]
    assert (refused.status_code, issue["location"]) == (400, [f"http.{place}"])
    assert told in issue["diagnostics"]


def test_an_employee_who_is_gone_is_known_by_the_log(house, kit, monkeypatch):
    patient = house.enroll()
    house.hold(patient, provider=kit.P1, unit=kit.U1)
    house.near(patient)
    monkeypatch.delitem(house.hub.directory.staff, kit.E1)
    told = could_see(house, "reviewer", patient, unit=kit.U1, employee=kit.E1)
    assert (len(seen(told)), told.json()["reader"].get("employeeName")) == (1, None)


def test_a_consent_s_difference_is_what_its_unit_would_gain(shared, kit, patient):
    shared.hold(patient)
    shared.hold(patient)
    shared.hold(patient, released=False)
    shared.hold(patient, provider=kit.P1, unit=kit.U2)
    [reader] = simulate(shared, patient, consent={"unit": kit.U1})
    gains = [{"provider": {"id": kit.P2, "name": "Vårdbolaget Två"}, "kind": LABORATORY, "kindName": PROVSVAR, "entries": 2}]
    assert (reader["unit"]["id"], reader["gains"], "loses" in reader) == (kit.U1, gains, False)
    shared.near(patient)
    shared.consent(patient)
    assert simulate(shared, patient, consent={"unit": kit.U1}) == []


def test_a_consent_to_one_employee_tells_what_the_employee_would_gain_in_the_patient_s_care(shared, kit, patient):
    shared.hold(patient)
    [reader] = simulate(shared, patient, consent={"unit": kit.U1, "employee": kit.E1})
    assert (reader["unit"]["id"], reader["employee"], reader["gains"][0]["entries"]) == (kit.U1, kit.E1, 1)


def test_a_block_s_difference_is_what_those_with_grounds_would_lose(shared, kit, patient):
    shared.hold(patient)
    outer = {"type": "outer", "provider": kit.P2}
    assert simulate(shared, patient, block=outer) == []
    shared.near(patient)
    shared.consent(patient)
    path = f"/fhir/Observation?patient={patient.id}"
    before = shared.found(path, "doctor")
    readers = simulate(shared, patient, block=outer)
    assert {(each["unit"]["id"], each["employee"]) for each in readers} == {(kit.U1, ""), (kit.U1, kit.E1)}
    assert all(each["loses"][0]["entries"] == len(before) == 1 for each in readers)
    assert shared.found(path, "doctor") == before
    shared.post("/access/blocks", shared.patient_person(patient), json={"patient": patient.id} | outer)
    assert shared.found(path, "doctor") == []
    assert simulate(shared, patient, block=outer) == []


@pytest.mark.parametrize("but_emergencies", [True, False])
def test_a_dissent_s_difference_is_what_those_with_consent_would_lose(shared, kit, patient, but_emergencies):
    shared.hold(patient)
    said = {"but_emergencies": but_emergencies}
    assert simulate(shared, patient, dissent=said) == []
    shared.near(patient)
    shared.consent(patient)
    readers = simulate(shared, patient, dissent=said)
    assert {(each["unit"]["id"], each["employee"]) for each in readers} == {(kit.U1, ""), (kit.U1, kit.E1)}
    assert [each["loses"][0]["entries"] for each in readers] == [1, 1]
    assert simulate(shared, patient, dissent=said | {"unit": kit.U2}) == []
    wrong = {"dissent": {"but_emergencies": "yes"}}
    assert shared.post("/access/simulations", shared.patient_person(patient), json=wrong).status_code == 400


def test_an_inner_block_is_lost_by_the_other_units_of_the_care_provider(shared, kit, patient):
    shared.hold(patient, provider=kit.P1, unit=kit.U2)
    readers = simulate(shared, patient, block={"type": "inner", "provider": kit.P1, "unit": kit.U2})
    assert [each["unit"]["id"] for each in readers] == [kit.U1]


def test_a_consent_of_some_data_is_simulated_as_such(shared, kit, patient):
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "N"}
    shared.hold(patient, resource=kit.observation(patient, meta={"security": [label]}))
    id = shared.hold(patient, resource=kit.observation(patient, meta={"security": [label | {"code": "R"}]}))
    shared.hold(patient, resource=kit.observation(patient, meta={"security": [label]}), released=False)
    but = {"type": "deny", "data": [{"meaning": "instance", "reference": {"reference": f"Observation/{id}"}}]}
    for provision, gained in (({"securityLabel": [label]}, 1), ({"provision": [but]}, 1), ({}, 2)):
        [reader] = simulate(shared, patient, consent={"unit": kit.U1, "provision": provision})
        assert [each["entries"] for each in reader["gains"]] == [gained]
    me = shared.patient_person(patient)
    for provision, status in (({"code": [{"text": "x"}]}, 422), ("x", 400)):
        body = {"consent": {"unit": kit.U1, "provision": provision}}
        assert shared.post("/access/simulations", me, json=body).status_code == status


def test_a_simulation_registers_nothing_and_nobody_named_in_it_has_seen_anything(shared, kit, patient):
    me = shared.patient_person(patient)
    shared.hold(patient)
    simulate(shared, patient, consent={"unit": kit.U1})
    simulate(shared, patient, block={"type": "outer", "provider": kit.P2})
    assert shared.get(f"/access/blocks?patient={patient.id}", me).json() == {"blocks": []}
    assert shared.get(f"/access/consents?patient={patient.id}", me).json() == {"consents": []}
    about = [each for each in shared.log() if each.get("patient") == patient.id and each["action"] == "simulate"]
    assert [each["details"] for each in about] == [{"type": "consent"}, {"type": "block"}]
    assert all(each["who"]["kind"] == "patient" and kit.U1 not in str(each) for each in about)
    for who in ("doctor", "reviewer", "alfa-client", shared.patient_person(patient, "guardian")):
        assert shared.post("/access/simulations", who, json={"consent": {"unit": kit.U1}}).status_code == 403
    for body in ({}, {"consent": "x"}, {"other": {}}, {"consent": {"unit": "nowhere"}}, {"consent": {}}, {"block": {}}):
        assert shared.post("/access/simulations", me, json=body).status_code == 400, body


def test_a_simulation_that_looks_at_no_more_readers_says_so(shared, kit, patient, monkeypatch):
    shared.hold(patient)
    shared.near(patient)
    shared.consent(patient)
    told = []
    for most in (200, 1):
        monkeypatch.setattr(simulating, "MOST_READERS", most)
        answer = shared.post("/access/simulations", shared.patient_person(patient), json={"dissent": {}}).json()
        told.append((len(answer["readers"]), answer["incomplete"]))
    assert told == [(2, False), (1, True)]


def test_what_an_employee_with_protected_identity_has_registered_is_told_to_the_reviewer_alone(shared, kit):
    asked = {"unit": kit.U1, "employee": E4}
    told = []
    for registers in (True, False):
        patient = shared.enroll()
        held = shared.hold(patient, provider=kit.P1, unit=kit.U1)
        me = shared.patient_person(patient)
        if registers:
            shared.near(patient, "hidden")
            assert len(seen(could_see(shared, "reviewer", patient, **asked))) == 1
        reach = could_see(shared, me, patient, **asked).json()
        why = shared.get("/access/explain", me, params={"resource": f"Observation/{held}"} | asked).json()
        dissent = shared.post("/access/simulations", me, json={"dissent": asked}).json()
        told.append((reach["reader"], reach["sees"], why["reader"], why["rule"], why["grounds"], dissent))
    assert told[0] == told[1]
    assert (told[0][0]["employee"], told[0][1], told[0][5]["readers"]) == (E4, [], [])


@pytest.mark.parametrize("protected", [False, True])
def test_a_protected_unit_is_named_as_the_directory_names_it(house, kit, monkeypatch, protected):
    patient, units = house.enroll(), house.hub.directory.units
    monkeypatch.setitem(units, kit.U2, replace(units[kit.U2], protected=protected))
    house.hold(patient, provider=kit.P1, unit=kit.U1)
    block = {"type": "inner", "provider": kit.P1, "unit": kit.U1}
    me = house.patient_person(patient)
    found = house.post("/access/simulations", me, json={"block": block}).json()["readers"]
    name = PROTECTED if protected else "Kliniken Björken"
    assert {"id": kit.U2, "name": name} in [each["unit"] for each in found]
    assert could_see(house, me, patient, unit=kit.U2).json()["reader"]["unitName"] == name
    house.hold(patient, provider=kit.P1, unit=kit.U2)
    [row] = [each for each in could_see(house, me, patient, unit=kit.U2).json()["sees"] if each["unit"]["id"] == kit.U2]
    assert row["unit"] == {"id": kit.U2, "name": name}
    house.near(patient, "sister")
    for who in (me, "reviewer"):
        entries = house.get("/access/log?count=1000", who).json()["entries"]
        assert {each["who"]["unitName"] for each in entries if each["who"].get("unit") == kit.U2} == {name}
