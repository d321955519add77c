"""Why nothing is shown to those to whom no ground opens anything: by who asks alone, whatever there is."""

import pytest

from hub.interactions.context import NOTICES


@pytest.fixture(scope="module")
def records(light, kit):
    """One patient with entries of several kinds, one with none; both known to the register."""
    held, empty = light.enroll(), light.enroll()
    plan = {"resourceType": "CarePlan", "status": "active", "intent": "plan", "subject": {"reference": f"Patient/{held.id}"}}
    light.hold(held, resource=plan, provider=kit.P1, unit=kit.U1)
    light.hold(held)
    return held, empty


def outcomes(light, path, who):
    answer = light.get(path, who)
    assert answer.status_code == 200, answer.text
    return answer.json().get("entry", [])


@pytest.mark.parametrize(("who", "code"), [("reviewer", "log-only"), ("technician", "no-source")])
@pytest.mark.parametrize("name", ["CarePlan", "Observation", "Patient", "RelatedPerson", "Consent"])
def test_who_sees_no_record_is_told_so_the_same_of_every_patient(light, records, who, code, name):
    told = []
    for id in (*(each.id for each in records), "nobody"):
        by = f"_id={id}" if name == "Patient" else f"patient={id}"
        told.append(outcomes(light, f"/fhir/{name}?{by}", who))
    [[entry]] = [told[0]] if told[0] == told[1] == told[2] else [[]]
    assert entry["search"]["mode"] == "outcome"
    [issue] = entry["resource"]["issue"]
    assert (issue["severity"], issue["details"]["coding"][0]["code"], issue["details"]["text"]) == (
        "information",
        code,
        NOTICES[code][0],
    )


@pytest.mark.parametrize("kind", ["guardian", "agent"])
@pytest.mark.parametrize("path", ["Patient", "RelatedPerson", "Observation", "?_type=Observation,Condition"])
def test_who_stands_in_for_others_is_told_to_name_them(light, records, kind, path):
    held, _ = records
    who = light.patient_person(held, kind)
    answer = light.get(f"/fhir/{path}", who)
    assert (answer.status_code, light.notices(answer)) == (200, ["patient-required"])
    named = light.get(f"/fhir/Observation?patient={held.id}", who)
    assert (named.status_code, light.notices(named)) == (200, [])


def test_who_is_related_to_a_patient_is_not_shown_without_a_relation_and_the_reader_is_told_so(light, records):
    held, empty = records
    told = [outcomes(light, f"/fhir/RelatedPerson?patient={each}", "doctor") for each in (held.id, empty.id, "nobody")]
    assert told[0] == told[1] == told[2]
    assert light.notices(light.get(f"/fhir/RelatedPerson?patient={held.id}", "doctor")) == ["relation-required"]


def test_the_directory_is_shown_to_a_log_reviewer_as_to_everybody(light):
    answer = light.get("/fhir/Organization?_count=1", "reviewer")
    assert (len(answer.json()["entry"]), light.notices(answer)) == (1, [])
