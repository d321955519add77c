"""Search in its plain-Python reading, held to a naive reading of the specification."""

from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from hub.fhir.holding import holds
from hub.fhir.index import index
from hub.fhir.query import read_query

NOW = datetime(2016, 2, 29, 12, 30, tzinfo=UTC)

codes = some.sampled_from(["a", "A", "b", "å", "a|b", "x,y", "$", "\\"])
systems = some.sampled_from(["http://one", "http://two", "urn:oid:1.2"])
texts = some.sampled_from(["Åsa", "asa", "Ása", "Öberg", "oberg", "Müller", "muller", "And", "anderson", "É,e"])
ids = some.sampled_from(["1", "2", "a-b.c"])
moments = some.sampled_from(
    [
        "2012",
        "2013",
        "2013-01",
        "2013-12",
        "2013-01-13",
        "2013-01-14",
        "2013-01-31",
        "2012-02-29",
        "2013-01-14T00:00:00Z",
        "2013-01-14T10:00:00Z",
        "2013-01-14T10:00:00+02:00",
        "2013-01-13T23:30:00-01:00",
        "2013-01-14T10:00:00.5Z",
        "2013-01-14T10:00:00.500Z",
        "2013-12-31T23:59:59Z",
        "2016-02-29T12:30:00Z",
    ]
)
asked_moments = moments | some.sampled_from(["2013-01-14T10:00Z", "2013-01-14T10:00", "2013-01-14T10:00:00"])
prefixes = some.sampled_from(["", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"])


def optional(**elements):
    return some.fixed_dictionaries({}, optional=elements)


codings = some.fixed_dictionaries({"code": codes}, optional={"system": systems})
concepts = optional(coding=some.lists(codings, min_size=1, max_size=3), text=codes)
identifiers = some.fixed_dictionaries({"value": codes}, optional={"system": systems})
targets = some.builds("{}/{}".format, some.sampled_from(["Patient", "Group", "Device"]), ids)
references = some.fixed_dictionaries({"reference": targets | some.just("http://elsewhere/Patient/1")})
performing = some.builds("{}/{}".format, some.sampled_from(["Patient", "Practitioner"]), ids)
performers = some.fixed_dictionaries({"reference": performing})
periods = optional(start=moments, end=moments).filter(
    lambda period: period and not ("end" in period and period.get("start", "") > period["end"])
)
observations = some.fixed_dictionaries(
    {"resourceType": some.just("Observation"), "status": some.sampled_from(["final", "amended"])},
    optional={
        "code": concepts,
        "category": some.lists(concepts, max_size=2),
        "identifier": some.lists(identifiers, max_size=2),
        "effectiveDateTime": moments,
        "subject": references,
        "performer": some.lists(performers, max_size=2),
        "valueString": texts,
    },
) | some.fixed_dictionaries({"resourceType": some.just("Observation"), "effectivePeriod": periods})
names = optional(text=texts, family=texts, given=some.lists(texts, min_size=1, max_size=2))
patients = some.fixed_dictionaries(
    {"resourceType": some.just("Patient")},
    optional={
        "name": some.lists(names, max_size=2),
        "active": some.booleans(),
        "birthDate": moments.filter(lambda m: len(m) < 11),
    },
)


def escaped(value: str) -> str:
    return "".join("\\" + letter if letter in ",|$\\" else letter for letter in value)


tokens = some.one_of(
    codes.map(escaped),
    some.builds("{}|{}".format, systems, codes.map(escaped)),
    codes.map(escaped).map("|{}".format),
    systems.map("{}|".format),
)
dates = some.builds("{}{}".format, prefixes, asked_moments)
questions = {
    "Observation": some.one_of(
        some.tuples(some.sampled_from(["status", "code", "category", "identifier"]), some.lists(tokens, min_size=1, max_size=3)),
        some.tuples(some.just("status"), some.lists(some.sampled_from(["final", "FINAL", "|amended"]), min_size=1, max_size=2)),
        some.tuples(some.just("date"), some.lists(dates, min_size=1, max_size=2)),
        some.tuples(some.just("subject"), some.lists(targets | ids, min_size=1, max_size=2)),
        some.tuples(some.just("performer"), some.lists(performing | ids, min_size=1, max_size=2)),
        some.tuples(some.just("value-string"), some.lists(texts.map(escaped), min_size=1, max_size=2)),
    ),
    "Patient": some.one_of(
        some.tuples(some.sampled_from(["name", "family"]), some.lists(texts.map(escaped), min_size=1, max_size=2)),
        some.tuples(some.just("active"), some.lists(some.sampled_from(["true", "false"]), min_size=1, max_size=1)),
        some.tuples(some.just("birthdate"), some.lists(dates, min_size=1, max_size=2)),
    ),
}


def agree(naive, resource, question):
    name, values = question
    written = ",".join(values)
    query = read_query(resource["resourceType"], [(name, written)], now=NOW)
    keys = index(resource)
    assert all(holds(each, keys) for each in (*query.naming, *query.criteria)) is naive.matches(resource, name, written, NOW)


many = settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])


@many
@given(resource=observations, question=questions["Observation"])
def test_observations_are_found_as_the_specification_says(naive, resource, question):
    agree(naive, resource, question)


@many
@given(resource=patients, question=questions["Patient"])
def test_patients_are_found_as_the_specification_says(naive, resource, question):
    agree(naive, resource, question)


@settings(max_examples=600, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(held=moments | periods, asked=some.lists(dates, min_size=1, max_size=2))
def test_dates_are_compared_as_the_specification_says(naive, held, asked):
    resource = {"resourceType": "Observation", "effectivePeriod" if isinstance(held, dict) else "effectiveDateTime": held}
    agree(naive, resource, ("date", asked))
