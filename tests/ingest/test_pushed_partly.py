"""What a source sent of its own accord and could not be read in full is told of with every answer it concerns."""

from dataclasses import replace

import pytest

from hub.app import _remember_pushes
from hub.caller import Caller
from hub.consent.release import TRUE, Outcome, Release, Row
from hub.interactions.plan import reports
from hub.interactions.view import Sight
from hub.refresh import Refresher
from hub.sources import Verdict
from hub.store import messages
from hub.store.known import known
from hub.store.search import View

CONTRACT = "csv_care_plans"
CALLER = Caller(kind="clinician", subject="SE1", client="c", issuer="i", loa=3)
BAD = ("195009072554", "P2", "Kanarie")


@pytest.fixture
def house(open_house, kit):
    example, _, _ = kit.case(next((kit.EXAMPLES / "hl7v2_oru_r01").glob("chem*")))
    lab = kit.source("lab", "mllp", "hl7v2_oru_r01", places=example.places)
    held = open_house(kit.MUNICIPALITY, lab)
    held.anna, held.maria = held.enroll(kit.ANNA), held.enroll(kit.MARIA)
    held.refresher = Refresher(held.hub)
    return held


def _partial(house, pk: int, source: str, kind: str) -> bool:
    """Whether an answer about a patient says that something of this source is missing."""
    told = known(house.store.reader(), pk, 0)
    sight = Sight(View("patient", Release((Row(TRUE, Outcome.PERMIT, "R"),)), pk=pk, asof=told.recorded), told, True)
    found = reports(house.hub, sight, kind, house.store.now(), house.store.now())
    return any(each.partial for each in found if each.source == source)


def _push(house, source: str, contract: str, content: bytes):
    return house.run(house.refresher.deliver()(source, contract, content, "name"))


def test_a_file_with_a_bad_row_may_lack_something_of_anybody_until_a_whole_one_comes(house, kit) -> None:
    anna = (kit.ANNA.value, "P1", "Annas")
    _push(house, "kommunen", CONTRACT, kit.plans(anna))
    assert not _partial(house, house.anna, "kommunen", "CarePlan")
    _push(house, "kommunen", CONTRACT, kit.plans(anna, BAD))
    assert [_partial(house, pk, "kommunen", "CarePlan") for pk in (house.anna, house.maria)] == [True, True]
    assert not _partial(house, house.anna, "kommunen", "CareTeam")
    house.hub.pushed_partly.clear()
    house.hub.pushed.clear()
    _remember_pushes(house.store, house.hub)  # as after a restart
    assert _partial(house, house.maria, "kommunen", "CarePlan")
    assert house.hub.pushed["kommunen"] > 0
    _push(house, "kommunen", CONTRACT, kit.plans(anna))
    assert not _partial(house, house.anna, "kommunen", "CarePlan")


def test_a_file_of_which_nothing_could_be_read_is_told_of_and_counts_as_no_news(house, kit) -> None:
    _push(house, "kommunen", CONTRACT, kit.plans((kit.ANNA.value, "P1", "Annas")))
    before = house.hub.pushed["kommunen"]
    _push(house, "kommunen", CONTRACT, b"garbage")
    assert house.hub.pushed["kommunen"] == before
    assert _partial(house, house.anna, "kommunen", "CarePlan")


def test_a_message_of_one_patient_that_was_partly_read_is_told_of_that_patient(house, kit) -> None:
    written = next((kit.EXAMPLES / "hl7v2_oru_r01").glob("chem*/message.hl7")).read_bytes()
    number = kit.mapped(house.hub.source("lab"), "hl7v2_oru_r01", written).entries[0].patient.value
    content = written.replace(number.encode(), kit.ANNA.value.encode())
    broken = content.replace(b"^HJMOTT\r", b"^NOWHERE\r")
    assert _push(house, "lab", "hl7v2_oru_r01", broken).verdict is Verdict.ERROR
    assert [_partial(house, pk, "lab", "Observation") for pk in (house.anna, house.maria)] == [True, False]
    assert _push(house, "lab", "hl7v2_oru_r01", content).verdict is Verdict.ACCEPTED
    assert not _partial(house, house.anna, "lab", "Observation")


def test_a_message_with_an_impossible_date_is_there_but_for_it_and_its_sender_and_the_operator_are_told(house, kit) -> None:
    counted = []
    house.hub = replace(house.hub, observe_message=lambda *said: counted.append(said))
    house.refresher = Refresher(house.hub)
    whole = next((kit.EXAMPLES / "hl7v2_oru_r01").glob("chem*/message.hl7")).read_bytes()
    number = kit.mapped(house.hub.source("lab"), "hl7v2_oru_r01", whole).entries[0].patient.value
    content = whole.replace(number.encode(), kit.ANNA.value.encode()).replace(b"|1 250|", b"|1250|")
    written = content.replace(b"|||F|||20260701081500\r", b"|||F|||20260231081500\r")
    assert written != content
    done = _push(house, "lab", "hl7v2_oru_r01", written)
    assert (done.verdict, done.problems) == (Verdict.ACCEPTED, (("OBX[2]-14", "no such time"),))
    assert counted == [("hl7v2_oru_r01", "flawed")]
    found, of = messages.listed(house.store.reader(), messages.UNWELL)
    assert ([each.status for each in found], of) == (["flawed"], 1)
    assert [each.message.content for each in house.kept() if each.message.source == "lab"] == [written]
    assert len(house.shown(house.anna, "Observation")) == 4
    assert not _partial(house, house.anna, "lab", "Observation")
