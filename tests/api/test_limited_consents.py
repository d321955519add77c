"""A Consent of some data alone (IHE PCF intermediate) opens those and no others, and says so to nobody else."""

import pytest

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


def test_an_exception_that_cannot_be_kept_is_refused(shared, kit):
    patient = shared.enroll()
    shared.near(patient)
    whole = kit.consent(patient)["provision"]
    for nested in ({"type": "deny", "securityLabel": [{"code": "R"}]}, {"type": "deny"}, custodian("SE-nowhere")):
        assert shared.consent(patient, provision=whole | {"provision": [nested]}).status_code == 422
