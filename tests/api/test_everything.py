"""Patient/[id]/$everything: the released part of the record. http://hl7.org/fhir/R4/patient-operation-everything.html"""

import pytest


@pytest.fixture
def patient(shared):
    return shared.enroll()


def answer(house, patient, who="doctor", query=""):
    return house.get(f"/fhir/Patient/{patient.id}/$everything{query}", who)


def types(bundle):
    return [each["resource"]["resourceType"] for each in bundle["entry"] if each["search"]["mode"] != "outcome"]


def test_it_is_the_released_record_with_the_patient_and_what_it_points_at(shared, kit, patient):
    own = shared.hold(patient, provider=kit.P1, unit=kit.U1)
    elsewhere = shared.hold(patient)
    shared.near(patient)
    bundle = answer(shared, patient).json()
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "searchset")
    ids = {each["resource"].get("id") for each in bundle["entry"]}
    assert {own, patient.id} <= ids
    assert elsewhere not in ids
    shared.consent(patient)
    assert elsewhere in {each["resource"].get("id") for each in answer(shared, patient).json()["entry"]}


def test_it_pages_with_every_resource_once(shared, kit, patient):
    held = {shared.hold(patient, provider=kit.P1, unit=kit.U1) for _ in range(5)}
    shared.near(patient)
    seen, url = [], f"/fhir/Patient/{patient.id}/$everything?_count=2&_type=Observation"
    while url:
        bundle = shared.get(url, "doctor").json()
        seen += [each["resource"]["id"] for each in bundle["entry"] if each["search"]["mode"] == "match"]
        url = next((each["url"] for each in bundle["link"] if each["relation"] == "next"), None)
    assert sorted(seen) == sorted(held)


def test_it_takes_since_and_types_by_get_and_by_post(shared, kit, patient):
    shared.hold(patient, provider=kit.P1, unit=kit.U1)
    shared.near(patient)
    body = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "_type", "valueCode": "Observation"},
            {"name": "_type", "valueCode": "Condition"},
            {"name": "_since", "valueInstant": "2040-01-01T00:00:00Z"},
        ],
    }
    posted = shared.post(f"/fhir/Patient/{patient.id}/$everything", "doctor", json=body).json()
    got = answer(shared, patient, query="?_type=Observation,Condition&_since=2040-01-01T00:00:00Z").json()
    assert types(posted) == types(got) == ["Observation"]
    late = answer(shared, patient, query="?_type=Observation&_since=2999-01-01").json()
    assert late["total"] == 0


@pytest.mark.parametrize(
    ("asked", "months"),
    [
        ("start=2040-03", [3, 5, 7]),
        ("end=2040-03", [1, 3]),
        ("start=2040-02&end=2040-05-31", [3, 5]),
        ("start=2040-03-10&end=2040-03-10", [3]),
        ("start=2041", []),
    ],
)
def test_it_can_be_of_the_care_of_a_time_page_by_page(shared, kit, patient, asked, months):
    held = {}
    for month in (1, 3, 5, 7):
        made = kit.observation(patient, effectiveDateTime=f"2040-{month:02}-10T08:00:00Z")
        held[shared.hold(patient, resource=made, provider=kit.P1, unit=kit.U1)] = month
    undated = {name: value for name, value in kit.observation(patient).items() if name != "effectiveDateTime"}
    held[shared.hold(patient, resource=undated, provider=kit.P1, unit=kit.U1)] = 0
    shared.near(patient)
    seen, url = [], f"/fhir/Patient/{patient.id}/$everything?_count=1&{asked}"
    while url:
        answered = shared.get(url, "doctor")
        assert answered.status_code == 200, answered.text
        bundle = answered.json()
        seen += [each["resource"]["id"] for each in bundle["entry"] if each["search"]["mode"] == "match"]
        assert all("$everything" in each["url"] for each in bundle["link"])
        url = next((each["url"] for each in bundle["link"] if each["relation"] == "next"), None)
    assert patient.id in seen, "who somebody is has no date"
    assert sorted(held[each] for each in seen if each != patient.id) == [0, *months]


def test_what_it_does_not_take_is_refused(shared, patient):
    assert answer(shared, patient, query="?code=x").status_code == 400
    for query in ("?start=nope", "?end=", "?start=2020&start=2021", "?_since=nope"):
        assert answer(shared, patient, query=query).status_code == 400, query
    assert answer(shared, patient, query="?_type=Nonsense").status_code == 400
    for who in (patient.id, "never-issued"):
        for path in ("$everything", "*"):
            told = shared.get(f"/fhir/Patient/{who}/{path}?_type=Practitioner,Organization", "doctor")
            assert told.status_code == 400, told.text
            assert told.json()["issue"][0]["expression"] == ["http._type"]
    for body in (
        {"resourceType": "Patient"},
        *({"resourceType": "Parameters", "parameter": each} for each in (0, None, {}, [1])),
    ):
        assert shared.post(f"/fhir/Patient/{patient.id}/$everything", "doctor", json=body).status_code == 400, body


def test_who_is_not_there_is_answered_as_any_id_that_was_never_issued(shared, kit, patient):
    never = shared.get("/fhir/Patient/never-issued/$everything", "doctor")
    assert never.status_code == 404
    for who in ("reviewer", shared.patient_person(shared.enroll()), "alfa-client"):
        withheld, absent = answer(shared, patient, who), shared.get("/fhir/Patient/never-issued/$everything", who)
        assert (withheld.status_code, withheld.content) == (absent.status_code, absent.content), who
        assert withheld.status_code == 404


def test_it_is_of_every_patient_whom_the_caller_sees_where_none_is_named(shared, kit, patient):
    me, mine, hidden = shared.patient_person(patient), shared.hold(patient), shared.hold(patient, secret=True)
    shared.hold(shared.enroll())
    bundle = shared.get("/fhir/Patient/$everything", me).json()
    ids = {each["resource"].get("id") for each in bundle["entry"]}
    assert {mine, patient.id} <= ids
    assert hidden not in ids
    assert bundle["link"][0]["url"].endswith("/fhir/Patient/$everything")
    assert shared.get("/fhir/Patient/$everything", "doctor").status_code == 400
    assert shared.log()[-1]["outcome"] == "refuse"


def test_a_sources_client_gets_its_patients_with_all_that_is_theirs_page_by_page(house):
    written = set()
    for _ in range(3):
        who = house.post("/fhir/Patient", "alfa-client", resource={"resourceType": "Patient"}).json()["id"]
        seen = {
            "resourceType": "Observation",
            "status": "final",
            "code": {"text": "x"},
            "subject": {"reference": f"Patient/{who}"},
        }
        written |= {f"Patient/{who}", f"Observation/{house.post('/fhir/Observation', 'alfa-client', resource=seen).json()['id']}"}
    house.post("/fhir/Organization", "alfa-client", resource={"resourceType": "Organization", "name": "nobody's"})
    found, url = [], "/fhir/Patient/$everything?_count=2"
    while url:
        bundle = house.get(url, "alfa-client").json()
        matches = [each["resource"] for each in bundle["entry"] if each["search"]["mode"] == "match"]
        found += [f"{each['resourceType']}/{each['id']}" for each in matches]
        assert bundle["total"] == len(written)
        url = next((each["url"] for each in bundle["link"] if each["relation"] == "next"), None)
        assert url is None or "/fhir/Patient/$everything?_count=2&_cursor=" in url
    assert sorted(found) == sorted(written)
    of_type = house.post(
        "/fhir/Patient/$everything",
        "alfa-client",
        json={"resourceType": "Parameters", "parameter": [{"name": "_type", "valueCode": "Observation"}]},
    ).json()
    assert (types(of_type), of_type["total"]) == (["Observation"] * 3, 3)
    assert house.get("/fhir/Patient/$everything", "beta-client").json()["total"] == 0
