"""What the engagement index tells counts towards existence as an entry would; it is asked only where something may be told."""

import asyncio

import pytest

from hub.config import SourceConfig
from hub.sources import Fault, Fetched, SourceFailed
from hub.sources.engagement import CORE
from hub.store.tables import freshness
from tests.api.conftest import P2, SOURCES

INDEX = SourceConfig(name="index", title="Index", kind="engagement", owner=P2, system="SE-NTJP")


def rows(patient, *holders):
    told = "".join(
        f'<r:engagement xmlns:c="{CORE}"><c:registeredResidentIdentification>{patient.number.value}'
        "</c:registeredResidentIdentification>"
        f"<c:categorization>voo</c:categorization><c:dataController>{each}</c:dataController></r:engagement>"
        for each in holders
    )
    envelope = "http://schemas.xmlsoap.org/soap/envelope/"
    return Fetched((f'<s:Envelope xmlns:s="{envelope}"><s:Body><r:R xmlns:r="r">{told}</r:R></s:Body></s:Envelope>'.encode(),))


@pytest.fixture(scope="module")
def indexed(kit, tmp_path_factory):
    folder = tmp_path_factory.mktemp("indexed")
    house = kit.House(f"sqlite:///{folder / 'hub.db'}", folder, sources=(*SOURCES, INDEX), deadline=0.3)
    house.hub.fetchers["index"] = kit.Told(INDEX)
    yield house
    house.close()


@pytest.fixture
def index(indexed):
    found = indexed.hub.fetchers["index"]
    found.asked.clear()
    return found


def told(house, patient, who="doctor"):
    answer = house.get(f"/access/patients/{patient.id}/existence", who)
    assert answer.status_code == 200, answer.text
    return answer.json()


def block(house, patient, **body):
    answer = house.post("/access/blocks", house.patient_person(patient), json={"patient": patient.id} | body)
    assert answer.status_code == 201


def test_what_nobody_has_fetched_exists_where_the_index_says_so(indexed, index, kit):
    patient = indexed.enroll()
    index.answer = rows(patient, kit.P2.lower(), "SE-nobody", kit.P1)
    indexed.near(patient)
    held = told(indexed, patient)
    assert (held["exists"], held["blocked"]["elsewhere"], held["incomplete"]) == (True, False, False)
    block(indexed, patient, type="outer", provider=kit.P2)
    held = told(indexed, patient)
    assert (held["exists"], held["blocked"]["elsewhere"]) == (False, True)
    assert [each["contract"] for each in indexed.log() if each.get("source") == "index"][-1] == "rivta_engagement"


def test_where_a_unit_is_blocked_a_row_of_its_care_provider_says_nothing(indexed, index, kit):
    patient = indexed.enroll()
    index.answer = rows(patient, kit.P2)
    indexed.near(patient)
    block(indexed, patient, type="inner", provider=kit.P2, unit=kit.U3)
    held = told(indexed, patient)
    assert (held["exists"], held["blocked"]["elsewhere"]) == (False, False)


@pytest.mark.parametrize("answers", [True, False])
def test_where_a_row_says_nothing_the_care_provider_s_own_sources_are_asked(indexed, index, kit, answers):
    patient = indexed.enroll()
    index.answer = rows(patient, kit.P2)
    indexed.near(patient)
    block(indexed, patient, type="inner", provider=kit.P2, unit=kit.U3)
    with indexed.store.database.writing() as connection:
        connection.execute(freshness.delete().where(freshness.c.source == "beta"))
    asked = indexed.told["beta"].asked
    asked.clear()
    indexed.told["beta"].answer = Fetched(()) if answers else SourceFailed(Fault.HTTP)
    held = told(indexed, patient)
    assert [each for each, _ in asked] == ["rivta_laboratory"]
    assert (held["exists"], held["incomplete"]) == (False, not answers)


def test_where_a_row_says_nothing_and_there_is_no_source_to_ask_the_answer_is_incomplete(indexed, index, kit):
    patient = indexed.enroll()
    index.answer = rows(patient, kit.M1)
    indexed.near(patient)
    block(indexed, patient, type="inner", provider=kit.M1, unit=kit.S1)
    held = told(indexed, patient)
    assert (held["exists"], held["incomplete"]) == (False, True)


def test_the_first_step_of_an_emergency_names_whom_the_index_names(indexed, index, kit):
    patient = indexed.enroll()
    index.answer = rows(patient, kit.P2)
    indexed.post("/access/assertions", "doctor", json={"patient": patient.id, "type": "emergency", "reason": "x"})
    assert told(indexed, patient)["providers"] == [{"id": kit.P2, "name": "Vårdbolaget Två"}]


@pytest.mark.parametrize(("who", "source"), [("doctor", "alfa"), ("doctor", "beta"), ("doctor-vg", "beta")])
def test_who_may_be_told_nothing_learns_not_whether_somebody_has_asked_lately(indexed, index, kit, who, source):
    """LEAKS row 26: what is fresh tells that the patient is being treated."""
    asked, unasked = indexed.enroll(), indexed.enroll()
    with indexed.store.database.writing() as connection:
        connection.execute(freshness.delete().where(freshness.c.source == source, freshness.c.pk == unasked.pk))
    if who == "doctor-vg":
        for patient in (asked, unasked):
            indexed.near(patient, who)
    answers = [told(indexed, patient, who) | {"patient": ""} for patient in (asked, unasked)]
    assert answers[0] == answers[1]


def test_it_is_not_asked_where_nothing_of_others_may_be_told(indexed, index, kit):
    patient = indexed.enroll()
    assert told(indexed, patient)["exists"] is None
    indexed.near(patient, "doctor-vg")
    told(indexed, patient, "doctor-vg")
    assert index.asked == []


@pytest.mark.parametrize(
    "answer",
    [SourceFailed(Fault.HTTP), Fetched((b"<html>",)), None],
    ids=["it fails", "it answers something else", "it is too late"],
)
def test_an_index_that_does_not_tell_is_said_to_leave_the_answer_incomplete(indexed, index, kit, answer):
    patient = indexed.enroll()
    indexed.near(patient)
    with indexed.store.database.writing() as connection:
        connection.execute(freshness.delete().where(freshness.c.source == "beta"))
    index.answer = asyncio.Event() if answer is None else answer
    held = told(indexed, patient)
    assert (held["exists"], held["incomplete"]) == (False, True)
