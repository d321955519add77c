"""The REST API against a naive model of it: a dictionary of versions, by R4's text. http://hl7.org/fhir/R4/http.html

Long rows of interactions from fixed seeds; after each, status, headers and body are what the model says.
"""

import json
import random
from datetime import datetime
from email.utils import parsedate_to_datetime

import pytest

WHO = "alfa-client"
FAMILIES = ("Ek", "Al", "Lind")
IDS = ("m1", "m2", "m3")
STEPS = 150


class Model:
    """What is there: by id every version, oldest first, each (versionId, resource); no resource: deleted."""

    def __init__(self):
        self.held = {}

    def now(self, id):
        """The current resource; None: there is none, or it is deleted."""
        return self.held[id][-1][1] if id in self.held else None

    def version(self, id):
        return self.held[id][-1][0]

    def named(self, family):
        return [id for id in self.held if self.now(id) and self.now(id)["name"][0]["family"] == family]


class Run:
    """One row of interactions. State: the model, and the random numbers."""

    def __init__(self, house, seed):
        self.house, self.random, self.model = house, random.Random(seed), Model()
        self.mine = {"meta": {"tag": [{"system": "urn:run", "code": f"run-{house.url[:4]}-{seed}"}]}}
        self.tag = self.mine["meta"]["tag"][0]["code"]
        self.base = f"{house.http.base_url}/fhir".replace("//fhir", "/fhir")

    def ids(self):
        return f"{self.random.choice(IDS)}-{self.tag}"

    def patient(self, **more):
        family = self.random.choice(FAMILIES)
        given = [self.random.choice("abc")]
        return {"resourceType": "Patient", "name": [{"family": family, "given": given}], **self.mine} | more

    def search(self, family):
        return f"family={family}&_tag=urn:run|{self.tag}"

    # What each answer has to be

    def same(self, shown, held):
        """What is shown is what was sent, with what the server sets."""
        meta = {name: value for name, value in shown["meta"].items() if name not in ("versionId", "lastUpdated")}
        assert shown | {"meta": meta} == held

    def described(self, answer, id, held, location):
        """Headers and body of one version."""
        shown = answer.json()
        self.same(shown, held)
        meta = shown["meta"]
        assert answer.headers["content-type"] == "application/fhir+json; charset=utf-8"
        assert answer.headers["etag"] == f'W/"{meta["versionId"]}"'
        updated = datetime.fromisoformat(meta["lastUpdated"])
        assert parsedate_to_datetime(answer.headers["last-modified"]) == updated.replace(microsecond=0)
        address = f"{self.base}/Patient/{id}/_history/{meta['versionId']}"
        assert answer.headers.get("location") == (address if location else None)
        return meta["versionId"]

    def refused(self, answer, *statuses):
        assert answer.status_code in statuses, answer.text
        assert answer.json()["resourceType"] == "OperationOutcome"
        assert "etag" not in answer.headers

    def wrote(self, answer, id, resource, was):
        assert answer.status_code == (200 if was else 201), answer.text
        version = self.described(answer, id, resource | {"id": id}, location=True)
        versions = self.model.held.setdefault(id, [])
        if not (was and versions[-1][0] == version):
            assert version not in [each for each, _ in versions]
            versions.append((version, resource | {"id": id}))

    # The interactions

    def create(self):
        resource = self.patient()
        answer = self.house.post("/fhir/Patient", WHO, resource=resource | {"id": "ignored"})
        id = answer.json()["id"]
        assert id not in self.model.held
        self.wrote(answer, id, resource, None)

    def update(self):
        id, resource, headers = self.ids(), self.patient(), {}
        was = self.model.now(id)
        match self.random.randrange(4):
            case 0:
                headers = {"if-match": 'W/"another"'}
            case 1 if was:
                headers = {"if-match": f'W/"{self.model.version(id)}"'}
            case 2:
                headers = {"if-none-match": "*"}
        answer = self.house.do("PUT", f"/fhir/Patient/{id}", WHO, resource=resource | {"id": id}, headers=headers)
        if headers.get("if-match") == 'W/"another"' or ("if-none-match" in headers and was):
            self.refused(answer, 412)
        else:
            self.wrote(answer, id, resource, was)

    def patch(self):
        id, family = self.ids(), self.random.choice(FAMILIES)
        patch = [{"op": "replace", "path": "/name/0/family", "value": family}]
        headers = {"content-type": "application/json-patch+json"}
        answer = self.house.do("PATCH", f"/fhir/Patient/{id}", WHO, content=json.dumps(patch), headers=headers)
        was = self.model.now(id)
        if was is None:
            self.refused(answer, 410 if id in self.model.held else 404)
        else:
            self.wrote(answer, id, was | {"name": [was["name"][0] | {"family": family}]}, was)

    def delete(self):
        id = self.ids()
        answer = self.house.do("DELETE", f"/fhir/Patient/{id}", WHO)
        assert (answer.status_code, answer.content) == (204, b"")
        self.gone(id)

    def gone(self, id):
        if self.model.now(id):
            told = self.house.get(f"/fhir/Patient/{id}/_history?_count=1", WHO).json()["entry"][0]
            assert told["request"]["method"] == "DELETE"
            self.model.held[id].append((told["response"]["etag"][3:-1], None))

    def read(self):
        id = self.random.choice([*self.model.held, self.ids()])
        answer = self.house.get(f"/fhir/Patient/{id}", WHO)
        now = self.model.now(id)
        if now is None:
            self.refused(answer, 410 if id in self.model.held else 404)
            return
        assert self.described(answer, id, now, location=False) == self.model.version(id)
        known = {"if-none-match": answer.headers["etag"]}
        again = self.house.get(f"/fhir/Patient/{id}", WHO, headers=known)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", answer.headers["etag"])
        head = self.house.do("HEAD", f"/fhir/Patient/{id}", WHO)
        assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", answer.headers["etag"])

    def vread(self):
        for version, resource in self.model.held.get(id := self.ids(), ()):
            answer = self.house.get(f"/fhir/Patient/{id}/_history/{version}", WHO)
            if resource is None:
                self.refused(answer, 410)
            else:
                assert self.described(answer, id, resource, location=False) == version

    def history(self):
        id = self.ids()
        answer = self.house.get(f"/fhir/Patient/{id}/_history", WHO)
        if id not in self.model.held:
            self.refused(answer, 404)
            return
        bundle, before = answer.json(), None
        assert (bundle["type"], bundle["total"]) == ("history", len(self.model.held[id]))
        assert {each["relation"]: each["url"] for each in bundle["link"]} == {"self": f"{self.base}/Patient/{id}/_history"}
        for told, (version, resource) in zip(reversed(bundle["entry"]), self.model.held[id], strict=True):
            method = "DELETE" if resource is None else "POST" if before is None and told is bundle["entry"][-1] else "PUT"
            status = "204 No Content" if resource is None else "200 OK" if before else "201 Created"
            assert (told["request"]["method"], told["response"]["status"]) == (method, status)
            assert (told["response"]["etag"], told["fullUrl"]) == (f'W/"{version}"', f"{self.base}/Patient/{id}")
            assert ("resource" in told) is (resource is not None)
            if resource:
                self.same(told["resource"], resource)
            before = resource

    def find(self):
        family = self.random.choice(FAMILIES)
        expected, found, link = set(self.model.named(family)), [], f"/fhir/Patient?{self.search(family)}&_count=2"
        while link:
            bundle = self.house.get(link, WHO).json()
            assert (bundle["type"], bundle["total"]) == ("searchset", len(expected))
            links = {each["relation"]: each["url"] for each in bundle["link"]}
            assert links["self"].startswith(f"{self.base}/Patient?family={family}")
            for each in bundle.get("entry", ()):
                id = each["resource"]["id"]
                assert (each["fullUrl"], each["search"]) == (f"{self.base}/Patient/{id}", {"mode": "match"})
                self.same(each["resource"], self.model.now(id))
                found.append(id)
            link = links.get("next")
        assert (set(found), len(found)) == (expected, len(expected))

    def create_if_none(self):
        resource = self.patient()
        family = resource["name"][0]["family"]
        there = self.model.named(family)
        headers = {"if-none-exist": self.search(family)}
        answer = self.house.post("/fhir/Patient", WHO, resource=resource, headers=headers)
        if len(there) > 1:
            self.refused(answer, 412)
        elif there:
            assert answer.status_code == 200
            assert self.described(answer, there[0], self.model.now(there[0]), location=True) == self.model.version(there[0])
        else:
            self.wrote(answer, answer.json()["id"], resource, None)

    def update_where(self):
        resource = self.patient()
        there = self.model.named(family := resource["name"][0]["family"])
        answer = self.house.do("PUT", f"/fhir/Patient?{self.search(family)}", WHO, resource=resource)
        if len(there) > 1:
            self.refused(answer, 412)
        else:
            self.wrote(answer, there[0] if there else answer.json()["id"], resource, bool(there))

    def delete_where(self):
        there = self.model.named(family := self.random.choice(FAMILIES))
        answer = self.house.do("DELETE", f"/fhir/Patient?{self.search(family)}", WHO)
        if len(there) > 1:
            self.refused(answer, 412)
        else:
            assert (answer.status_code, answer.content) == (204, b"")
            for id in there:
                self.gone(id)

    def transaction(self):
        """Each id is put or deleted, and read as it then is; now and then one reads what is not there, and nothing is done."""
        steps, reads = [], []
        for id in self.random.sample(IDS, 2):
            id = f"{id}-{self.tag}"
            steps.append((id, self.patient() if self.random.randrange(3) else None))
        for id, resource in steps:
            if resource is not None:
                reads.append({"request": {"method": "GET", "url": f"Patient/{id}"}})
        fails = self.random.randrange(3) == 0
        if fails:
            reads.append({"request": {"method": "GET", "url": "Patient/never-issued"}})
        entries = [
            {"request": {"method": "PUT", "url": f"Patient/{id}"}, "resource": resource | {"id": id}}
            if resource
            else {"request": {"method": "DELETE", "url": f"Patient/{id}"}}
            for id, resource in steps
        ]
        sent = [*reads, *entries]
        answer = self.house.post("/fhir", WHO, resource={"resourceType": "Bundle", "type": "transaction", "entry": sent})
        if fails:
            self.refused(answer, 404)
            return
        bundle = answer.json()
        assert (answer.status_code, bundle["type"], len(bundle["entry"])) == (200, "transaction-response", len(sent))
        put = iter([each for each in steps if each[1] is not None])
        for told in bundle["entry"][: len(reads)]:
            id, resource = next(put)
            self.same(told["resource"], resource | {"id": id})
            assert (told["response"]["status"], told["fullUrl"]) == ("200 OK", f"{self.base}/Patient/{id}")
        for (id, resource), told in zip(steps, bundle["entry"][len(reads) :], strict=True):
            was, reply = self.model.now(id), told["response"]
            if resource is None:
                assert reply["status"] == "204 No Content"
                self.gone(id)
                continue
            assert reply["status"] == ("200 OK" if was else "201 Created")
            version = reply["etag"][3:-1]
            assert reply["location"] == f"Patient/{id}/_history/{version}"
            assert told["resource"]["meta"]["versionId"] == version
            versions = self.model.held.setdefault(id, [])
            if not (was and versions[-1][0] == version):
                versions.append((version, resource | {"id": id}))


INTERACTIONS = [
    each for each in vars(Run) if each not in ("ids", "patient", "search", "same", "described", "refused", "wrote", "gone")
]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_long_row_of_interactions_is_answered_as_the_model_says(shared, seed):
    run = Run(shared, seed)
    names = [name for name in INTERACTIONS if not name.startswith("_")]
    for _ in range(STEPS):
        shared.clock.move(seconds=1)
        getattr(run, run.random.choice(names))()
    assert len(run.model.held) > 5
