"""Names and numbers sent through every field come out in no log line, metric, error or entry of the access log.

The name of an unknown parameter or element is told to who wrote it, where it is a plain word: it is the place of the fault.
"""

import json

import pytest

from hub.authserver import Person
from hub.hub import MAPPERS
from hub.mappers import SourceMessage
from hub.sources import Fault, Fetched, SourceFailed

NAME = "Kanariefågelsson"
NUMBER = "191212121212"
WORD = "kanariefagel"
BIRDS = (NAME, NUMBER, WORD, "191212-1212", "Kanariefagelsson")


def soap(inner):
    return f"<Envelope xmlns='http://schemas.xmlsoap.org/soap/envelope/'><Body>{inner}</Body></Envelope>".encode()


MESSAGES = {
    "truncated XML": f"<a><{WORD}>{NAME} {NUMBER}".encode(),
    "XML with entities": f"<!DOCTYPE a [<!ENTITY {WORD} '{NAME}'>]><a>&{WORD};{NUMBER}</a>".encode(),
    "SOAP fault": soap(f"<Fault><faultcode>{WORD}</faultcode><faultstring>{NAME} {NUMBER}</faultstring></Fault>"),
    "another document": soap(f"<{WORD} xmlns='urn:{WORD}'><name>{NAME}</name><id>{NUMBER}</id></{WORD}>"),
    "HTML": f"<html><title>{NAME}</title>{NUMBER}</html>".encode(),
    "JSON": json.dumps({WORD: NAME, "resourceType": WORD, "id": NUMBER}).encode(),
    "a Bundle": json.dumps({"resourceType": "Bundle", "entry": [{"resource": {"resourceType": WORD, "id": NUMBER}}]}).encode(),
    "HL7 v2": (
        f"MSH|^~\\&|{WORD}|{NAME}|H|H|20261121||ORU^R01|{NUMBER}|P|2.5.1\rPID|||{NUMBER}||{NAME}\rOBX|1|NM|{WORD}||{NAME}\r"
    ).encode(),
    "CSV": f"{WORD};{NAME}\n{NUMBER};{NAME}\n".encode(),
    "bytes": NAME.encode("utf-16") + NUMBER.encode(),
}


def told(house):
    """All that the hub says to its operator."""
    return house.lines.getvalue() + house.get("/metrics").text + house.get("/health/ready").text


def check(house, *texts):
    for text in (told(house), *texts):
        for bird in BIRDS:
            assert bird not in text


def test_through_a_request(shared, kit):
    patient = shared.enroll()
    shared.near(patient)
    refused = []
    for value, name in ((NAME, NAME), (NUMBER, NUMBER), (WORD, "x")):
        for path in (
            f"/fhir/Observation?{name}={value}",
            f"/fhir/Observation?code:{name}=x",
            f"/fhir/Observation?date={value}",
            f"/fhir/Observation?_sort={value}",
            f"/fhir/Observation?_count={value}",
            f"/fhir/Observation?_format={value}",
            f"/fhir/Observation?_cursor={value}&patient={patient.id}",
            f"/fhir/Observation?patient.identifier=http://electronichealth.se/identifier/personnummer|{value}1",
            f"/fhir/Observation/{value}",
            f"/fhir/Observation/{value}/_history/{value}",
            f"/fhir/{value}",
            f"/fhir/{value}/{value}",
            f"/access/{value}",
            f"/access/relations?patient={value}",
            f"/access/log?after={value}",
            f"/access/log?{name}=1",
            f"/{value}",
        ):
            refused.append(shared.get(path, "doctor"))
        for header in ("if-match", "prefer", "accept", "x-request-id", "content-type", "user-agent", "origin"):
            sent = {header: value.encode()}
            refused.append(shared.get("/fhir/Observation/x", "doctor", headers=sent))
            refused.append(shared.post("/fhir/Consent", "doctor", content=b"{}", headers=sent))
        refused.append(shared.get("/fhir/Observation/x", headers={"authorization": f"Bearer {value}".encode()}))
        for kind in ("relations", "needs", "assertions", "blocks", "revokes", "shares"):
            for who in ("doctor", "blocker2", shared.patient_person(patient)):
                for body in ({name: value}, {"patient": value}, {"patient": patient.id, "type": value, "end": value, name: 1}):
                    refused.append(shared.post(f"/access/{kind}", who, json=body))
        for body in (
            {"resourceType": value},
            {"resourceType": "Consent", name: value},
            {"resourceType": "Consent", "status": value, "id": value, "patient": {"reference": value, "display": value}},
            kit.consent(patient) | {"provision": {"type": value}},
            kit.consent(patient) | {"policy": [{"uri": value}]},
            kit.consent(patient) | {"performer": [{"reference": value}]},
            kit.consent(patient) | {"scope": {"coding": [{"system": value, "code": value}]}},
            kit.consent(patient) | {"extension": [{"url": value, "valueString": value}], "modifierExtension": [{"url": value}]},
        ):
            refused.append(shared.post("/fhir/Consent", "doctor", resource=body))
        refused.append(shared.post("/fhir/Patient/_search", "doctor", data={"name": value, name: value}))
        refused.append(
            shared.post("/fhir/Consent", "doctor", content=value.encode(), headers={"content-type": "application/json"})
        )
    assert {each.status_code // 100 for each in refused} <= {2, 4}
    check(shared, *(each.text for each in refused if each.status_code >= 400), *(str(each.headers) for each in refused))
    written = json.dumps(shared.log(), ensure_ascii=False, default=str)
    for bird in BIRDS:
        assert bird not in written


def test_through_the_search_for_a_person(shared):
    patient = shared.enroll(shown={"name": [{"family": NAME}]}, number=_number(shared))
    number = patient.number
    answers = [
        shared.post("/fhir/Patient/_search", "doctor", data={"identifier": str(number)}),
        shared.get(f"/fhir/Patient?identifier={number}", "doctor"),
        shared.get(f"/fhir/Observation?patient.identifier={number}", "doctor"),
    ]
    assert NAME in answers[0].text
    for answer in answers:
        assert number.value not in str(answer.json()["link"])
        assert number.value not in str(answer.headers)
    for text in (told(shared), json.dumps(shared.log(), ensure_ascii=False, default=str)):
        assert number.value not in text
        assert NAME not in text


def _number(house):
    return house._number()


def test_through_a_token(shared):
    patient = shared.enroll()
    me = Person(
        name="p", display=NAME, kind="patient", person_number=str(patient.number), scopes="patient/*.cruds", subject_role=WORD
    )
    assert shared.get("/fhir/Observation", me).status_code == 200
    assert shared.get("/access/log", me).status_code == 200
    forged = shared.token(me)[:-6] + "AAAAAA"
    refused = shared.get("/fhir/Observation", headers={"authorization": f"Bearer {forged}"})
    shared.run(shared.running.edge.refusals.flush())
    check(shared, refused.text)
    written = json.dumps(shared.log(), ensure_ascii=False, default=str)
    for bird in (NAME, patient.number.value, WORD):
        assert bird not in written


@pytest.mark.parametrize("kind", MESSAGES)
def test_through_what_a_source_answers(light, kind):
    patient = light.enroll()
    light.near(patient)
    light.clock.move(minutes=11)
    light.consent(patient)
    for answer in (Fetched((MESSAGES[kind],)), SourceFailed(Fault.FORM, "", MESSAGES[kind])):
        light.told["alfa"].answer = light.told["beta"].answer = answer
        found = light.get(f"/fhir/Observation?patient={patient.id}", "doctor")
        assert found.status_code == 200
        codes = set(light.notices(found))
        assert codes & {"DataFromCacheSynchFailed", "NoDataSynchFailed", "DataFromSource"}
        check(light, found.text, str(found.headers))
        light.clock.move(minutes=11)
    last = [json.loads(line) for line in light.lines.getvalue().splitlines()][-5:]
    assert {(each.get("source"), each.get("outcome")) for each in last} >= {("alfa", str(Fault.FORM)), ("beta", str(Fault.FORM))}
    light.clock.move(minutes=-33)
    light.told["alfa"].answer = light.told["beta"].answer = Fetched(())


@pytest.mark.parametrize("kind", MESSAGES)
def test_through_what_a_source_sends_in_any_format(light, kind):
    """Every mapper, found by discovery: what it says of a message it cannot read holds nothing of it."""
    from hub.errors import Unmappable
    from hub.hub import settings

    source = light.hub.source("alfa")
    for name, mapper in MAPPERS.items():
        try:
            issues = mapper.map(
                SourceMessage("alfa", name, MESSAGES[kind], light.clock.now), settings(source, light.hub.directory)
            ).issues
        except Unmappable as fault:
            issues = fault.issues
        for issue in issues:
            for bird in BIRDS:
                assert bird not in issue.problem, name
