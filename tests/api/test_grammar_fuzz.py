"""Requests from a grammar: each is nearly right, or wrong in one of many ways. Whatever is sent, the answer is FHIR's, and no
fault of ours; nothing that was sent comes back in what is said of it, or goes to the log. Bounded in time, from fixed seeds.
"""

import copy
import json
import random
import time

import pytest

from hub.fhir.types import TYPES

SECONDS = 5
"""For each seed."""
CANARY = "Hemlig4711"
CLIENT = "alfa-client"
PATIENT = {"resourceType": "Patient", "id": "z1", "name": [{"family": CANARY, "given": ["Å"]}], "birthDate": "1970-01-01"}
OBSERVATION = {
    "resourceType": "Observation",
    "id": "z2",
    "meta": {"tag": [{"system": "urn:t", "code": "x"}]},
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}], "text": CANARY},
    "subject": {"reference": "Patient/z1"},
    "effectiveDateTime": "2040-10-25T08:00:00Z",
    "valueQuantity": {"value": 71.50, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"},
}
SCALARS = (
    None,
    True,
    0,
    -1,
    1e400,
    10**30,
    0.1,
    "",
    CANARY,
    "2040-13-45",
    "Patient/z1",
    "\ud800",
    "\u0000",
    [],
    {},
    [None],
    [[]],
)


class Grammar:
    """State: the random numbers."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.pick, self.chance = self.random.choice, lambda one_in: self.random.randrange(one_in) == 0

    def type(self):
        if not self.chance(4):
            return self.pick(("Observation", "Observation", "Patient"))
        return self.pick(("Bundle", "Nope", "observation", "$x", "_history", "%00", "å", *TYPES))

    def id(self):
        if not self.chance(3):
            return self.pick(("z1", "z2"))
        return self.pick(("never", "-", "a" * 65, "%ff", "å", "_search", "_history", "$meta", "$nope", "..", " "))

    def path(self):
        type, id = self.type(), self.id()
        return "/fhir" + self.pick(
            (
                "",
                "/",
                "/_search",
                "/_history",
                "/metadata",
                f"/{type}",
                f"/{type}",
                f"/{type}/{id}",
                f"/{type}/{id}",
                f"/{type}/_search",
                f"/{type}/_history",
                f"/{type}/$validate",
                f"/{type}/{id}/_history",
                f"/{type}/{id}/_history/{self.id()}",
                f"/{type}/{id}/$meta",
                f"/{type}/{id}/$validate",
                f"/Patient/{id}/$everything",
                f"/Patient/{id}/{type}",
                f"/Patient/{id}/*",
                f"/{type}/{id}/{id}/{id}",
            )
        )

    def value(self):
        return self.pick(
            (
                CANARY,
                "",
                "*",
                "-1",
                "99999999999",
                "2040-10",
                "gt2040-02-30",
                "ap1e5",
                "http://loinc.org|29463-7",
                "|",
                "a|b|c|d",
                "\\",
                "a\\,b,$,c$d",
                "Patient/z1",
                "Observation:subject",
                "Observation:*",
                "true",
                "%ff",
                "%00",
                "a," * 300,
                "(" * 200,
                f'code eq "{CANARY}" and (status ne final or not (date gt 2040))',
                "status",
                "-_id,-_id",
                "accurate",
                "data",
            )
        )

    def name(self):
        held = [each.name for each in TYPES["Observation"].search]
        control = (
            "_count _sort _include _revinclude _filter _text _list _since _at _cursor _summary _elements _total _type _format"
        )
        name = self.pick(
            (*held, *control.split(), "subject:Patient.name", "_has:Observation:subject:code", "nope", "a.b.c", "_has", "")
        )
        return name + (
            self.pick(("missing", "exact", "not", "in", "of-type", "identifier", "nope", "")) if self.chance(6) else ""
        )

    def query(self):
        some = range(self.random.randrange(4))
        return "&".join(f"{self.name()}={self.value().replace('&', '')}" for _ in some) if not self.chance(20) else "&=&%"

    def mutated(self, held):
        """A resource with one thing in it another."""
        made = copy.deepcopy(held)
        at = made
        while True:
            inner = [value for value in (at.values() if isinstance(at, dict) else at) if isinstance(value, dict | list) and value]
            if not inner or self.chance(2):
                break
            at = self.pick(inner)
        key = self.pick(list(at) if isinstance(at, dict) else range(len(at)))
        match self.random.randrange(4):
            case 0:
                del at[key]
            case 1 if isinstance(at, dict):
                at[self.pick(("nope", f"_{key}", "extension", "resourceType", "contained"))] = self.pick(SCALARS)
            case 2:
                at[key] = [at[key]]
            case _:
                at[key] = self.pick(SCALARS)
        return made

    def resource(self):
        held = self.pick((OBSERVATION, OBSERVATION, PATIENT, {"resourceType": self.type()}))
        return self.mutated(held) if held and not self.chance(3) else held

    def patch(self):
        some = ("/status", "/code/coding/0/code", "/code/coding/-", "", "/nope/x", "/~2", "status", "/id", 7)
        kinds = ("add", "remove", "replace", "move", "copy", "test", "nope")
        return [
            {"op": self.pick(kinds), "path": self.pick(some), "from": self.pick(some), "value": self.pick(SCALARS)}
            for _ in range(self.random.randrange(4))
        ]

    def parameters(self):
        names = ("type", "path", "name", "value", "index", "source", "destination", "resource", "mode", "profile")
        kinds = ("valueCode", "valueString", "valueInteger", "valueDate", "part", "resource")
        values = (
            "add",
            "delete",
            "replace",
            "Observation",
            "Observation.status",
            "Observation.code.coding[0]",
            "status",
            *SCALARS,
        )
        parts = [{"name": self.pick(names), self.pick(kinds): self.pick(values)} for _ in range(self.random.randrange(6))]
        return {
            "resourceType": "Parameters",
            "parameter": [{"name": self.pick(("operation", "resource")), "part": parts}, *parts],
        }

    def bundle(self):
        entries = []
        for n in range(self.random.randrange(4)):
            url = self.path().removeprefix("/fhir/") + self.pick(("", f"?{self.query()}"))
            request = {"method": self.pick(("GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "NOPE")), "url": url}
            request |= {self.pick(("ifMatch", "ifNoneExist", "ifNoneMatch")): self.value()} if self.chance(4) else {}
            entry = {"fullUrl": f"urn:uuid:{n}", "request": request}
            entries.append(entry | ({"resource": self.resource()} if self.chance(2) else {}))
        made = {"resourceType": "Bundle", "type": self.pick(("batch", "transaction", "collection", None)), "entry": entries}
        return self.mutated(made) if self.chance(4) else made

    def body(self):
        match self.random.randrange(8):
            case 0:
                return self.pick(
                    (b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"a":1,"a":2}', b"[" * 10_000, b'{"a":' * 10_000, b"<x", b"1e999")
                )
            case 1:
                return json.dumps(self.patch()).encode()
            case 2:
                return json.dumps(self.parameters()).encode()
            case 3 | 4:
                return json.dumps(self.bundle()).encode()
            case 5:
                sent = json.dumps(self.resource()).encode()
                return sent[: self.random.randrange(len(sent))]
            case _:
                return json.dumps(self.resource()).encode()

    def headers(self, token, body):
        yield "authorization", f"Bearer {token}".encode()
        right = "application/json-patch+json" if body[:1] == b"[" else "application/fhir+json"
        others = (
            "application/fhir+xml",
            "text/plain",
            "",
            "application/x-www-form-urlencoded",
            "application/fhir+json; charset=utf-16",
        )
        yield "content-type", (right if not self.chance(6) else self.pick(others)).encode()
        for name, values in {
            "accept": (b"*/*", b"application/fhir+xml", b"text/html", b"application/fhir+json; fhirVersion=3.0", b"\xff"),
            "prefer": (b"return=minimal", b"return=OperationOutcome", b"handling=lenient", b"=;,=", b"\xff"),
            "if-match": (b'W/"1"', b"*", b'W/""', b"x" * 5000, b",", b"\xff"),
            "if-none-match": (b"*", b'W/"1"', b",,", b"\xff"),
            "if-modified-since": (b"Sat, 01 Jan 2050 00:00:00 GMT", b"yesterday", b"\xff"),
            "if-none-exist": (b"identifier=x", b"", b"%ff", b"nope=1", b"_count=1", self.query().encode()),
        }.items():
            if self.chance(8):
                yield name, self.pick(values)

    def request(self, token):
        method = self.pick(("GET", "GET", "GET", "POST", "POST", "PUT", "PUT", "PATCH", "PATCH", "DELETE", "HEAD", "OPTIONS"))
        body = self.body() if method in ("POST", "PUT", "PATCH") or self.chance(30) else b""
        return method, self.path(), self.query().encode("utf-8", "surrogatepass"), list(self.headers(token, body)), body


def check(asked, status, headers, content):
    """Whether this is an answer that FHIR allows, and says nothing of what was sent."""
    assert status < 500, (asked, content)
    if status >= 400 and asked[0] != "HEAD" and content:
        assert headers["content-type"].startswith(("application/fhir+json", "application/fhir+xml")), asked
        assert b"OperationOutcome" in content, asked
        assert CANARY.encode() not in content, (asked, content)


@pytest.mark.parametrize("seed", range(2))
def test_whatever_is_sent_is_answered_as_fhir_says(light, seed):
    for held in (PATIENT, OBSERVATION):
        assert light.do("PUT", f"/fhir/{held['resourceType']}/{held['id']}", CLIENT, resource=held).status_code in (200, 201)
    grammar, token = Grammar(seed), light.token(CLIENT)
    seen, until = {}, time.monotonic() + SECONDS
    while time.monotonic() < until:
        asked = grammar.request(token)
        status, headers, content = light.run(light.raw(*asked))
        check(asked, status, headers, content)
        seen[status] = seen.get(status, 0) + 1
    assert {200, 400, 404} <= seen.keys(), seen
    assert CANARY not in light.lines.getvalue()
    assert "failed" not in light.lines.getvalue()


def test_large_and_deep_bodies_are_refused_at_every_door(light):
    doors = [
        ("POST", ""),
        ("POST", "/Observation"),
        ("PUT", "/Observation/z2"),
        ("PATCH", "/Observation/z2"),
        ("POST", "/Observation/$validate"),
    ]
    token = light.token(CLIENT)
    for method, path in doors:
        kinds = [b"application/fhir+json", b"application/fhir+xml"] + (
            [b"application/json-patch+json"] if method == "PATCH" else []
        )
        for kind in kinds:
            for body in (b'{"a":"' + b"x" * 10_000_000 + b'"}', b'{"a":' * 10_000, b"[" * 10_000, b"<a>" * 10_000):
                headers = [("authorization", f"Bearer {token}".encode()), ("content-type", kind)]
                started = time.monotonic()
                status, _, content = light.run(light.raw(method, f"/fhir{path}", b"", headers, body))
                assert status in (400, 413, 422), (method, path, kind, body[:10], status, content)
                assert json.loads(content)["resourceType"] == "OperationOutcome"
                assert time.monotonic() - started < 2
