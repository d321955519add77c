"""The MLLP listener over real sockets: what is acknowledged, when, and what garbage becomes."""

import asyncio
import ssl
from contextlib import asynccontextmanager

import pytest
import trustme

from hub.config import SourceConfig
from hub.mappers import _er7
from hub.sources import Delivery, Verdict, mllp
from hub.sources.mllp import MllpListener, check

HEAD = "MSH|^~\\&|LAB|KEM|HUB|REG|20260701130501||ORU^R01^ORU_R01|C{}|P|2.5.1||||||{}"
CONTRACTS = ("hl7v2_oru_r01", "hl7v2_siu")


def message(control=1, charset="UNICODE UTF-8", *lines):
    return "\r".join([HEAD.format(control, charset), "PID|1", *lines, ""]).encode()


def framed(content):
    return b"\x0b" + content + b"\x1c\x0d"


class Taker:
    """Delivers by remembering; `verdict` is what it says, `gate` when."""

    def __init__(self, verdict=None, gate=None):
        self.taken = []
        self.verdict = verdict or Delivery(Verdict.ACCEPTED)
        self.gate = gate

    async def __call__(self, source, mapper, content, name):
        if self.gate:
            await self.gate.wait()
        if isinstance(self.verdict, Exception):
            raise self.verdict
        self.taken.append((source, mapper, content, name))
        return self.verdict


@asynccontextmanager
async def listening(taker, notes=None, idle=5.0, patience=2.0, **more):
    config = SourceConfig(
        name="lab", title="Lab", kind="mllp", owner="SE1", system="SE1-LAB", address="127.0.0.1:0", contracts=CONTRACTS, **more
    )
    said = notes if notes is not None else []
    listener = MllpListener(config, taker, lambda *words, **fields: said.append((words, fields)), idle=idle, patience=patience)
    port = await listener.start()
    try:
        yield listener, port
    finally:
        await listener.aclose()


async def ask(port, *contents, raw=False):
    """Send each and collect what is answered until the listener closes or every answer has come."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = []
    for content in contents:
        writer.write(content if raw else framed(content))
        answers.append(await asyncio.wait_for(answer(reader), 5))
    writer.close()
    await writer.wait_closed()
    return answers


async def answer(reader):
    found = await reader.readuntil(b"\x1c\x0d")
    assert found.startswith(b"\x0b")
    return _er7.read(found[1:-2])


def msa(found):
    segment = found.first("MSA")
    return segment.text(1), segment.text(2)


def test_many_messages_on_one_connection_are_each_acknowledged_with_their_control_id():
    taker = Taker()

    async def scenario():
        async with listening(taker) as (_, port):
            return await ask(port, message(1), message(2), message(3))

    assert [msa(found) for found in asyncio.run(scenario())] == [("AA", "C1"), ("AA", "C2"), ("AA", "C3")]
    assert [(source, mapper, content) for source, mapper, content, _ in taker.taken] == [
        ("lab", "hl7v2_oru_r01", message(n)) for n in (1, 2, 3)
    ]


def test_each_type_of_message_goes_to_its_own_mapper_and_the_unknown_to_the_first():
    taker = Taker()
    kinds = ["ORU^R01", "SIU^S12", "SIU^S15", "ADT^A01", ""]

    async def scenario():
        async with listening(taker) as (_, port):
            await ask(port, *[message().replace(b"ORU^R01^ORU_R01", kind.encode()) for kind in kinds])

    asyncio.run(scenario())
    assert [mapper for _, mapper, _, _ in taker.taken] == [
        "hl7v2_oru_r01",
        "hl7v2_siu",
        "hl7v2_siu",
        "hl7v2_oru_r01",
        "hl7v2_oru_r01",
    ]


def test_nothing_is_acknowledged_before_it_is_durable():
    async def scenario():
        gate = asyncio.Event()
        taker = Taker(gate=gate)
        async with listening(taker) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(framed(message()))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.shield(pending := asyncio.ensure_future(answer(reader))), 0.2)
            gate.set()
            found = await asyncio.wait_for(pending, 5)
            writer.close()
            return taker.taken, msa(found)

    taken, acknowledged = asyncio.run(scenario())
    assert len(taken) == 1
    assert acknowledged == ("AA", "C1")


def test_a_message_under_way_is_finished_and_acknowledged_when_the_listener_closes():
    async def scenario():
        gate = asyncio.Event()
        taker = Taker(gate=gate)
        async with listening(taker) as (listener, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(framed(message()))
            await asyncio.sleep(0.1)
            closing = asyncio.ensure_future(listener.aclose())
            await asyncio.sleep(0.05)
            gate.set()
            found = await asyncio.wait_for(answer(reader), 5)
            await closing
            writer.close()
            return taker.taken, msa(found)

    taken, acknowledged = asyncio.run(scenario())
    assert (len(taken), acknowledged) == (1, ("AA", "C1"))


def test_faults_are_told_by_place_and_code_and_never_by_value():
    verdict = Delivery(
        Verdict.ERROR, (("OBX[3]-5", "not a number"), ("MSH-9", "not an ORU^R01"), ("line[4]", "is not a segment"))
    )

    async def scenario():
        async with listening(Taker(verdict)) as (_, port):
            return await ask(port, message(1, "8859/1", "OBX|1|NM|X||HEMLIGT"))

    (found,) = asyncio.run(scenario())
    errors = [segment for segment in found.segments if segment.name == "ERR"]
    assert msa(found) == ("AE", "C1")
    assert [(e.text(2, 1), e.text(2, 2), e.text(2, 3), e.text(3), e.text(4), e.text(8)) for e in errors] == [
        ("OBX", "3", "5", "102", "E", "not a number"),
        ("MSH", "1", "9", "200", "E", "not an ORU^R01"),
        ("", "", "", "207", "E", "is not a segment"),
    ]
    assert (found.header.text(3), found.header.text(5), found.header.text(9, 2), found.header.text(18)) == (
        "HUB",
        "LAB",
        "R01",
        "8859/1",
    )
    assert b"HEMLIGT" not in b"".join("|".join(s.raw).encode() for s in found.segments)


def test_what_could_not_be_used_of_an_accepted_message_is_told_as_a_warning():
    verdict = Delivery(Verdict.ACCEPTED, (("OBX[3]-14", "not a time"), ("custody", "no unit")))

    async def scenario():
        async with listening(Taker(verdict)) as (_, port):
            return await ask(port, message(1, "8859/1", "OBX|1|NM|X||1"))

    found = asyncio.run(scenario())
    errors = [segment for segment in found[0].segments if segment.name == "ERR"]
    assert msa(found[0]) == ("AA", "C1")
    assert [(e.text(2, 1), e.text(2, 3), e.text(3), e.text(4), e.text(8)) for e in errors] == [
        ("OBX", "14", "102", "W", "not a time"),
        ("", "", "0", "W", "no unit"),
    ]


def test_a_store_that_fails_is_told_as_ae_and_the_connection_lives():
    notes = []

    async def scenario():
        taker = Taker(RuntimeError("19500907-2553 in the text"))
        async with listening(taker, notes) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(framed(message(1)))
            first = await answer(reader)
            taker.verdict = Delivery(Verdict.ACCEPTED)
            writer.write(framed(message(2)))
            second = await answer(reader)
            writer.close()
            return msa(first), msa(second)

    assert asyncio.run(scenario()) == (("AE", "C1"), ("AA", "C2"))
    assert notes == [(("a message could not be stored",), {"source": "lab", "error": "RuntimeError"})]


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"MSH|^~\\&|utan startblock\r\x1c\x0d",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"\x0bMSH|^~\\&|A\r\x0bMSH|^~\\&|B\r\x1c\x0d",
        b"\x0bMSH|^~\\&|utan slutblock",
        b"\x0b" + b"A" * (_er7.MAX_BYTES + 70_000),
    ],
    ids=["http", "no-start", "tls", "nested", "no-end", "too-large"],
)
def test_what_is_no_frame_is_kept_answered_ar_and_the_connection_closed(garbage):
    taker, notes = Taker(Delivery(Verdict.REJECTED, (("MSH", "does not begin with MSH"),))), []

    async def scenario():
        async with listening(taker, notes, patience=0.3) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**23)
            writer.write(garbage)
            found = await asyncio.wait_for(answer(reader), 5)
            try:
                rest = await asyncio.wait_for(reader.read(), 5)
            except ConnectionError:
                rest = b""
            writer.close()
            async with listening(taker) as (_, second):
                (again,) = await ask(second, message())
            return msa(found)[0], rest, msa(again)[0]

    assert asyncio.run(scenario()) == ("AR", b"", "AR")
    assert len(taker.taken) == 2
    assert any("not a frame" in words for words, _ in notes)


@pytest.mark.parametrize(
    "content",
    [b"", b"hej", b"MSH|^~\\&|A" + b"^" * 100_000, b"\xff\xfe" + b"x" * 100, HEAD.format(1, "KLINGON").encode() + b"\r"],
    ids=["empty", "no-msh", "carets", "binary", "charset"],
)
def test_a_frame_without_a_readable_message_is_handed_over_to_be_kept(content):
    taker = Taker(Delivery(Verdict.REJECTED, (("MSH", "does not begin with MSH"),)))

    async def scenario():
        async with listening(taker) as (_, port):
            return await ask(port, content, message(2))

    answers = asyncio.run(scenario())
    assert [msa(found)[0] for found in answers] == ["AR", "AR"]
    assert [content for _, _, content, _ in taker.taken] == [content, message(2)]


def test_a_sender_that_leaves_in_the_middle_has_its_half_message_kept():
    taker = Taker(Delivery(Verdict.REJECTED))

    async def scenario():
        async with listening(taker) as (_, port):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"\x0bMSH|^~\\&|halv")
            writer.close()
            await writer.wait_closed()
            await asyncio.sleep(0.2)

    asyncio.run(scenario())
    assert [content for _, _, content, _ in taker.taken] == [b"MSH|^~\\&|halv"]


def test_a_connection_that_says_nothing_is_closed_and_noted():
    notes = []

    async def scenario():
        async with listening(Taker(), notes, idle=0.1) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            rest = await asyncio.wait_for(reader.read(), 5)
            writer.close()
            return rest

    assert asyncio.run(scenario()) == b""
    assert notes == [(("a connection ended early",), {"source": "lab", "error": "TimeoutError"})]


def test_one_slow_connection_holds_up_no_other():
    async def scenario():
        async with listening(Taker()) as (_, port):
            _, slow = await asyncio.open_connection("127.0.0.1", port)
            slow.write(b"\x0bMSH|")
            found = await ask(port, message())
            slow.close()
            return msa(found[0])

    assert asyncio.run(scenario()) == ("AA", "C1")


@pytest.mark.parametrize(("limit", "most"), [("MAX_OF_ADDRESS", 3), ("MAX_CONNECTIONS", 3)])
def test_of_too_many_connections_the_one_that_was_quiet_longest_makes_room(monkeypatch, limit, most):
    monkeypatch.setattr(mllp, limit, most)
    notes, taker = [], Taker()

    async def scenario():
        async with listening(taker, notes) as (_, port):
            lines = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
            lines.append(await asyncio.open_connection("127.0.0.1", port))
            for number, (reader, writer) in enumerate((lines[1], lines[2], lines[0])):  # so the second was quiet longest
                writer.write(framed(message(number)))
                await asyncio.wait_for(answer(reader), 5)
            found = await ask(port, message(9))
            rest = await asyncio.wait_for(lines[1][0].read(), 5)
            for reader, writer in (lines[0], lines[2]):
                writer.write(framed(message(10)))
                found.append(await asyncio.wait_for(answer(reader), 5))
            for _, writer in lines:
                writer.close()
            return rest, [msa(each)[0] for each in found]

    assert asyncio.run(scenario()) == (b"", ["AA", "AA", "AA"])
    assert [words for words, _ in notes] == [("too many connections",)]


def test_a_connection_that_makes_room_while_its_message_is_stored_still_acknowledges_it(monkeypatch):
    monkeypatch.setattr(mllp, "MAX_CONNECTIONS", 1)

    async def scenario():
        taker = Taker(gate=asyncio.Event())
        async with listening(taker) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(framed(message(1)))
            await asyncio.sleep(0.1)
            second = asyncio.create_task(ask(port, message(2)))
            await asyncio.sleep(0.1)
            taker.gate.set()
            first = await asyncio.wait_for(answer(reader), 5)
            writer.close()
            return [msa(each) for each in (first, *await second)]

    assert asyncio.run(scenario()) == [("AA", "C1"), ("AA", "C2")]


@pytest.fixture
def certificates(tmp_path):
    authority = trustme.CA()
    ours, theirs = authority.issue_cert("127.0.0.1"), authority.issue_cert("sender.example")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    for name, held in (("ours", ours), ("theirs", theirs)):
        held.private_key_pem.write_to_path(tmp_path / f"{name}.key")
        for pem in held.cert_chain_pems:
            pem.write_to_path(tmp_path / f"{name}.pem", append=True)
    return tmp_path


def test_with_tls_a_sender_without_certificate_delivers_nothing(certificates):
    taker = Taker()
    tls = {"cert_file": str(certificates / "ours.pem"), "key_file": str(certificates / "ours.key")}
    trusting = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    known = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    known.load_cert_chain(certificates / "theirs.pem", certificates / "theirs.key")

    async def sent(port, context):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        writer.write(framed(message()))
        try:
            return msa(await asyncio.wait_for(answer(reader), 5))
        except (ssl.SSLError, ConnectionError, asyncio.IncompleteReadError):
            return None
        finally:
            writer.close()

    async def scenario():
        async with listening(taker, ca_file=str(certificates / "ca.pem"), **tls) as (_, port):
            return await sent(port, trusting), await sent(port, known)

    assert asyncio.run(scenario()) == (None, ("AA", "C1"))
    assert len(taker.taken) == 1


@pytest.mark.parametrize("encrypted", [False, True])
def test_the_check_greets_the_listener_and_stores_nothing(encrypted, certificates):
    taker = Taker()
    names = {"cert_file": "ours.pem", "key_file": "ours.key", "ca_file": "ca.pem"} if encrypted else {}
    tls = {name: str(certificates / file) for name, file in names.items()}

    async def scenario():
        async with listening(taker, **tls) as (listener, port):
            config = SourceConfig(
                name="lab", title="", kind="mllp", owner="SE1", system="SE1-LAB", address=f"127.0.0.1:{port}", timeout=2, **tls
            )
            good = [step async for step in check(config)]
            await listener.aclose()
            return good, [step async for step in check(config)]

    good, closed = asyncio.run(scenario())
    assert [(step.name, step.passed) for step in good] == [("connection", True), ("TLS", True), ("acknowledgement", True)]
    assert [(step.name, step.passed) for step in closed] == [("connection", False)]
    assert taker.taken == []


@pytest.mark.parametrize("address", ["", "127.0.0.1", "host:99999", "host:x"])
def test_an_address_without_a_port_is_told_at_once(address):
    config = SourceConfig(name="lab", title="", kind="mllp", owner="", system="", address=address)
    with pytest.raises(ValueError, match="host:port"):
        asyncio.run(MllpListener(config, Taker(), lambda *_, **__: None).start())
