"""Security services are asked as their contracts say, and believed only where an answer holds against the contracts' schemas.

The schemas are the second opinion: answers spoilt at random must be refused by the hub's own reading wherever they refuse them.
"""

import asyncio
import copy
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from hub.config import SECURITY_CONTRACTS, SourceConfig
from hub.demo.rivta.security import security_services
from hub.demo.rivta.security_parts import Assertion, Holding
from hub.demo.world import access
from hub.fhir.identifiers import PERSONNUMMER, Identifier
from hub.sources import Fault, SourceFailed
from hub.sources import _security_answers as answers
from hub.sources import _security_questions as questions
from hub.sources._security_questions import Action, Entity, Reader, Registration
from hub.sources._sequences import time
from hub.sources.security import Refused, SecurityService

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
NUMBER, OTHER = "191212121212", "195009072553"
PATIENT = Identifier(PERSONNUMMER, NUMBER)
PROVIDER, UNIT, EMPLOYEE = "SE2321000016-1000", "SE2321000016-1001", "SE2321000016-2001"
READER = Reader(PROVIDER, UNIT, EMPLOYEE)
ACTION = Action(employee=EMPLOYEE, commission="SE2321000016-3001", at=NOW, reason="Muntligt samtycke vid besök")
CONSENT = Registration(
    id="0b6a6a52-54a8-4b4b-9c34-2f7d3c0a0001",
    reader=Reader(PROVIDER, UNIT, EMPLOYEE),
    start=NOW - timedelta(days=1),
    end=NOW + timedelta(days=30),
)
ENTITY = Entity("SE2321000016-9000", "SE2321000016-9001", NOW - timedelta(days=2), NOW)
SYSTEM = "SE2321000016-SAK"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ROOMS = {
    "consent": ("informationsecurity_authorization_consent/schemas/interactions", "2.0"),
    "blocking": ("informationsecurity_authorization_blocking/schemas/interactions", "4.0"),
    "querying": ("ehr_patientrelationship/schemas/interactions/querying", "1.0"),
    "accesscontrol": ("ehr_patientrelationship/schemas/interactions/accesscontrol", "1.0"),
}
ASKED = {
    "GetConsentsForPatient": ("consent", questions.consents_for_patient(PROVIDER)),
    "CheckConsent": ("consent", questions.check_consent(READER)),
    "RegisterExtendedConsent": ("consent", questions.register_consent(CONSENT, ACTION)),
    "CancelExtendedConsent": ("consent", questions.cancel_consent(CONSENT.id, ACTION)),
    "GetBlocks": ("blocking", questions.blocks()),
    "CheckBlocks": ("blocking", questions.check_blocks(READER, [ENTITY, ENTITY])),
    "GetPatientRelationsForPatient": ("querying", questions.relations_for_patient(PROVIDER)),
    "CheckPatientRelation": ("accesscontrol", questions.check_relation(READER)),
}
READ = {
    "GetConsentsForPatient": lambda body: answers.consents(body, PATIENT, PROVIDER),
    "CheckConsent": answers.has_consent,
    "GetBlocks": lambda body: answers.blocks(body, PATIENT),
    "CheckBlocks": lambda body: answers.blocked(body, 2),
    "GetPatientRelationsForPatient": lambda body: answers.relations(body, PATIENT, PROVIDER),
    "CheckPatientRelation": answers.has_relation,
}


def holding():
    """Something of everything: with and without an end, an employee, a unit, a period, exceptions, revokes."""
    start, end = NOW - timedelta(days=1), NOW + timedelta(days=1)
    ids = [f"0b6a6a52-54a8-4b4b-9c34-2f7d3c0a000{n}" for n in range(4)]
    held = Holding(now=lambda: NOW)
    held.assertions = {
        ids[1]: Assertion(ids[1], "Consent", NUMBER, PROVIDER, UNIT, "", start, None),
        ids[2]: Assertion(ids[2], "Emergency", NUMBER, PROVIDER, UNIT, EMPLOYEE, start, end),
        ids[3]: Assertion(ids[3], "Consent", OTHER, PROVIDER, UNIT, "", start, end),
    }
    block = access.Block(key="outer", person=NUMBER, kind="outer", provider=ENTITY.provider, excludes=("lak", "upp"))
    held.blocks = [
        replace(block, information_from=start - timedelta(days=9), information_to=start),
        replace(block, key="inner", kind="inner", provider=PROVIDER, unit=UNIT, excludes=()),
        replace(block, key="other", person=OTHER),
    ]
    held.revokes = [
        access.Revoke(block="outer", unit=UNIT, end=end),
        access.Revoke(block="outer", unit=UNIT, staff=EMPLOYEE, end=end),
    ]
    for person in (NUMBER, OTHER):
        held.relations.append((PROVIDER, access.Relation(staff=EMPLOYEE, unit=UNIT, person=person, start=start, end=end)))
    return held


CONFIG = SourceConfig(
    name="security",
    title="Säkerhetstjänsterna",
    kind="security",
    owner=PROVIDER,
    system=SYSTEM,
    address="http://services.example/",
    contracts=SECURITY_CONTRACTS,
)


def asked(work, handler=None, held=None):
    async def run():
        transport = (
            httpx.MockTransport(handler) if handler else httpx.ASGITransport(security_services(held or holding(), SYSTEM).app)
        )
        service = SecurityService(CONFIG, transport)
        try:
            return await work(service)
        finally:
            await service.aclose()

    return asyncio.run(run())


def answered(operation):
    """The body of the simulated services' answer to a question."""
    _, question = ASKED[operation]

    async def sent():
        app = security_services(holding(), SYSTEM).app
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            return await client.post("http://services.example/", content=question.envelope(PATIENT, SYSTEM))

    [body] = etree.fromstring(asyncio.run(sent()).content).find("{*}Body")
    return etree.fromstring(etree.tostring(body))


@pytest.fixture(scope="module")
def schema(reference):
    made = {}

    def of(operation):
        if operation not in made:
            folder, version = ROOMS[ASKED[operation][0]]
            path = reference / "rivta" / folder / f"{operation}Interaction" / f"{operation}Responder_{version}.xsd"
            made[operation] = etree.XMLSchema(etree.parse(path))
        return made[operation]

    return of


@pytest.mark.reference
@pytest.mark.parametrize("operation", ASKED)
def test_a_question_and_its_simulated_answer_are_valid_by_the_contract_s_schema(schema, operation):
    _, question = ASKED[operation]
    [body] = etree.fromstring(question.envelope(PATIENT, SYSTEM)).find("{*}Body")
    schema(operation).assertValid(etree.fromstring(etree.tostring(body)))
    schema(operation).assertValid(answered(operation))
    assert question.action.endswith(f":{operation}")


@pytest.mark.reference
@pytest.mark.parametrize("operation", READ)
def test_what_the_schema_refuses_the_hub_refuses_and_hardly_more(schema, operation):
    whole = answered(operation)
    READ[operation](whole)

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(st.integers(0, 10**9), st.integers(1, 2))
    def check(seed, times):
        spoilt = copy.deepcopy(whole)
        choose = random.Random(seed)
        for _ in range(times):
            _spoil(spoilt, choose)
        valid = schema(operation).validate(spoilt)
        try:
            READ[operation](spoilt)
        except SourceFailed as failure:
            if "schema" in failure.detail:
                assert not valid or _is_narrower(spoilt) or _is_out_of_order(spoilt), etree.tostring(spoilt)
        else:
            assert valid, etree.tostring(spoilt)

    check()


VALUES = ("", " ", "OK", "true", "0", "x" * 40, "x" * 600, "2026-11-21T10:00:00", "2026-02-30T10:00:00", "2026-11-21", "Consent")


def _spoil(body, choose):
    """One thing that is wrong, or only looks so."""
    inside = [each for each in body.iter() if each.getparent() is not None]
    if not inside:
        return
    element = choose.choice(inside)
    parent = element.getparent()
    match choose.randrange(8):
        case 0:
            parent.remove(element)
        case 1:
            parent.insert(parent.index(element), copy.deepcopy(element))
        case 2:
            parent.insert(choose.randrange(len(parent)), element)
        case 3:
            for child in list(element):
                element.remove(child)
            element.text = choose.choice(VALUES)
        case 4:
            element.tag = choose.choice(["{urn:x}new", "plain", element.tag + "2", "{urn:x}" + etree.QName(element).localname])
        case 5:
            parent.append(etree.fromstring(choose.choice(["<n:later xmlns:n='urn:riv:later:2.1'>x</n:later>", "<plain/>"])))
        case 6:
            element.set(choose.choice(["id", "{http://www.w3.org/2001/XMLSchema-instance}nil"]), "1")
        case 7:
            element.tail = choose.choice([" ", "text"])


def _is_narrower(body):
    """Whether it holds what the hub takes for no value though the schema has it for one: an id that is blank."""
    names = ("Id", "ID")
    return any(
        etree.QName(each).localname.endswith(names) and not len(each) and not (each.text or "").strip() for each in body.iter()
    )


def _is_out_of_order(body):
    """Whether an element of the contract follows one of another namespace: libxml2 lets that pass where the last of a sequence
    may come any number of times, though the wildcard for other namespaces stands behind it."""
    own = {etree.QName(each).namespace for each in body.iter()} - {"urn:x", "urn:riv:later:2.1", None}
    return any(
        etree.QName(each).namespace not in own and etree.QName(after).namespace in own
        for each in body.iter()
        for after in each.itersiblings()
    )


SAMPLES = {
    "GetConsentsForPatient": "authorization_consent",
    "GetBlocks": "authorization_blocking",
    "CheckBlocks": "authorization_blocking",
}


@pytest.mark.reference
@pytest.mark.parametrize("operation", SAMPLES)
def test_the_samples_of_the_reference_are_read(reference, operation):
    folder = reference / "rivta" / f"informationsecurity_{SAMPLES[operation]}" / "samples_synthetic"
    [body] = etree.parse(folder / f"{operation}_response.xml").getroot().find("{*}Body")
    provider = "tstnmt2321000156-cg01"
    read = (lambda body: answers.consents(body, PATIENT, provider)) if operation == "GetConsentsForPatient" else READ[operation]
    assert len(read(body)) == 2


def test_lists_say_what_the_services_hold_of_the_patient_alone():
    consents = asked(lambda service: service.consents(PATIENT, PROVIDER.lower()))
    assert [(each.emergency, each.unit, each.employee) for each in consents] == [(False, UNIT, ""), (True, UNIT, EMPLOYEE)]
    assert consents[0].end is None
    assert consents[1].end == NOW + timedelta(days=1, microseconds=1)  # the end is included
    outer, inner = asked(lambda service: service.blocks(PATIENT))
    assert (outer.inner, outer.unit, outer.excluded, len(outer.revokes)) == (False, "", ("lak", "upp"), 2)
    assert (inner.inner, inner.provider, inner.unit, inner.start) == (True, PROVIDER, UNIT, None)
    [relation] = asked(lambda service: service.relations(PATIENT, PROVIDER))
    assert (relation.employee, relation.start) == (EMPLOYEE, NOW - timedelta(days=1))


def test_checks_say_yes_or_no_for_one_reader():
    stranger = replace(READER, employee="SE2321000016-2002", unit="SE2321000016-1002")
    assert asked(lambda service: service.has_relation(PATIENT, READER))
    assert not asked(lambda service: service.has_relation(PATIENT, stranger))
    held = holding()
    assert asked(lambda service: service.has_consent(PATIENT, replace(READER, employee="SE2321000016-2002")), held=held)
    assert not asked(lambda service: service.has_consent(PATIENT, stranger), held=held)
    held.assertions.pop(next(iter(held.assertions)))
    assert not asked(lambda service: service.has_consent(PATIENT, READER), held=held)  # an emergency is no consent
    old = replace(ENTITY, start=NOW - timedelta(days=20), end=NOW - timedelta(days=15))
    inner = Entity(PROVIDER, UNIT, NOW, NOW)
    elsewhere = replace(READER, provider="SE2321000016-4000", unit="SE2321000016-4001")
    assert asked(lambda service: service.blocked(PATIENT, elsewhere, [ENTITY, old, inner])) == (True, False, True)
    assert asked(lambda service: service.blocked(PATIENT, READER, [ENTITY, inner])) == (False, False)  # lifted; the own unit


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ("2026-11-21T10:00:00", "2026-11-21T09:00:00+00:00", ""),
        ("2026-11-21T10:00:00.5+02:00", "2026-11-21T08:00:00.500000+00:00", ""),
        ("2026-11-21T10:00:00Z", "2026-11-21T10:00:00+00:00", ""),
        ("2026-10-25T02:30:00", "2026-10-25T00:30:00+00:00", "2026-10-25T01:30:00+00:00"),  # comes twice
        ("0001-01-01T00:00:00", "1900-01-01T00:00:00+00:00", ""),
        ("9999-12-31T23:59:59.9999999", "9999-01-01T00:00:00+00:00", ""),
        ("12026-01-01T00:00:00", "9999-01-01T00:00:00+00:00", ""),
    ],
    ids=str,
)
def test_times_are_read_as_a_swedish_clock_shows_them(written, first, last):
    span = time(etree.fromstring(f"<t>{written}</t>"))
    assert (span.first.isoformat(), span.last.isoformat()) == (first, last or first)


@pytest.mark.parametrize("code", ["ERROR", "VALIDATION_ERROR", "ACCESSDENIED", "NOTFOUND", "INVALIDSTATE"])
def test_a_result_that_is_not_ok_is_no_answer(code):
    body = answered("GetConsentsForPatient")
    body.find(".//{*}resultCode").text = code
    with pytest.raises(SourceFailed) as failure:
        answers.consents(body, PATIENT, PROVIDER)
    assert failure.value.fault is Fault.LOGICAL


@pytest.mark.parametrize("operation", ["GetConsentsForPatient", "GetBlocks", "GetPatientRelationsForPatient"])
def test_an_answer_about_another_patient_is_no_answer(operation):
    body = answered(operation)
    for each in body.iter("{*}extension", "{*}PatientId"):
        each.text = OTHER
        break
    with pytest.raises(SourceFailed, match="another patient"):
        READ[operation](body)


def test_what_is_registered_holds_until_it_is_cancelled_and_both_may_be_said_twice():
    held = holding()
    held.assertions.clear()
    for _ in range(2):
        asked(lambda service: service.register(PATIENT, CONSENT, ACTION), held=held)
    [found] = asked(lambda service: service.consents(PATIENT, PROVIDER), held=held)
    assert (found.id, found.start) == (CONSENT.id, CONSENT.start)
    assert timedelta(0) <= CONSENT.end - found.end < timedelta(seconds=1)
    for _ in range(2):
        asked(lambda service: service.cancel(PATIENT, CONSENT.id, ACTION), held=held)
    assert asked(lambda service: service.consents(PATIENT, PROVIDER), held=held) == ()
    asked(lambda service: service.cancel(PATIENT, "unknown", ACTION), held=held)


@pytest.mark.parametrize("code", ["ERROR", "VALIDATION_ERROR", "ACCESSDENIED", "NOTFOUND", "INVALIDSTATE"])
def test_a_registration_that_is_not_done_is_refused_by_the_service_s_code(code):
    body = answered("RegisterExtendedConsent")
    body.find(".//{*}resultCode").text = code
    envelope = f'<e:Envelope xmlns:e="{SOAP}"><e:Body>{etree.tostring(body, encoding="unicode")}</e:Body></e:Envelope>'
    with pytest.raises(Refused, match=code):
        asked(lambda service: service.register(PATIENT, CONSENT, ACTION), lambda _: httpx.Response(200, text=envelope))


def test_a_number_of_a_kind_that_a_service_does_not_have_is_no_question():
    reserve = Identifier("urn:oid:1.2.752.97.3.1.3", "99195009072553")
    with pytest.raises(SourceFailed) as failure:
        asked(lambda service: service.relations(reserve, PROVIDER))
    assert failure.value.fault is Fault.FORM
