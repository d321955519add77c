"""What writers are answered tells nothing of what they may not see. LEAKS.md rows 13 to 18, 21, 36; DESIGN.md section 2, law 1.

Two hubs get the same requests at the same times. The first also gets, between them, what none of the callers below may see:
another source's resources under the same ids and identifiers, changed, deleted, and pointing at what is seen. Every answer must
be the same bytes: of writes by id and by condition, patches, transactions, versions, history, $everything, and of searches.
"""

import json
import os
import random
import re
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

STEPS = int(os.environ.get("HUB_TWIN_STEPS", "500"))
SYSTEM = "urn:oid:1.2.3.4"
SOURCE, RIVAL = "alfa-client", "beta-client"
POOL = [f"id-{n}" for n in range(4)]
"""Ids that both sources choose from."""
VALUES = [f"value-{n}" for n in range(3)]
"""Business identifiers that everything is given from, seen and hidden."""
HIDDEN = (
    {"nullified": True, "released": False},
    {"provider": None, "unit": None, "released": False},
    {"purpose": "quality", "released": False},
)
STATUSES = ("final", "amended", "preliminary")
WRITTEN = {
    SOURCE: ("Observation", "Encounter", "Practitioner", "Patient", "Communication", "Task"),
    "doctor": ("Communication", "Task"),
    "patient": ("Communication", "Observation"),
}


@dataclass(frozen=True)
class Asked:
    """A request."""

    who: str
    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class World:
    """One hub with two patients of the register, which gives the requests that it is sent ids in their order."""

    def __init__(self, kit, folder, url):
        folder.mkdir()
        self.house = house = kit.House(url, folder)
        self.patients = [house.enroll(), house.enroll()]
        self.sent, self.tokens = 0, {}
        for each in self.patients:
            house.near(each)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self._numbered), base_url=kit.BASE)

    async def _numbered(self, scope, receive, send):
        """Ids of what is created follow from the request's: given here instead of drawn, they are the same in both worlds."""
        scope.setdefault("state", {})["request_id"] = f"request-{self.sent}"
        await self.house.running.app._app(scope, receive, send)

    def token(self, who):
        since, held = self.tokens.get(who, (None, ""))
        if since is None or (self.house.clock.now - since).total_seconds() > 1_500:
            person = self.house.patient_person(self.patients[0]) if who == "patient" else who
            held = self.house.token(person)
            self.tokens[who] = (self.house.clock.now, held)
        return held

    def answer(self, asked):
        """Status, headers and body; a cursor is encrypted anew each time, so of it the length alone. And the next page's link."""
        self.sent += 1
        headers = {"authorization": f"Bearer {self.token(asked.who)}", "content-type": "application/fhir+json"} | asked.headers
        content = asked.body if isinstance(asked.body, bytes) else None if asked.body is None else json.dumps(asked.body).encode()
        answer = self.house.run(self.http.request(asked.method, asked.path, headers=headers, content=content))
        following = re.search(r'"next","url":"([^"]+)"', answer.text)
        body = re.sub('_cursor=[^"&]+', lambda found: f"_cursor={len(found[0])}", answer.text)
        return (answer.status_code, dict(answer.headers), body), following[1] if following else ""

    def hide(self, chance):
        """Something that nobody who asks may see comes, changes or goes."""
        resource = made(chance, RIVAL, chance.choice(WRITTEN[SOURCE]), self.patients, [])
        if chance.random() < 0.25:
            patient = self.patients[chance.randrange(2)]
            held = {name: each for name, each in resource.items() if name != "id"}
            where = "for" if held["resourceType"] == "Task" else "subject"
            if held["resourceType"] not in ("Patient", "Practitioner"):
                held[where] = {"reference": f"Patient/{patient.id}"}
                self.house.hold(patient, f"hidden-{self.sent}", held, source="beta", **chance.choice(HIDDEN))
                return
        address = f"/fhir/{resource['resourceType']}/{resource['id']}"
        if chance.random() < 0.3:
            self.house.do("DELETE", address, RIVAL)
        else:
            self.house.do("PUT", address, RIVAL, resource=resource)

    def close(self):
        self.house.run(self.http.aclose())
        self.house.close()


def made(chance, who, resource_type, patients, known):
    """A resource that `who` may try to write, perhaps under an id that is another's, pointing at what is there or is not."""
    named = [*known] + [f"{kind}/{each}" for kind in ("Observation", "Practitioner") for each in POOL[:2]]
    mine = who == "patient"
    subject = {"reference": f"Patient/{(patients[0] if mine else chance.choice(patients)).id}"}
    if who in (SOURCE, RIVAL) and chance.random() < 0.25:
        subject = {"reference": f"Patient/{chance.choice(POOL)}"}
    given = {"resourceType": resource_type, "identifier": [{"system": SYSTEM, "value": chance.choice(VALUES)}]}
    if who in (SOURCE, RIVAL):
        given["id"] = chance.choice(POOL)
    target = [{"reference": chance.choice(named)}] if chance.random() < 0.4 else None
    match resource_type:
        case "Observation":
            coding = {"system": "http://loinc.org", "code": chance.choice(("29463-7", "718-7"))}
            at = f"2040-10-{chance.randrange(1, 29):02}"
            given |= {
                "status": chance.choice(STATUSES),
                "code": {"coding": [coding]},
                "subject": subject,
                "effectiveDateTime": at,
            }
            more = {"hasMember": target}
        case "Encounter":
            given |= {"status": "finished", "class": {"code": "AMB"}, "subject": subject}
            more = {"participant": [{"individual": target[0]}] if target else None}
        case "Communication":
            given |= {"status": "completed", "subject": subject, "sent": f"2040-11-{chance.randrange(1, 21):02}T08:00:00Z"}
            more = {"about": target}
        case "Task":
            given |= {"status": "requested", "intent": "order", "for": subject}
            more = {"focus": target[0] if target else None}
        case "Patient":
            given |= {"name": [{"family": chance.choice(("Ek", "Alm"))}]}
            more = {}
        case _:
            given |= {"active": chance.random() < 0.5}
            more = {}
    return given | {name: value for name, value in more.items() if value}


class Grammar:
    """Requests, made from what earlier answers told. State: the addresses and versions that callers know."""

    def __init__(self, chance, patients):
        self.chance, self.patients = chance, patients
        self.known: list[str] = []
        self.versions: list[tuple[str, str]] = []

    def learn(self, answer):
        location = answer[1].get("location", "")
        found = re.search(r"/fhir/([A-Z][A-Za-z]+/[^/]+)/_history/([^/]+)$", location)
        if found and found[1] not in self.known:
            self.known = [*self.known[-11:], found[1]]
        if found:
            self.versions = [*self.versions[-11:], (found[1], found[2])]

    def next(self):
        who = self.chance.choices((SOURCE, "doctor", "patient"), (6, 2, 1))[0]
        forms = (self._write, self._write, self._change, self._conditional, self._transaction, self._read, self._search)
        return self.chance.choice(forms)(who)

    def _type(self, who):
        return self.chance.choice(WRITTEN[who])

    def _made(self, who, resource_type):
        return made(self.chance, who, resource_type, self.patients, self.known)

    def _address(self, who):
        if self.known and self.chance.random() < 0.6:
            return self.chance.choice(self.known)
        return f"{self._type(who)}/{self.chance.choice(POOL)}"

    def _condition(self, who):
        mine = f"patient={self.patients[self.chance.randrange(2)].id}&" if who != SOURCE else ""
        return self.chance.choice(
            (
                f"{mine}identifier={SYSTEM}|{self.chance.choice(VALUES)}",
                f"{mine}identifier={SYSTEM}|{self.chance.choice(VALUES)}&_id={self.chance.choice(POOL)}",
                f"{mine}_id={self.chance.choice([*POOL, *(each.split('/')[1] for each in self.known)])}",
            )
        )

    def _headers(self):
        version = self.chance.choice(self.versions)[1] if self.versions else "x"
        return self.chance.choice(
            (
                {},
                {},
                {"if-match": f'W/"{version}"'},
                {"if-match": "*"},
                {"if-none-match": "*"},
                {"prefer": "return=minimal"},
                {"prefer": "return=OperationOutcome"},
            )
        )

    def _write(self, who):
        resource = self._made(who, self._type(who))
        if who == SOURCE and self.chance.random() < 0.6:
            return Asked(who, "PUT", f"/fhir/{resource['resourceType']}/{resource['id']}", resource, self._headers())
        headers = {"if-none-exist": self._condition(who)} if self.chance.random() < 0.5 else {}
        return Asked(who, "POST", f"/fhir/{resource['resourceType']}", resource, headers)

    def _change(self, who):
        address = self._address(who)
        if self.chance.random() < 0.4:
            return Asked(who, "DELETE", f"/fhir/{address}", headers=self._headers())
        return Asked(who, "PATCH", f"/fhir/{address}", *self._patch(address))

    def _patch(self, address):
        value = self.chance.choice(VALUES)
        if self.chance.random() < 0.5:
            patch = [{"op": "replace", "path": "/identifier/0/value", "value": value}]
            return patch, {"content-type": "application/json-patch+json"} | self._headers()
        parts = [
            {"name": "type", "valueCode": "replace"},
            {"name": "path", "valueString": f"{address.partition('/')[0]}.identifier[0].value"},
            {"name": "value", "valueString": value},
        ]
        return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}, self._headers()

    def _conditional(self, who):
        resource = self._made(who, self._type(who))
        path = f"/fhir/{resource['resourceType']}?{self._condition(who)}"
        match self.chance.randrange(3):
            case 0:
                if self.chance.random() < 0.5:
                    resource.pop("id", None)
                return Asked(who, "PUT", path, resource, self._headers())
            case 1:
                return Asked(who, "PATCH", path, *self._patch(resource["resourceType"]))
            case _:
                return Asked(who, "DELETE", path)

    def _transaction(self, who):
        entries = [self._entry(who, n) for n in range(self.chance.randrange(1, 4))]
        kind = "transaction" if self.chance.random() < 0.7 else "batch"
        return Asked(who, "POST", "/fhir", {"resourceType": "Bundle", "type": kind, "entry": entries})

    def _entry(self, who, number):
        asked = self.chance.choice((self._write, self._change, self._conditional, self._read))(who)
        request = {"method": asked.method, "url": asked.path.removeprefix("/fhir/")}
        names = {"if-match": "ifMatch", "if-none-match": "ifNoneMatch", "if-none-exist": "ifNoneExist"}
        request |= {names[name]: value for name, value in asked.headers.items() if name in names}
        if asked.method == "PATCH" and isinstance(asked.body, list):
            asked = Asked(who, "PATCH", asked.path, {"resourceType": "Parameters", "parameter": []})
        resource = asked.body
        if isinstance(resource, dict) and resource.get("resourceType") in ("Observation", "Encounter"):
            sought = f"Patient?identifier={SYSTEM}|{self.chance.choice(VALUES)}"
            if self.chance.random() < 0.4:
                resource = resource | {"subject": {"reference": sought}}
        held = {"request": request} | ({"resource": resource} if resource is not None else {})
        return held | {"fullUrl": f"urn:uuid:0000000{number}-0000-4000-8000-000000000000"} if asked.method == "POST" else held

    def _read(self, who):
        address = self._address(who)
        version = self.chance.choice(self.versions) if self.versions else (address, "x")
        headers = self.chance.choice(({}, {"if-none-match": f'W/"{version[1]}"'}, {"accept": "application/fhir+xml"}))
        path = self.chance.choice(
            (
                address,
                address,
                f"{version[0]}/_history/{version[1]}",
                f"{address}/_history/{version[1]}",
                f"{address}/_history",
                f"{address.split('/')[0]}/_history?_count=3",
                "_history?_count=5",
                f"{address}/$meta",
                f"Patient/{self.chance.choice([each.id for each in self.patients] + POOL)}/$everything?_count=4",
            )
        )
        return Asked(who, "GET", f"/fhir/{path}", headers=headers)

    def _search(self, who):
        resource_type, value = self._type(who), self.chance.choice(VALUES)
        near = f"patient={self.patients[0].id}&" if who != SOURCE else ""
        query = self.chance.choice(
            (
                f"identifier={SYSTEM}|{value}",
                "_sort=-_lastUpdated&_count=2",
                "_sort=_id&_count=3",
                "_revinclude=*&_count=2",
                "_include=*&_count=3",
                "_summary=count",
                f"_has:Observation:has-member:identifier={SYSTEM}|{value}",
                f"identifier:not={SYSTEM}|{value}&_elements=id",
            )
        )
        chained = f"Observation?{near}performer.identifier=x&has-member.identifier={SYSTEM}|{value}"
        return Asked(who, "GET", f"/fhir/{chained if self.chance.random() < 0.1 else f'{resource_type}?{near}{query}'}")


@pytest.fixture(params=["sqlite", "postgresql"])
def twins(request, kit, tmp_path, databases):
    made = [World(kit, tmp_path / name, databases(request.param)) for name in ("with", "without")]
    yield made
    for each in made:
        each.close()


def test_no_interaction_tells_a_writer_what_is_withheld(twins):
    full, bare = twins
    on_sqlite = full.house.url.startswith("sqlite")
    chance = random.Random(1847 if on_sqlite else 1848)
    grammar = Grammar(chance, full.patients)
    assert [each.id for each in full.patients] == [each.id for each in bare.patients]
    outcomes: dict[tuple[str, int], int] = {}
    for _ in range(STEPS if on_sqlite else STEPS // 3):
        both(twins, lambda each: each.house.clock.move(seconds=1))
        if chance.random() < 0.5:
            full.hide(chance)
        both(twins, lambda each: each.house.clock.move(seconds=1))
        asked = grammar.next()
        told = exchange(twins, asked)
        grammar.learn(told)
        outcomes[(asked.method, told[0])] = outcomes.get((asked.method, told[0]), 0) + 1
    assert {
        ("POST", 201),
        ("PUT", 201),
        ("PUT", 200),
        ("PATCH", 200),
        ("DELETE", 204),
        ("PUT", 412),
        ("GET", 200),
    } <= outcomes.keys()
    assert not [status for _, status in outcomes if status >= 500]


def both(twins, done):
    for each in twins:
        done(each)


def exchange(twins, asked):
    """The answer that both give, to the last page."""
    full, bare = twins
    one, following = full.answer(asked)
    other, following_too = bare.answer(asked)
    assert one == other, asked
    pages = 0
    while following and following_too and pages < 3:
        first, following = full.answer(Asked(asked.who, "GET", following))
        second, following_too = bare.answer(Asked(asked.who, "GET", following_too))
        assert first == second, asked
        pages += 1
    assert bool(following) == bool(following_too), asked
    return one


@pytest.mark.parametrize("path", ["/fhir/Practitioner", f"/fhir/Practitioner?identifier={SYSTEM}|value-0"])
def test_the_harness_sees_what_the_source_wrote_in_one_world_alone(twins, path):
    full, bare = twins
    resource = {"resourceType": "Practitioner", "id": "id-0", "identifier": [{"system": SYSTEM, "value": "value-0"}]}
    assert full.house.do("PUT", "/fhir/Practitioner/id-0", SOURCE, resource=resource).status_code == 201
    method, body = ("PUT", resource | {"active": True}) if "?" in path else ("GET", None)
    with pytest.raises(AssertionError):
        exchange((full, bare), Asked(SOURCE, method, path, body))
