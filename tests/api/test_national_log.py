"""The log is handed to a national log service: in order, at least once, and nothing is lost whatever stands in the way."""

import asyncio
import re

import httpx
import pytest
from lxml import etree

from hub.config import LogServiceConfig
from hub.demo.rivta import trouble
from hub.demo.rivta.log_service import NationalLog
from hub.interactions import national_log
from hub.interactions.national_log import Outbox
from hub.sources.log_service import LogService, store_log
from hub.store.log_outbox import positions, taken

CONFIG = LogServiceConfig(address="http://log.example.org/", system="SE2321990018-HUBB")
CORE = "{urn:riv:informationsecurity:auditing:log:2}"
RESPONDER = "{urn:riv:informationsecurity:auditing:log:StoreLogResponder:2}"


TOLD = ["Skriva", "Läsa", "Nödöppning"]
"""What `seen` leaves to tell: the consent was registered by staff."""


@pytest.fixture
def national():
    return NationalLog()


@pytest.fixture
def outbox(house, national):
    service = LogService(CONFIG, httpx.ASGITransport(national.server.app))
    yield Outbox(house.hub, service)
    house.run(service.aclose())


@pytest.fixture
def seen(house, kit):
    """A record that was read, written and opened in an emergency by staff, and read by the patient; one refusal."""
    patient = house.enroll()
    house.near(patient)
    house.consent(patient)
    house.hold(patient)
    house.hold(patient, provider=kit.P1, unit=kit.U1)
    house.get(f"/fhir/Observation?patient={patient.id}", "doctor")
    house.get("/fhir/Observation?patient=x", "doctor-low")
    house.get(f"/fhir/Observation?patient={patient.id}", house.patient_person(patient))
    house.post("/access/assertions", "doctor", json={"patient": patient.id, "type": "emergency", "step": 1, "reason": "x"})
    return patient


def left(house):
    return sum(each.left for each in positions(house.store.reader()))


def test_what_staff_did_is_told_once_and_everything_else_passed_over(house, kit, national, outbox, seen):
    assert house.run(outbox.round()) == ""
    assert left(house) == 0
    told = list(national.taken.values())
    assert [(each.activity, each.user) for each in told] == [(each, kit.E1) for each in TOLD]
    assert {each.provider for each in told} == {kit.P1}
    assert set(told[1].patients) == {seen.number.value}
    assert told[1].resources == (("Observation", kit.P1), ("Observation", kit.P2))
    calls = national.server.calls["StoreLog"]
    assert house.run(outbox.round()) == ""
    assert national.server.calls["StoreLog"] == calls


def test_nothing_is_lost_while_the_service_is_down_and_the_pauses_grow(house, national, outbox, seen):
    national.server.troubles["*"] = trouble.HttpError(500)
    pauses = []
    for _ in range(3):
        assert house.run(outbox.round()) != ""
        pauses.append(outbox.pause)
    assert pauses == [2.0, 4.0, 8.0]
    assert left(house) > 0
    assert national.taken == {}
    national.server.reset()
    assert house.run(outbox.round()) == ""
    assert (outbox.pause, len(national.taken), left(house)) == (1.0, 3, 0)


def test_what_was_taken_but_not_noted_is_sent_again_under_the_same_id_also_after_a_restart(
    house, national, outbox, seen, monkeypatch
):
    def killed(*_):
        raise ConnectionAbortedError

    with monkeypatch.context() as patched:
        patched.setattr(national_log, "_taken", killed)
        with pytest.raises(ConnectionAbortedError):
            house.run(outbox.round())
    before = list(national.taken)
    assert before
    again = Outbox(house.hub, outbox.service)  # another process: it knows what the database knows
    assert house.run(again.round()) == ""
    assert left(house) > 0  # the one before it may be at it still
    house.clock.move(seconds=national_log.LEASE + CONFIG.timeout)
    assert house.run(again.round()) == ""
    assert list(national.taken) == before
    assert national.server.calls["StoreLog"] == 2


def test_of_several_processes_one_sends_a_part_at_a_time(house, national, outbox, seen):
    for _ in range(2 * national_log.AT_ONCE):
        house.get(f"/fhir/Observation?patient={seen.id}", "doctor")
    sent = []

    class Listened(httpx.ASGITransport):
        async def handle_async_request(self, request):
            sent.extend(re.findall(rb"logId>([^<]+)<", await request.aread()))
            return await super().handle_async_request(request)

    listened = LogService(CONFIG, Listened(national.server.app))
    several = [Outbox(house.hub, listened) for _ in range(4)]

    async def together():
        return await asyncio.gather(*(each.round() for each in several))

    assert house.run(together()) == [""] * 4
    house.run(listened.aclose())
    assert left(house) == 0
    assert [each.decode() for each in sent] == [log.id for log in kept_logs(house)]  # each once, in order


def test_a_process_that_ends_lets_the_next_go_on_at_once(house, national, seen):
    def outbox():
        return Outbox(house.hub, LogService(CONFIG, httpx.ASGITransport(national.server.app)))

    first, second = outbox(), outbox()
    national.server.troubles["*"] = trouble.HttpError(500)
    assert house.run(first.round()) != ""
    national.server.reset()
    assert house.run(second.round()) == ""
    assert national.taken == {}
    house.run(first.aclose())
    assert house.run(second.round()) == ""
    assert len(national.taken) == len(TOLD)
    house.run(second.aclose())


def test_an_entry_that_is_refused_is_not_passed_over_and_those_before_it_are_taken(house, national, outbox, seen, monkeypatch):
    made = national_log.pdl_log

    def without_user(store, hub, entry):
        log = made(store, hub, entry)
        from dataclasses import replace

        return replace(log, user="") if log and log.activity == "Nödöppning" else log

    monkeypatch.setattr(national_log, "pdl_log", without_user)
    for _ in range(2):
        assert house.run(outbox.round()) == "the log service refuses an entry"
    assert [each.activity for each in national.taken.values()] == TOLD[:2]
    assert left(house) > 0
    monkeypatch.setattr(national_log, "pdl_log", made)
    assert house.run(outbox.round()) == ""
    assert [each.activity for each in national.taken.values()] == TOLD


def test_entries_come_in_the_order_in_which_they_were_written(house, national, outbox, seen):
    other = house.enroll()
    house.near(other)
    house.consent(other)
    house.hold(other)
    for _ in range(national_log.AT_ONCE):
        house.get(f"/fhir/Observation?patient={other.id}", "doctor")
    assert house.run(outbox.round()) == ""
    assert national.server.calls["StoreLog"] >= 2
    assert list(national.taken) == [log.id for log in kept_logs(house)]


def kept_logs(house):
    return [log for entry in kept(house) if (log := national_log.pdl_log(house.store, house.hub, entry))]


def kept(house):
    from hub.store.audit_reading import every, head_of

    return every(house.store.reader(), head_of(house.store.reader()).size)


def test_the_place_never_moves_back(house):
    database = house.store.database
    for sent in (5, 3, 7):
        taken(database, 0, sent)
    [place] = positions(house.store.reader())
    assert place.sent == 7


def test_a_worklist_is_told_with_each_of_its_patients(house, kit, national, outbox):
    patients = [house.enroll() for _ in range(2)]
    for each in patients:
        house.hold(each, provider=kit.P1, unit=kit.U2)
    house.post("/access/needs", "sister", json={"type": "worklist", "reason": "dagens lista"})
    assert house.get("/fhir/Observation", "sister").json()["total"] == 2
    assert house.run(outbox.round()) == ""
    assert sorted(next(iter(national.taken.values())).patients) == sorted(each.number.value for each in patients)


def test_how_far_it_is_behind_is_measured(house, national, outbox, seen):
    outbox.told = house.running.background._behind
    national.server.troubles["*"] = trouble.HttpError(500)
    house.run(outbox.round())
    house.clock.move(seconds=90)
    house.run(outbox.round())
    shown = house.running.metrics.exposition()[0].decode()
    assert f"hub_log_service_entries_left {float(left(house))}" in shown
    assert "hub_log_service_seconds_behind 90" in shown
    national.server.reset()
    house.run(outbox.round())
    assert "hub_log_service_entries_left 0.0" in house.running.metrics.exposition()[0].decode()


def test_a_message_is_as_the_schema_has_it(house, national, outbox, seen, reference):
    folder = reference / "rivta/informationsecurity_auditing_log/schemas/interactions/StoreLogInteraction"
    schema = etree.XMLSchema(etree.parse(str(folder / "StoreLogResponder_2.0.xsd")))
    logs = [log for entry in kept(house) if (log := national_log.pdl_log(house.store, house.hub, entry))]
    message = etree.fromstring(store_log(logs, CONFIG))
    body = message[1][0]
    schema.assertValid(body)
    assert message[0][0].text == "SE165565594230-1000"
    purposes = {each.findtext(f"{CORE}activity/{CORE}purpose") for each in body.iter(f"{RESPONDER}log")}
    assert (len(logs), purposes) == (3, {"Vård och behandling"})
    answer = house.run(outbox.service._http.request("POST", CONFIG.address, {}, store_log(logs, CONFIG)))
    schema.assertValid(etree.fromstring(answer.content)[1][0])


def test_a_hub_with_a_log_service_hands_its_log_over_by_itself(kit, tmp_path):
    house = kit.House(f"sqlite:///{tmp_path / 'hub.db'}", tmp_path, log_service=CONFIG)
    assert house.running.background.outbox is not None
    assert any("_keep_sending" in str(task.get_coro()) for task in house.running.tasks)
    house.close()


def test_an_entry_that_cannot_be_read_stops_no_later_attempt(light):
    class Damaged:
        failures, pause, rounds = 0, 0.0, 0

        async def round(self):
            self.rounds += 1
            if self.rounds < 3:
                raise ValueError("not JSON")
            await asyncio.Event().wait()

    async def kept_sending(outbox):
        task = asyncio.create_task(light.running.background._keep_sending(outbox))
        while outbox.rounds < 3:  # noqa: ASYNC110  # nothing tells of it
            await asyncio.sleep(0)
        task.cancel()

    outbox = Damaged()
    light.run(kept_sending(outbox))
    assert outbox.failures == 2
    assert "could not be handed to the log service" in light.lines.getvalue()
