"""An OperationOutcome names the place that is at fault, as the request wrote it. http://hl7.org/fhir/R4/operationoutcome.html"""

from urllib.parse import quote

import pytest

CLIENT = "alfa-client"
NUMBER = "http://electronichealth.se/identifier/personnummer"


def observation(**more):
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}} | more


def told(answer):
    """The first issue: what it says and where."""
    issue = answer.json()["issue"][0]
    return issue["diagnostics"], issue.get("expression", [""])[0]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("code:below=x", ""),
        ("code:in=x", ""),
        ("date=x", ""),
        ("patient.bogus=x", "no such search parameter of Patient"),
        ("patient:bogus=x", ""),
        ("subject:Patient.birthdate=x", ""),
        ("subject:Patient.general-practitioner:Organization.name:bogus=x", ""),
        ("_has:Provenance:target:bogus=x", "no such search parameter of Provenance"),
        ("_filter=bogus eq x", "_filter: bogus: no such search parameter"),
        ("_filter=patient.bogus eq x", "_filter: bogus: no such search parameter of Patient"),
        ("_filter=date eq x", "_filter: date: not a date"),
        ("_filter=date xx 2013", "_filter: an operator is missing (at character 6)"),
    ],
)
def test_a_parameter_is_named_as_it_was_sent(light, asked, said):
    name = asked.partition("=")[0]
    answer = light.get(f"/fhir/Observation?{quote(asked, safe='=:')}", CLIENT)
    problem, place = told(answer)
    assert (answer.status_code, place) == (400, f"http.{name}")
    assert answer.json()["issue"][0]["location"] == [place]
    assert problem.startswith(f"{name}: ")
    assert said in problem


@pytest.mark.parametrize("path", ["Foo/1", "Foo", "Foo/1/_history", "Foo/$validate"])
def test_a_type_that_is_not_held_is_no_place_in_a_resource(light, path):
    answer = light.do("POST" if "$" in path else "GET", f"/fhir/{path}", CLIENT)
    assert (answer.status_code, told(answer)[1]) == (404, "")


@pytest.mark.parametrize(
    ("resource", "place"),
    [
        (observation(performer=[{"display": "x"}, {"reference": "Patient/nobody"}]), "Observation.performer[1]"),
        (observation(subject={"reference": "http://other.example/fhir/Patient/1"}), "Observation.subject"),
        (observation(subject={"identifier": {"system": NUMBER, "value": "1"}}), "Observation.subject.identifier"),
        (
            {
                "resourceType": "Appointment",
                "status": "booked",
                "participant": [
                    {"status": "accepted", "actor": {"display": "x"}},
                    {"status": "accepted", "actor": {"reference": "Patient/nobody"}},
                ],
            },
            "Appointment.participant[1].actor",
        ),
        (
            {
                "resourceType": "Patient",
                "identifier": [{"system": "http://example.org", "value": "1"}, {"system": NUMBER, "value": "191212121213"}],
            },
            "Patient.identifier[1]",
        ),
    ],
)
def test_who_is_not_known_is_named_where_it_is_written(light, resource, place):
    answer = light.post(f"/fhir/{resource['resourceType']}", CLIENT, resource=resource)
    assert (answer.status_code, told(answer)[1]) == (422, place)


def test_a_resource_of_two_patients_is_refused_at_the_second(light):
    ids = [light.post("/fhir/Patient", CLIENT, resource={"resourceType": "Patient"}).json()["id"] for _ in range(2)]
    resource = observation(subject={"reference": f"Patient/{ids[0]}"}, performer=[{"reference": f"Patient/{ids[1]}"}])
    answer = light.post("/fhir/Observation", CLIENT, resource=resource)
    assert (answer.status_code, told(answer)[1]) == (422, "Observation.performer[0]")


def entry(method, url, resource=None, **request):
    return {"request": {"method": method, "url": url} | request} | ({"resource": resource} if resource else {})


PATIENT = {"resourceType": "Patient"}
ENTRIES = [
    (entry("POST", "Observation", observation(status="x")), "resource.status", ""),
    (entry("POST", "Observation", observation(performer=[{"reference": "Patient/nobody"}])), "resource.performer[0]", ""),
    (entry("POST", "Observation", PATIENT), "resource", ""),
    (entry("PUT", "Patient/1", PATIENT | {"id": "2"}), "resource.id", ""),
    (entry("PUT", "Patient/1", PATIENT | {"id": "1"}, ifMatch='W/"x"'), "request.ifMatch", ""),
    (entry("POST", "Patient", PATIENT, ifNoneExist="bogus=1"), "request.ifNoneExist", "bogus: no such search parameter"),
    (entry("PUT", "Patient?birthdate=x", PATIENT), "request.url", "birthdate: not a date"),
    (entry("DELETE", "Patient?bogus=1"), "request.url", "bogus: no such"),
    (entry("PATCH", "Patient/1", {"resourceType": "Parameters", "parameter": [{"name": "x"}]}), "resource.parameter[0]", ""),
    (entry("GET", "Patient?bogus=1"), "request.url", "bogus: no such"),
    (entry("GET", "Patient/never-issued"), "request.url", ""),
    (entry("GET", "Foo/1"), "request.url", ""),
    (entry("GET", "Patient/1/2/3"), "request.url", ""),
    (entry("GET", "https://other.example/fhir/Patient/1"), "request.url", "below this server's base"),
    (entry("POST", "Patient"), "resource", "is needed"),
]


@pytest.mark.parametrize("kind", ["transaction", "batch"])
@pytest.mark.parametrize(("wrong", "place", "said"), ENTRIES)
def test_an_entry_of_a_bundle_is_named_with_what_is_wrong_in_it(light, kind, wrong, place, said):
    bundle = {"resourceType": "Bundle", "type": kind, "entry": [entry("GET", "metadata"), wrong]}
    answer = light.post("/fhir", CLIENT, resource=bundle).json()
    outcome = answer if kind == "transaction" else answer["entry"][1]["response"]["outcome"]
    [issue] = outcome["issue"]
    assert issue["expression"] == [f"Bundle.entry[1].{place}"]
    assert said in issue["diagnostics"]


def test_the_path_in_xml_begins_at_the_bundle_too(light):
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry("POST", "Patient", PATIENT | {"active": "x"})]}
    [issue] = light.post("/fhir", CLIENT, resource=bundle).json()["issue"]
    assert issue["location"] == ["/f:Bundle/f:entry[1]/f:resource/f:Patient/f:active"]


def test_a_reference_by_search_is_named_where_it_stands_and_stands_in_a_transaction_alone(light):
    def sent(search, kind="transaction"):
        one = entry("POST", "Observation", observation(performer=[{"display": "x"}, {"reference": search}]))
        answer = light.post("/fhir", CLIENT, resource={"resourceType": "Bundle", "type": kind, "entry": [one]}).json()
        return (answer if kind == "transaction" else answer["entry"][0]["response"]["outcome"])["issue"][0]

    nobody, place = "Patient?identifier=http://example.org|nobody", ["Bundle.entry[0].resource.performer[1].reference"]
    for search, said in (
        ("Patient?bogus=1", "bogus: no such search parameter of Patient"),
        (nobody, "finds nothing"),
        ("Foo?x=1", "a type that the hub does not hold"),
        ("Patient?", "needs a criterion"),
    ):
        issue = sent(search)
        assert issue["expression"] == place, search
        assert said in issue["diagnostics"]
    assert sent(nobody, "batch")["expression"] == place
    alone = light.post("/fhir/Observation", CLIENT, resource=observation(subject={"reference": nobody}))
    assert (alone.status_code, told(alone)[1]) == (400, "Observation.subject.reference")
