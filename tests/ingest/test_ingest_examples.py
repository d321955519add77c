"""Every example goes the whole way into both databases: references literal or gone, Provenance whole, the same twice nothing."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.catalogue import resources
from hub.fhir.identifiers import is_sound
from hub.fhir.json import dumps, loads
from hub.fhir.validation import validate
from hub.hub import MAPPERS
from hub.ingest import described, retry
from hub.store.patients import facts_of
from hub.store.tables import FOREVER, METADATA, body, entry, message, resource

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
CASES = sorted(folder for name, mapper in MAPPERS.items() if mapper.family for folder in (EXAMPLES / name).glob("*/"))
CLINICAL = [case for case in CASES if case.parent.name != "rivta_persons"]


def _name(case: Path) -> str:
    return f"{case.parent.name}/{case.name}"


def _references(element):
    if isinstance(element, list):
        for each in element:
            yield from _references(each)
    elif isinstance(element, dict):
        if isinstance(element.get("reference"), str):
            yield element["reference"]
        for each in element.values():
            yield from _references(each)


def _filled(kit, light_house, case):
    config, content, _ = kit.case(case)
    house = light_house(config)
    found = {each.patient for each in kit.mapped(config, case.parent.name, content).entries if is_sound(each.patient)}
    pks = [house.enroll(each) for each in sorted(found)]
    return house, config, content, pks


def _all(house):
    connection = house.store.reader()
    return {table.name: sorted(map(tuple, connection.execute(select(table))), key=repr) for table in METADATA.sorted_tables}


@pytest.mark.parametrize("case", CLINICAL, ids=_name)
def test_an_example_is_taken_in_whole_and_the_same_twice_is_nothing(kit, light_house, case: Path) -> None:
    house, config, content, pks = _filled(kit, light_house, case)
    mapped = kit.mapped(config, case.parent.name, content)
    done = house.send(config.name, case.parent.name, content)
    assert (done.strangers, done.entries) == ((), len(mapped.entries))
    entries = house.store.reader().execute(select(entry).where(entry.c.source == config.name)).all()
    assert len(entries) == len({(each.key, each.patient) for each in mapped.entries if is_sound(each.patient)})
    for pk in pks:
        _points_only_at_what_it_may(kit, house, pk)
    assert set(house.store.reader().execute(select(body.c.across)).scalars()) <= {0}, "so no body is looked at when it is shown"
    _is_kept(kit, house, config, content, case.parent.name, done)
    before = _all(house)
    assert house.send(config.name, case.parent.name, content) == done
    assert _all(house) == before
    id = house.store.reader().execute(select(message.c.id).where(message.c.source == config.name)).scalar_one()
    assert retry(house.store, house.hub, id[:9]) == done
    assert _all(house) == before


def _points_only_at_what_it_may(kit, house, pk: int) -> None:
    directory = {f"{each['resourceType']}/{each['id']}" for each in resources(house.hub.directory, house.store.keys.identity)}
    patient = f"Patient/{facts_of(house.store.reader(), pk)[0]}"
    for members in _groups(kit, house, pk).values():
        own = {f"{each['resourceType']}/{each['id']}" for each in members}
        assert sum(each["resourceType"] == "Provenance" for each in members) == 1
        for each in members:
            assert "?identifier=" not in dumps(each).decode()
            assert validate(each) == []
            contained = {f"#{inner['id']}" for inner in each.get("contained", ())}
            assert set(_references(each)) <= own | contained | directory | {patient}, "points outside its entry"
            if each["resourceType"] == "Provenance":
                assert {one["reference"] for one in each["target"]} == own - {f"Provenance/{each['id']}"}


def _is_kept(kit, house, config, content: bytes, format: str, done) -> None:
    (kept,) = (each for each in house.kept() if each.message.source == config.name)
    mapped = kit.mapped(config, format, content)
    assert (kept.message.content, kept.status) == (content, done.status)
    assert [each["problem"] for each in kept.report["issues"]] == [each.problem for each in done.issues]
    assert (kept.report["mapped"], kept.report["unmapped"]) == (mapped.coverage.mapped, mapped.coverage.unmapped)
    assert described(done)["status"] == kept.status


def _groups(kit, house, pk: int):
    wanted = select(resource.c.entry, body.c.bytes).join(body, kit.JOINED)
    rows = wanted.where(resource.c.pk == pk, resource.c.rec_to == FOREVER, resource.c.source != "register")
    groups: dict[int, list] = {}
    for number, content in house.store.reader().execute(rows):
        groups.setdefault(number, []).append(loads(content))
    return groups


def test_all_examples_one_after_the_other_become_the_same_on_both_databases(kit, open_house, light_house) -> None:
    """Sources are named for their cases, so that no complete answer withdraws what another case told."""
    cases = [(replace(config, name=_name(case)), case, content) for case in CLINICAL for config, content, _ in [kit.case(case)]]
    sources = [config for config, _, _ in cases]
    held = []
    for house in (open_house(*sources), light_house(*sources)):
        for number in (kit.ANNA, kit.MARIA, kit.OLLE):
            house.enroll(number)
        house.clock.now = kit.NOW
        for config, case, content in cases:
            house.send(config.name, case.parent.name, content)
        held.append(
            [_without_times(each) for number in (kit.ANNA, kit.MARIA, kit.OLLE) for each in house.shown(house.pk(number))]
        )
    assert held[0] == held[1]
    assert len(held[0]) > 150


def _without_times(resource_: dict) -> dict:
    meta = {name: value for name, value in resource_["meta"].items() if name != "lastUpdated"}
    return {name: value for name, value in resource_.items() if name != "recorded"} | {"meta": meta}


@pytest.mark.parametrize("case", CLINICAL, ids=_name)
def test_an_example_of_strangers_waits_and_nothing_of_it_is_in_a_record(kit, light_house, case: Path) -> None:
    config, content, _ = kit.case(case)
    house = light_house(config)
    mapped = kit.mapped(config, case.parent.name, content)
    done = house.send(config.name, case.parent.name, content)
    assert set(done.strangers) == {each.patient for each in mapped.entries if is_sound(each.patient)}
    assert (done.status == "waiting") is bool(done.strangers)
    assert house.store.reader().execute(select(entry)).all() == []


@pytest.mark.parametrize("case", CLINICAL, ids=_name)
def test_another_patients_record_in_an_answer_is_refused_and_told_of(kit, light_house, case: Path) -> None:
    house, config, content, pks = _filled(kit, light_house, case)
    asked = house.enroll(kit.Identifier("urn:x", "somebody-else"))
    done = house.send(config.name, case.parent.name, content, pk=asked)
    entries = kit.mapped(config, case.parent.name, content).entries
    assert sum(each.problem.startswith("holds a record of another") for each in done.issues) == len(entries)
    assert all(house.shown(pk) == [] for pk in (*pks, asked))
    assert done.strangers == ()


@pytest.mark.parametrize("case", CLINICAL, ids=_name)
def test_what_an_example_tells_of_a_protected_person_names_no_place(kit, light_house, case: Path) -> None:
    config, content, _ = kit.case(case)
    house = light_house(config)
    found = sorted({each.patient for each in kit.mapped(config, case.parent.name, content).entries if is_sound(each.patient)})
    pks = [house.enroll(each, protected="sekretessmarkering") for each in found]
    house.send(config.name, case.parent.name, content)
    for pk in pks:
        for each in house.shown(pk):
            written = dumps(each).decode()
            for place in ("Hjärtmottagningen", "Norrdal", "Location/", "Practitioner/", "urn:oid:1.2.752.129.2.1.4.1"):
                assert place not in written, (each["resourceType"], place)
