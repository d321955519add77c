"""Consent, block and relation come and go by the hundred, while several processes read. API.md section 5.

Two judges: what the readers saw and when, and the order of the log. Neither asks the hub.
"""

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from hub.store.values import micros
from tests.leaks.withdrawal_load import NAMED, OF_THE_HUB, SURFACES, Asker, Clock, Reader, Seen, Turn, late, late_in_log

WITHDRAWALS = int(os.environ.get("HUB_WITHDRAWALS", "40"))
"""On each kind of database."""
WAYS = ("consent", "block", "relation", "lapse")
PROCESSES = 2
ROUNDS = 25
"""Withdrawals of one patient: relations and consents that are over stay with the grounds, and are read."""
LIFE = 0.4
"""Seconds that a relation lasts which then lapses, on a machine that has time for it."""


@dataclass
class Withdrawer(Asker):
    """Opens a patient's record to the clinician and closes it again, one way. State: what it did, and when."""

    house: object
    kit: object
    way: str
    turns: list[Turn] = field(default_factory=list)
    ends: dict[str, int] = field(default_factory=dict)
    tokens: dict[object, str] = field(default_factory=dict)

    async def work(self, patients, rounds, look_at):
        chance = random.Random(self.way)
        for patient, ids in patients:
            me = self.house.patient_person(patient)
            undo = await self._others(patient, me)
            look_at(self.way, patient.id, ids)
            for _ in range(min(rounds, ROUNDS)):
                undo = await self._opened(patient, me, undo)
                await asyncio.sleep(chance.random() * 0.1)
                undo = await self._closed(patient, me, undo)
                await asyncio.sleep(chance.random() * 0.02)
            rounds -= ROUNDS

    async def _others(self, patient, me):
        """All grounds but that which comes and goes."""
        need = {"patient": patient.id, "type": "relevance", "reason": "vård"}
        await self._done("POST", "/access/needs", "doctor", need)
        if self.way != "consent":
            await self._done("POST", "/fhir/Consent", me, self.kit.consent(patient))
        if self.way in ("consent", "block"):
            await self._done("POST", "/access/relations", "doctor", {"patient": patient.id})
        return (await self._blocked(patient, me)) if self.way == "block" else ""

    async def _opened(self, patient, me, undo):
        begun = time.monotonic()
        match self.way:
            case "consent":
                held = await self._done("POST", "/fhir/Consent", me, self.kit.consent(patient))
            case "block":
                held = await self._done("DELETE", f"/access/blocks/{undo}", "blocker2")
            case "relation":
                held = await self._done("POST", "/access/relations", "doctor", {"patient": patient.id})
            case _:
                held = await self._lasting(patient, LIFE)
        self._note(patient, True, begun, time.monotonic())
        return held["id"]

    async def _closed(self, patient, me, undo):
        begun = time.monotonic()
        match self.way:
            case "consent":
                await self._done("DELETE", f"/fhir/Consent/{undo}", me)
            case "block":
                undo = await self._blocked(patient, me)
            case "relation":
                await self._done("DELETE", f"/access/relations/{undo}", "doctor")
            case _:
                over = self.house.clock.began + self.ends[undo] / 1_000_000 - self.kit.NOW.timestamp()
                await asyncio.sleep(max(0.0, over - time.monotonic() + 0.02))
                self._note(patient, False, over, over)
                return undo
        self._note(patient, False, begun, time.monotonic())
        return undo

    async def _lasting(self, patient, life):
        """A relation for so many seconds; for longer where they were over before it was registered."""
        end = self.house.clock.now + timedelta(seconds=life)
        answer = await self.ask("POST", "/access/relations", "doctor", {"patient": patient.id, "end": end.isoformat()})
        if answer.status_code == 400:
            return await self._lasting(patient, 2 * life)
        self.ends[answer.json()["id"]] = micros(end)
        return answer.json()

    async def _blocked(self, patient, me):
        return (
            await self._done("POST", "/access/blocks", me, {"patient": patient.id, "type": "outer", "provider": self.kit.P2})
        )["id"]

    async def _done(self, method, path, who, body=None):
        answer = await self.ask(method, path, who, body)
        assert answer.status_code in (200, 201, 204), answer.text
        return answer.json() if answer.content else {}

    def _note(self, patient, opened, begun, done):
        self.turns.append(Turn(patient.id, opened, begun, done))


def _held(house, kit, rounds):
    """As many patients as so many rounds need, each with three entries at another care provider."""
    named = {"code": {"text": NAMED}, "valueQuantity": {"value": 71, "unit": "kg"}}
    kind = [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]}]
    for _ in range(-(-rounds // ROUNDS)):
        patient = house.enroll()
        yield patient, [house.hold(patient, "", kit.observation(patient, category=kind, **named)) for _ in range(3)]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_no_answer_follows_the_acknowledgement_of_a_withdrawal(kit, databases, tmp_path, kind):
    url, began = databases(kind), time.monotonic()
    house = kit.House(url, tmp_path, Clock(began), **OF_THE_HUB)
    rounds = WITHDRAWALS // len(WAYS)
    patients = {way: list(_held(house, kit, rounds)) for way in WAYS}
    program = [sys.executable, "-W", "ignore", "-m", "tests.leaks.withdrawal_load", url]
    places = [(str(tmp_path / f"other-{n}"), str(began), str(n), str(tmp_path / f"seen-{n}")) for n in range(PROCESSES)]
    reader, withdrawers = Reader(house, 99), [Withdrawer(house, kit, way) for way in WAYS]
    with ExitStack() as stack:
        piped = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        others = [stack.enter_context(subprocess.Popen([*program, *each], **piped)) for each in places]
        assert [each.stdout.readline() for each in others] == ["ready\n"] * PROCESSES

        def look_at(way, patient, ids):
            reader.look_at(way, patient, ids)
            for each in others:
                each.stdin.write(json.dumps({"way": way, "patient": patient, "ids": ids}) + "\n")
                each.stdin.flush()

        async def everything():
            reading = [asyncio.create_task(reader.read()) for _ in range(3)]
            await asyncio.gather(*(each.work(patients[each.way], rounds, look_at) for each in withdrawers))
            reader.stopped = True
            await asyncio.gather(*reading)

        house.run(everything())
    assert [each.returncode for each in others] == [0] * PROCESSES
    there = [Seen(**each) for *_, out in places for each in json.loads(Path(out).read_text())]
    turns = [turn for each in withdrawers for turn in each.turns]
    log, ends = house.log(), {id: end for each in withdrawers for id, end in each.ends.items()}
    house.close()
    assert sum(not turn.opened for turn in turns) == rounds * len(WAYS)
    assert late(reader.seen + there, turns) == []
    assert late_in_log(log, ends) == []
    assert {each.surface for each in reader.seen + there if each.held} == set(SURFACES)  # or nothing was tested
    for seen in (reader.seen, there):
        assert {each.held for each in seen} == {True, False}


TURNS = [Turn("p", True, 0.0, 1.0), Turn("p", False, 2.0, 3.0), Turn("p", True, 6.0, 7.0), Turn("p", False, 8.0, 9.0)]


@pytest.mark.parametrize(
    ("begun", "done", "found"), [(1.5, 2.5, 0), (2.5, 3.5, 0), (3.0, 3.5, 1), (4.0, 5.9, 1), (4.0, 6.5, 0), (9.1, 99.0, 1)]
)
def test_the_checker_finds_what_was_asked_for_after_a_withdrawal_and_came_before_anything_was_opened(begun, done, found):
    assert len(late([Seen("p", "read", begun, done, True)], TURNS)) == found
    assert late([Seen("p", "read", begun, done, False), Seen("q", "read", begun, done, True)], TURNS) == []


def test_the_checker_of_the_log_finds_an_answer_that_was_committed_late():
    def entry(type_, action, at=0, **more):
        return {"patient": "p", "type": type_, "action": action, "at": at, "grounds": [], "released": 0} | more

    answer = entry("Observation", "read", 5, released=1, grounds=["r"])
    opened, closed = entry("Consent", "create"), entry("Consent", "delete")
    assert late_in_log([opened, answer, closed], {}) == []
    assert late_in_log([opened, closed, answer], {}) == [answer]
    assert late_in_log([opened, answer], {"r": 5}) == [answer]
    assert late_in_log([opened, answer], {"r": 6}) == []
