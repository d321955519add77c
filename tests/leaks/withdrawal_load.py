"""Readers who never stop, in a process of their own where it is run as a program, and what they and the withdrawers saw.

Every process has a hub of its own over the one database, and all have one clock: the machine's monotonic one.
"""

import asyncio
import itertools
import json
import random
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from hub.portal.visit import caller_to
from hub.store import sessions
from tests.api.conftest import BASE, NOW, House

SURFACES = ("read", "cached", "vread", "history", "search", "next", "everything", "portal")
"""What is asked of the hub again and again. `cached`: with the version that was seen last; `next`: the page after the first."""
NAMED = "Kännemärke"
"""In every entry that is read, and nowhere else."""
OF_THE_HUB = {"portal_issuer": f"{BASE}/auth"}


class Clock:
    """The same moving time in every process."""

    def __init__(self, began: float) -> None:
        self.began = began

    @property
    def now(self) -> Any:
        return NOW + timedelta(seconds=time.monotonic() - self.began)

    def __call__(self) -> Any:
        return self.now


@dataclass(frozen=True)
class Seen:
    """One request: of which patient, by which way in, from when to when (seconds), and whether it gave anything of the record."""

    patient: str
    surface: str
    begun: float
    done: float
    held: bool


@dataclass(frozen=True)
class Turn:
    """What is seen was opened, or closed; `done`: when that was acknowledged, or came about by itself."""

    patient: str
    opened: bool
    begun: float
    done: float


class Asker:
    """Somebody with a token who keeps it. State: the tokens."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.tokens: dict[Any, str] = {}

    async def ask(self, method: str, path: str, who: Any, resource: Any = None, **more: Any) -> Any:
        if who not in self.tokens:
            self.tokens[who] = self.house.token(who)
        headers = {"authorization": f"Bearer {self.tokens[who]}", "content-type": "application/fhir+json"}
        content = None if resource is None else json.dumps(resource)
        more["headers"] = headers | more.get("headers", {})
        return await self.house.http.request(method, path, content=content, **more)


class Reader(Asker):
    """A clinician who looks at whatever patients there are now. State: those, what was learnt of them, and all that was seen."""

    def __init__(self, house: House, seed: int) -> None:
        super().__init__(house)
        self.chance = random.Random(seed)
        self.there: dict[str, dict[str, Any]] = {}
        self.learnt: dict[tuple[str, str], str] = {}
        self.seen: list[Seen] = []
        self.stopped = False

    def look_at(self, way: str, patient: str, ids: list[str]) -> None:
        self.there[way] = {"patient": patient, "ids": ids}

    async def read(self) -> None:
        surfaces = itertools.cycle(self.chance.sample(SURFACES, len(SURFACES)))
        while not self.stopped:
            if not self.there:
                await asyncio.sleep(0.01)
                continue
            of = self.there[self.chance.choice(sorted(self.there))]
            await self._look(of["patient"], self.chance.choice(of["ids"]), next(surfaces))

    async def _look(self, patient: str, id: str, surface: str) -> None:
        if surface in ("cached", "vread", "next") and (patient, "next") not in self.learnt:
            surface = "search"
        version = self.learnt.get((patient, f"version of {id}"), "x")
        path = {
            "read": f"/fhir/Observation/{id}",
            "cached": f"/fhir/Observation/{id}",
            "vread": f"/fhir/Observation/{id}/_history/{version}",
            "history": f"/fhir/Observation/{id}/_history",
            "search": f"/fhir/Observation?patient={patient}&_count=2",
            "next": self.learnt.get((patient, "next"), ""),
            "everything": f"/fhir/Patient/{patient}/$everything?_type=Observation",
        }.get(surface, "")
        headers = {"if-none-match": f'W/"{version}"'} if surface == "cached" else {}
        if surface == "portal":
            headers, path = await self._page(patient)
        begun = time.monotonic()
        answer = await self.ask("GET", path, "doctor", headers=headers)
        done = time.monotonic()
        assert answer.status_code in (200, 304, 404, 410, 503), answer.text
        held = answer.status_code == 304 or NAMED in answer.text
        self.seen.append(Seen(patient, surface, begun, done, held))
        if held and surface == "search":
            bundle = answer.json()
            self.learnt[patient, "next"] = next(each["url"] for each in bundle["link"] if each["relation"] == "next")
            for each in (each["resource"] for each in bundle["entry"] if each["search"]["mode"] == "match"):
                self.learnt[patient, f"version of {each['id']}"] = each["meta"]["versionId"]

    async def _page(self, patient: str) -> tuple[dict[str, str], str]:
        """The portal's page of a patient, already open in a session."""
        if (patient, "session") not in self.learnt:
            caller = await self.house.running.edge.verifier.caller(f"Bearer {self.house.token('doctor')}")
            content = {"caller": caller_to(caller), "patients": {"it": patient}}
            begun = await self.house.store(sessions.begin, content)
            self.learnt[patient, "session"] = begun.secret
        return {"cookie": f"session={self.learnt[patient, 'session']}", "authorization": ""}, "/patient/it"


def late(seen: Iterable[Seen], turns: Iterable[Turn]) -> list[Seen]:
    """The answers that gave something though they were asked for after a withdrawal was acknowledged, and had come before
    anything was opened again. Knows nothing of the hub."""
    closed: dict[str, list[tuple[float, float]]] = {}
    for turn in sorted(turns, key=lambda each: each.begun):
        spans = closed.setdefault(turn.patient, [])
        if not turn.opened:
            spans.append((turn.done, float("inf")))
        elif spans:
            spans[-1] = (spans[-1][0], turn.begun)
    return [
        each
        for each in seen
        if each.held and any(since <= each.begun and each.done <= until for since, until in closed.get(each.patient, ()))
    ]


def late_in_log(log: Iterable[dict[str, Any]], ends: dict[str, int]) -> list[dict[str, Any]]:
    """The entries of answers that gave something of a patient and were committed after a withdrawal was, or after the relation
    they rested on had lapsed. Takes: the log in its order; `ends`: id of a relation -> the microsecond from which it is over."""
    open_: dict[str, bool] = {}
    found = []
    for entry in log:
        patient, what = entry.get("patient", ""), (entry.get("type", ""), entry["action"])
        match what:
            case ("Consent", "create") | ("", "register-relation") | ("", "end-block"):
                open_[patient] = True
            case ("Consent", "delete") | ("", "end-relation") | ("", "register-block"):
                open_[patient] = False
            case ("Observation", _) if entry.get("released"):
                over = [each for each in entry["grounds"] if ends.get(each, sys.maxsize) <= entry["at"]]
                if over or not open_.get(patient):
                    found.append(entry)
    return found


def main() -> None:
    """Read until standard input ends; its lines say at whom. Every answer goes to a file."""
    url, folder, began, seed, out = sys.argv[1:]
    Path(folder).mkdir()
    house = House(url, Path(folder), Clock(float(began)), **OF_THE_HUB)
    reader = Reader(house, int(seed))

    async def listen() -> None:
        while line := await asyncio.to_thread(sys.stdin.readline):
            reader.look_at(**json.loads(line))
        reader.stopped = True

    async def everything() -> None:
        await asyncio.gather(listen(), *(reader.read() for _ in range(3)))

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    house.run(everything())
    house.close()
    Path(out).write_text(json.dumps([asdict(each) for each in reader.seen]))


if __name__ == "__main__":
    main()
