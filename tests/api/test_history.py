"""History of a resource, of a type and of everything. http://hl7.org/fhir/R4/http.html#history; LEAKS.md rows 13 to 15."""

from dataclasses import replace

import pytest

CLIENT = "alfa-client"


@pytest.fixture(scope="module")
def kept(shared):
    """What a source's client wrote, step by step, a minute apart. Gives: the hub, and the time of each step."""
    house, times = shared, []

    def step(method, path, resource=None):
        house.clock.move(minutes=1)
        times.append(house.clock.now.isoformat().replace("+00:00", "Z"))
        answer = house.do(method, path, CLIENT, **({"resource": resource} if resource else {}))
        assert answer.status_code < 300, answer.text

    for name in ("h1", "h2"):
        step("PUT", f"/fhir/Practitioner/{name}", {"resourceType": "Practitioner", "id": name, "active": True})
    step("PUT", "/fhir/Practitioner/h1", {"resourceType": "Practitioner", "id": "h1", "active": False})
    step("PUT", "/fhir/Organization/h3", {"resourceType": "Organization", "id": "h3", "name": "Tre"})
    step("DELETE", "/fhir/Practitioner/h2")
    step("PUT", "/fhir/Practitioner/h2", {"resourceType": "Practitioner", "id": "h2", "active": True})
    house.clock.move(minutes=1)
    return house, times


def told(house, path, who=CLIENT):
    """What a history tells, over all its pages: method and address of each."""
    found, link = [], path
    while link:
        answer = house.get(link, who)
        assert answer.status_code == 200, answer.text
        bundle = answer.json()
        assert bundle["type"] == "history"
        for each in bundle.get("entry", ()):
            assert ("resource" in each) is (each["request"]["method"] != "DELETE")
            found.append((each["request"]["method"], each["fullUrl"].split("/fhir/")[1]))
        assert bundle["total"] >= len(bundle.get("entry", ()))
        link = next((each["url"] for each in bundle["link"] if each["relation"] == "next"), "")
    return found


OF_TYPE = [
    ("PUT", "Practitioner/h2"),
    ("DELETE", "Practitioner/h2"),
    ("PUT", "Practitioner/h1"),
    ("POST", "Practitioner/h2"),
    ("POST", "Practitioner/h1"),
]
OF_ALL = [*OF_TYPE[:2], ("POST", "Organization/h3"), *OF_TYPE[2:]]


@pytest.mark.parametrize("count", [1, 2, 3, 50])
def test_a_history_tells_every_version_newest_first_page_by_page(kept, count):
    house, _ = kept
    assert told(house, f"/fhir/Practitioner/_history?_count={count}") == OF_TYPE
    assert told(house, f"/fhir/_history?_count={count}") == OF_ALL
    assert told(house, f"/fhir/Practitioner/h2/_history?_count={count}") == [
        each for each in OF_TYPE if each[1] == "Practitioner/h2"
    ]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("_since={4}", OF_ALL[:2]),
        ("_since={5}", OF_ALL[:1]),
        ("_since=2041", []),
        ("_at={0}", [("POST", "Practitioner/h1")]),
        ("_at={3}", [OF_ALL[2], OF_ALL[3], OF_ALL[4]]),
        ("_at=2039", []),
        ("_at=2040", OF_ALL),
        ("_at=ge2040", OF_ALL),
        ("_at=gt2040", [OF_ALL[0], OF_ALL[2], OF_ALL[3]]),
        ("_at=lt{1}", [("POST", "Practitioner/h1")]),
        ("_at=le{1}", OF_ALL[-2:]),
        ("_at=eb2040-11", []),
        ("_at=sa{4}", [OF_ALL[0], OF_ALL[1], OF_ALL[2], OF_ALL[3]]),
        ("_at={2}&_since={3}", []),
        ("_count=0", []),
    ],
)
def test_a_history_can_be_of_a_time(kept, asked, expected):
    house, times = kept
    query = asked.format(*times).replace(":", "%3A")
    assert told(house, f"/fhir/_history?{query}") == expected
    alone = [each for each in expected if each[1] == "Practitioner/h1"]
    assert told(house, f"/fhir/Practitioner/h1/_history?{query}") == alone


def test_a_version_tells_how_the_change_was_answered(kept):
    house, _ = kept
    past = house.get("/fhir/Practitioner/h2/_history", CLIENT).json()["entry"]
    assert [each["response"]["status"] for each in past] == ["201 Created", "204 No Content", "201 Created"]


def test_the_total_is_told_of_all_pages(kept):
    house, _ = kept
    for path, total in (("_history", 6), ("Practitioner/_history", 5), ("Practitioner/h1/_history", 2)):
        for count in (0, 1):
            bundle = house.get(f"/fhir/{path}?_count={count}", CLIENT).json()
            assert (bundle["total"], len(bundle.get("entry", ()))) == (total, count)


def test_a_part_of_each_version_can_be_asked_for(kept):
    house, _ = kept
    for path in ("_history", "Practitioner/_history", "Practitioner/h1/_history"):
        whole = house.get(f"/fhir/{path}", CLIENT).json()
        held = [each for each in whole["entry"] if each.get("resource", {}).get("id") == "h1"]
        for query, keys in (("_summary=text", {"id", "meta"}), ("_elements=active", {"id", "meta", "active"})):
            part = house.get(f"/fhir/{path}?{query}&_count=1", CLIENT).json()
            shown = [part["entry"][0]]
            while following := [each["url"] for each in part["link"] if each["relation"] == "next"]:
                part = house.get(following[0], CLIENT).json()
                shown += part["entry"]
            assert [each["response"] for each in shown] == [each["response"] for each in whole["entry"]]
            found = [each["resource"] for each in shown if each.get("resource", {}).get("id") == "h1"]
            assert held
            assert [set(each) - {"resourceType"} for each in found] == [keys] * len(held)
            assert all(each["meta"]["tag"][-1]["code"] == "SUBSETTED" for each in found)
        counted = house.get(f"/fhir/{path}?_summary=count", CLIENT).json()
        assert (counted["total"], counted.get("entry", [])) == (whole["total"], [])


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("_since=nope", 400),
        ("_at=2040-13", 400),
        ("_at=ne2040", 400),
        ("_list=$current-problems", 400),
        ("_count=-1", 400),
        ("_count=1&_count=2", 400),
        ("code=x", 400),
        ("_cursor=x", 410),
        ("_summary=all", 400),
        ("_summary=true&_summary=true", 400),
    ],
)
def test_what_cannot_be_read_is_refused(kept, query, status):
    house, _ = kept
    for path in ("_history", "Practitioner/_history", "Practitioner/h1/_history"):
        answer = house.get(f"/fhir/{path}?{query}", CLIENT)
        assert answer.status_code == status, answer.text
        assert answer.json()["resourceType"] == "OperationOutcome"


def test_what_no_resource_of_the_type_has_is_no_part_of_it(kept):
    house, _ = kept
    for path in ("Practitioner/_history", "Practitioner/h1/_history"):
        assert house.get(f"/fhir/{path}?_elements=status", CLIENT).status_code == 400


def test_a_page_is_of_the_caller_and_the_history_that_it_was_given_for(kept):
    house, _ = kept
    link = house.get("/fhir/Practitioner/_history?_count=1", CLIENT).json()["link"][1]["url"]
    cursor = link.split("_cursor=")[1]
    assert house.get(link, "beta-client").status_code == 410
    assert house.get(f"/fhir/_history?_count=1&_cursor={cursor}", CLIENT).status_code == 410
    assert house.get(f"/fhir/Practitioner/_history?_count=2&_cursor={cursor}", CLIENT).status_code == 410
    assert house.get(f"/fhir/Practitioner/h1/_history?_count=1&_cursor={cursor}", CLIENT).status_code == 410


def test_a_source_knows_nothing_of_anothers_past(kept):
    house, _ = kept
    assert told(house, "/fhir/_history", "beta-client") == []
    assert house.get("/fhir/Practitioner/h1/_history", "beta-client").status_code == 404


def test_what_is_withheld_has_no_past_and_leaves_no_trace(shared, kit):
    """With and without withheld versions the same bytes, but for ids and times."""
    shapes = []
    for withheld in (False, True):
        patient = shared.enroll()
        me = shared.patient_person(patient)
        seen = shared.hold(patient)
        if withheld:
            for status in ("final", "amended"):
                shared.hold(patient, key=f"hidden-{patient.pk}", resource=kit.observation(patient, status=status), secret=True)
        answers = [
            shared.get(f"/fhir/{path}", me) for path in ("Observation/_history", "_history", "Observation/_history?_count=0")
        ]
        assert told(shared, "/fhir/Observation/_history", me) == [("POST", f"Observation/{seen}")]
        shapes.append([(each.status_code, len(each.content)) for each in answers])
    assert shapes[0] == shapes[1]


def test_a_history_is_in_the_log_with_what_was_released(kept):
    house, _ = kept
    house.get("/fhir/_history?_count=2", CLIENT)
    entry = house.log()[-1]
    assert (entry["action"], entry["outcome"], entry["released"]) == ("history", "permit", 2)
    house.get("/fhir/Practitioner/_history?code=x", CLIENT)
    assert (house.log()[-1]["action"], house.log()[-1]["outcome"]) == ("history", "refuse")


def test_a_history_of_a_type_needs_the_scope_of_a_search(light):
    patient = light.enroll()
    reader = replace(light.patient_person(patient), scopes="patient/Observation.r")
    assert light.get("/fhir/Observation/_history", reader).status_code == 403
    assert light.get("/fhir/_history", reader).status_code == 403


def test_staff_see_the_past_of_their_own_unit_with_a_need_alone(shared, kit):
    house, patient = shared, shared.enroll()
    own = house.hold(patient, provider=kit.P1, unit=kit.U1)
    house.hold(patient)
    assert told(house, "/fhir/Observation/_history", "doctor") == []
    need = {"type": "worklist", "reason": "dagens lista"}
    assert house.post("/access/needs", "doctor", json=need).status_code == 201
    found = told(house, "/fhir/Observation/_history", "doctor")
    assert ("POST", f"Observation/{own}") in found
    assert house.get("/fhir/Patient/_history", "doctor").status_code == 400


def test_a_history_can_be_of_what_a_list_names(kept):
    house, _ = kept
    first = house.get("/fhir/Practitioner/h1/_history", CLIENT).json()["entry"][-1]
    version = first["resource"]["meta"]["versionId"]
    items = ["Practitioner/h2", f"Practitioner/h1/_history/{version}", "Organization/another"]
    made = {
        "resourceType": "List",
        "status": "current",
        "mode": "working",
        "entry": [{"item": {"reference": each}} for each in items],
    }
    of = house.post("/fhir/List", CLIENT, resource=made).json()["id"]
    named = [OF_TYPE[0], OF_TYPE[1], OF_TYPE[3], OF_TYPE[4]]
    for place, expected in (("", named), ("Practitioner/", named), ("Organization/", []), ("Practitioner/h1/", OF_TYPE[4:])):
        assert told(house, f"/fhir/{place}_history?_list={of}") == expected
        assert told(house, f"/fhir/{place}_history?_list={of}&_count=1") == expected
        assert told(house, f"/fhir/{place}_history?_list=never-issued") == []
    assert told(house, f"/fhir/_history?_list={of}", "beta-client") == []
    entry = next(each for each in reversed(house.log()) if each["action"] == "read")
    assert (entry["type"], entry["outcome"], entry["released"]) == ("List", "nothing", 0)
    house.do("DELETE", f"/fhir/List/{of}", CLIENT)
    assert told(house, f"/fhir/Practitioner/_history?_list={of}") == []
