"""Each answer in examples/security_services/<case>/ becomes the grounds beside it; said again, it changes nothing.

HUB_UPDATE_EXAMPLES=1 rewrites each grounds.json.
"""

import asyncio
import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from lxml import etree

from hub.caller import Caller
from hub.config import Config, SourceConfig
from hub.consent.grounds import Consent
from hub.consent.payloads import to_payload
from hub.directory import Directory, Provider, Unit
from hub.fhir.identifiers import PERSONNUMMER, Identifier
from hub.hub import Hub
from hub.interactions.services import answered, service_questions
from hub.interactions.view import sight
from hub.keys import Keys
from hub.service_questions import ServiceQuestion, told_by
from hub.sources import Fault
from hub.sources.security import Reader, SecurityService, ToldConsent
from hub.store.known import known, put_new_ground
from hub.store.patients import Facts, enroll
from hub.store.store import Store
from hub.store.values import micros
from hub.told_grounds import assertion_id, note_silence, take_told

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
CASES = sorted((Path(__file__).parents[2] / "examples" / "security_services").glob("*/"))
NORRDAL, HEART = "SE2321990018-NORR", "SE2321990018-HJMOTT"
KEYS = Keys(b"i" * 32, b"c" * 32)
SCHEMAS = {
    "GetConsentsForPatient": "informationsecurity_authorization_consent/schemas/interactions/{0}Interaction/{0}Responder_2.0.xsd",
    "GetBlocks": "informationsecurity_authorization_blocking/schemas/interactions/{0}Interaction/{0}Responder_4.0.xsd",
    "GetPatientRelationsForPatient": "ehr_patientrelationship/schemas/interactions/querying/{0}Interaction/{0}Responder_1.0.xsd",
}


class Taking:
    """A hub with one patient, into whose register answers are taken."""

    def __init__(self, url, folder):
        self.now = NOW
        self.store = Store(url, KEYS, lambda: self.now)
        self.store.open()
        directory = Directory({NORRDAL: Provider(NORRDAL, "Region Norrdal")}, {HEART: Unit(HEART, "Hjärtmottagningen", NORRDAL)})
        self.hub = Hub(config=Config(data=folder), directory=directory, store=self.store, fetchers={}, clock=lambda: self.now)
        self.number = Identifier(PERSONNUMMER, "191212121212")
        with self.store.database.writing() as connection:
            self.pk = enroll(connection, KEYS.identity, Facts((self.number,), registered=True))

    def question(self, contract, provider=NORRDAL):
        row = {"name": "security", "title": "S", "kind": "security", "owner": provider, "system": "SE1-S"}
        config = SourceConfig(**row, address="http://services.example/", contracts=(contract,))
        return ServiceQuestion(self.pk, (self.number,), config, contract, Reader(provider, HEART, "SE2321990018-1001"))

    def told(self, case):
        held = json.loads((case / "settings.json").read_text("utf-8"))
        question = self.question(held["contract"], held["provider"])
        content = (case / "message.xml").read_bytes()

        async def asked():
            service = SecurityService(question.source, httpx.MockTransport(lambda _: httpx.Response(200, content=content)))
            try:
                return await told_by(service, question, self.now)
            finally:
                await service.aclose()

        return question, asyncio.run(asked())

    def take(self, question, told, asked=None):
        take_told(self.store, self.hub, question, told, self.store.now() if asked is None else asked)

    def held(self):
        return known(self.store.reader(), self.pk, self.store.now())

    def grounds(self):
        found = [{"kind": each.KIND, "id": each.id} | to_payload(each) for each in self.held().grounds]
        return sorted(found, key=lambda each: each["id"])


@pytest.fixture
def taking(database_url, tmp_path):
    made = Taking(database_url, tmp_path)
    yield made
    made.store.close()


@pytest.mark.parametrize("case", CASES, ids=[each.name for each in CASES])
def test_an_answer_becomes_the_grounds_beside_it_and_said_again_changes_nothing(taking, case):
    question, told = taking.told(case)
    taking.take(question, told)
    found = taking.grounds()
    expected = case / "grounds.json"
    if os.environ.get("HUB_UPDATE_EXAMPLES"):
        expected.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")
    assert found == json.loads(expected.read_text("utf-8"))
    epoch = taking.held().epoch
    taking.now += timedelta(minutes=5)
    taking.take(question, told)
    assert (taking.grounds(), taking.held().epoch) == (found, epoch)
    assert taking.held().fresh("security", question.kept).succeeded == taking.store.now()
    taking.take(question, ())
    assert {each["state"] for each in taking.grounds()} == {"ended"}
    assert taking.held().epoch > epoch


@pytest.mark.reference
@pytest.mark.parametrize("case", CASES, ids=[each.name for each in CASES])
def test_the_examples_are_valid_by_their_schemas(reference, case):
    contract = json.loads((case / "settings.json").read_text("utf-8"))["contract"]
    schema = etree.XMLSchema(etree.parse(reference / "rivta" / SCHEMAS[contract].format(contract)))
    [body] = etree.parse(case / "message.xml").getroot().find("{*}Body")
    schema.assertValid(etree.fromstring(etree.tostring(body)))


def test_an_earlier_question_answered_late_says_nothing_and_a_silence_keeps_what_was_said(taking):
    question, told = taking.told(CASES[-1])
    first = taking.store.now()
    taking.now += timedelta(seconds=5)
    taking.take(question, told)
    before = taking.grounds()
    taking.take(question, (), first)
    assert taking.grounds() == before
    taking.now += timedelta(seconds=5)
    note_silence(taking.store, question, Fault.TIMEOUT, taking.store.now())
    fresh = taking.held().fresh("security", question.kept)
    assert (fresh.fault, taking.grounds()) == ("timed-out", before)


def test_of_two_care_providers_each_answer_ends_only_its_own(taking):
    question, told = taking.told(next(each for each in CASES if each.name == "consents"))
    taking.take(question, told)
    before = taking.grounds()
    taking.now += timedelta(minutes=1)
    taking.take(taking.question("GetConsentsForPatient", "SE2321990026-VAST"), ())
    assert taking.grounds() == before


def test_what_the_hub_registered_there_is_one_consent_and_a_young_one_is_not_ended_by_an_older_answer(taking):
    consent = Consent(
        id="own1",
        provider=NORRDAL,
        unit=HEART,
        employee="",
        start=NOW,
        end=None,
        state="active",
        recorded=NOW,
        recorded_by="SE2321990018-1001",
        regime="SVOD",
        represented_by="",
        service="security",
    )
    with taking.store.database.writing() as connection:
        put_new_ground(connection, KEYS.identity, taking.pk, consent, "SE2321990018-1001", taking.store.now())
    question = taking.question("GetConsentsForPatient")
    taking.take(question, (), taking.store.now() - 1)  # asked before it was registered
    assert [each["state"] for each in taking.grounds()] == ["active"]
    told = ToldConsent(assertion_id(KEYS.identity, consent), False, NORRDAL, HEART, "", NOW, None)
    taking.now += timedelta(seconds=1)
    taking.take(question, (told,))
    assert [(each["id"], each["end"]) for each in taking.grounds()] == [("own1", None)]
    until = NOW + timedelta(days=9)
    taking.take(question, (replace(told, end=until),))  # of another end it is not the one that was registered
    assert {each["id"]: (each["state"], each["end"]) for each in taking.grounds()} == {
        "own1": ("ended", taking.now.isoformat()),
        f"security.{told.id}": ("active", until.isoformat()),
    }
    assert assertion_id(KEYS.identity, consent) != assertion_id(KEYS.identity, replace(consent, end=until))


def test_a_decision_lapses_when_the_first_of_the_answers_it_rests_on_is_too_old(taking):
    caller = Caller(
        kind="clinician",
        subject="SE2321990018-1001",
        client="app",
        issuer="https://idp.example.org",
        loa=3,
        purpose="care",
        scope="SJF",
        commission="SE2321990018-C1",
        provider=NORRDAL,
        unit=HEART,
        social_unit=False,
    )
    contracts = ("GetBlocks", "GetConsentsForPatient")
    config = replace(taking.question("GetBlocks").source, contracts=contracts, max_age=60.0)
    taking.hub.services["security"] = SecurityService(config)
    assert not answered(taking.hub, caller, taking.held(), taking.store.now())
    assert {each.contract for each in service_questions(taking.hub, caller, taking.held(), taking.store.now())} == set(contracts)
    for contract in contracts:
        taking.take(taking.question(contract), ())
        taking.now += timedelta(seconds=10)
    seen = sight(taking.hub, caller, "Observation", taking.held(), named=True)
    assert seen.until == micros(NOW + timedelta(seconds=60))
    assert "incomplete" not in seen.release.notices
    taking.now = NOW + timedelta(seconds=59)
    assert answered(taking.hub, caller, taking.held(), taking.store.now())
    taking.now = NOW + timedelta(seconds=60)
    assert "incomplete" in sight(taking.hub, caller, "Observation", taking.held(), named=True).release.notices
    assert [each.contract for each in service_questions(taking.hub, caller, taking.held(), taking.store.now())] == ["GetBlocks"]
    asyncio.run(taking.hub.services["security"].aclose())
