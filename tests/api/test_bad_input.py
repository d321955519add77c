"""Whatever is sent, the answer is a clear refusal: never a 500, never a bare error, never the value that was sent."""

import json
import random

import pytest

CANARY = "kanariefagel"


def outcome(answer):
    """The issues of an OperationOutcome, which every refusal is."""
    assert answer.headers["content-type"].startswith("application/fhir+json"), answer.headers
    held = answer.json()
    assert held["resourceType"] == "OperationOutcome"
    return held["issue"]


@pytest.fixture(scope="module")
def patient(shared):
    made = shared.enroll()
    shared.near(made)
    return made


QUERIES = [
    f"nonsense={CANARY}",
    f"code:nonsense={CANARY}",
    f"subject.colour={CANARY}",
    f"status.name={CANARY}",
    f"performer.colour.name={CANARY}",
    f"_has:Observation:subject:code={CANARY}",
    f"_has:Observation={CANARY}",
    f"_has:Ghost:a:b={CANARY}",
    f"{'encounter.part-of.' * 12}status={CANARY}",
    f"{'_has:Observation:has-member:' * 12}status={CANARY}",
    f"date={CANARY}",
    "date=2026-13-01",
    "date=2026-02-30",
    "date=ge",
    "date=xx2026",
    "date=2026-01-01T25:00",
    f"_lastUpdated={CANARY}",
    "_count=-1",
    f"_count={CANARY}",
    "_count=1&_count=2",
    "_count=٣",
    f"_sort={CANARY}",
    "_sort=,",
    "_sort=-",
    "_sort=code&_sort=date",
    "_format=xml2",
    "patient.identifier=http://electronichealth.se/identifier/personnummer|196101182804",
    "patient.identifier=http://electronichealth.se/identifier/personnummer|kanariefagel",
    "patient.identifier=196101182803",
    "patient=a&patient=b",
    "code=%00",
    "_id=%00",
    "patient=%00",
    "%00=1",
    "code=%ED%A0%80",
    "code=%FF%FE",
    "_filter=name eq kanariefagel",
    "_filter=status eq",
    "_filter=(status eq final",
    "_filter=status eq final and",
    "_filter=status co fin",
    "_filter=status[code eq a] eq final",
    "_filter=" + "(" * 5_000,
    "_filter=" + " or ".join(["status eq final"] * 400),
    "_filter=" + "status eq final or " * 6_000,
    "_filter=" + "status eq a and status eq b or " * 70 + "status eq c",
    "_filter=" + "not (" * 12 + "status eq a" + ")" * 12 + " and (" * 12,
    "_include=Observation",
    "_include=Ghost:subject",
    "_include=Observation:status",
    "_include=Patient:link",
    "_include=Observation:subject:Medication",
    "_revinclude=Observation:subject:Ghost",
    "_include:recurse=Observation:subject",
    "_summary=kanariefagel",
    "_elements=",
    "_elements=a b",
    "_total=kanariefagel",
    "_contained=true",
    "_containedType=container",
    "_type=Observation",
    "_security=R",
    "_query=kanariefagel",
    "_list=$current-problems",
    "_text=()",
    "_content=" + "(" * 200,
    "_content=" + "NOT " * 120,
    "_text=-",
    "code:missing=maybe",
    "subject:below=Patient/x",
    "encounter:below=" + ",".join(f"Encounter/{n}" for n in range(9)),
    "&".join(f"encounter.part-of.part-of.status={n}" for n in range(12)),
    "_filter=" + " or ".join(["encounter.part-of.part-of.status eq a"] * 12),
    "encounter:above=a b",
    "code:in=http://kanariefagel",
    "code:below=kanariefagel",
    "identifier:of-type=a|b",
    "value-quantity=kanariefagel",
    "value-quantity=1|2",
    "value-quantity=1e999",
    "value-string:contains=" + "x" * 300,
    "code-value-quantity=a",
    "code-value-quantity=a$b$c",
    "code=" + ",".join(map(str, range(3_000))),
]


@pytest.mark.parametrize("query", QUERIES)
def test_a_search_that_cannot_be_read_is_refused(shared, patient, query):
    for named in (f"/fhir/Observation?patient={patient.id}&{query}", f"/fhir/Observation?{query}"):
        status, headers, body = shared.run(
            shared.raw(
                "GET",
                "/fhir/Observation",
                named.partition("?")[2].encode(),
                [("authorization", f"Bearer {shared.token('doctor')}".encode())],
            )
        )
        assert status in (400, 406, 413), (named, body)
        assert json.loads(body)["issue"][0]["code"] in ("invalid", "not-supported", "too-costly"), body
        assert headers["content-type"].startswith("application/fhir+json")
        assert b"196101182804" not in body
        if "=" in query.split(CANARY)[0]:
            assert CANARY not in body.decode()


@pytest.mark.parametrize("query", [b"code=\xff", b"\xff=1", b"_cursor=\xff", b"=&&==", b"&" * 300, b"a=1&" * 300])
def test_a_query_of_odd_bytes_is_refused_or_read(shared, patient, query):
    token = [("authorization", f"Bearer {shared.token('doctor')}".encode())]
    status, _, body = shared.run(shared.raw("GET", "/fhir/Observation", b"patient=" + patient.id.encode() + b"&" + query, token))
    assert status in (200, 400), body


def test_a_cursor_that_is_none_of_ours_is_gone(shared, patient):
    for cursor in ("x", "kanariefagel", "A" * 400, "%C3%A5", "Ⅷ", "A" * 10_000):
        answer = shared.get(f"/fhir/Observation?patient={patient.id}&_cursor={cursor}", "doctor")
        assert answer.status_code == 410
        assert CANARY not in answer.text


IDS = [
    "%00",
    "a%00b",
    "..%2F..",
    "%2E%2E",
    "å",
    "a b",
    "'; DROP TABLE entry",
    "x" * 10_000,
    "%F0%9F%98%80",
    "a|b",
    "$everything",
    "*",
]


@pytest.mark.parametrize("id", IDS)
def test_an_id_that_none_can_be_is_not_found_like_any_other(shared, id, kit):
    expected = shared.get("/fhir/Observation/never-issued", "doctor")
    for path in (f"/fhir/Observation/{id}", f"/fhir/Observation/{id}/_history", f"/fhir/Observation/{id}/_history/1"):
        answer = shared.get(path, "doctor")
        assert (answer.status_code, answer.content) == (404, expected.content), path
    assert shared.get(f"/fhir/Observation/never-issued/_history/{id}", "doctor").content == expected.content
    assert shared.do("DELETE", f"/fhir/Consent/{id}", "doctor").status_code == 404
    for path in (f"/access/relations/{id}", f"/access/blocks/{id}"):
        assert shared.do("DELETE", path, "doctor").status_code == 404
    assert shared.post("/access/relations", "doctor", json={"patient": kit.quote(id)}).status_code == 404
    assert shared.get(f"/access/relations?patient={id}", "doctor").status_code in (400, 404)


def send(house, method, path, body, content_type="application/fhir+json", who="doctor"):
    return house.do(method, path, who, content=body, headers={"content-type": content_type})


BODIES = [
    (b"", 400),
    (b"null", 400),
    (b"[]", 400),
    (b'"kanariefagel"', 400),
    (b"{", 400),
    (b'{"resourceType":"Consent","resourceType":"Consent"}', 400),
    (b'{"resourceType":"Consent","status":"kanariefagel","status":"active"}', 400),
    (b"[" * 100 + b"]" * 100, 413),
    (b'{"a":' * 70 + b"1" + b"}" * 70, 413),
    (b"[" * 100_000, 413),
    (b"\xff\xfe{}", 400),
    ('{"resourceType":"Consent","id":"å"}'.encode("utf-16"), 400),
    (b'{"resourceType":"Consent","status":"\\u0000"}', 400),
    (b'{"resourceType":"Consent","status":"\\ud800"}', 400),
    (b'{"resourceType":"Consent","x":NaN}', 400),
    (b'{"resourceType":"Consent","x":1e999999999}', 400),
    (b'{"resourceType":"Consent","x":' + b"1" * 5000 + b"}", 400),
    (b'{"resourceType":"Observation"}', 400),
    (b'{"resourceType":"kanariefagel"}', 400),
    (b'{"resourceType":17}', 400),
    (b'{"resourceType":"Consent"}', 422),
    (b'{"resourceType":"Consent","meta":[]}', 422),
    (b'{"resourceType":"Consent","196101182803":"kanariefagel"}', 422),
    (b'{"resourceType":"Consent","status":"kanariefagel"}', 422),
    (b'{"resourceType":"Consent","patient":{"reference":"kanariefagel"}}', 422),
]


@pytest.mark.parametrize(("body", "status"), BODIES, ids=range(len(BODIES)))
def test_a_body_that_cannot_be_read_is_refused(light, body, status):
    for method, path in (("POST", "/fhir/Consent"), ("PUT", "/fhir/Consent/x")):
        answer = send(light, method, path, body)
        expected = {status} if method == "POST" else {status, 400}
        assert answer.status_code in expected, answer.text
        outcome(answer)
        assert CANARY not in answer.text
        assert "196101182803" not in answer.text


def test_a_body_that_is_too_large_is_refused_before_it_is_read(light):
    body = b'{"resourceType":"Consent","x":"' + b"k" * 6_000_000 + b'"}'
    for path in ("/fhir/Consent", "/access/relations"):
        assert send(light, "POST", path, body).status_code == 413


@pytest.mark.parametrize("kind", ["", "text/plain", "text/turtle", "multipart/form-data", "kanariefagel"])
def test_a_body_of_another_kind_is_refused(light, kind):
    for path in ("/fhir/Consent", "/access/relations", "/fhir/Observation/_search"):
        answer = send(light, "POST", path, b"{}", kind)
        assert answer.status_code == 415
        assert outcome(answer)[0]["code"] == "not-supported"


# Tokens


def test_a_token_that_does_not_hold_is_refused_alike_for_all_and_told_apart_from_none(light):
    token = light.token("doctor")
    head, claims, signature = token.split(".")
    wrong = [
        "",
        "Bearer",
        "Bearer ",
        "Basic a2FuYXJpZWZhZ2Vs",
        "Bearer kanariefagel",
        f"Bearer {head}.{claims}.",
        f"Bearer {head}.{claims}.{signature[:-4]}AAAA",
        f"Bearer {head}.{claims[:-4]}AAAA.{signature}",
        f"Bearer {'a' * 10_000}",
        "Bearer a.b.c",
        "Bearer å.ä.ö",
        f"Bearer {token} {token}",
    ]
    for header in wrong:
        for path in ("/fhir/Observation/x", "/fhir/Observation?patient=x", "/access/log", "/fhir/Nonsense"):
            answer = light.get(path, headers={"authorization": header.encode()})
            assert answer.status_code == 401, header
            said = ', error="invalid_token"' if header.startswith("Bearer ") and header.strip() != "Bearer" else ""
            assert answer.headers["www-authenticate"] == f'Bearer realm="fhir"{said}', header
            assert outcome(answer)[0]["code"] == "login"
            assert CANARY not in answer.text


def test_a_token_that_has_expired_is_refused(house):
    token = house.token("doctor")
    header = {"authorization": f"Bearer {token}"}
    assert house.get("/fhir/Observation?patient=x", headers=header).status_code == 200
    house.clock.move(hours=2)
    assert house.get("/fhir/Observation?patient=x", headers=header).status_code == 401


# Methods and paths


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PROPFIND"])
@pytest.mark.parametrize(
    "path",
    [
        "/fhir/Observation",
        "/fhir/Observation/_search",
        "/fhir/metadata",
        "/access/relations",
        "/access/log",
        "/fhir/Observation/x/_history",
    ],
)
def test_a_method_that_is_not_there_is_refused_with_those_that_are(light, method, path):
    answer = light.do(method, path, "doctor")
    assert answer.status_code == 405
    assert outcome(answer)[0]["code"] == "not-supported"
    assert answer.headers["allow"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/fhir/Observation/x", "DELETE, GET, HEAD, PATCH, PUT"),
        ("PUT", "/fhir/Observation/x/_history", "GET, HEAD"),
    ],
)
def test_a_refused_method_is_told_which_there_are(light, method, path, allowed):
    answer = light.do(method, path, "doctor", content=b"[]")
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    outcome(answer)


@pytest.mark.parametrize(
    "path",
    [
        "/fhir/Observation/x/y",
        "/fhir/Observation/x/$everything",
        "/fhir//",
        "/access",
        "/access/x/y/z",
        "/access/nonsense",
        "/access/log/x",
    ],
)
def test_a_path_that_is_not_there_says_so(light, path):
    for method in ("GET", "POST"):
        answer = light.do(method, path, "doctor")
        assert answer.status_code == 404, answer.text
        outcome(answer)


@pytest.mark.parametrize("name", ["Nonsense", "_metadata", "observation", "Observation ", "kanariefagel", "%00"])
def test_a_type_that_is_not_held_is_not_found(light, name):
    for method, path in (("GET", name), ("GET", f"{name}/x"), ("GET", f"{name}/x/_history"), ("DELETE", f"{name}/x")):
        answer = light.do(method, f"/fhir/{path}", "doctor")
        assert answer.status_code == 404
        outcome(answer)
        assert CANARY not in answer.text


def test_head_answers_as_get_does(light, kit):
    patient = light.enroll()
    light.near(patient)
    id = light.hold(patient, provider=kit.P1, unit=kit.U1)
    for path in (f"/fhir/Observation/{id}", f"/fhir/Observation?patient={patient.id}", "/fhir/metadata"):
        got, head = light.get(path, "doctor"), light.do("HEAD", path, "doctor")
        assert head.status_code == got.status_code == 200
        ours = ("content-type", "etag", "last-modified", "content-length", "cache-control")
        assert {name: head.headers.get(name) for name in ours} == {name: got.headers.get(name) for name in ours}
    assert light.do("HEAD", "/fhir/Observation/never", "doctor").status_code == 404
    assert light.do("HEAD", f"/fhir/Observation/{id}").status_code == 401


# What is registered


ACCESS = [
    ("relations", {}, 404),
    ("relations", {"patient": 17}, 400),
    ("relations", {"patient": "never-issued"}, 404),
    ("relations", {"patient": "P", "nonsense": CANARY}, 400),
    ("relations", {"patient": "P", CANARY + "196101182803": 1}, 400),
    ("relations", {"patient": "P", "end": CANARY}, 400),
    ("relations", {"patient": "P", "end": "2040-11-22T09:00:00"}, 400),
    ("relations", {"patient": "P", "end": "2040-11-20"}, 400),
    ("relations", {"patient": "P", "end": "2050-11-20"}, 400),
    ("relations", {"patient": "P", "end": "9999-12-31T23:59:59-12:00"}, 400),
    ("relations", {"patient": "P", "start": "9999-12-31"}, 400),
    ("relations", {"patient": "P", "start": "0001-01-01T00:00:00+14:00"}, 400),
    ("relations", {"patient": "P", "start": 17}, 400),
    ("needs", {"patient": "P", "type": "relevance"}, 400),
    ("needs", {"patient": "P", "type": CANARY, "reason": "x"}, 400),
    ("needs", {"patient": "P", "type": ["relevance"], "reason": "x"}, 400),
    ("needs", {"patient": "P", "type": "relevance", "reason": "x" * 501}, 400),
    ("needs", {"patient": "P", "type": "relevance", "reason": "  "}, 400),
    ("needs", {"patient": "P", "type": "worklist", "reason": "x"}, 400),
    ("assertions", {"patient": "P", "type": "emergency", "reason": "x", "step": 3}, 400),
    ("assertions", {"patient": "P", "type": "emergency", "reason": "x", "step": True}, 400),
    ("assertions", {"patient": "P", "type": "emergency", "reason": "x", "step": "1"}, 400),
    ("assertions", {"patient": "P", "type": "emergency", "reason": "x", "end": "2040-11-23"}, 400),
    ("assertions", {"patient": "P", "type": "emergency", "reason": "x", "start": "2040-11-20"}, 400),
    ("assertions", {"patient": "P", "type": "emergency", "reason": "x", "step": 2}, 409),
    ("assertions", {"patient": "P", "type": "inner_emergency", "reason": "x"}, 403),
    ("assertions", {"patient": "P", "type": "incapacity", "reason": "x", "attestations": [CANARY]}, 400),
    ("assertions", {"patient": "P", "type": "incapacity", "reason": "x", "attestations": [{}]}, 400),
    ("assertions", {"patient": "P", "type": "emergency", "reason": "x", "providers": "P"}, 400),
    ("assertions", {"patient": "P", "type": "emergency", "reason": "x", "providers": ["x" * 101]}, 400),
    ("blocks", {"patient": "P", "type": "outer", "provider": "P"}, 403),
    ("revokes", {"patient": "P", "block": "x", "unit": "x", "reason": "emergency"}, 403),
    ("shares", {"patient": "P", "unit": "x"}, 403),
]


@pytest.mark.parametrize(("kind", "body", "status"), ACCESS, ids=range(len(ACCESS)))
def test_a_ground_that_cannot_be_is_refused(shared, patient, kind, body, status):
    if body.get("patient") == "P":
        body = body | {"patient": patient.id}
    answer = shared.post(f"/access/{kind}", "doctor", json=body)
    assert answer.status_code == status, answer.text
    outcome(answer)
    assert CANARY not in answer.text
    assert "196101182803" not in answer.text


def test_text_that_no_database_keeps_is_refused_in_a_ground(shared, patient):
    for reason in (b"\\u0000", b"\\ud800"):
        body = b'{"patient":"' + patient.id.encode() + b'","type":"relevance","reason":"' + reason + b'"}'
        assert send(shared, "POST", "/access/needs", body, "application/json").status_code == 400


@pytest.mark.parametrize("query", ["after=x", "count=0", "count=-1", "count=x", "after=-2", "nonsense=1", "after=" + "9" * 40])
def test_the_log_refuses_a_page_that_cannot_be(shared, query):
    answer = shared.get(f"/access/log?{query}", "reviewer")
    assert answer.status_code == 400
    outcome(answer)


# All at once


METHODS = ["GET", "GET", "GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"]
PARTS = [
    "fhir",
    "access",
    "Observation",
    "Patient",
    "Consent",
    "_search",
    "_history",
    "metadata",
    "x",
    "",
    "..",
    "%00",
    "å",
    "log",
    "relations",
    "needs",
    "blocks",
    "end",
    "shares",
    "Practitioner",
    "$everything",
    "\x00",
    "\ud800",
    "'",
    "a" * 300,
]
NAMES = [
    "patient",
    "subject",
    "_id",
    "code",
    "date",
    "_sort",
    "_count",
    "_cursor",
    "_format",
    "identifier",
    "status",
    "category",
    "_lastUpdated",
    "patient.identifier",
    "after",
    "count",
    "å",
    "\x00",
    "",
]
VALUES = [
    "",
    "x",
    "PID",
    "Patient/PID",
    "-1",
    "1",
    "2026",
    "ge2026-01-01",
    "a|b",
    "|",
    "a,b",
    "\\",
    "$",
    "å",
    "\x00",
    "%",
    "date",
    "-date",
    "json",
    "9" * 30,
    "http://loinc.org|29463-7",
    "1e9",
    "'",
    "null",
    "\x7f",
    "2026-01-01T00:00:00Z",
]
TEXTS = [
    "",
    "x",
    "final",
    "active",
    "Patient/PID",
    "2040-11-21",
    "\x00",
    "å",
    "a" * 5000,
    "permit",
    "relevance",
    "emergency",
    "<div/>",
]


def _json(chance, depth=0):
    kind = chance.randrange(9 if depth < 4 else 5)
    if kind == 0:
        return chance.choice([None, True, False, 0, -1, 1.5, 10**30])
    if kind < 5:
        return chance.choice(TEXTS)
    if kind == 5:
        return [_json(chance, depth + 1) for _ in range(chance.randrange(3))]
    names = [
        "resourceType",
        "id",
        "meta",
        "status",
        "code",
        "subject",
        "reference",
        "patient",
        "type",
        "reason",
        "end",
        "provision",
        "x",
        "step",
    ]
    return {chance.choice(names): _json(chance, depth + 1) for _ in range(chance.randrange(5))}


def _request(chance, patient, kit):
    from urllib.parse import quote

    def put(text):
        return text.replace("PID", patient.id)

    path = "/" + "/".join(chance.choice(PARTS) for _ in range(chance.randrange(1, 5)))
    if chance.random() < 0.7:
        path = chance.choice(
            [
                "/fhir/Observation",
                "/fhir/Observation/x",
                "/fhir/Consent",
                "/fhir/Patient/PID",
                "/access/needs",
                "/access/relations",
                "/fhir/Observation/_search",
                "/access/log",
                "/fhir/Consent/x",
                "/access/shares",
            ]
        )
    pairs = [(chance.choice(NAMES), put(chance.choice(VALUES))) for _ in range(chance.randrange(4))]
    quoted = "&".join(f"{quote(name)}={quote(value)}" if chance.random() < 0.9 else f"{name}={value}" for name, value in pairs)
    if chance.random() < 0.5:
        body = {"resourceType": "Observation"} | kit.observation(patient) if chance.random() < 0.5 else kit.consent(patient)
        body[chance.choice([*body])] = _json(chance)
    else:
        body = _json(chance)
    content = put(json.dumps(body)).encode() if chance.random() < 0.8 else quoted.encode("utf-8", "replace")
    if chance.random() < 0.1 and content:
        at = chance.randrange(len(content))
        content = content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :]
    kinds = [b"application/fhir+json", b"application/json", b"application/x-www-form-urlencoded", b"x"]
    headers = [("content-type", chance.choices(kinds, [6, 3, 2, 1])[0])]
    if chance.random() < 0.2:
        headers.append(
            (chance.choice(["accept", "if-match", "prefer", "if-none-match"]), chance.choice([b"", b'W/""', b"\xff", b"*"]))
        )
    return chance.choice(METHODS), put(path), quoted.encode("utf-8", "replace"), headers, content


def test_nothing_that_is_sent_is_a_fault_of_ours(shared, kit):
    chance = random.Random(20401121)
    patient = shared.enroll()
    people = ["doctor", "social", "reviewer", "blocker", "alfa-client", "technician", shared.patient_person(patient)]
    tokens = [f"Bearer {shared.token(who)}".encode() for who in people]
    for number in range(1500 if shared.store.database.sqlite else 400):
        method, path, query, headers, content = _request(chance, patient, kit)
        token = ("authorization", chance.choice(tokens))
        status, answered, body = shared.run(shared.raw(method, path, query, [token, *headers], content))
        assert status < 500, (number, method, path, query, content, body)
        if status >= 400 and path.startswith(("/fhir", "/access")):
            assert answered["content-type"].startswith("application/fhir+json"), (method, path)
            assert json.loads(body)["resourceType"] == "OperationOutcome"


def test_a_fault_of_ours_says_nothing_but_its_id(house, kit):
    patient = house.enroll()
    house.store.search.look = None  # whatever breaks, breaks like this
    answer = house.get(f"/fhir/Observation/{CANARY}?{CANARY}", "doctor")
    assert answer.status_code == 500
    [issue] = outcome(answer)
    assert (issue["severity"], issue["code"]) == ("fatal", "exception")
    assert answer.headers["x-request-id"] in issue["diagnostics"]
    written = house.lines.getvalue()
    assert [each["error"] for line in written.splitlines() if "error" in (each := json.loads(line))] == ["TypeError"]
    assert answer.headers["x-request-id"] in written
    assert CANARY not in written + answer.text
    assert patient.id not in written
