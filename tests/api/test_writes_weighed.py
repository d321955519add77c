"""A write of what is withheld is answered as one of what was never there, and costs the same statements."""

import pytest

KINDS = {
    "update": ("PUT", "/{id}", True, {}),
    "update of a version": ("PUT", "/{id}", True, {"if-match": 'W/"x"'}),
    "patch": ("PATCH", "/{id}", None, {}),
    "update by condition": ("PUT", "?{found}", False, {}),
    "update by condition, with id": ("PUT", "?{found}", True, {}),
    "update by condition on the id": ("PUT", "?patient={patient}&_id={id}", False, {}),
    "patch by condition": ("PATCH", "?{found}", None, {}),
    "create if there is none": ("POST", "", False, {"if-none-exist": "{found}"}),
    "delete by condition": ("DELETE", "?{found}", ..., {}),
    "delete by condition on the id": ("DELETE", "?_id={id}", ..., {}),
    "delete": ("DELETE", "/{id}", ..., {}),
}
"""Method, address, and whether the body is a resource with the id (None: a patch; ...: there is none), and headers."""
PATCH = [{"op": "replace", "path": "/status", "value": "stopped"}]


def told(patient):
    return {"resourceType": "Communication", "status": "completed", "subject": {"reference": f"Patient/{patient.id}"}}


def asked(house, who, patient, kind, id, value):
    """Status, body and statements of one request."""
    method, path, whole, headers = KINDS[kind]
    named = {"id": id, "patient": patient.id, "found": f"patient={patient.id}&identifier=urn:x|{value}"}
    sent = {name: each.format(**named) for name, each in headers.items()}
    more = {} if whole is ... else {"resource": PATCH if whole is None else told(patient) | ({"id": id} if whole else {})}
    if whole is None:
        sent["content-type"] = "application/json-patch+json"
    with house.store.database.count() as counter:
        answer = house.do(method, "/fhir/Communication" + path.format(**named), who, headers=sent, **more)
    body = answer.content if answer.status_code >= 400 else b""
    return answer.status_code, body, sorted(counter.statements)


FIRST, KNOWN = "for the first time", "for the first time, of whom was just asked about"


@pytest.mark.parametrize("when", ["again", FIRST, KNOWN])
@pytest.mark.parametrize("who", ["doctor", "patient", "alfa-client"])
def test_a_write_of_what_is_withheld_costs_what_one_of_what_was_never_there_does(light, who, when):
    check(light, who, when)


@pytest.mark.parametrize("who", ["doctor", "alfa-client"])
def test_a_write_of_what_is_withheld_costs_no_other_statements_on_postgresql(heavy, who):
    check(heavy, who, KNOWN)


def check(house, who, when):
    """Each kind of write twice of a Communication that nobody here is shown, in turn with one that was never there."""
    patient = house.enroll()
    house.near(patient)
    held = told(patient) | {"identifier": [{"system": "urn:x", "value": "held"}]}
    withheld = house.hold(patient, resource=held, nullified=True, released=False)
    never = withheld[::-1]
    caller = house.patient_person(patient) if who == "patient" else who
    differ = []
    for kind in KINDS:
        found = []
        for number in range(4):
            if when != "again":
                house.store.memory._held.clear()
            if when == KNOWN:
                assert house.get(f"/fhir/Observation?patient={patient.id}", caller).status_code == 200
            if who == "alfa-client" and "delete" in kind and number > 1:  # its own, under the very id of another
                for id in (withheld, never):
                    house.do("PUT", f"/fhir/Communication/{id}", caller, resource=told(patient) | {"id": id})
            found.append(asked(house, caller, patient, kind, *((never, "never") if number % 2 else (withheld, "held"))))
        differ += [kind] if found[2] != found[3] else []
    assert differ == []
