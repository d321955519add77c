"""Messages in: whose they are, what goes and what stays, what is kept, and what one bad thing costs."""

from dataclasses import replace

import pytest
from sqlalchemy import event, select

import hub.ingest as ingest_room
from hub.belonging import DISPLACED
from hub.enrolment import without_register
from hub.errors import Issue
from hub.fhir.custody import Custody
from hub.fhir.identifiers import Identifier
from hub.fhir.structure import faults
from hub.ingest import MOVED, retry
from hub.mappers import Entry, Keyed, Mapped
from hub.records import Maker, placed
from hub.store import messages, patients
from hub.store.patients import Facts
from hub.store.tables import body, entry, ix_string, message, resource

BAD_NUMBER = "195009072554"


@pytest.fixture
def house(open_house, kit):
    held = open_house(kit.MUNICIPALITY)
    held.anna, held.maria = held.enroll(kit.ANNA), held.enroll(kit.MARIA, kit.LINKED)
    return held


def _titles(house, pk: int) -> list[str]:
    return sorted(each["title"] for each in house.shown(pk, "CarePlan"))


def _send(house, kit, *rows, **more):
    return house.send("kommunen", "csv_care_plans", kit.plans(*rows), **more)


def test_a_file_of_many_patients_is_each_patients_own(house, kit) -> None:
    rows = ((kit.ANNA.value, "P1", "Annas"), (kit.MARIA.value, "P2", "Marias"), (kit.ANNA.value, "P3", "Annas andra"))
    done = _send(house, kit, *rows)
    assert (done.status, done.entries) == ("mapped", 3)
    assert (_titles(house, house.anna), _titles(house, house.maria)) == (["Annas", "Annas andra"], ["Marias"])


def test_what_a_complete_file_no_longer_tells_is_withdrawn_also_of_patients_it_no_longer_names(house, kit) -> None:
    _send(house, kit, (kit.ANNA.value, "P1", "Annas"), (kit.ANNA.value, "P3", "Andra"), (kit.MARIA.value, "P2", "Marias"))
    done = _send(house, kit, (kit.ANNA.value, "P1", "Annas"))
    assert done.status == "mapped"
    assert (_titles(house, house.anna), _titles(house, house.maria)) == (["Annas"], [])


@pytest.mark.parametrize(
    "row",
    [("199002222397", "P9", "Främlings"), (BAD_NUMBER, "P9", "Ingens"), ("", "P9", "Ingens")],
    ids=["stranger", "wrong check digit", "no number"],
)
def test_an_incomplete_file_withdraws_nothing(house, kit, row) -> None:
    _send(house, kit, (kit.ANNA.value, "P1", "Annas"), (kit.MARIA.value, "P2", "Marias"))
    done = _send(house, kit, (kit.ANNA.value, "P1", "Annas nya"), row)
    assert done.status != "mapped"
    assert (_titles(house, house.anna), _titles(house, house.maria)) == (["Annas nya"], ["Marias"])


def test_a_file_that_is_known_to_be_a_part_or_is_tried_again_withdraws_nothing(house, kit) -> None:
    _send(house, kit, (kit.ANNA.value, "P1", "Annas"))
    _send(house, kit, (kit.MARIA.value, "P2", "Marias"), partial=True)
    assert _titles(house, house.anna) == ["Annas"]
    _send(house, kit, (kit.MARIA.value, "P2", "Marias"), late=True)
    assert _titles(house, house.anna) == ["Annas"]


def test_a_file_that_cannot_be_read_is_kept_and_withdraws_nothing(house, kit) -> None:
    _send(house, kit, (kit.ANNA.value, "P1", "Annas"))
    done = house.send("kommunen", "csv_care_plans", b"personnummer;annat\n1;2\n")
    assert done.status == "unmappable"
    (kept,) = house.kept(("unmappable",))
    assert kept.message.content == b"personnummer;annat\n1;2\n"
    assert kept.report["issues"][0]["problem"].startswith("columns missing")
    assert _titles(house, house.anna) == ["Annas"]


def test_an_answer_of_which_one_page_cannot_be_read_is_partly_taken_in_and_withdraws_nothing(house, kit) -> None:
    house.send("kommunen", "csv_care_plans", kit.plans((kit.ANNA.value, "P1", "Annas")), pk=house.anna)
    pages = (kit.plans((kit.ANNA.value, "P2", "Annas andra")), b"\xff\xfe")
    done = house.send("kommunen", "csv_care_plans", *pages, pk=house.anna)
    assert done.status == "partly"
    assert _titles(house, house.anna) == ["Annas", "Annas andra"]
    assert sorted(each.status for each in house.kept() if each.pk == house.anna) == [
        *("mapped", "mapped", "partly", "unmappable")
    ]


def test_a_complete_answer_withdraws_only_the_asked_patients_records_of_that_source_and_contract(house, kit) -> None:
    _send(house, kit, (kit.ANNA.value, "P1", "Annas"), (kit.MARIA.value, "P2", "Marias"))
    done = house.send("kommunen", "csv_care_plans", kit.plans(), pk=house.anna)
    assert done.status == "mapped"
    assert (_titles(house, house.anna), _titles(house, house.maria)) == ([], ["Marias"])


def test_another_patients_record_in_an_answer_is_refused_reported_and_makes_it_partial(house, kit) -> None:
    _send(house, kit, (kit.ANNA.value, "P1", "Annas"))
    answer = kit.plans((kit.ANNA.value, "P3", "Ny"), (kit.MARIA.value, "P2", "Marias"))
    done = house.send("kommunen", "csv_care_plans", answer, pk=house.anna)
    assert [each.problem for each in done.issues] == [DISPLACED]
    assert done.status == "partly"
    assert (_titles(house, house.anna), _titles(house, house.maria)) == (["Annas", "Ny"], [])


def test_a_message_is_written_on_the_connection_that_its_thread_reads_with(house, kit) -> None:
    """SQLite throws away what a connection has read once another has written."""
    taken: list[object] = []
    event.listen(house.store.database._writers, "checkout", lambda *given: taken.append(given))
    _send(house, kit, (kit.ANNA.value, "P1", "Annas"), (kit.MARIA.value, "P2", "Marias"))
    assert _titles(house, house.anna) == ["Annas"]
    assert taken == []
    house.enroll(kit.OLLE)
    assert taken


def test_a_record_told_under_a_linked_number_is_the_same_patients(house, kit) -> None:
    _send(house, kit, (kit.LINKED.value, "P2", "Marias"))
    (first,) = house.shown(house.maria, "CarePlan")
    _send(house, kit, (kit.MARIA.value, "P2", "Marias"))
    (second,) = house.shown(house.maria, "CarePlan")
    assert (second["id"], second["subject"]["reference"]) == (first["id"], first["subject"]["reference"])


def test_a_record_that_turns_out_to_be_another_patients_leaves_the_first_and_is_read_by_its_id_at_the_second(house, kit) -> None:
    _send(house, kit, (kit.ANNA.value, "P1", "Vems"), partial=True)
    (plan,) = house.shown(house.anna, "CarePlan")
    done = _send(house, kit, (kit.MARIA.value, "P1", "Vems"), partial=True)
    assert [each.problem for each in done.issues] == [MOVED]
    assert (_titles(house, house.anna), _titles(house, house.maria)) == ([], ["Vems"])
    key = house.store.keys.identity
    assert patients.locate(house.store.reader(), key, "CarePlan", plan["id"]) == house.maria
    ids = house.store.reader().execute(select(resource.c.version_id).where(resource.c.fhir_id == plan["id"])).scalars().all()
    assert len(ids) == len(set(ids))
    before = house.shown(house.maria)
    assert _send(house, kit, (kit.MARIA.value, "P1", "Vems"), partial=True).issues == ()
    assert house.shown(house.maria) == before


def test_a_record_that_is_taken_back_by_name_leaves_whoever_has_it(house, kit, monkeypatch: pytest.MonkeyPatch) -> None:
    _send(house, kit, (kit.ANNA.value, "P1", "Annas"), (kit.MARIA.value, "P2", "Marias"))
    reader = ingest_room.MAPPERS["csv_care_plans"]
    (first, second) = (each.key for each in kit.mapped(kit.MUNICIPALITY, "csv_care_plans", _both(kit)).entries)

    def takes_back(*keys):
        mapper = replace(reader, map=lambda *_: Mapped(withdrawn=keys))
        monkeypatch.setattr(ingest_room, "MAPPERS", {"csv_care_plans": mapper})
        return house.send("kommunen", "csv_care_plans", repr(keys).encode(), pk=takes_back.asked)

    takes_back.asked = house.maria
    assert takes_back(first).status == "mapped"
    assert _titles(house, house.anna) == ["Annas"], "an answer about one patient takes back nothing of another's"
    takes_back.asked = None
    assert takes_back(first, Identifier("urn:x", "unknown")).status == "mapped"
    assert (_titles(house, house.anna), _titles(house, house.maria)) == ([], ["Marias"])
    takes_back(second)
    assert _titles(house, house.maria) == []


def _both(kit) -> bytes:
    return kit.plans((kit.ANNA.value, "P1", "Annas"), (kit.MARIA.value, "P2", "Marias"))


def test_strangers_wait_until_they_are_known_and_then_the_message_is_taken_in(house, kit) -> None:
    done = _send(house, kit, (kit.OLLE.value, "P5", "Olles"), (kit.ANNA.value, "P1", "Annas"))
    assert (done.status, done.strangers) == ("waiting", (kit.OLLE,))
    assert _titles(house, house.anna) == ["Annas"]
    (kept,) = house.kept(("waiting",))
    olle = house.enroll(kit.OLLE)
    assert retry(house.store, house.hub, kept.id).status == "mapped"
    assert _titles(house, olle) == ["Olles"]
    assert house.kept(("waiting",)) == []


def test_a_message_tried_again_does_not_undo_what_came_after_it(house, kit) -> None:
    rows = ((kit.ANNA.value, "P1", "Gammal"), (kit.OLLE.value, "P5", "Olles"))
    _send(house, kit, *rows)
    _send(house, kit, (kit.ANNA.value, "P1", "Ny"))
    (kept,) = house.kept(("waiting",))
    olle = house.enroll(kit.OLLE)
    done = retry(house.store, house.hub, kept.id)
    assert (_titles(house, house.anna), _titles(house, olle)) == (["Ny"], ["Olles"])
    assert "a later message" in done.issues[0].problem
    assert retry(house.store, house.hub, "no-such-id") is None


def test_without_a_register_a_sound_number_is_a_patient_and_a_wrong_one_is_not(open_house, kit) -> None:
    house = open_house(kit.MUNICIPALITY)
    without_register(house.store, [kit.OLLE, Identifier(kit.OLLE.system, BAD_NUMBER)])
    assert house.pk(kit.OLLE) is not None
    assert house.pk(Identifier(kit.OLLE.system, BAD_NUMBER)) is None


def test_a_person_who_becomes_protected_is_protected_in_every_version_of_the_record(open_house, kit) -> None:
    config, content, _ = kit.case(kit.EXAMPLES / "rivta_care_plans" / "signed-plan-with-team-and-text")
    house = open_house(config)
    pk = house.enroll(kit.MARIA)
    house.send(config.name, "rivta_care_plans", content)
    house.send(config.name, "rivta_care_plans", content.replace(b"Samordnad", b"Ny samordnad"))

    def written() -> str:
        bodies = house.store.reader().execute(select(body.c.bytes).where(body.c.pk == pk)).scalars()
        keys = house.store.reader().execute(select(ix_string.c.value).where(ix_string.c.pk == pk)).scalars()
        return b"".join(bodies).decode() + " ".join(keys)

    assert "Norrdal" in written()
    assert "Hemort" in written()
    epoch = patients_epoch(house, pk)
    house.enroll(kit.MARIA, protected="skyddadFolkbokforing")
    assert "Norrdal" not in written()
    assert "Hemort" not in written()
    assert "hemort" not in written()
    assert patients_epoch(house, pk) > epoch
    assert len(house.shown(pk, "CarePlan")) == 1
    house.send(config.name, "rivta_care_plans", content.replace(b"Samordnad", b"Ny samordnad"))
    assert "Norrdal" not in written()


def patients_epoch(house, pk: int) -> int:
    from hub.store.known import known

    return known(house.store.reader(), pk, 0).epoch


def test_an_unchanged_answer_costs_the_same_few_statements_however_long_it_is(house, kit) -> None:
    counts = []
    for many in (1, 60):
        content = kit.plans(*((kit.ANNA.value, f"P{n}", "Plan") for n in range(many)))
        house.send("kommunen", "csv_care_plans", content, pk=house.anna)
        commits = house.store.database.commits
        with house.store.database.count() as counter:
            house.send("kommunen", "csv_care_plans", content, pk=house.anna)
        counts.append(len(counter.statements))
        assert house.store.database.commits - commits == 1
    assert counts[0] == counts[1] <= 9


def _maker(house, kit) -> Maker:
    return Maker(house.store.keys.identity, house.hub.directory, kit.MUNICIPALITY, "family", "pat", Facts(), faults)


def _observation(**more):
    return {"resourceType": "Observation", "status": "final", "code": {"text": "a"}, **more}


def _entry(kit, *resources, custody=None, **more) -> Entry:
    unit = {"provider": "SE2120990011-AKERBY", "unit": "SE2120990011-HSVARD"}
    held = custody or Custody(source="kommunen", info_type="x", regime="SVOD", **unit)
    keyed = tuple(Keyed(Identifier("urn:k", str(n)), each) for n, each in enumerate(resources))
    return Entry(Identifier("urn:k", "0"), kit.ANNA, held, keyed, **more)


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        ({"status": "nonsense"}, ""),
        ({"valueString": "a\0b"}, "holds a character that no text may hold"),
        ({"resourceType": "Basic"}, "the hub does not hold this resource type"),
    ],
    ids=["not valid", "nul", "type"],
)
def test_one_bad_resource_costs_no_other_and_a_record_of_none_is_not_kept(house, kit, bad, problem) -> None:
    record, issues = _maker(house, kit).record(_entry(kit, _observation(), _observation(**bad)), {})
    assert [each["resourceType"] for each in record.resources] == ["Observation", "Provenance"]
    assert len(record.resources[1]["target"]) == 1
    assert issues[0].severity == "error"
    assert problem in issues[0].problem
    assert _maker(house, kit).record(_entry(kit, _observation(**bad)), {})[0] is None


def test_two_records_that_hold_a_part_of_one_key_have_each_their_own(house, kit) -> None:
    part = Keyed(Identifier("urn:k", "part"), {"resourceType": "Specimen"})
    made = []
    for number in ("1", "2"):
        whole = Keyed(Identifier("urn:k", number), _observation(specimen={"reference": "Specimen?identifier=urn:k|part"}))
        entry_ = replace(_entry(kit), key=whole.key, resources=(whole, part))
        made.append(_maker(house, kit).record(entry_, {})[0])
    ids = [record.resources[1]["id"] for record in made]
    assert ids[0] != ids[1]
    assert [record.resources[0]["specimen"]["reference"] for record in made] == [f"Specimen/{id}" for id in ids]


def test_two_resources_of_one_key_are_one_and_it_is_said(house, kit) -> None:
    twice = Keyed(Identifier("urn:k", "0"), _observation())
    record, issues = _maker(house, kit).record(replace(_entry(kit), resources=(twice, twice)), {})
    assert len(record.resources) == 2
    assert [each.code for each in issues] == ["duplicate"]


def test_a_patient_that_is_not_the_entrys_own_is_pointed_at_by_nothing(house, kit) -> None:
    other = {"reference": f"Patient?identifier={kit.MARIA}"}
    nulls = {"given": ["A", "B"], "_given": [None, {"extension": [{"url": "u", "valueReference": other}]}]}
    contained = {"resourceType": "RelatedPerson", "id": "r", "patient": {"display": "x"}, "name": [nulls]}
    made = _observation(
        subject={"reference": f"Patient?identifier={kit.ANNA}"},
        focus=[other],
        basedOn=[{"reference": "CarePlan?identifier=urn:k|9"}],
        extension=[{"url": "urn:e", "valueReference": other}],
        performer=[{"reference": "Practitioner?identifier=urn:x|1", "display": "Ek"}, {"reference": "#r"}],
        contained=[contained],
    )
    record, issues = _maker(house, kit).record(_entry(kit, made), {})
    assert issues == ()
    held = record.resources[0]
    assert held["subject"] == {"reference": "Patient/pat"}
    assert not held.keys() & {"focus", "basedOn", "extension"}
    assert held["performer"] == [{"type": "Practitioner", "display": "Ek"}, {"reference": "#r"}]
    assert held["contained"][0]["name"] == [{"given": ["A", "B"], "_given": [None]}]


@pytest.mark.parametrize(
    ("provider", "unit", "expected"),
    [
        ("SE2120990011-AKERBY", "SE2120990011-HSVARD", ("SE2120990011-AKERBY", True)),
        ("SE2321990018-NORR", "SE2120990011-HSVARD", (None, True)),
        ("SE2321990018-NORR", "SE-UNKNOWN", ("SE2321990018-NORR", None)),
        (None, "SE2120990011-HSVARD", (None, True)),
        ("SE\0", None, (None, None)),
    ],
)
def test_custody_is_what_the_directory_says(kit, provider, unit, expected) -> None:
    held = placed(Custody(source="s", provider=provider, unit=unit, info_type="x", regime="SVOD"), kit.DIRECTORY)
    assert (held.provider, held.social) == expected


def test_a_record_whose_custody_the_directory_contradicts_is_withheld_and_listed_so(open_house, kit) -> None:
    house = open_house(replace(kit.MUNICIPALITY, owner="SE2321990018-NORR"))
    pk = house.enroll(kit.ANNA)
    assert _send(house, kit, (kit.ANNA.value, "P1", "Annas")).status == "withheld"
    assert [each.status for each in house.kept(("withheld",))] == ["withheld"]
    assert house.store.reader().execute(
        select(entry.c.provider).where(entry.c.pk == pk, entry.c.source == "kommunen")
    ).scalars().all() == [None]


def test_records_without_custody_are_told_of_whatever_else_is_wrong_with_their_message(open_house, kit) -> None:
    house = open_house(replace(kit.MUNICIPALITY, owner="SE2321990018-NORR"))
    house.enroll(kit.ANNA)
    done = _send(house, kit, (kit.ANNA.value, "P1", "Annas"), (kit.ANNA.value, "P2", "Andra"), (BAD_NUMBER, "P3", "Ingens"))
    assert done.status == "partly"
    assert [each.problem for each in done.issues if each.place == "custody"] == [f"2 records: {messages.UNPLACED}"]
    found, of = messages.listed(house.store.reader(), ("withheld",), problem=messages.UNPLACED)
    assert ([each.status for each in found], of) == (["partly"], 1)
    assert messages.listed(house.store.reader(), ("withheld",)) == ([], 0)


def test_a_mapper_that_fails_costs_no_message(house, kit, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mapper of the test's own stands in: none of ours is known to fail."""

    def fail(*_):
        raise KeyError(kit.ANNA.value)

    monkeypatch.setattr(ingest_room, "MAPPERS", {"csv_care_plans": replace(ingest_room.MAPPERS["csv_care_plans"], map=fail)})
    done = _send(house, kit, (kit.ANNA.value, "P1", "Annas"))
    assert done == ingest_room.Ingested("unmappable", (Issue("", "the mapper failed (KeyError)", "fatal", "exception"),))
    (kept,) = house.kept(("unmappable",))
    assert kit.ANNA.value not in str(kept.report)


def test_no_report_holds_a_number_or_a_name(house, kit) -> None:
    _send(house, kit, (BAD_NUMBER, "P1", "Kanarie"), (kit.OLLE.value, "P2", "Kanarie"), (kit.ANNA.value, "", "Kanarie"))
    for told in house.store.reader().execute(select(message.c.report)).scalars():
        assert not any(each in told for each in (BAD_NUMBER, kit.OLLE.value, kit.ANNA.value, "Kanarie"))


def test_a_message_is_found_by_the_beginning_of_its_id_if_it_is_the_only_one(house, kit) -> None:
    _send(house, kit, (kit.ANNA.value, "P1", "Annas"))
    ids = house.store.reader().execute(select(message.c.id)).scalars().all()
    for id in ids:
        assert messages.get(house.store.reader(), id[:8]).id == id
    assert messages.get(house.store.reader(), "") is None
    assert messages.get(house.store.reader(), "%") is None


def test_two_numbers_that_mean_two_patients_are_told_of_when_the_register_links_them(house, kit) -> None:
    house.enroll(kit.ANNA, kit.MARIA)
    (kept,) = (each for each in house.kept(("partly",)))
    assert "linked by hand" in kept.report["issues"][0]["problem"]
    assert house.pk(kit.MARIA) == house.maria


def test_a_provenance_nobody_signed_is_recorded_when_the_hub_got_it(house, kit) -> None:
    _send(house, kit, (kit.ANNA.value, "P1", "Annas"))
    (provenance,) = house.shown(house.anna, "Provenance")
    assert provenance["recorded"] == provenance["meta"]["lastUpdated"]
