"""RIV-TA over real sockets: mutual TLS, closed doors, and the steps of `hub source check`."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from hub.config import SourceConfig
from hub.fhir.identifiers import PERSONNUMMER, Identifier
from hub.sources import Fault, SourceFailed
from hub.sources.rivta import RivtaSource

PATIENT = Identifier(PERSONNUMMER, "195009072553")
LOGISTICS = "urn:riv:clinicalprocess:logistics:logistics"
FAULT = "<s:Fault><faultcode>s:Server</faultcode><faultstring>VP007 195009072553 Astrid</faultstring></s:Fault>"


def config(**more: Any) -> SourceConfig:
    return SourceConfig(
        **{"name": "a", "title": "A", "kind": "rivta", "owner": "SE-O", "system": "SE-SYS", "timeout": 2.0} | more
    )


def soap(body: str) -> str:
    return f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{body}</s:Body></s:Envelope>'


def plans(inside: str = "") -> str:
    result = f'<r:result xmlns:c="{LOGISTICS}:3"><c:resultCode>OK</c:resultCode></r:result>'
    return soap(
        f'<r:GetCarePlansResponse xmlns:r="{LOGISTICS}:GetCarePlansResponder:2">{inside}{result}</r:GetCarePlansResponse>'
    )


async def serve(answer: bytes, context: ssl.SSLContext | None = None) -> asyncio.Server:
    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
            await reader.readexactly(length)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()

    return await asyncio.start_server(one, "127.0.0.1", 0, ssl=context)


def port_of(server: asyncio.Server) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def files(authority: trustme.CA, tmp_path: Path) -> dict[str, str]:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    ours = authority.issue_cert("hub.example")
    ours.private_key_and_cert_chain_pem.write_to_path(tmp_path / "ours.pem")
    return {"ca_file": str(tmp_path / "ca.pem"), "cert_file": str(tmp_path / "ours.pem")}


def server_context(authority: trustme.CA, name: str = "localhost", client: bool = True) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    if client:
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


async def over_tls(context: ssl.SSLContext, **more: Any) -> bytes:
    server = await serve(plans().encode(), context)
    source = RivtaSource(config(address=f"https://localhost:{port_of(server)}/", **more))
    try:
        return (await source.fetch("rivta_care_plans", PATIENT)).contents[0]
    finally:
        await source.aclose()
        server.close()
        await server.wait_closed()


def test_mutual_tls_reaches_a_source_that_trusts_us(authority: trustme.CA, files: dict[str, str]) -> None:
    assert asyncio.run(over_tls(server_context(authority), **files)) == plans().encode()


@pytest.mark.parametrize(
    ("name", "leave_out", "faults"),
    [
        ("localhost", "ca_file", {Fault.TLS}),
        ("another.example", "", {Fault.TLS}),
        ("localhost", "cert_file", {Fault.TLS, Fault.HTTP}),
    ],
    ids=["an authority we do not trust", "another's certificate", "no certificate of ours"],
)
def test_tls_that_does_not_hold_is_a_failure(
    name: str, leave_out: str, faults: set[Fault], authority: trustme.CA, files: dict[str, str]
) -> None:
    given = {key: value for key, value in files.items() if key != leave_out}
    with pytest.raises(SourceFailed) as failure:
        asyncio.run(over_tls(server_context(authority, name), **given))
    assert failure.value.fault in faults


def test_a_closed_port_is_refused_and_a_name_without_address_is_no_name() -> None:
    async def to(address: str) -> Fault:
        source = RivtaSource(config(address=address))
        try:
            await source.fetch("rivta_care_plans", PATIENT)
        except SourceFailed as failure:
            return failure.fault
        finally:
            await source.aclose()
        raise AssertionError("it answered")

    async def closed() -> int:
        server = await serve(b"")
        port = port_of(server)
        server.close()
        await server.wait_closed()
        return port

    assert asyncio.run(to(f"http://127.0.0.1:{asyncio.run(closed())}/")) is Fault.REFUSED
    assert asyncio.run(to("http://no-such-host.invalid/")) is Fault.NAME


async def steps_of(answer: bytes, **more: Any) -> list[tuple[str, bool]]:
    server = await serve(answer)
    source = RivtaSource(config(address=f"http://127.0.0.1:{port_of(server)}/", contracts=("rivta_care_plans",), **more))
    try:
        return [(step.name, step.passed) async for step in source.check()]
    finally:
        await source.aclose()
        server.close()
        await server.wait_closed()


HOMELESS = plans(
    f'<r:carePlan xmlns:c="{LOGISTICS}:3"><c:carePlanHeader><c:documentId>1</c:documentId><c:patientId><c:id>195009072553</c:id>'
    "<c:type>1.2.752.129.2.1.3.1</c:type></c:patientId></c:carePlanHeader></r:carePlan>"
)
WAY = [("name", True), ("connection", True), ("TLS", True)]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (plans(), [("answer", True), ("schema", True), ("a patient", True)]),
        (HOMELESS, [("answer", True), ("schema", True), ("a patient", False)]),
        (plans("<r:carePlan/>"), [("answer", True), ("schema", False), ("a patient", True)]),
        (soap(FAULT), [("answer", False)]),
        ("<html/>", [("answer", False)]),
    ],
    ids=["nothing of the patient", "records that nobody holds", "an unreadable record", "a fault", "HTML"],
)
def test_a_check_goes_step_by_step_to_the_first_that_fails(answer: str, expected: list[tuple[str, bool]]) -> None:
    found = asyncio.run(steps_of(answer.encode()))
    assert found == WAY + [(f"rivta_care_plans: {name}", passed) for name, passed in expected]


def test_a_check_of_an_address_that_is_none_says_what_to_do() -> None:
    async def scenario() -> list[Any]:
        source = RivtaSource(config(address="http://no-such-host.invalid/"))
        try:
            return [step async for step in source.check()]
        finally:
            await source.aclose()

    (step,) = asyncio.run(scenario())
    assert (step.name, step.passed, step.advice) == (
        "name",
        False,
        "check the host in `address`, and the name service of this machine",
    )
