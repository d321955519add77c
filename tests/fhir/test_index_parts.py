"""What is kept of a resource's index follows from its parts: together they give just what the whole gives."""

import os
from pathlib import Path

import pytest

from hub.fhir.index import index, keys_of, parts
from hub.fhir.index_keys import WordsKey
from hub.fhir.index_plan import COLUMNS, kept_plan, kept_under
from hub.fhir.json import loads
from hub.fhir.types import TYPES

HERE = Path(__file__).parents[2] / "examples"
SAMPLES = Path(os.environ.get("HUB_REFERENCE", Path(__file__).parents[3] / "shared" / "reference")) / "samples" / "fhir-r4"


def words(keys):
    """Words by themselves: in which order they were met says nothing."""
    return frozenset(each for key in keys for each in (key.words.split() if isinstance(key, WordsKey) else (key,)))


def of_parts(resource):
    """The keys of all parts of a resource."""
    found = {}
    alone, together = parts(resource["resourceType"], tuple(resource))
    for names, beside in [*(([name], False) for name in alone), *((names, True) for names in together)]:
        for name, keys in keys_of(resource["resourceType"], {each: resource[each] for each in names}, beside).items():
            found.setdefault(name, []).extend(keys)
    return {name: words(keys) for name, keys in found.items()}


def of_whole(resource):
    """The keys of the resource that are kept under names of their own."""
    found = index(resource, whole=True)
    names = [name for name in found if name not in COLUMNS and kept_under(resource["resourceType"], name) == (name,)]
    return {name: words(found[name]) for name in names}


def resources_in(held):
    """Every resource in a document, however deep."""
    if isinstance(held, dict):
        if held.get("resourceType") in TYPES:
            yield held
        for each in held.values():
            yield from resources_in(each)
    elif isinstance(held, list):
        for each in held:
            yield from resources_in(each)


def resources_under(folder, pattern):
    return [each for path in sorted(folder.glob(pattern)) for each in resources_in(loads(path.read_bytes()))]


def test_the_parts_of_what_our_mappers_make_give_the_keys_of_the_whole():
    found = resources_under(HERE, "**/bundle.json")
    assert len({each["resourceType"] for each in found}) > 12
    for each in found:
        assert of_parts(each) == of_whole(each)


@pytest.mark.reference
@pytest.mark.skipif(not SAMPLES.is_dir() and "HUB_REFERENCE" not in os.environ, reason="the reference material is not at hand")
def test_the_parts_of_hl7s_examples_give_the_keys_of_the_whole():
    found = resources_under(SAMPLES, "hl7-r4-examples/**/*.json")
    assert len({each["resourceType"] for each in found}) > 30
    for each in found:
        assert of_parts(each) == of_whole(each), each.get("id")


CODE = {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "Observation", "code": CODE, "valueQuantity": {"value": 5, "unit": "mg"}},
        {"resourceType": "Observation", "code": CODE, "valueDateTime": "2026", "valuePeriod": {"start": "2026"}},
        {"resourceType": "Observation", "valueString": "no code", "component": [{"code": CODE, "valueCodeableConcept": CODE}]},
        {"resourceType": "Observation", "code": CODE},
        {"resourceType": "Patient"},
        {"resourceType": "Patient", "deceasedBoolean": False, "multipleBirthInteger": 2},
        {"resourceType": "Patient", "deceasedDateTime": "2026-01-02", "contained": [{"resourceType": "Patient", "id": "a"}]},
        {"resourceType": "Location", "name": "Intaget", "alias": ["INTAGET", "Intaget väst"]},
        {"resourceType": "Patient", "meta": {"versionId": "7", "lastUpdated": "2026-01-02T03:04:05Z", "profile": ["urn:a|1"]}},
        {"resourceType": "Patient", "meta": "no object", "text": {"status": "generated", "div": "<div>Ett <b>två</b></div>"}},
    ],
)
def test_elements_that_give_keys_together_stand_in_one_part(resource):
    assert of_parts(resource) == of_whole(resource)


def test_every_type_has_a_plan_by_which_elements_are_told_apart():
    """A composite's keys are numbered within a part: so it is read in one part alone."""
    for name in TYPES:
        plan = kept_plan(name)
        composites = [
            (each, member in plan.beside and plan.beside[member])
            for its in (plan.alone, plan.together)
            for member, readings in its.items()
            for reading in readings
            if reading.parameter.components
            for each in reading.names
        ]
        for each, beside in composites:
            members = {beside or each for other, beside in composites if other == each}
            assert len(members) == 1 or all(beside for beside in members), (name, each, members)
