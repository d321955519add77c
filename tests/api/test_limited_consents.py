"""A Consent of some data alone (IHE PCF intermediate and advanced) opens those and no others, and says so to nobody else."""

import json

import pytest

from hub.interactions.replaying import replay
from hub.references import directory_id
from hub.store.audit_reading import every, heads
from hub.store.purging import purge_keys
from tests.api.conftest import E3, KEYS

CUSTODIAN = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "CST"}]}
TYPES = "urn:riv:informationsecurity:authorization:blocking:4:informationtypeidvalue"


def custodian(id):
    reference = {"type": "Organization", "identifier": {"system": "urn:oid:1.2.752.129.2.1.4.1", "value": id}}
    return {"type": "deny", "actor": [{"role": CUSTODIAN, "reference": reference}]}


@pytest.mark.parametrize(
    ("limit", "opens"),
    [
        ({"dataPeriod": {"start": "2040-10-22", "end": "2040-11-02"}}, ["in October"]),
        ({"provision": [{"type": "deny", "dataPeriod": {"start": "2040-10-22", "end": "2040-11-02"}}]}, ["in September"]),
        ({"provision": [custodian("SE2321990018-U3")]}, []),
        ({"provision": [custodian("SE2321990018-M2")]}, ["in October", "in September", "of no time"]),
        ({"provision": [{"type": "deny", "class": [{"system": TYPES, "code": "lak"}]}]}, ["in October", "of no time"]),
    ],
    ids=["of a period", "but for a period", "but for the unit", "but for another provider", "but for a kind"],
)
def test_a_consent_of_some_data_opens_those_alone(shared, kit, limit, opens):
    patient = shared.enroll()
    september = kit.NOW.replace(month=9)
    held = {
        "in October": shared.hold(patient),
        "in September": shared.hold(patient, time_from=september, time_to=september, info_type="caa-gmh"),
        "of no time": shared.hold(patient, time_from=None, time_to=None),
    }
    shared.near(patient)
    whole = kit.consent(patient)["provision"]
    given = shared.consent(patient, provision=whole | limit)
    assert given.status_code == 201, given.text
    found = shared.found(f"/fhir/Observation?patient={patient.id}", "doctor")
    assert sorted(name for name, id in held.items() if id in found) == opens
    for name, id in held.items():
        assert (shared.get(f"/fhir/Observation/{id}", "doctor").status_code == 200) is (name in opens)


CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"


def data(meaning, reference):
    return {"data": [{"meaning": meaning, "reference": {"reference": reference}}]}


def label(*codes):
    return {"securityLabel": [{"system": CONFIDENTIALITY, "code": code} for code in codes]}


def but(limit):
    return {"provision": [{"type": "deny"} | limit]}


def labelled(code):
    return {"meta": {"security": [{"system": CONFIDENTIALITY, "code": code}]}}


BY_A, BY_B = ({"performer": [{"reference": f"Practitioner/{each}"}]} for each in "ab")
DURING = {"encounter": {"reference": "Encounter/e"}}


@pytest.fixture(scope="module")
def observed(shared, kit):
    """A patient with Observations at another care provider, by what they say of themselves."""
    patient = shared.enroll()
    kinds = {
        "normal by a": labelled("N") | BY_A,
        "restricted by a": labelled("R") | BY_A,
        "normal by b": labelled("N") | BY_B | DURING,
        "by b, not labelled": BY_B,
        "normal, by nobody": labelled("N") | DURING,
    }
    held = {name: shared.hold(patient, name, kit.observation(patient, **its)) for name, its in kinds.items()}
    shared.near(patient)
    return patient, held


@pytest.mark.parametrize(
    ("limit", "opens"),
    [
        (label("N"), ["normal by a", "normal by b", "normal, by nobody"]),
        (label("N", "R"), ["normal by a", "normal by b", "normal, by nobody", "restricted by a"]),
        (but(label("R")), ["normal by a", "normal by b", "normal, by nobody"]),
        (data("authoredby", "Practitioner/a"), ["normal by a", "restricted by a"]),
        (but(data("authoredby", "Practitioner/a")), ["by b, not labelled", "normal by b"]),
        (data("related", "Encounter/e"), ["normal by b", "normal, by nobody"]),
        (but(data("dependents", "Encounter/e")), ["by b, not labelled", "normal by a", "restricted by a"]),
        (
            but(data("authoredby", "Practitioner/a") | label("R")),
            ["by b, not labelled", "normal by a", "normal by b", "normal, by nobody"],
        ),
        (label("R") | data("authoredby", "Practitioner/b"), ["normal by b"]),
        (data("instance", "normal by b"), ["normal by b"]),
        (but(data("instance", "normal by b")), ["by b, not labelled", "normal by a", "normal, by nobody", "restricted by a"]),
    ],
    ids=str,
)
def test_a_consent_by_what_resources_say_opens_those_alone(shared, kit, observed, limit, opens):
    house, (patient, held) = shared, observed
    limit = json.loads(json.dumps(limit).replace("normal by b", f"Observation/{held['normal by b']}"))
    given = house.consent(patient, provision=kit.consent(patient)["provision"] | limit)
    assert given.status_code == 201, given.text
    found = house.found(f"/fhir/Observation?patient={patient.id}", "doctor")
    assert sorted(name for name, id in held.items() if id in found) == opens
    assert house.get(f"/fhir/Observation?patient={patient.id}&_summary=count", "doctor").json()["total"] == len(opens)
    for name, id in held.items():
        status = 200 if name in opens else 404
        for path in (f"Observation/{id}", f"Observation/{id}/_history"):
            assert house.get(f"/fhir/{path}", "doctor").status_code == status
        _told_alike(house, kit, patient, id, given.json()["id"], name in opens)
    sees = house.get("/access/could-see", "reviewer", params={"patient": patient.id, "unit": kit.U1, "employee": kit.E1}).json()
    assert sum(each["entries"] for each in sees["sees"] if each["rule"] == "R47") == len(opens)
    house.do("DELETE", f"/fhir/Consent/{given.json()['id']}", "doctor")
    assert house.found(f"/fhir/Observation?patient={patient.id}", "doctor") == []


def _told_alike(house, kit, patient, id, consent, shown):
    asked = {"resource": f"Observation/{id}", "unit": kit.U1, "employee": kit.E1}
    told = house.get("/access/explain", house.patient_person(patient), params=asked).json()
    assert (told["shown"], told["rule"]) == ((True, "R47") if shown else (False, "R48"))
    assert told["consents"] == ([consent] if shown else [])


def test_what_was_decided_by_labels_comes_out_again_when_labels_and_keys_have_gone(house, kit):
    patient = house.enroll()
    for number, code in enumerate("NRN"):
        house.hold(patient, f"held-{number}", kit.observation(patient, **labelled(code)))
    house.near(patient)
    assert house.consent(patient, provision=kit.consent(patient)["provision"] | label("N")).status_code == 201
    path = f"/fhir/Observation?patient={patient.id}"
    assert len(house.found(path, "doctor")) == 2
    house.clock.move(minutes=1)
    for number, code in enumerate("RNR"):
        house.hold(patient, f"held-{number}", kit.observation(patient, **labelled(code)))
    assert len(house.found(path, "doctor")) == 1
    purge_keys(house.store.database, house.store.now() + 10**15)
    entries = [entry for head in heads(house.store.reader()) for entry in every(house.store.reader(), head.size, head.shard)]
    again = [replay(house.store, house.hub, each) for each in entries if each.content["action"] == "search"]
    assert [each.fault for each in again] == ["", ""]
    withheld = [sum(one["entries"] for one in each.unshown["withheld"]) for each in entries if "withheld" in each.unshown]
    assert withheld == [1, 2]


def test_a_label_is_its_custodian_s_to_write_and_to_take_away(house, kit):
    patient = house.enroll()
    house.near(patient, "elsewhere")
    held = kit.observation(patient, id="x", **labelled("R"))
    lowered = held | labelled("N")
    path = "/fhir/Observation/x"
    assert house.do("PUT", path, "alfa-client", resource=held).status_code == 201
    limited = kit.consent(patient, kit.U3)["provision"] | label("N")
    assert house.consent(patient, "elsewhere", kit.U3, provision=limited).status_code == 201
    assert house.get(path, "elsewhere").status_code == 404
    for who in ("elsewhere", house.patient_person(patient)):
        assert house.do("PUT", path, who, resource=lowered).status_code in (403, 404)
        assert house.get(path, "elsewhere").status_code == 404
    assert house.do("PUT", path, "alfa-client", resource=lowered).status_code == 200
    assert house.get(path, "elsewhere").status_code == 200
    assert house.do("PUT", path, "alfa-client", resource=held).status_code == 200
    assert house.get(f"{path}/_history", "elsewhere").status_code == 404


@pytest.mark.parametrize(
    ("limit", "place", "said"),
    [
        (but({"securityLabel": [{"code": "R"}]}), "Consent.provision.provision[0].securityLabel", "system and a code"),
        (but({}), "Consent.provision.provision[0]", "of which data"),
        (but(data("instance", "Practitioner/a")), "Consent.provision.provision[0].data[0].reference", "no such type"),
        (data("authoredby", "Group/g"), "Consent.provision.data[0].reference", "name a person, a role"),
        ({"code": [{"text": "x"}]}, "Consent.provision.code", "not understood"),
        ({"provision": [custodian("SE-nowhere")]}, "Consent.provision.provision[0].actor[0].reference", "knows no such"),
    ],
    ids=str,
)
def test_what_cannot_be_kept_is_refused_with_its_place_and_what_to_do(shared, kit, limit, place, said):
    patient = shared.enroll()
    shared.near(patient)
    answer = shared.consent(patient, provision=kit.consent(patient)["provision"] | limit)
    assert answer.status_code == 422
    [issue] = answer.json()["issue"]
    assert said in issue["diagnostics"]
    assert place in (issue.get("expression") or issue.get("location"))


def test_an_author_is_found_by_hsa_id(shared, kit):
    patient = shared.enroll()
    shared.near(patient)
    who = directory_id(KEYS.identity, "Practitioner", E3)
    mine = shared.hold(patient, resource=kit.observation(patient, performer=[{"reference": f"Practitioner/{who}"}]))
    shared.hold(patient, resource=kit.observation(patient, performer=[{"reference": "Practitioner/b"}]))
    reference = {"type": "Practitioner", "identifier": {"system": "urn:oid:1.2.752.129.2.1.4.1", "value": E3}}
    meant = {"data": [{"meaning": "authoredby", "reference": reference}]}
    assert shared.consent(patient, provision=kit.consent(patient)["provision"] | meant).status_code == 201
    assert shared.found(f"/fhir/Observation?patient={patient.id}", "doctor") == [mine]


def test_the_consents_to_a_unit_name_so_much_data_and_no_more(shared, kit):
    patient = shared.enroll()
    shared.near(patient)
    whole = kit.consent(patient)["provision"]

    def given(number, unit=kit.U1, who="doctor"):
        meant = [{"meaning": "instance", "reference": {"reference": f"Observation/{number}-{n}"}} for n in range(64)]
        provision = kit.consent(patient, unit)["provision"] | {"data": meant}
        return shared.consent(patient, who, unit, provision=provision)

    made = [given(number) for number in range(5)]
    assert [each.status_code for each in made] == [201, 201, 201, 201, 409]
    assert given(5, kit.U3, "elsewhere").status_code == 201
    shared.do("DELETE", f"/fhir/Consent/{made[0].json()['id']}", "doctor")
    assert given(6).status_code == 201
    assert shared.consent(patient, provision=whole).status_code == 201
