"""Consents, blocks and relations of security services: what they say decides; where one says nothing, the rest closes (R08)."""

import time
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from hub.config import SourceConfig
from hub.demo.rivta import trouble
from hub.demo.rivta.security import security_services
from hub.demo.rivta.security_parts import Assertion, Holding
from hub.demo.world import access
from hub.interactions.replaying import replay
from hub.sources.security import SecurityService
from hub.store.audit_reading import every, heads
from hub.store.patients import enroll, facts_of
from tests.api.conftest import E1, M1, NOW, P1, P2, SOURCES, U1, U2, U3, consent, house_on

CONTRACTS = (
    *("GetConsentsForPatient", "RegisterExtendedConsent", "CancelExtendedConsent"),
    *("GetBlocks", "GetPatientRelationsForPatient"),
)
SERVICE = SourceConfig(
    name="trygg",
    title="Säkerhetstjänsterna",
    kind="security",
    owner=M1,
    providers=(P1,),
    system="SE2321990018-SAK",
    address="http://services.example/",
    contracts=CONTRACTS,
    max_age=60.0,
    timeout=0.2,
)


class Served:
    """A hub with simulated security services. Each test makes patients of its own."""

    def __init__(self, house, config=SERVICE):
        self.house = house
        self.held = Holding(now=house.clock)
        self.server = security_services(self.held, config.system)
        transport = httpx.ASGITransport(self.server.app)
        service = SecurityService(config, transport, lambda: house.clock.now.timestamp())
        house.hub.services[config.name] = service

    def patient(self):
        """With an entry of the doctor's own unit, one of the same care provider and one of another, all consented to there."""
        patient = self.house.enroll()
        near = self.house.hold(patient, source="alfa", provider=P1, unit=U1)
        beside = self.house.hold(patient, source="alfa", provider=P1, unit=U2)
        return patient, near, beside, self.house.hold(patient)

    def consent(self, patient, unit=U1, **more):
        id = f"a{len(self.held.assertions):035d}"
        given = Assertion(id, "Consent", patient.number.value, P1, unit, "", NOW - timedelta(days=1), None)
        self.held.assertions[id] = replace(given, **more)
        return id

    def block(self, patient, **more):
        made = {"key": f"b{len(self.held.blocks)}", "person": patient.number.value, "kind": "outer", "provider": P2}
        self.held.blocks.append(access.Block(**made | more))

    def relate(self, patient, staff=E1, unit=U1, provider=P1):
        period = {"start": NOW - timedelta(days=1), "end": NOW + timedelta(days=30)}
        self.held.relations.append((provider, access.Relation(staff=staff, unit=unit, person=patient.number.value, **period)))

    def need(self, patient):
        body = {"patient": patient.id, "type": "relevance", "reason": "vård"}
        assert self.house.post("/access/needs", "doctor", json=body).status_code == 201

    def search(self, patient, who="doctor"):
        answer = self.house.get(f"/fhir/Observation?patient={patient.id}", who)
        assert answer.status_code == 200, answer.text
        return answer

    def seen(self, patient, who="doctor"):
        found = self.search(patient, who).json().get("entry", [])
        return {each["resource"]["id"] for each in found if each["search"]["mode"] == "match"}

    def calls(self):
        return sum(self.server.calls.values())


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def serving(request, tmp_path_factory):
    """One hub for all tests, on each database in turn."""
    for house in house_on(request, tmp_path_factory, request.param, sources=(*SOURCES, SERVICE)):
        yield Served(house)


@pytest.fixture
def served(serving):
    serving.server.reset()
    serving.house.clock.move(minutes=2)
    return serving


@pytest.fixture(scope="module")
def lone(request, tmp_path_factory):
    """The same on SQLite alone, for what cannot depend on the database."""
    for house in house_on(request, tmp_path_factory, "sqlite", sources=(*SOURCES, SERVICE)):
        yield Served(house)


@pytest.fixture
def alone(lone):
    lone.server.reset()
    lone.house.clock.move(minutes=2)
    return lone


def opened(served):
    """A patient of whom the doctor sees everything, by what the services say."""
    patient, *ids = served.patient()
    served.relate(patient)
    served.consent(patient)
    served.need(patient)
    return patient, ids


def test_what_the_services_say_decides_as_the_register_s_own_grounds_do(served):
    patient, near, beside, far = served.patient()
    served.need(patient)
    assert served.seen(patient) == set()
    served.relate(patient)
    served.house.clock.move(seconds=61)
    assert served.seen(patient) == {near, beside}
    served.consent(patient)
    served.house.clock.move(seconds=61)
    assert served.seen(patient) == {near, beside, far}


@pytest.mark.parametrize("withdrawal", ["consent", "relation", "outer block", "inner block"])
def test_a_withdrawal_at_the_service_bites_once_what_it_said_before_is_a_minute_old(served, withdrawal):
    patient, (near, beside, far) = opened(served)
    served.need(patient)
    assert served.seen(patient) == {near, beside, far}
    number = patient.number.value
    match withdrawal:
        case "consent":
            held = next(each for each in served.held.assertions.values() if each.number == number)
            served.held.assertions[held.id] = replace(held, over=True)
            left = {near, beside}
        case "relation":
            served.held.relations[:] = [each for each in served.held.relations if each[1].person != number]
            left = set()
        case "outer block":
            served.block(patient)
            left = {near, beside}
        case "inner block":
            served.block(patient, kind="inner", provider=P1, unit=U2)
            left = {near, far}
    served.house.clock.move(seconds=59)
    assert served.seen(patient) == {near, beside, far}
    read = served.house.get(f"/fhir/Observation/{far}", "doctor")
    assert read.status_code == 200
    served.house.clock.move(seconds=2)
    for each in (near, beside, far):
        assert served.house.get(f"/fhir/Observation/{each}", "doctor").status_code == (200 if each in left else 404)
    assert served.seen(patient) == left


def test_a_block_lifted_for_a_while_for_the_reader_s_unit_closes_nothing_meanwhile(served):
    patient, (near, beside, far) = opened(served)
    served.block(patient)
    assert served.seen(patient) == {near, beside}
    served.held.revokes.append(
        access.Revoke(block=served.held.blocks[-1].key, unit=U1, end=served.house.clock.now + timedelta(hours=1))
    )
    served.house.clock.move(seconds=61)
    assert served.seen(patient) == {near, beside, far}
    served.house.clock.move(hours=1)
    assert served.seen(patient) == {near, beside}


TROUBLES = {
    "slow": trouble.Hang(0.5),
    "down": trouble.HttpError(503),
    "a fault": trouble.Fault(),
    "cut off": trouble.Truncated(),
    "another document": trouble.Invalid(),
    "a page": trouble.Html(),
    "an entity bomb": trouble.EntityBomb(),
    "not OK": trouble.LogicalError(),
    "of another patient": None,
}


OPERATIONS = ("GetConsentsForPatient", "GetBlocks", "GetPatientRelationsForPatientRequest")


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("wrong", TROUBLES)
def test_where_a_service_gives_no_answer_the_own_unit_goes_on_and_the_rest_closes(alone, operation, wrong):
    """The table: each trouble of each service, against the own unit, the own care provider and another."""
    check_trouble(alone, operation, wrong)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_same_on_every_database(served, operation):
    check_trouble(served, operation, "not OK")


def check_trouble(served, operation, wrong):
    patient, (near, beside, far) = opened(served)
    assert served.seen(patient) == {near, beside, far}
    served.house.clock.move(seconds=61)
    other, *_ = served.patient()
    served.relate(other)
    served.consent(other)
    served.block(other)
    served.server.troubles[operation] = TROUBLES[wrong] or trouble.OtherPatient(other.number.value)
    answer = served.search(patient)
    hits = {each["resource"]["id"] for each in answer.json()["entry"] if each["search"]["mode"] == "match"}
    assert hits == {near}
    assert {"incomplete", "NoDataSynchFailed"} <= set(served.house.notices(answer))
    assert "Säkerhetstjänsterna" in answer.text
    never = served.house.get("/fhir/Observation/never-issued", "doctor")
    for each in (beside, far):
        read = served.house.get(f"/fhir/Observation/{each}", "doctor")
        assert (read.status_code, read.content) == (404, never.content)
    assert served.house.get(f"/fhir/Observation/{near}", "doctor").status_code == 200
    served.server.troubles.clear()
    served.house.clock.move(seconds=45)
    assert served.seen(patient) == {near, beside, far}


def test_the_log_tells_of_r08_and_every_decision_comes_out_again(served):
    patient, (near, _, far) = opened(served)
    served.seen(patient)
    served.house.clock.move(seconds=61)
    served.server.troubles["*"] = trouble.HttpError(503)
    assert served.seen(patient) == {near}
    assert served.house.get(f"/fhir/Observation/{far}", "doctor").status_code == 404
    read, search, *_ = [each for each in reversed(served.house.log()) if each.get("patient") == patient.id and "decided" in each]
    assert (read["action"], read["rules"]) == ("read", ["R08"])
    assert (search["action"], search["notices"][0]) == ("search", "incomplete")
    store = served.house.store
    told = [each for head in heads(store.reader()) for each in every(store.reader(), head.size, head.shard)]
    mine = [each for each in told if each.content.get("patient") == patient.id and "decided" in each.content]
    assert {row["rule"] for row in mine[-2].unshown["withheld"]} == {"R08"}
    again = [replay(store, served.house.hub, each) for each in mine]
    assert all(each.decision and not each.fault for each in again)


def test_who_is_no_staff_is_not_kept_waiting_by_a_service(alone):
    patient, (near, beside, far) = opened(alone)
    alone.server.troubles["*"] = trouble.HttpError(503)
    me = alone.house.patient_person(patient)
    assert alone.seen(patient, me) == {near, beside, far}
    assert "incomplete" not in alone.house.notices(alone.search(patient, me))
    listed = alone.house.get("/fhir/Observation", "doctor")
    assert "incomplete" not in alone.house.notices(listed)
    assert alone.house.get(f"/fhir/Patient/{patient.id}", "doctor").status_code == 200
    assert alone.calls() == 0


def test_a_service_that_failed_is_left_alone_for_a_while_and_then_asked_again(alone):
    patient, (near, *_) = opened(alone)
    alone.house.near(patient)
    alone.server.troubles["*"] = trouble.HttpError(503)
    assert alone.seen(patient) == {near}
    asked = alone.calls()
    assert alone.seen(patient) == {near}
    assert alone.calls() == asked
    alone.house.clock.move(seconds=11)
    assert alone.seen(patient) == {near}
    assert alone.calls() > asked


def test_a_service_that_hangs_leaves_the_own_unit_s_sources_their_time(alone):
    patient, (near, *_) = opened(alone)
    alone.house.near(patient)
    services, began = alone.house.hub.services, time.monotonic()
    usual = services["trygg"]
    services["trygg"] = SecurityService(replace(SERVICE, timeout=60), httpx.ASGITransport(alone.server.app))
    alone.server.troubles["*"] = trouble.Hang(60)
    alone.house.clock.move(minutes=11)  # so that the sources are stale as well
    try:
        answer = alone.search(patient)
    finally:
        services["trygg"] = usual
    assert {"incomplete", "DataFromSource", "NoDataSynchFailed"} <= set(alone.house.notices(answer))
    assert near in {each["resource"].get("id") for each in answer.json()["entry"]}
    assert time.monotonic() - began < alone.house.hub.config.deadline


def test_nobody_learns_by_waiting_whether_something_has_an_id(alone):
    patient, near, *_ = alone.patient()
    assert alone.house.get(f"/fhir/Observation/{near}", "doctor").status_code == 404
    assert alone.calls() == 0
    alone.relate(patient)
    assert alone.seen(patient) == {near, *alone.seen(patient)}
    assert alone.calls() == 3
    alone.house.clock.move(seconds=61)
    assert alone.house.get(f"/fhir/Observation/{near}", "doctor").status_code == 200
    assert alone.calls() == 6


def test_a_fresh_answer_asks_nobody_and_costs_no_hop_or_statement_more(alone):
    patient, (near, *_) = opened(alone)
    house, store = alone.house, alone.house.store
    alone.seen(patient)
    asked = alone.calls()

    def cost(path):
        house.get(path, "doctor")
        hops, commits = store.hops, store.database.commits
        with store.database.count() as counter:
            assert house.get(path, "doctor").status_code == 200
        return sorted(counter.statements), store.hops - hops, store.database.commits - commits

    for path in (f"/fhir/Observation/{near}", f"/fhir/Observation?patient={patient.id}"):
        served_with = cost(path)
        services = dict(house.hub.services)
        house.hub.services.clear()
        try:
            assert cost(path) == served_with
        finally:
            house.hub.services.update(services)
    assert alone.calls() == asked


def test_existence_is_not_told_where_a_block_could_not_be_asked_for(alone):
    patient, _ = opened(alone)
    alone.block(patient)
    answer = alone.house.get(f"/access/patients/{patient.id}/existence", "doctor").json()
    assert (answer["blocked"]["elsewhere"], answer["incomplete"]) == (True, False)
    alone.house.clock.move(seconds=61)
    alone.server.troubles["GetBlocks"] = trouble.Fault()
    answer = alone.house.get(f"/access/patients/{patient.id}/existence", "doctor").json()
    assert (answer["exists"], answer["blocked"]["elsewhere"], answer["incomplete"]) == (None, None, True)


def test_health_and_metrics_tell_of_a_service(alone):
    patient, _ = opened(alone)
    alone.seen(patient)
    alone.house.clock.move(seconds=61)
    alone.server.troubles["*"] = trouble.HttpError(503)
    alone.seen(patient)
    ready = alone.house.get("/health/ready").json()
    assert {"name": "trygg", "kind": "security", "state": "ready"} in ready["sources"]
    measured = alone.house.get("/metrics").text
    assert 'hub_source_calls_total{contract="GetBlocks",outcome="answered",source="trygg"}' in measured
    assert 'hub_source_calls_total{contract="GetBlocks",outcome="http-status",source="trygg"}' in measured


def test_what_a_service_has_is_not_ended_or_lifted_here(alone):
    patient, _ = opened(alone)
    alone.block(patient)
    alone.seen(patient)
    [block] = alone.house.get(f"/access/blocks?patient={patient.id}", "blocker2").json()["blocks"]
    body = {"patient": patient.id, "block": block["id"], "unit": U1, "reason": "patient_consent"}
    assert alone.house.post("/access/revokes", "blocker2", json=body).status_code == 409
    assert alone.house.do("DELETE", f"/access/blocks/{block['id']}", "blocker2").status_code == 409
    [relation] = alone.house.get(f"/access/relations?patient={patient.id}", "doctor").json()["relations"]
    assert relation["service"] == "trygg"
    assert alone.house.do("DELETE", f"/access/relations/{relation['id']}", "doctor").status_code == 409


def registered(served, id):
    """The state of a consent in the hub's register, and who has it."""
    [held] = served.house.get(f"/access/consents?patient={id}", "doctor").json()["consents"]
    return held["state"], held.get("service", "")


def test_a_consent_is_registered_at_the_service_first_and_ended_there(served):
    patient, near, beside, far = served.patient()
    served.relate(patient)
    served.need(patient)
    assert served.seen(patient) == {near, beside}
    given = served.house.consent(patient)
    assert given.status_code == 201, given.text
    [at_service] = [each for each in served.held.assertions.values() if each.number == patient.number.value]
    assert (at_service.kind, at_service.provider, at_service.unit, at_service.employee) == ("Consent", P1, U1, "")
    assert registered(served, patient.id) == ("active", "trygg")
    assert served.seen(patient) == {near, beside, far}
    served.house.clock.move(seconds=61)
    assert served.seen(patient) == {near, beside, far}
    assert registered(served, patient.id) == ("active", "trygg")  # one, not two: it is known by its id
    assert served.house.do("DELETE", f"/fhir/Consent/{given.json()['id']}", "doctor").status_code == 204
    assert served.held.assertions[at_service.id].over
    assert served.seen(patient) == {near, beside}


def test_a_consent_that_is_ended_at_the_service_ends_in_the_register_too(served):
    patient, near, beside, far = served.patient()
    served.relate(patient)
    served.need(patient)
    me = served.house.patient_person(patient)
    given = served.house.consent(patient, me)
    assert given.status_code == 201
    assert served.seen(patient) == {near, beside, far}
    [held] = [each for each in served.held.assertions.values() if each.number == patient.number.value]
    served.held.assertions[held.id] = replace(held, over=True)
    served.house.clock.move(seconds=61)
    assert served.seen(patient) == {near, beside}
    assert registered(served, patient.id) == ("ended", "trygg")
    where = f"/fhir/Consent/{given.json()['id']}"
    shown = served.house.get(where, me).json()
    assert shown == given.json() | {"status": "inactive", "meta": shown["meta"]}
    assert served.house.found(f"/fhir/Consent?status=active&patient={patient.id}", me) == []
    assert served.house.get(f"{where}/_history", me).json()["total"] == 2
    assert served.house.do("PUT", where, me, resource=given.json()).status_code == 409


@pytest.mark.parametrize(
    ("wrong", "status"),
    [(trouble.HttpError(503), 503), (trouble.Hang(0.5), 503), (trouble.Invalid(), 503), (trouble.LogicalError(), 409)],
    ids=["down", "slow", "wrong", "refusing"],
)
def test_where_the_service_is_not_told_nothing_is_done(served, wrong, status):
    patient, *_ = served.patient()
    served.relate(patient)
    served.server.troubles["RegisterExtendedConsent"] = wrong
    answer = served.house.consent(patient)
    assert answer.status_code == status
    assert "Säkerhetstjänsterna" in answer.json()["issue"][0]["diagnostics"]
    assert served.house.get(f"/access/consents?patient={patient.id}", "doctor").json()["consents"] == []
    assert served.house.get(f"/fhir/Consent?patient={patient.id}", "doctor").json()["total"] == 0
    assert not [each for each in served.held.assertions.values() if each.number == patient.number.value and not each.over]
    served.server.troubles.clear()
    served.house.clock.move(seconds=45)
    given = served.house.consent(patient)
    assert given.status_code == 201
    served.server.troubles["CancelExtendedConsent"] = wrong
    assert served.house.do("DELETE", f"/fhir/Consent/{given.json()['id']}", "doctor").status_code == status
    assert registered(served, patient.id) == ("active", "trygg")
    assert served.house.get(f"/fhir/Consent/{given.json()['id']}", "doctor").status_code == 200


def test_where_the_hub_itself_fails_what_was_registered_is_taken_back(alone):
    patient, *_ = alone.patient()
    alone.relate(patient)
    good = alone.house.consent(patient).json()
    entries = [
        {"request": {"method": "POST", "url": "Consent"}, "resource": consent(patient, U1)},
        {"request": {"method": "PUT", "url": f"Consent/{good['id']}", "ifMatch": 'W/"99"'}, "resource": good},
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    assert alone.house.post("/fhir", "doctor", resource=bundle).status_code == 412
    mine = [each for each in alone.held.assertions.values() if each.number == patient.number.value]
    assert [each.over for each in mine] == [False, True]


def test_a_consent_that_is_only_validated_is_told_to_nobody(alone):
    patient, *_ = alone.patient()
    answer = alone.house.post("/fhir/Consent/$validate?mode=create", "doctor", resource=consent(patient, U1))
    assert [each["severity"] for each in answer.json()["issue"]] == ["information"]
    assert alone.calls() == 0


def test_a_limited_consent_is_not_widened_by_registering_it(alone):
    patient, *_ = alone.patient()
    made = consent(patient, U1)
    made["provision"]["dataPeriod"] = {"start": "2040-01-01"}
    answer = alone.house.post("/fhir/Consent", "doctor", resource=made)
    assert answer.status_code == 422
    assert alone.calls() == 0


def test_a_consent_that_the_service_has_is_not_limited_behind_its_back(alone):
    patient, *_ = alone.patient()
    me = alone.house.patient_person(patient)
    given = alone.house.consent(patient, me).json()
    given["provision"]["dataPeriod"] = {"start": "2040-01-01"}
    assert alone.house.do("PUT", f"/fhir/Consent/{given['id']}", me, resource=given).status_code == 422
    mine = [each for each in alone.held.assertions.values() if each.number == patient.number.value]
    assert [each.over for each in mine] == [False]


def test_a_changed_consent_is_another_one_at_the_service(alone):
    patient, *_ = alone.patient()
    me = alone.house.patient_person(patient)
    given = alone.house.consent(patient, me).json()
    same = alone.house.do("PUT", f"/fhir/Consent/{given['id']}", me, resource=given)
    assert same.status_code == 200
    changed = same.json()
    changed["provision"]["period"] = {"end": "2041-01-01"}
    assert alone.house.do("PUT", f"/fhir/Consent/{given['id']}", me, resource=changed).status_code == 200
    mine = [each for each in alone.held.assertions.values() if each.number == patient.number.value]
    assert [(each.over, each.end is None) for each in mine] == [(True, True), (False, False)]


def test_consents_of_units_that_the_service_does_not_answer_for_stay_in_the_hub(alone):
    patient, *_ = alone.patient()
    assert alone.house.consent(patient, "elsewhere", U3).status_code == 201
    assert alone.calls() == 0
    assert alone.house.get(f"/access/consents?patient={patient.id}", "elsewhere").json()["consents"][0].get("service", "") == ""


CHECKING = replace(SERVICE, name="asking", contracts=("CheckConsent", "CheckPatientRelation"))


@pytest.fixture(scope="module")
def checking(request, tmp_path_factory):
    """A hub whose service answers yes or no for one reader, and lists nothing."""
    for house in house_on(request, tmp_path_factory, "sqlite", sources=(*SOURCES, CHECKING)):
        yield Served(house, CHECKING)


def test_a_service_that_only_checks_is_asked_for_each_reader(checking):
    patient, (near, beside, far) = opened(checking)
    assert checking.seen(patient) == {near, beside, far}
    assert checking.server.calls == {"CheckConsent": 1, "CheckPatientRelationRequest": 1}
    assert checking.seen(patient, "nurse") == set()
    assert checking.server.calls == {"CheckConsent": 2, "CheckPatientRelationRequest": 2}
    checking.house.clock.move(seconds=61)
    number = patient.number.value
    [held] = [each for each in checking.held.assertions.values() if each.number == number]
    checking.held.assertions[held.id] = replace(held, over=True)
    assert checking.seen(patient) == {near, beside}
    checking.house.clock.move(seconds=61)
    checking.server.troubles["CheckConsent"] = trouble.HttpError(503)
    assert checking.seen(patient) == {near}


def test_a_block_under_an_older_number_closes_as_well(alone, kit):
    patient, older = alone.house.enroll(), alone.house._number()
    store = alone.house.store
    _, facts = facts_of(store.reader(), patient.pk)
    with store.database.writing() as connection:
        enroll(connection, kit.KEYS.identity, replace(facts, numbers=(patient.number, older)))
    far = alone.house.hold(patient)
    alone.relate(patient)
    alone.consent(patient)
    alone.need(patient)
    assert alone.seen(patient) == {far}
    alone.held.blocks.append(access.Block(key="older", person=older.value, kind="outer", provider=P2))
    alone.house.clock.move(seconds=61)
    assert alone.seen(patient) == set()
