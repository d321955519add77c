"""The hospital speaks HL7 v2.5.1 over MLLP: what it sends can be read by a library of others, and it waits for its answer."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import hl7
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.demo.hospital import er7
from hub.demo.hospital.er7 import LATIN_1, UTF_8, composite, message, segment
from hub.demo.hospital.parts import places
from hub.demo.hospital.sender import NotAcknowledged, acknowledgement, deliver, link, outbox
from hub.demo.world import organisations as o
from hub.demo.world.model import Booking, LaboratoryReport, World

CODECS = {"8859/1": "iso-8859-1", "UNICODE UTF-8": "utf-8"}


def parsed(content: bytes) -> hl7.Message:
    """A message as the library python-hl7 reads it, in the charset that MSH-18 names."""
    charset = content.split(b"\r", 1)[0].split(b"|")[17].decode("ascii")
    return hl7.parse(content.decode(CODECS[charset]))


@asynccontextmanager
async def receiver(code: str = "AA", control: str = "") -> AsyncIterator[tuple[int, list[bytes]]]:
    """A bare MLLP receiver: keeps what comes and answers with `code`."""
    received: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                framed = await reader.readuntil(b"\x1c\x0d")
                received.append(framed[1:-2])
                name = control or framed.split(b"|")[9].decode()
                writer.write(b"\x0b" + f"MSH|^~\\&|HUB\rMSA|{code}|{name}\rERR||OBX^1^5|||E\r".encode() + b"\x1c\x0d")
                await writer.drain()
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], received


def test_every_report_and_booking_of_the_hospital_is_sent(world: World) -> None:
    sent = {each.control for each in outbox(world)}
    held = [fact for fact in world.held if fact.custody.system == o.HOSPITAL]
    reports = {f"ORU-{fact.key}" for fact in held if isinstance(fact, LaboratoryReport)}
    booked = {f"SIU-S12-{fact.key}" for fact in held if isinstance(fact, Booking)}
    assert reports | booked <= sent
    assert {name.split("-")[1] for name in sent if name.startswith("SIU")} == {"S12", "S13", "S15"}
    assert len(held) == len(reports | booked)


def test_both_charsets_are_used_and_each_message_is_in_the_one_it_names(world: World) -> None:
    charsets = set()
    for each in outbox(world):
        read = parsed(each.content)
        charsets.add(str(read.segment("MSH")[18]))
        assert "\ufffd" not in str(read)
    assert charsets == set(CODECS)


def test_every_report_carries_its_results_digit_by_digit(world: World) -> None:
    contents = {each.control: each.content for each in outbox(world)}
    for fact in world.held:
        if isinstance(fact, LaboratoryReport) and fact.custody.system == o.HOSPITAL:
            read = parsed(contents[f"ORU-{fact.key}"])
            results = {str(obx[4]): obx for obx in read.segments("OBX")}
            assert str(read.segment("OBR")[3][0][0]) == fact.key
            assert str(read.segment("PID")[3][0][0]) == fact.person
            assert str(read.segment("SPM")[2][0][1]) == fact.specimens[0].key
            for number, analysis in enumerate(fact.analyses, start=1):
                obx = results[str(number)]
                written = str(obx[5])
                assert str(obx[3][0][0]) == analysis.code.code
                match analysis.value:
                    case None:
                        assert written == ""
                    case value if hasattr(value, "comparator"):
                        assert written == (f"{value.comparator}^{value.value}" if value.comparator else value.value)
                    case value:
                        assert written.startswith(value.code)


def test_susceptibility_stands_beneath_its_isolate(world: World) -> None:
    content = next(each.content for each in outbox(world) if each.control == "ORU-NM-20441")
    assert [str(obx[4]) for obx in parsed(content).segments("OBX")] == ["1", "1.1", "1.2", "1.3", "2"]


def test_every_place_that_a_message_names_is_in_the_table_of_places(world: World) -> None:
    known = places(world)
    assert all(world.units[unit].provider == provider for provider, unit in known.values())
    for each in outbox(world):
        read = parsed(each.content)
        assert str(read.segment("PV1")[3][0][0]) in known
        if each.control.startswith("ORU"):
            assert str(read.segment("ORC")[21][0][9]) in known


def test_a_protected_person_s_name_and_address_are_not_sent(world: World) -> None:
    protected = [person for person in world.persons.values() if person.protected]
    sent = [each.content.decode("iso-8859-1") for each in outbox(world)]
    for person in protected:
        about = [text for text in sent if person.number in text]
        assert about
        assert not [text for text in about if person.family in text]
        assert all(len(hl7.parse(text).segment("PID")) <= 9 for text in about)


@pytest.mark.anyio
@pytest.mark.parametrize("code", ["AA", "AE", "AR"])
async def test_the_sender_delivers_over_a_socket_and_returns_the_code(world: World, code: str) -> None:
    async with receiver(code) as (port, received):
        answers = await deliver(world, "127.0.0.1", port)
    assert [each.content for each in outbox(world)] == received
    assert {answer.code for answer in answers.values()} == {code}
    assert all(answer.errors for answer in answers.values())


@pytest.mark.anyio
async def test_an_answer_about_another_message_is_not_taken(world: World) -> None:
    async with receiver(control="SOMETHING-ELSE") as (port, _), link("127.0.0.1", port) as sender:
        with pytest.raises(NotAcknowledged):
            await sender.send(outbox(world)[0])


@pytest.mark.anyio
async def test_a_receiver_that_hangs_up_or_says_nothing_is_told_apart(world: World) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def listen_only(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    for behaviour, fault in ((hang_up, ConnectionError), (listen_only, TimeoutError)):
        server = await asyncio.start_server(behaviour, "127.0.0.1", 0)
        async with server, link("127.0.0.1", server.sockets[0].getsockname()[1], patience=0.2) as sender:
            with pytest.raises(fault):
                await sender.send(outbox(world)[0])


def test_what_is_no_acknowledgement_is_refused() -> None:
    with pytest.raises(NotAcknowledged):
        acknowledgement(b"MSH|^~\\&|HUB\rMSA|OK|1")


PLAIN = {"E": "\\", "F": "|", "S": "^", "R": "~", "T": "&", ".br": "\n"}


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n|^~&\\"), max_size=60))
def test_any_text_survives_the_pipes(text: str) -> None:
    written = er7.field(text)
    assert not set("|^~&\n") & set(written)
    assert re.sub(r"\\([^\\]*)\\", lambda found: PLAIN[found[1]], written) == text


def test_text_that_latin_1_cannot_hold_goes_out_as_utf_8(world: World) -> None:
    sent = world.held[0].custody.time
    held = message(
        control="1",
        trigger=("ORU", "R01", "ORU_R01"),
        application="A",
        facility="B",
        sent=sent,
        charset=LATIN_1,
        body=[segment("NTE", {3: composite("77–78 kg")})],
    )
    assert str(parsed(held.content).segment("MSH")[18]) == UTF_8[0]
