"""Consents of some resources alone: SQL, plain Python and a second opinion that reads the resources as they are all agree.

Of every entry, on both databases; and whatever becomes of a resource later: its newest version tells.
"""

import random
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from hub.consent.limits import DEEPEST, Data, Limits, within
from hub.consent.release import Every, Flag, Outcome, Release, Row, all_of, any_of, closed, of_resources
from hub.fhir.query import read_query
from hub.store.outcomes import outcomes
from hub.store.purging import purge_keys
from hub.store.records_then import decided_then
from hub.store.released import Relation, Views
from hub.store.tables import resource

CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
LEVELS = "ULMNRV"
LABELS = ((CONFIDENTIALITY, "N"), (CONFIDENTIALITY, "R"), (ACT_CODE, "PSY"), (ACT_CODE, "ETH"), ("urn:local", "Secret"))
BORNE = (
    *LABELS,
    (ACT_CODE, "ETHUD"),
    (CONFIDENTIALITY, "V"),
    (CONFIDENTIALITY, "nonsense"),
    (CONFIDENTIALITY, "S"),
    ("urn:local", "secret"),
)
PEOPLE = ("Practitioner/a", "Practitioner/b")
UNTOLD = (
    {"identifier": {"system": "urn:oid:1.2.752.129.2.1.4.1", "value": "SE1-E1"}},
    {"display": "Somebody"},
    {"reference": "#a"},
)
"""Authors who may be anybody."""
DATA = (
    Data("instance", "Observation/0-0"),
    Data("instance", "Condition/1-1"),
    Data("related", "Encounter/e"),
    Data("dependents", "Encounter/f"),
    Data("dependents", "Observation/0-0"),
    Data("authoredby", PEOPLE[0]),
    Data("authoredby", PEOPLE[1]),
)
ELEMENT = st.one_of(
    st.sampled_from([("SE1",), ("SE1-U2", "SE2")]).map(lambda value: {"holders": value}),
    st.sampled_from([("Observation",), ("Observation", "Condition")]).map(lambda value: {"kinds": value}),
    st.lists(st.sampled_from(DATA), min_size=1, max_size=2).map(lambda value: {"data": tuple(value)}),
    st.lists(st.sampled_from(LABELS), min_size=1, max_size=2).map(lambda value: {"labels": tuple(value)}),
)
ONE = st.lists(ELEMENT, min_size=1, max_size=2).map(
    lambda its: Limits(**{name: value for each in its for name, value in each.items()})
)
EXCEPTED = st.recursive(ONE, lambda inner: st.builds(replace, ONE, but=st.tuples(inner)), max_leaves=3)
LIMITS = st.builds(replace, st.just(Limits()) | ONE, but=st.lists(EXCEPTED, max_size=2).map(tuple))
AUTHORS = {"Observation": "performer", "Condition": "asserter", "AllergyIntolerance": "recorder", "DiagnosticReport": "performer"}


def made(drawn, kind, id):
    """A resource with some labels, somebody who wrote it, an encounter, and a part; each or none."""
    some = drawn.choice
    labels = drawn.sample(BORNE, some([0, 1, 1, 2]))
    held = {"resourceType": kind, "id": id, "meta": {"security": [{"system": of, "code": code} for of, code in labels]}}
    if some([True, False]) and kind in AUTHORS:
        author = some([{"reference": some(PEOPLE)}, {"reference": some(PEOPLE)}, some(UNTOLD)])
        held[AUTHORS[kind]] = [author, *some([[], [], UNTOLD[:1]])] if AUTHORS[kind] == "performer" else author
    if some([True, False]) and kind != "Encounter":
        held["encounter"] = {"reference": some(["Encounter/e", "Encounter/f"])}
    if some([True, False]) and kind == "Observation":
        held["derivedFrom"] = [{"reference": "Observation/0-0"}]
    return held | ({"recorder": {"reference": some(PEOPLE)}} if kind == "Condition" else {})


def world(drawn, write, number):
    """An entry of one to three resources, and its Provenance."""
    kinds = ["Observation", "Condition", "AllergyIntolerance", "DiagnosticReport", "Encounter"]
    parts = [made(drawn, drawn.choice(kinds), f"{number}-{at}") for at in range(drawn.choice([1, 1, 2, 3]))]
    if number < 2:
        parts[0] |= {"id": "ef"[number], "resourceType": "Encounter"}
        parts.append(made(drawn, "Observation", "0-0") if number == 0 else made(drawn, "Condition", "1-1"))
    origin = {"resourceType": "Provenance", "id": f"p{number}", "target": [{"reference": "Observation/0-0"}]}
    provider = drawn.choice(["SE1", "SE1", "SE2", None])
    return write.record(number + 1, *parts, origin, provider=provider, unit=f"{provider}-U{drawn.choice([1, 2])}")


class World(NamedTuple):
    store: Any
    now: Any

    def __repr__(self):
        return "the world"


@pytest.fixture(scope="module")
def held(shared_store, write):
    """A store with records, some written twice, one without a part that it had, one deleted; and what they hold now."""
    drawn = random.Random(4)
    records = [world(drawn, write, number) for number in range(40)]
    shared_store.put(*records)
    again = [replace(world(drawn, write, each.entry - 1), custody=each.custody) for each in records[2:22]]
    shared_store.put(*again)
    shared_store.put(*again[:5], gone=(40,))
    purge_keys(shared_store.database, shared_store.now() + 10**15)
    now = {each.entry: each for each in (*records, *again)}
    del now[40]
    return World(shared_store, now)


def lies(limits, custody, it, surely):
    """The second opinion: whether a resource lies within limits, of whose facts the unknown count against a permit."""
    kind, literal = it["resourceType"], f"{it['resourceType']}/{it['id']}"
    unknown = not surely
    held = {custody.provider, custody.unit}
    if limits.holders and not held & set(limits.holders) and not (unknown and None in held):
        return False
    if limits.kinds and kind not in limits.kinds:
        return False
    if limits.data and not any(is_meant(each, kind, literal, it, unknown) for each in limits.data):
        return False
    if limits.labels and not any(is_labelled(each, it, limits.labels, surely) for each in limits.labels):
        return False
    return not any(lies(each, custody, it, not surely) for each in limits.but)


def is_meant(data, kind, literal, it, unknown):
    if data.meaning == "authoredby":
        its = it.get(AUTHORS.get(kind, ""), [])
        names = [each.get("reference", "#") for each in (its if isinstance(its, list) else [its])]
        untold = not names or any(each.startswith("#") for each in names)
        return data.reference in names or (unknown and (untold or kind in ("Condition", "Encounter")))
    if data.meaning == "instance" or literal == data.reference:
        return literal == data.reference
    if it.get("encounter", {}).get("reference") == data.reference:
        return kind != "AllergyIntolerance" or unknown
    if data.meaning == "dependents" and any(each["reference"] == data.reference for each in it.get("derivedFrom", [])):
        return True
    # R4 searches no AllergyIntolerance by encounter, and no Condition by what is said in its stage of an Observation
    unsearched = {"Encounter": "AllergyIntolerance", "Observation": "Condition"}[data.reference.split("/")[0]]
    return unknown and kind == unsearched


def is_labelled(label, it, labels, surely):
    system, code = label
    borne = [(each["system"], each["code"].upper()) for each in it["meta"].get("security", [])]
    levels = [code for of, code in borne if of == CONFIDENTIALITY and code in LEVELS]
    old = (CONFIDENTIALITY, "S") in borne  # a code that tells no level
    known = bool(levels) and not old
    if system == CONFIDENTIALITY:
        if not known:
            return not surely
        highest = max(map(LEVELS.index, levels))
        return highest <= LEVELS.index(code) if surely else highest >= LEVELS.index(code)
    codes = {"ETH": {"ETH", "ETHUD", "OPIOIDUD"}}.get(code, {code.upper()})
    return any((system, each) in borne for each in codes) or (not surely and not levels)


def release(limits):
    what = within(limits)
    return Release(closed([Row(Every(what) if of_resources(what) else what, Outcome.PERMIT, "R47")]))


def in_sql(store, limits):
    view = store.view(release(limits))
    at = Relation(view)
    asked = select(resource.c.entry, at.decided()).where(at.where(), at.current(), resource.c.gone == 0).distinct()
    return store.reader().execute(asked, view.values() | {"pk": view.pk, "asof": view.asof}).all()


@settings(max_examples=100, deadline=None, derandomize=True)
@given(limits=LIMITS)
def test_all_readings_of_a_consent_by_resource_agree(held, limits):
    store, now = held
    found = in_sql(store, limits)
    assert len(found) == len(now)  # one truth for all resources of an entry
    open_rows = [place for place, row in enumerate(release(limits).rows, 1) if row.outcome is Outcome.PERMIT]
    opened = {entry for entry, place in found if place in open_rows}
    thought = set()
    for entry, record in now.items():
        its = [each for each in record.resources if each["resourceType"] != "Provenance"]
        if all(lies(limits, record.custody, each, surely=True) for each in its):
            thought.add(entry)
    assert opened == thought
    view = store.view(release(limits))
    assert sum(each.place in open_rows for each in decided_then(store.reader(), view)) == len(opened)
    assert sum(each.entries for each in outcomes(store.reader(), view, "") if each.outcome is Outcome.PERMIT) == len(opened)


@pytest.mark.parametrize("limits", [Limits(), Limits(holders=("SE1",)), Limits(but=(Limits(types=("lak",)),))], ids=str)
def test_a_consent_by_custody_alone_asks_nothing_of_resources(limits):
    assert not release(limits).asks_of_resources


NOT_A = Limits(but=(Limits(data=(Data("authoredby", "Practitioner/a"),)),))
BY_A = Limits(data=(Data("authoredby", "Practitioner/a"),))
NORMAL = Limits(labels=((CONFIDENTIALITY, "N"),))


def by(code, author="b", beside=None, **more):
    security = [{"system": CONFIDENTIALITY, "code": code}]
    authors = [{"reference": f"Practitioner/{author}"}, *([beside] if beside else [])]
    return {"meta": {"security": security}, "performer": authors} | more


@pytest.mark.parametrize(
    ("limits", "good", "bad"),
    [
        (NORMAL, by("N"), by("R")),
        (NOT_A, by("N"), by("N", "a")),
        *((NOT_A, by("N"), by("N", beside=each)) for each in UNTOLD),
        (BY_A, by("N", "a"), by("N")),
        (BY_A, by("N", "a", beside=UNTOLD[0]), by("N", beside=UNTOLD[0])),
    ],
    ids=["label", "not by", *("perhaps not by",) * 3, "by", "by, beside somebody"],
)
def test_what_a_resource_says_now_decides_all_its_versions(store, write, limits, good, bad):
    good, bad = (write.record(1, write.observation("x", **each)) for each in (good, bad))
    store.put(good)
    assert len(store.versions("x", release(limits))) == 1
    store.put(bad)
    assert store.versions("x", release(limits)) == ()
    store.put(good)
    assert len(store.versions("x", release(limits))) == 3
    purge_keys(store.database, store.now() + 10**15)
    assert len(store.versions("x", release(limits))) == 3


@pytest.mark.parametrize("limits", [NORMAL, NOT_A], ids=["label", "author"])
def test_of_what_is_deleted_nothing_is_known_so_nothing_is_shown_of_it(store, write, limits):
    store.put(write.record(1, write.observation("x", **by("N")), write.observation("y", **by("N"))))
    store.put(write.record(1, write.observation("y", **by("N"))))
    assert store.versions("x", release(limits)) == ()
    assert len(store.versions("y", release(limits))) == 1
    store.put(gone=(1,))
    assert store.versions("y", release(limits)) == ()


def test_a_provenance_that_is_all_of_an_entry_is_in_no_consent_by_resource(store, write):
    origin = {"resourceType": "Provenance", "id": "p", "target": [{"reference": "Observation/x"}]}
    store.put(write.record(1, origin), write.record(2, write.observation("x", **by("N")), origin | {"id": "q"}))
    assert [bool(store.read(id, release(NOT_A), kind="Provenance")) for id in "pq"] == [False, True]


def test_the_deepest_limits_are_read_with_the_deepest_query(store, write):
    one = Limits(
        holders=("SE1",),
        data=(Data("authoredby", "Practitioner/a"), Data("related", "Encounter/e"), Data("dependents", "Observation/x")),
        labels=LABELS,
    )
    deep = one
    for _ in range(DEEPEST - 1):
        deep = replace(one, but=(deep, replace(one, kinds=("Observation",))))
    what = any_of(*(within(replace(deep, types=types)) for types in ((), ("lak",), ("upp",))))
    view = store.view(Release(closed([Row(all_of(Flag("released"), Every(what)), Outcome.PERMIT, "R47")])))
    asked = "not (" * 15 + "has-member." * 7 + "code eq c3" + ")" * 15
    query = read_query("Observation", [("_filter", asked)], now=store.clock())
    found = store.search.page(store.reader(), view, query, others=Views({"Observation": view}))
    assert found.hits == ()
