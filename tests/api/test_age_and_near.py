"""Parameters that R4 has no expression for: Patient.age, and Location.near. http://hl7.org/fhir/R4/searchparameter-registry.html"""

from urllib.parse import quote

import pytest

CLIENT = "alfa-client"
BORN = {
    "turned-30-today": {"birthDate": "2010-11-21"},
    "turns-30-tomorrow": {"birthDate": "2010-11-22"},
    "of-a-year": {"birthDate": "2010"},
    "of-an-early-month": {"birthDate": "2010-10"},
    "newborn": {"birthDate": "2040-11-21"},
    "very-old": {"birthDate": "1890-01-01"},
    "deceased": {"birthDate": "2010-01-01", "deceasedBoolean": True},
    "deceased-then": {"birthDate": "2010-01-01", "deceasedDateTime": "2030"},
    "alive-it-says": {"birthDate": "2010-01-01", "deceasedBoolean": False},
    "unknown": {},
}
THIRTY = {"turned-30-today", "of-an-early-month", "alive-it-says"}
ADULTS = {"turns-30-tomorrow", "of-a-year", *THIRTY, "very-old"}
PLACES = {
    "stockholm": (59.3293, 18.0686),
    "solna": (59.3600, 18.0009),
    "gothenburg": (57.7089, 11.9746),
    "nowhere": None,
}


@pytest.fixture(scope="module")
def people(shared):
    """The clock of the hub stands on 2040-11-21."""
    for name, more in BORN.items():
        resource = {"resourceType": "Patient", "id": name} | more
        assert shared.do("PUT", f"/fhir/Patient/{name}", CLIENT, resource=resource).status_code == 201
        seen = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "id": f"of-{name}"}
        resource = seen | {"subject": {"reference": f"Patient/{name}"}}
        assert shared.do("PUT", f"/fhir/Observation/of-{name}", CLIENT, resource=resource).status_code == 201
    return shared


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("30", THIRTY),
        ("eq30", THIRTY),
        ("29", {"turns-30-tomorrow"}),
        ("0", {"newborn"}),
        ("ge18", ADULTS),
        ("lt30", {"turns-30-tomorrow", "newborn"}),
        ("gt30", {"very-old"}),
        ("sa30", {"very-old"}),
        ("le30", {"newborn", "turns-30-tomorrow", "of-a-year", *THIRTY}),
        ("ne30", {"newborn", "turns-30-tomorrow", "very-old"}),
        ("ap29", {"turns-30-tomorrow", *THIRTY, "of-a-year"}),
        ("30.4", set()),
        ("150", {"very-old"}),
        ("200", set()),
        ("29,0", {"turns-30-tomorrow", "newborn"}),
    ],
)
def test_an_age_is_whole_years_of_who_is_alive(people, asked, found):
    assert set(people.found(f"/fhir/Patient?age={asked}&_count=5", CLIENT)) == found
    chained = people.found(f"/fhir/Observation?subject:Patient.age={asked}", CLIENT)
    assert {each.removeprefix("of-") for each in chained} == found


def test_an_age_is_missing_sorted_and_filtered_by(people):
    assert set(people.found("/fhir/Patient?age:missing=true", CLIENT)) == {"unknown"}
    oldest = people.found("/fhir/Patient?_sort=-age&age:missing=false", CLIENT)
    youngest = people.found("/fhir/Patient?_sort=age&age:missing=false", CLIENT)
    assert (oldest[0], youngest[0]) == ("very-old", "newborn")
    assert set(people.found("/fhir/Patient?_filter=age%20eq%2030", CLIENT)) == THIRTY
    answer = people.get("/fhir/Patient?age=old", CLIENT)
    assert (answer.status_code, answer.json()["issue"][0]["expression"]) == (400, ["http.age"])


@pytest.fixture(scope="module")
def placed(shared):
    for name, at in PLACES.items():
        position = {"position": {"latitude": at[0], "longitude": at[1]}} if at else {}
        resource = {"resourceType": "Location", "id": name} | position
        assert shared.do("PUT", f"/fhir/Location/{name}", CLIENT, resource=resource).status_code == 201
        role = {"resourceType": "PractitionerRole", "id": f"at-{name}", "location": [{"reference": f"Location/{name}"}]}
        assert shared.do("PUT", f"/fhir/PractitionerRole/at-{name}", CLIENT, resource=role).status_code == 201
    return shared


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("59.33|18.07", {"stockholm", "solna"}),
        ("59.33|18.07|2|km", {"stockholm"}),
        ("59.33|18.07|2", {"stockholm"}),
        ("59.33|18.07|2000|m", {"stockholm"}),
        ("59.33|18.07|250|[mi_us]", {"stockholm", "solna", "gothenburg"}),
        ("0|0|1", set()),
        ("59.33|18.07|2,57.7|11.97|5", {"stockholm", "gothenburg"}),
    ],
)
def test_what_is_near_is_found_by_itself_and_through_a_chain(placed, asked, found):
    assert set(placed.found(f"/fhir/Location?near={quote(asked)}", CLIENT)) == found
    roles = placed.found(f"/fhir/PractitionerRole?location.near={quote(asked)}&_count=1", CLIENT)
    assert {each.removeprefix("at-") for each in roles} == found
    assert placed.found(f"/fhir/Location?near={quote(asked)}", "beta-client") == []


def test_what_near_cannot_read_is_refused_and_it_is_said_that_it_is_searched_by(placed):
    for asked in ("x", "59|18|5|parsec"):
        answer = placed.get(f"/fhir/Location?near={quote(asked)}", CLIENT)
        assert (answer.status_code, answer.json()["issue"][0]["expression"]) == (400, ["http.near"])
    staff = placed.get("/fhir/Location?near=59.33%7C18.07", "doctor")
    assert staff.status_code == 200
    rest = placed.get("/fhir/metadata").json()["rest"][0]
    searched = {each["type"]: {one["name"]: one["type"] for one in each["searchParam"]} for each in rest["resource"]}
    assert searched["Location"]["near"] == "special"
    assert searched["Patient"]["age"] == "number"
