"""Withdrawal bites at once: the next search, the next page, the read, and an answer that was on its way. API.md section 5."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

PROCESS = """
import importlib.util, sys, time
from datetime import timedelta
from pathlib import Path
kit, url, folder, id, system, number, pk, rounds = sys.argv[1:]
spec = importlib.util.spec_from_file_location("house", kit)
made = importlib.util.module_from_spec(spec)
sys.modules["house"] = made
spec.loader.exec_module(made)
house = made.House(url, Path(folder))
patient = made.Patient(int(pk), id, made.Identifier(system, number))
me = house.patient_person(patient)
print("ready", flush=True)
for _ in range(int(rounds)):
    given = house.consent(patient, me)
    assert given.status_code == 201, given.text
    time.sleep(0.02)
    assert house.do("DELETE", f"/fhir/Consent/{given.json()['id']}", me).status_code == 204
    time.sleep(0.01)
house.close()
"""


class Open:
    """A patient with five entries elsewhere that a clinician may see."""

    def __init__(self, house, kit):
        self.house, self.kit = house, kit
        self.patient = house.enroll()
        self.me = house.patient_person(self.patient)
        self.ids = [house.hold(self.patient) for _ in range(5)]
        answer = house.post("/access/relations", "doctor", json={"patient": self.patient.id})
        self.relation = answer.json()["id"]
        need = {"patient": self.patient.id, "type": "relevance", "reason": "vård"}
        self.need = house.post("/access/needs", "doctor", json=need).json()["id"]
        self.consent = house.consent(self.patient).json()["id"]
        self.path = f"/fhir/Observation?patient={self.patient.id}&_count=2"

    async def end_consent(self):
        assert (await self.house.ask("DELETE", f"/fhir/Consent/{self.consent}", self.me)).status_code == 204

    async def end_relation(self):
        assert (await self.house.ask("DELETE", f"/access/relations/{self.relation}", "doctor")).status_code == 200

    async def end_need(self):
        assert (await self.house.ask("POST", f"/access/needs/{self.need}/end", "doctor")).status_code == 200

    async def block(self):
        body = {"patient": self.patient.id, "type": "outer", "provider": self.kit.P2}
        assert (await self.house.ask("POST", "/access/blocks", self.me, json=body)).status_code == 201

    async def block_by_owner(self):
        body = {"patient": self.patient.id, "type": "inner", "provider": self.kit.P2, "unit": self.kit.U3}
        assert (await self.house.ask("POST", "/access/blocks", "blocker2", json=body)).status_code == 201


WAYS = ["end_consent", "end_relation", "end_need", "block", "block_by_owner"]


@pytest.mark.parametrize("way", WAYS)
def test_a_withdrawal_closes_the_next_search_the_next_page_and_the_read(shared, kit, way):
    held = Open(shared, kit)
    first = shared.get(held.path, "doctor").json()
    following = next(each["url"] for each in first["link"] if each["relation"] == "next")
    assert shared.get(following, "doctor").status_code == 200
    assert shared.get(f"/fhir/Observation/{held.ids[0]}", "doctor").status_code == 200
    shared.run(getattr(held, way)())
    page = shared.get(following, "doctor")
    assert (page.status_code, page.json()["issue"][0]["code"]) == (410, "expired")
    assert shared.found(held.path, "doctor") == []
    never = shared.get("/fhir/Observation/never", "doctor")
    for more in ("", "/_history"):
        answer = shared.get(f"/fhir/Observation/{held.ids[0]}{more}", "doctor")
        assert (answer.status_code, answer.content) == (404, never.content)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("what", ["read", "search", "history"])
def test_an_answer_on_its_way_is_decided_again(shared, kit, way, what):
    house = shared
    held = Open(house, kit)
    append, withdrawn = house.store.audit.append_all, []

    def withdraw_first(leaves):
        mine = [leaf for leaf in leaves if leaf.content["action"] == what]
        if mine and not withdrawn:
            withdrawn.extend(mine)  # acknowledged while the answer, decided and made, waits for its log entry
            asyncio.run_coroutine_threadsafe(getattr(held, way)(), house.runner.get_loop()).result(20)
        return append(leaves)

    house.store.audit.append_all = withdraw_first
    paths = {
        "read": f"/fhir/Observation/{held.ids[0]}",
        "search": held.path,
        "history": f"/fhir/Observation/{held.ids[0]}/_history",
    }
    answer = house.get(paths[what], "doctor")
    del house.store.audit.append_all
    assert withdrawn[0].content["released"] > 0
    for id in held.ids:
        assert id not in answer.text
    assert answer.status_code == (200 if what == "search" else 404)
    assert house.log()[-1]["released"] == 0


def test_a_share_that_ends_closes(shared, kit):
    patient = shared.enroll()
    me = shared.patient_person(patient)
    shared.near(patient)
    id = shared.post("/fhir/Observation", me, resource=kit.observation(patient)).json()["id"]
    share = shared.post("/access/shares", me, json={"patient": patient.id, "unit": kit.U1}).json()["id"]
    assert shared.get(f"/fhir/Observation/{id}", "doctor").status_code == 200
    assert shared.do("DELETE", f"/access/shares/{share}", "doctor").status_code == 404
    assert shared.do("DELETE", f"/access/shares/{share}", me).json()["state"] == "ended"
    assert shared.get(f"/fhir/Observation/{id}", "doctor").status_code == 404


def test_an_entry_made_secret_or_withdrawn_is_closed_at_once(shared):
    patient = shared.enroll()
    me = shared.patient_person(patient)
    id = shared.hold(patient, "turned")
    assert shared.get(f"/fhir/Observation/{id}", me).status_code == 200
    shared.hold(patient, "turned", secret=True)
    assert shared.get(f"/fhir/Observation/{id}", me).status_code == 404
    assert shared.get(f"/fhir/Observation/{id}/_history", me).status_code == 404


@pytest.mark.parametrize(("seconds", "status"), [(-1, 200), (0, 404), (1, 404)])
def test_a_consent_ends_at_its_end_to_the_second(house, kit, seconds, status):
    patient = house.enroll()
    id = house.hold(patient)
    house.near(patient)
    period = {"end": "2040-11-21T10:59:59.999999+01:00"}
    given = house.consent(patient, provision=kit.consent(patient)["provision"] | {"period": period})
    assert given.status_code == 201, given.text
    house.clock.move(minutes=60, seconds=seconds)
    assert house.get(f"/fhir/Observation/{id}", "doctor").status_code == status


def test_no_answer_follows_a_withdrawal_that_another_process_acknowledged(house, kit, tmp_path):
    """Readers here, a patient who gives and withdraws in another process on the same database; the log is the judge."""
    held = Open(house, kit)
    house.run(held.end_consent())
    start = len(house.log())
    number, folder = held.patient.number, tmp_path / "other"
    given = [str(Path(__file__).parent / "conftest.py"), house.url, str(folder), held.patient.id, number.system, number.value]
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", PROCESS, *given, str(held.patient.pk), "6"], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "ready\n"

        async def read():
            seen = 0
            while other.poll() is None:
                for path in (f"/fhir/Observation/{held.ids[0]}", held.path):
                    answer = await house.ask("GET", path, "doctor")
                    seen += held.ids[0] in answer.text or '"mode":"match"' in answer.text
            return seen

        async def many():
            return sum(await asyncio.gather(*[read() for _ in range(6)]))

        seen = house.run(many())
    assert other.returncode == 0
    assert _check(house.log()[start:]) == seen > 0


def _check(log):
    """How many answers held something; every one of them while the consent stood."""
    standing, released = False, 0
    for entry in log:
        if entry.get("type") == "Consent":
            standing = {"create": True, "delete": False}[entry["action"]]
        elif entry["action"] in ("read", "search") and entry.get("released"):
            assert standing, f"entry {entry['seq']} released something after the consent was withdrawn"
            released += 1
    return released
