"""Reading search requests."""

from datetime import UTC, datetime

import pytest

from hub.errors import InvalidRequest, NotSupported, TooCostly
from hub.fhir.comparisons import DateIs, IdIs, ReferenceIs, TokenIs
from hub.fhir.criteria import AnyOf
from hub.fhir.identifiers import PERSONNUMMER, Identifier
from hub.fhir.query import MAX_COUNT, SortKey, page_link, read_query, self_link

NOW = datetime(2026, 3, 1, tzinfo=UTC)
BASE = "https://hub.example/fhir"
NUMBER = "199002222397"
PERSON = f"{PERSONNUMMER}|{NUMBER}"


def read(resource_type, *parameters, **more):
    return read_query(resource_type, parameters, now=NOW, **more)


def test_parameters_are_joined_by_and_their_values_by_or():
    query = read("Observation", ("patient", "p1"), ("code", "a,b|c"), ("date", "ge2020"), ("date", "lt2021"))
    assert query.patients == ("p1",)
    assert query.naming == (ReferenceIs("subject", ("Patient/p1",)),)
    codes, after, before = query.criteria
    assert codes == AnyOf((TokenIs("code", None, "a"), TokenIs("code", "b", "c")))
    assert isinstance(after, DateIs)
    assert isinstance(before, DateIs)
    assert (after.comparison, before.comparison) == ("ge", "lt")


@pytest.mark.parametrize(
    ("resource_type", "name"),
    [
        *(
            ("Observation", each)
            for each in ("colour", "status:exact", "date:above", "_query", "_security", "_containedType", "")
        ),
        *(("Observation", each) for each in ("_contained", "_type", "_include:recurse", "code:identifier", "patient:Group")),
        *(("Observation", each) for each in ("code:in", "performer.colour", "_list", "_sort")),
        *(("Patient", each) for each in ("name:text", "_has:Ghost:patient:code", "_has:Observation:patient:colour")),
        *(("Binary", "patient"), ("Ghost", "_id"), ("Location", "patient.identifier")),
    ],
)
def test_what_the_hub_does_not_do_is_refused_by_name(resource_type, name):
    with pytest.raises(NotSupported) as refusal:
        read(resource_type, (name, "a|b"))
    assert refusal.value.place in name or resource_type == "Ghost"


def test_a_lenient_caller_is_told_what_was_ignored():
    query = read("Observation", ("patient", "p1"), ("colour", "red"), ("status:exact", "final"), ("_sort", "x"), lenient=True)
    assert query.unknown == ("colour", "status:exact", "_sort")
    assert query.criteria == ()
    assert query.sort == ()
    assert self_link(query, BASE) == f"{BASE}/Observation?patient=p1"


@pytest.mark.parametrize(
    ("resource_type", "name", "value"),
    [
        *(("Observation", "_count", each) for each in ("-1", "1.5", "", "ten", "１０", "9" * 30)),
        *(("Observation", "date", each) for each in ("2013-13-13", "hello", "ge")),
        *(("Observation", "status", each) for each in ("", "a,,b")),
        *(("Observation", "patient.identifier", each) for each in (NUMBER, "|", f"{PERSONNUMMER}|199002222398", f"{PERSON}|x")),
        ("Patient", "identifier", f"{PERSONNUMMER}|199002222398"),
        ("Observation", "patient", "a b"),
    ],
)
def test_a_bad_value_is_refused_at_its_parameter_and_not_repeated(resource_type, name, value):
    with pytest.raises(InvalidRequest) as refusal:
        read(resource_type, (name, value))
    assert refusal.value.place == name
    assert len(value) < 3 or value not in str(refusal.value)


def test_even_a_lenient_caller_is_refused_a_bad_value():
    with pytest.raises(InvalidRequest):
        read("Observation", ("date", "soon"), lenient=True)


@pytest.mark.parametrize(
    ("written", "count"), [("0", 0), ("1", 1), ("1000", 1000), ("1001", MAX_COUNT), ("999999999", MAX_COUNT)]
)
def test_a_page_has_as_many_hits_as_asked_up_to_a_thousand(written, count):
    assert read("Observation", ("_count", written)).count == count


def test_without_count_a_page_has_fifty():
    assert read("Observation").count == 50


def test_a_search_is_sorted_by_several_keys():
    query = read("Encounter", ("_sort", "-date,status,_id,_lastUpdated"))
    assert query.sort == (
        SortKey("date", "date", True),
        SortKey("status", "token"),
        SortKey("_id", "token"),
        SortKey("_lastUpdated", "date"),
    )


@pytest.mark.parametrize("written", ["-", "date,", "date:missing", "colour"])
def test_what_cannot_be_sorted_by_is_refused(written):
    with pytest.raises(NotSupported) as refusal:
        read("Observation", ("_sort", written))
    assert refusal.value.place == "_sort"


@pytest.mark.parametrize(
    ("resource_type", "name", "value"),
    [
        *(("Observation", name, PERSON) for name in ("patient.identifier", "patient:identifier", "subject.identifier")),
        ("Observation", "patient:Patient.identifier", PERSON),
        ("Consent", "patient.identifier", f"{PERSONNUMMER}|19900222-2397"),
        ("Patient", "identifier", PERSON),
        ("Patient", "identifier", f"{PERSONNUMMER}|19900222-2397"),
    ],
)
def test_a_number_that_names_the_patient_is_read_and_never_linked(resource_type, name, value):
    query = read(resource_type, (name, value), ("_count", "5"))
    assert query.patients == (Identifier(PERSONNUMMER, NUMBER),)
    assert query.withheld == (name,)
    found = query.resolved("p1")
    known_as = "_id" if resource_type == "Patient" else "patient"
    assert self_link(query, BASE) == f"{BASE}/{resource_type}?_count=5"
    assert self_link(found, BASE) == f"{BASE}/{resource_type}?{known_as}=p1&_count=5"
    assert page_link(found, BASE, "c+/=").endswith("&_cursor=c%2B/%3D")
    assert found.withheld == ()
    again = read(resource_type, (known_as, "p1"), ("_count", "5"))
    assert again.patients == found.patients
    assert again.digest() == found.digest()


@pytest.mark.parametrize(
    ("value", "withheld"),
    [
        (NUMBER, True),
        ("19900222-2397", True),
        (PERSON, True),
        (f"urn:lab|{NUMBER}", False),
        ("199002222398", False),
        ("a,b", False),
    ],
)
def test_a_number_elsewhere_is_not_linked_either(value, withheld):
    query = read("Observation", ("patient", "p1"), ("identifier", value))
    assert bool(query.withheld) is withheld
    assert (NUMBER in self_link(query, BASE)) is (not withheld and NUMBER in value)


def test_a_patient_named_twice_must_be_the_same():
    assert read("Observation", ("patient", "p1"), ("subject", "Patient/p1")).patients == ("p1",)
    with pytest.raises(InvalidRequest):
        read("Observation", ("patient", "p1"), ("patient", "p2"))
    with pytest.raises(InvalidRequest):
        read("Observation", ("patient", "p1"), ("patient", "p2"), lenient=True)


def test_several_patients_can_be_named_as_alternatives():
    query = read("Observation", ("patient", "p1,Patient/p2"))
    assert query.patients == ("p1", "p2")
    assert query.naming == (AnyOf((ReferenceIs("subject", ("Patient/p1",)), ReferenceIs("subject", ("Patient/p2",)))),)


def test_a_subject_that_is_no_patient_names_none():
    query = read("Observation", ("subject", "Device/d1"))
    assert query.patients == ()
    assert query.criteria == (ReferenceIs("subject", ("Device/d1",)),)


def test_the_patient_of_a_type_is_kept_under_the_parameter_that_holds_the_same():
    assert read("Appointment", ("patient", "p1")).naming == (ReferenceIs("actor", ("Patient/p1",)),)
    assert read("Provenance", ("patient", "p1")).naming == (ReferenceIs("target", ("Patient/p1",)),)


def test_ids_are_found_among_the_criteria():
    query = read("Patient", ("_id", "a,b"))
    assert query.ids == ("a", "b")
    assert query.patients == ("a", "b")
    assert read("Encounter", ("_id", "a")).criteria == (IdIs("a"),)


def test_the_type_of_a_reference_can_be_told():
    query = read("Observation", ("performer:Practitioner", "x"), ("subject:identifier", "urn:s|v"))
    assert query.criteria == (ReferenceIs("performer", ("Practitioner/x",)),)
    assert query.patients == (Identifier("urn:s", "v"),)
    other = read("Observation", ("performer:identifier", "urn:s|v"))
    assert other.criteria == (TokenIs("performer:identifier", "urn:s", "v"),)


def test_the_shape_holds_no_values_and_the_values_fit_it():
    def asked(*more):
        query = read("Observation", *more, ("_sort", "-date"))
        criteria = (*query.naming, *query.criteria)
        shape = tuple(each.shape() for each in criteria)
        return shape, [value for each in criteria for value in each.values()]

    shape, values = asked(("patient", "p1"), ("code", "a,b,c"), ("date", "ge2020"))
    other, others = asked(("patient", "p2"), ("code", "d,e,f,g"), ("date", "ge2021-01-01"))
    assert shape == other
    assert hash(shape) == hash(other)
    assert len(values) == len(others) == 1 + 4 + 2
    assert values[:5] == ["Patient/p1", "a", "b", "c", "c"]
    assert shape != asked(("patient", "p1"), ("code", "a,b,c"), ("date", "gt2020"))[0]
    assert not {"p1", "a", "b", "c"} & set(str(shape).split("'"))


def test_the_digest_tells_two_searches_apart_but_not_two_pages():
    first = read("Observation", ("patient", "p1"), ("code", "a"))
    assert first.digest() == read("Observation", ("patient", "p1"), ("code", "a"), ("_cursor", "xyz")).digest()
    assert first.digest() != read("Observation", ("patient", "p1"), ("code", "b")).digest()
    assert first.digest() != read("Observation", ("patient", "p2"), ("code", "a")).digest()
    assert first.digest() != read("Encounter", ("patient", "p1")).digest()


def test_a_link_is_the_request_again():
    asked = (
        ("patient", "p1"),
        ("code", r"http://loinc.org|718-7,a\,b å"),
        ("date", "ge2020-01-01T00:00:00+01:00"),
        ("_sort", "-date"),
    )
    query = read("Observation", *asked)
    assert self_link(query, BASE) == (
        f"{BASE}/Observation?patient=p1&code=http://loinc.org%7C718-7,a%5C,b%20%C3%A5"
        "&date=ge2020-01-01T00:00:00%2B01:00&_sort=-date"
    )


def test_the_format_asks_nothing_and_is_kept_in_links():
    query = read("Observation", ("_format", "application/fhir+xml"), ("_pretty", "true"))
    assert (query.criteria, self_link(query, BASE)) == ((), f"{BASE}/Observation?_format=application/fhir%2Bxml&_pretty=true")


def test_a_control_parameter_is_written_once():
    with pytest.raises(InvalidRequest):
        read("Observation", ("_count", "5"), ("_count", "6"))


def test_there_is_an_end_to_what_one_search_may_ask():
    with pytest.raises(TooCostly):
        read("Observation", ("code", ",".join(map(str, range(300)))))
    with pytest.raises(TooCostly):
        read("Observation", *[("code", "a")] * 100)


def test_the_values_of_all_parameters_together_are_counted():
    codes = ",".join(f"c{n}" for n in range(100))
    fits = [("code", codes), ("code", codes), ("category", codes)]
    assert read("Observation", *fits)
    with pytest.raises(TooCostly, match="in several searches"):
        read("Observation", *fits, ("status", "final"))
    with pytest.raises(TooCostly):
        read("Observation", *fits, ("patient.identifier", PERSON))
    with pytest.raises(TooCostly):
        read("Observation", *[("code", ",".join(f"c{n}" for n in range(256)))] * 30)
