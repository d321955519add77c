"""Every answer, refusal and write leaves its entry first; few commits serve many; readers of the log see what is theirs."""

import asyncio
import json
import threading

import pytest
from sqlalchemy import create_engine, text


def entries_of(house, work):
    """The log entries that a piece of work leaves."""
    before = len(house.log())
    work()
    return house.log()[before:]


@pytest.fixture
def seen(shared, kit):
    """A patient with one entry that a clinician may read."""
    patient = shared.enroll()
    shared.near(patient)
    shared.consent(patient)
    return patient, shared.hold(patient)


def test_every_kind_of_request_leaves_one_entry(shared, kit, seen):
    patient, id = seen
    wanted = [
        ("GET", f"/fhir/Observation/{id}", "read", "permit"),
        ("GET", f"/fhir/Observation/{id}/_history", "history", "permit"),
        ("GET", f"/fhir/Observation/{id}/_history/x", "vread", "permit"),
        ("GET", "/fhir/Observation/never", "read", "nothing"),
        ("GET", f"/fhir/Observation?patient={patient.id}", "search", "permit"),
        ("GET", f"/fhir/CarePlan?patient={patient.id}", "search", "nothing"),
        ("GET", f"/fhir/Observation?patient={patient.id}&nonsense=1", "search", "refuse"),
        ("GET", "/fhir/Nonsense", "search", "refuse"),
        ("GET", "/fhir/Nonsense/x", "read", "refuse"),
        ("GET", "/fhir/Practitioner", "search", "permit"),
        ("POST", "/fhir/Observation", "create", "refuse"),
        ("PUT", "/fhir/Observation/x", "update", "refuse"),
        ("DELETE", "/fhir/Observation/x", "delete", "refuse"),
        ("POST", "/fhir/Observation/_search", "search", "nothing"),  # nobody is named, and nothing is asked of anybody
        ("POST", "/access/relations", "register-relation", "refuse"),
        ("DELETE", "/access/relations/x", "end-relation", "refuse"),
        ("GET", f"/access/relations?patient={patient.id}", "list-relation", "permit"),
        ("GET", "/access/relations", "list-relation", "refuse"),
        ("GET", "/access/log", "read-log", "refuse"),
    ]
    for method, path, action, outcome in wanted:
        [entry] = entries_of(shared, lambda method=method, path=path: shared.do(method, path, "doctor"))
        assert (entry["action"], entry["outcome"]) == (action, outcome), (method, path)
        assert entry["who"]["subject"] == kit.E1
        assert entry["request"]


def test_an_entry_says_who_of_whom_by_which_rule_and_ground_and_nothing_of_the_data(shared, kit, seen):
    patient, id = seen
    [entry] = entries_of(shared, lambda: shared.get(f"/fhir/Observation?patient={patient.id}&code=29463-7", "doctor"))
    assert entry["patient"] == patient.id
    assert entry["who"] | {"unit": kit.U1, "provider": kit.P1, "purpose": "care", "commission": "SE2321990018-C1"} == entry["who"]
    assert (entry["type"], entry["rules"], entry["parameters"], entry["released"]) == (
        "Observation",
        ["R47"],
        ["code", "patient"],
        1,
    )
    assert entry["grounds"]
    written = json.dumps(entry)
    for value in ("29463-7", patient.number.value, id, "final"):
        assert value not in written


@pytest.mark.parametrize(("who", "rule"), [("doctor-low", "R01"), ("doctor-bare", "R03")])
def test_a_refusal_by_rule_names_it(light, who, rule):
    [entry] = entries_of(light, lambda: light.get("/fhir/Observation?patient=x", who))
    assert (entry["outcome"], entry["rules"]) == ("refuse", [rule])


def test_a_fresh_read_or_search_is_one_hop_and_few_statements(shared, seen):
    patient, id = seen
    path = f"/fhir/Observation?patient={patient.id}"
    for each, most in ((f"/fhir/Observation/{id}", 3), (path, 3)):
        shared.get(each, "doctor")
        hops = shared.store.hops
        with shared.store.database.count() as counter:
            assert shared.get(each, "doctor").status_code == 200
        read = [each for each in counter.statements if each.startswith(("SELECT", "WITH")) and "audit_head" not in each]
        ours = [each for each in read if not each.startswith("SELECT patient.pk, patient.epoch")]  # the committer's own
        assert shared.store.hops - hops == 1
        assert len(ours) <= most, ours


def test_many_at_once_share_commits_and_none_is_answered_before_its_own(house):
    patient = house.enroll()
    house.near(patient)
    house.consent(patient)
    id = house.hold(patient)
    durable, early = set(), []
    append = house.store.audit._append
    database = house.store.database

    def appended(connection, leaves):
        seqs = append(connection, leaves)
        durable.update(leaf.content["request"] for leaf in leaves)
        return seqs

    house.store.audit._append = appended
    before = database.commits

    async def read(number):
        answer = await house.ask("GET", f"/fhir/Observation/{id}", "doctor")
        if answer.headers["x-request-id"] not in durable:
            early.append(number)
        return answer.status_code

    async def many():
        return await asyncio.gather(*[read(number) for number in range(32)])

    assert set(house.run(many())) == {200}
    assert early == []
    assert database.commits - before < 32
    assert len({entry["request"] for entry in house.log()[-32:]}) == 32


def _break(house):
    engine = create_engine(house.url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit RENAME TO audit_gone"))
    engine.dispose()


def test_without_a_log_nothing_is_answered_and_nothing_is_written(house, kit):
    patient = house.enroll()
    house.near(patient)
    house.consent(patient)
    id = house.hold(patient)
    me = house.patient_person(patient)
    _break(house)
    never = None
    for method, path, who, more in (
        ("GET", f"/fhir/Observation/{id}", "doctor", {}),
        ("GET", "/fhir/Observation/never", "doctor", {}),
        ("GET", f"/fhir/Observation?patient={patient.id}", "doctor", {}),
        ("GET", "/fhir/Observation?nonsense=1", "doctor", {}),
        ("GET", "/fhir/Nonsense", "doctor", {}),
        ("POST", "/fhir/Observation", me, {"resource": kit.observation(patient)}),
        ("POST", "/access/shares", me, {"json": {"patient": patient.id, "unit": kit.U1}}),
        ("GET", f"/access/shares?patient={patient.id}", me, {}),
    ):
        answer = house.do(method, path, who, **more)
        assert answer.status_code == 503, (path, answer.text)
        assert answer.headers["retry-after"]
        assert answer.json()["issue"][0]["code"] == "exception"
        assert id not in answer.text
        never = never or answer.content
    written = text("SELECT count(*) FROM resource WHERE source = 'own'")
    assert house.store.reader().execute(written).scalar_one() == 0
    assert house.store.reader().execute(text("SELECT count(*) FROM ground WHERE kind = 'share'")).scalar_one() == 0


def test_while_the_log_is_locked_no_answer_leaves(house):
    patient = house.enroll()
    house.near(patient)
    id = house.hold(patient, provider="SE2321990018-P1", unit="SE2321990018-U1")
    engine = create_engine(house.url)
    answered = threading.Event()

    async def read():
        answer = await house.ask("GET", f"/fhir/Observation/{id}", "doctor")
        answered.set()
        return answer

    async def held_back():
        task = asyncio.create_task(read())
        await asyncio.sleep(0.4)
        early = answered.is_set()
        lock.rollback()
        return early, (await task).status_code

    lock = engine.connect()
    lock.execute(text("BEGIN IMMEDIATE" if house.store.database.sqlite else "LOCK TABLE audit_head IN ACCESS EXCLUSIVE MODE"))
    early, status = house.run(held_back())
    lock.close()
    engine.dispose()
    assert (early, status) == (False, 200)


def test_a_flood_without_tokens_is_one_entry(house):
    def flood():
        async def many():
            await asyncio.gather(
                *[house.ask("GET", f"/fhir/Observation/{n}", headers={"authorization": "Bearer x"}) for n in range(50)]
            )
            await house.running.edge.refusals.flush()

        house.run(many())

    before = house.store.database.commits
    [entry] = entries_of(house, flood)
    assert house.store.database.commits - before == 1
    assert (entry["action"], entry["outcome"], [row["count"] for row in entry["rows"]]) == ("refusals", "refuse", [50])


# Who reads the log


def read_log(house, who, **query):
    found, after = [], None
    while True:
        parameters = dict(query) | ({} if after is None else {"after": after})
        answer = house.get("/access/log", who, params=parameters)
        assert answer.status_code == 200, answer.text
        found += answer.json()["entries"]
        after = answer.json().get("next")
        if after is None:
            return found


def test_a_patient_reads_the_own_log_and_staff_with_protected_identity_are_unnamed(shared, kit):
    patient, other = shared.enroll(), shared.enroll()
    for each in (patient, other):
        shared.near(each)
        shared.near(each, "hidden")
        shared.near(each, "elsewhere")
        shared.get(f"/fhir/Observation?patient={each.id}", "doctor")
    me = shared.patient_person(patient)
    found = read_log(shared, me)
    assert {each["patient"] for each in found} == {patient.id}
    assert {each["who"]["unitName"] for each in found} == {"Vårdcentralen Aspen", "Mottagningen Cedern"}
    names = {each["who"].get("name") for each in found}
    assert names == {"Doctor", "Elsewhere", None}
    assert "SE2321990018-E4" not in json.dumps(found)
    looked = next(each for each in found if each["action"] == "search")
    assert (looked["type"], looked["who"]["purpose"], looked["who"]["providerName"]) == ("Observation", "care", "Region Ett")
    assert looked["at"].startswith("2040-11-21T09:00:00")
    assert [each for each in read_log(shared, me, count=2) if each["action"] != "read-log"] == found
    assert [each["action"] for each in read_log(shared, me)][-1] == "read-log"


def test_a_patient_is_told_nowhere_who_of_the_staff_has_a_protected_identity(shared, kit):
    patient = shared.enroll()
    me = shared.patient_person(patient)
    shared.near(patient, "hidden")
    given = shared.consent(patient, "hidden")
    asked = {"patient": patient.id, "provider": kit.P2, "for": "employee", "reason": "vård"}
    by_hidden = shared.post("/access/requests-to-lift", "hidden", json=asked).json()["id"]
    shared.near(patient)
    by_doctor = shared.post("/access/requests-to-lift", "doctor", json=asked).json()["id"]
    [listed] = shared.get(f"/access/consents?patient={patient.id}", me).json()["consents"]
    assert listed["recorded_by"] == "protected"
    assert shared.found("/fhir/Task", me) == [by_doctor]
    told = [shared.get(f"/fhir/Consent/{given.json()['id']}", me), shared.get(f"/fhir/Task/{by_hidden}", me)]
    assert [each.status_code for each in told] == [200, 404]
    assert "SE2321990018-E4" not in "".join(each.text for each in told)
    assert [
        each["id"] for each in shared.get(f"/access/requests-to-lift?patient={patient.id}", "hidden").json()["requests-to-lift"]
    ] == [by_hidden]
    assert (
        shared.get(f"/access/consents?patient={patient.id}", "hidden").json()["consents"][0]["recorded_by"] == "SE2321990018-E4"
    )


def test_a_patient_is_not_told_which_protected_employee_a_reviewer_asked_about(house, kit):
    patient = house.enroll()
    held, me = house.hold(patient, provider=kit.P1, unit=kit.U1), house.patient_person(patient)
    about = {"unit": kit.U1, "employee": "SE2321990018-E4"}
    for path, asked in (("could-see", {"patient": patient.id}), ("explain", {"resource": f"Observation/{held}"})):
        assert house.get(f"/access/{path}", "reviewer", params=asked | about).status_code == 200
        assert house.get(f"/access/{path}", "reviewer", params=asked | about | {"employee": kit.E1}).status_code == 200
    house.run(house.running.background.checkpoint())
    entries = read_log(house, me)
    readers = [each["details"].get("reader", "") for each in entries if each["action"] in ("could-see", "explain")]
    assert readers == ["", kit.E1, "", kit.E1]
    proofs = [house.get("/access/log/proof", me, params={name: each[name] for name in ("shard", "seq")}) for each in entries]
    assert {each.status_code for each in proofs} == {200}
    exported = house.get("/access/log/export?form=ndjson", me)
    assert exported.status_code == 200
    assert "SE2321990018-E4" not in "".join(each.text for each in (*proofs, exported))
    assert kit.E1 in exported.text


def test_a_reviewer_reads_the_entries_of_the_own_provider_alone(shared, kit):
    patient = shared.enroll()
    shared.near(patient)
    shared.near(patient, "elsewhere")
    for who, provider in (("reviewer", kit.P1), ("reviewer2", kit.P2)):
        found = read_log(shared, who, count=1000)
        assert {each["who"]["provider"] for each in found} == {provider}
        assert any(each.get("patient") == patient.id for each in found)
        assert shared.log()[-1]["action"] == "read-log"


@pytest.mark.parametrize("who", ["doctor", "social", "alfa-client", "technician", "blocker", "doctor-low"])
def test_nobody_else_reads_the_log(light, who):
    assert light.get("/access/log", who).status_code == 403


def test_a_guardian_does_not_read_the_childs_log(light):
    guardian = light.enroll()
    assert light.get("/access/log", light.patient_person(guardian, "guardian")).status_code == 403
