"""The servers as a consumer meets them: routing, refusals, counters, filters, misbehaviour on order, and mutual TLS."""

import asyncio
import ssl
import time

import httpx
import pytest
import trustme
from lxml import etree

from hub.demo.rivta import trouble
from hub.demo.rivta.regions import NORRDAL, VASTVIK, norrdal, vastvik
from hub.demo.rivta.serving import Tls

pytestmark = pytest.mark.anyio

PLANS, LABORATORY = "GetCarePlans", "GetLaboratoryOrderOutcome"


def fault(response):
    assert response.status_code == 500
    return etree.fromstring(response.content).findtext(".//faultstring")


def keys(answer):
    return [element.text for element in answer.iter("{*}documentId")]


@pytest.fixture
def server(samples):
    return vastvik(samples.world(*samples.everything))


@pytest.mark.parametrize(
    ("address", "code"),
    [(None, "VP003"), ("SE2321990018-JOURNAL", "VP004"), ("SE2321990026-LILLHVC", "VP004"), ("se2321990026-journal", None)],
    ids=["none", "another system", "a unit", "letter case"],
)
async def test_a_logical_address_is_required_and_must_be_the_system(address, code, server, calls):
    async with calls(server, VASTVIK) as caller:
        response = await caller.post(PLANS, address=address)
    assert response.status_code == 200 if code is None else fault(response).startswith(code)


async def test_a_contract_that_a_region_does_not_produce_has_no_route(samples, calls):
    async with calls(norrdal(samples.world()), NORRDAL) as caller:
        assert fault(await caller.post("GetCareContacts")).startswith("VP004")


async def test_a_consumer_that_is_not_let_in_is_refused(server, calls):
    server.consumers = frozenset({"SE2321990018-HUB"})
    async with calls(server, VASTVIK) as caller:
        assert fault(await caller.post(PLANS)).startswith("VP007")
        welcome = await caller.post(PLANS, x_rivta_original_serviceconsumer_hsaid="SE2321990018-hub")
    assert welcome.status_code == 200


@pytest.mark.parametrize("body", [b"", b"<", b"<a/>", b'<a xmlns="http://schemas.xmlsoap.org/soap/envelope/"/>'], ids=repr)
async def test_what_is_no_envelope_is_refused(body, server, calls):
    async with calls(server, VASTVIK) as caller:
        assert fault(await caller.client.post("/", content=body)).startswith("VP015")
        assert (await caller.client.get("/")).status_code == 405


async def test_parameters_in_another_namespace_are_not_read(server, calls):
    async with calls(server, VASTVIK) as caller:
        request = etree.tostring(
            etree.fromstring(
                b"<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Header><LogicalAddress "
                b"xmlns='urn:riv:itintegration:registry:1'>SE2321990026-JOURNAL</LogicalAddress></e:Header><e:Body>"
                b"<GetCarePlans xmlns='urn:riv:clinicalprocess:logistics:logistics:GetCarePlansResponder:2'>"
                b"<patientId><id>195009072553</id><type>1.2.752.129.2.1.3.1</type></patientId></GetCarePlans></e:Body></e:Envelope>"
            )
        )
        assert "Unmarshalling" in fault(await caller.client.post("/", content=request))


async def test_calls_are_counted_by_contract_refused_ones_too(server, calls):
    async with calls(server, VASTVIK) as caller:
        await caller.ask(PLANS)
        await caller.ask(PLANS)
        await caller.post(LABORATORY, address="SE0")
        assert server.calls == {PLANS: 2, LABORATORY: 1}
        server.reset()
        assert not server.calls


PERIOD = "<r:datePeriod><c:start>{}</c:start><c:end>{}</c:end></r:datePeriod>"


@pytest.mark.parametrize(
    ("operation", "more", "found"),
    [
        (PLANS, (PERIOD.format("20240304", "20240304"),), 2),
        (PLANS, (PERIOD.format("20240305", "20990101"),), 0),
        (PLANS, ("<r:careUnitHSAId>SE2321990026-lillhvc</r:careUnitHSAId>",), 2),
        (PLANS, ("<r:careUnitHSAId>SE2321990026-AKUTMOTT</r:careUnitHSAId>",), 0),
        (PLANS, ("<r:sourceSystemHSAId>SE2321990026-JOURNAL</r:sourceSystemHSAId>",), 2),
        ("GetCareContacts", (PERIOD.format("20240305", "20240305"),), 1),
        ("GetCareContacts", ("<r:careGiverHSAId>SE2321990018-NORR</r:careGiverHSAId>",), 0),
        ("GetMedicationHistory", (PERIOD.format("20300101", "20300101"),), 4),
        ("GetMedicationHistory", (PERIOD.format("20000101", "20240303"),), 0),
        ("GetMedicationHistory", ("<r:prescriptionStatus>Inactive</r:prescriptionStatus>",), 0),
    ],
)
async def test_a_question_is_narrowed_as_its_contract_says(operation, more, found, server, calls):
    async with calls(server, VASTVIK) as caller:
        assert len(keys(await caller.ask(operation, "195009072553", *more))) == found


@pytest.mark.parametrize(
    ("facility", "found"),
    [("SE2321990026-JOURNAL", 1), ("SE2321990026-VAST", 1), ("SE2321990026-LILLHVC", 1), ("SE2321990026-AKUTMOTT", 0)],
)
async def test_booked_times_are_asked_for_by_facility(facility, found, server, calls):
    async with calls(server, VASTVIK) as caller:
        request = (
            "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Header><LogicalAddress "
            "xmlns='urn:riv:itintegration:registry:1'>SE2321990026-JOURNAL</LogicalAddress></e:Header><e:Body>"
            "<GetSubjectOfCareSchedule xmlns='urn:riv:crm:scheduling:GetSubjectOfCareScheduleResponder:1'>"
            f"<healthcare_facility>{facility}</healthcare_facility><subject_of_care>195009072553</subject_of_care>"
            "</GetSubjectOfCareSchedule></e:Body></e:Envelope>"
        )
        response = await caller.client.post("/", content=request)
    assert len(list(etree.fromstring(response.content).iter("{*}timeslotDetail"))) == found


@pytest.mark.parametrize(
    "more",
    ["<r:sourceSystemHSAId>SE0</r:sourceSystemHSAId>", "<r:careContactId>V-1</r:careContactId>"],
    ids=["source", "contact"],
)
async def test_a_breach_of_the_addressing_rules_is_an_invalid_request(more, server, calls, schemas):
    async with calls(server, VASTVIK) as caller:
        answer = await caller.ask(PLANS, "195009072553", more)
    schemas[PLANS].assertValid(answer)
    assert answer.findtext("{*}result/{*}resultCode") == "ERROR"
    assert answer.findtext("{*}result/{*}errorCode") == "INVALID_REQUEST"
    assert not keys(answer)


# Misbehaviour ----------------------------------------------------------------------------------------------------------


async def test_a_hanging_contract_holds_only_its_own_calls(server, calls):
    async with calls(server, VASTVIK) as caller:
        server.troubles[PLANS] = trouble.Hang(0.4)
        begun = time.monotonic()
        slow = asyncio.create_task(caller.ask(PLANS))
        await caller.ask(LABORATORY)
        assert not slow.done()
        assert len(keys(await slow)) == 2
        assert time.monotonic() - begun >= 0.4


async def test_a_server_that_hangs_can_still_be_stopped(server, calls):
    server.troubles["*"] = trouble.Hang(60)
    async with asyncio.timeout(20):
        async with calls(server, VASTVIK) as caller:
            with pytest.raises(httpx.ReadTimeout):
                await caller.client.post("/", content=await _plans(caller), timeout=0.2)


async def _plans(caller):
    """The bytes of a request, as the caller would send them."""
    taken = []

    async def keep(request):
        taken.append(request.content)
        return httpx.Response(200)

    async with httpx.AsyncClient(transport=httpx.MockTransport(keep), base_url="http://x") as client:
        await type(caller)(client, caller.address).post(PLANS)
    return taken[0]


@pytest.mark.parametrize("operation", [PLANS, LABORATORY, "GetSubjectOfCareSchedule"])
@pytest.mark.parametrize(
    ("wrong", "status", "sight"),
    [
        (trouble.Fault(), 500, b"<faultstring>VP009"),
        (trouble.HttpError(503), 503, b"Internal"),
        (trouble.Html(), 200, b"<!DOCTYPE html>"),
        (trouble.EntityBomb(), 200, b"<!ENTITY l9"),
        (trouble.ExternalEntity(), 200, b"<!ENTITY f SYSTEM"),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_trouble_on_order(operation, wrong, status, sight, server, calls):
    async with calls(server, VASTVIK) as caller:
        server.troubles[operation] = wrong
        response = await caller.post(operation)
        assert response.status_code == status
        assert sight in response.content
        server.reset()
        await caller.ask(operation)


async def test_a_truncated_answer_is_no_xml(server, calls):
    async with calls(server, VASTVIK) as caller:
        server.troubles["*"] = trouble.Truncated()
        response = await caller.post(PLANS)
    assert response.status_code == 200
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(response.content)


@pytest.mark.parametrize("operation", [PLANS, LABORATORY, "GetMedicationHistory", "GetCareContacts", "GetSubjectOfCareSchedule"])
async def test_another_patients_records_in_the_answer(operation, server, calls):
    """Asked about a child that has none: the answer holds the adult's."""
    async with calls(server, VASTVIK) as caller:
        assert b"195009072553" not in (await caller.post(operation, "201402192387")).content
        server.troubles[operation] = trouble.OtherPatient("195009072553")
        assert b"195009072553" in (await caller.post(operation, "201402192387")).content


async def test_a_logical_error_is_a_result_where_the_contract_has_one_and_a_fault_elsewhere(server, calls, schemas):
    async with calls(server, VASTVIK) as caller:
        server.troubles["*"] = trouble.LogicalError()
        for operation in (PLANS, "GetMedicationHistory", "GetCareContacts"):
            answer = await caller.ask(operation)
            schemas[operation].assertValid(answer)
            assert answer.findtext("{*}result/{*}errorCode") == "INVALID_REQUEST"
        for operation in (LABORATORY, "GetSubjectOfCareSchedule"):
            assert fault(await caller.post(operation)) == "Ogiltig begäran"


# Transport -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A certificate authority with a server's certificate in files."""
    folder, authority = tmp_path_factory.mktemp("tls"), trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    issued.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    return authority, folder


async def test_mutual_tls_takes_only_callers_with_a_certificate(authority, server, calls):
    issuer, folder = authority
    anonymous, known = ssl.create_default_context(), ssl.create_default_context()
    issuer.configure_trust(anonymous)
    issuer.configure_trust(known)
    issuer.issue_cert("hub.example").configure_cert(known)
    tls = Tls(folder / "cert.pem", folder / "key.pem", clients=folder / "ca.pem")
    async with server.serve(tls=tls) as url:
        assert url.startswith("https://127.0.0.1:")
        async with httpx.AsyncClient(base_url=url, verify=known) as client:
            assert (await client.post("/", content=b"<")).status_code == 500
        async with httpx.AsyncClient(base_url=url, verify=anonymous) as client:
            with pytest.raises(httpx.TransportError):
                await client.post("/", content=b"<")


async def test_a_taken_port_is_an_error_and_not_an_exit(server, samples):
    async with server.serve() as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(OSError, match=str(port)):
            async with norrdal(samples.world()).serve(port):
                pass
