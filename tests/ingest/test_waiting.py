"""Messages whose patients the register could not be asked about wait, and are tried again without anybody's doing."""

import asyncio

import pytest

from hub.belonging import CONTRADICTED, NO_AUTHORITY
from hub.fhir.identifiers import ROOTS
from hub.refresh import Refresher
from hub.sources import Verdict
from hub.store import messages

CONTRACT = "csv_care_plans"
OIDS = {system: oid for oid, system in ROOTS.items()}


@pytest.fixture
def house(open_house, kit):
    held = open_house(kit.MUNICIPALITY, kit.source("lab", "mllp", "hl7v2_oru_r01"), kit.REGISTER)
    held.refresher = Refresher(held.hub)
    return held


def _knows(house, kit) -> None:
    path = kit.EXAMPLES / "rivta_persons" / "adult-with-an-older-number-and-two-addresses" / "message.xml"
    house.fetchers["register"].answers[("rivta_persons", kit.MARIA)] = path.read_bytes()


def _waiting(house) -> int:
    return len(messages.waiting(house.store.reader(), limit=1000))


def _titles(house, number) -> list[str]:
    return sorted(each["title"] for each in house.shown(house.pk(number), "CarePlan"))


def test_what_waits_is_taken_in_once_the_register_answers_again(house, kit) -> None:
    async def run() -> None:
        await house.refresher.deliver()("kommunen", CONTRACT, kit.plans((kit.MARIA.value, "P1", "Marias")), "plans.csv")
        assert _waiting(house) == 1
        task = asyncio.create_task(house.refresher.keep_retrying(every=0.05))
        await asyncio.sleep(0.3)
        assert _waiting(house) == 1
        _knows(house, kit)
        for _ in range(200):
            await asyncio.sleep(0.05)
            if not _waiting(house):
                break
        task.cancel()
        await house.refresher.close()

    house.run(run())
    assert _titles(house, kit.MARIA) == ["Marias"]


def test_a_message_is_taken_in_right_after_its_patient_was_found_by_a_look_up(house, kit) -> None:
    async def run() -> None:
        await house.refresher.deliver()("kommunen", CONTRACT, kit.plans((kit.MARIA.value, "P1", "Marias")), "plans.csv")
        _knows(house, kit)
        await house.refresher.identify(kit.MARIA)
        await asyncio.gather(*house.refresher.running.values())

    house.run(run())
    assert (_waiting(house), _titles(house, kit.MARIA)) == (0, ["Marias"])


def test_however_many_wait_in_vain_every_one_is_tried_oldest_first(house, kit) -> None:
    for number in range(120):
        house.send("kommunen", CONTRACT, kit.plans((kit.OLLE.value, f"P{number}", "Olles")))
    house.send("kommunen", CONTRACT, kit.plans((kit.MARIA.value, "P1", "Gammal")))
    house.send("kommunen", CONTRACT, kit.plans((kit.MARIA.value, "P1", "Ny")))
    _knows(house, kit)
    assert house.run(house.refresher.retry_waiting()) == 120
    assert (_waiting(house), _titles(house, kit.MARIA)) == (120, ["Ny"])


def test_a_number_of_an_authority_that_the_register_does_not_know_is_an_error_and_waits_for_nothing(house, kit) -> None:
    path = kit.EXAMPLES / "hl7v2_oru_r01"
    content = next(path.glob("*/message.hl7")).read_bytes()
    lines = [b"PID|1||4711^^^SJUKHUSET^MR" if line.startswith(b"PID|") else line for line in content.split(b"\r")]
    done = house.run(house.refresher.deliver()("lab", "hl7v2_oru_r01", b"\r".join(lines), "mllp"))
    assert done.verdict is Verdict.ERROR
    assert NO_AUTHORITY in {problem for _, problem in done.problems}
    assert (_waiting(house), house.fetchers["register"].questions) == (0, [])


def test_a_message_that_gives_a_patient_two_numbers_is_taken_only_where_both_are_one_persons(house, kit) -> None:
    house.enroll(kit.ANNA)
    house.enroll(kit.MARIA, kit.LINKED)
    content = next((kit.EXAMPLES / "hl7v2_oru_r01").glob("*/message.hl7")).read_bytes()

    def sent(*numbers):
        ids = "~".join(f"{each.value}^^^&{OIDS[each.system]}&ISO^NI" for each in numbers)
        lines = [f"PID|1||{ids}".encode() if line.startswith(b"PID|") else line for line in content.split(b"\r")]
        done = house.run(house.refresher.deliver()("lab", "hl7v2_oru_r01", b"\r".join(lines), "mllp"))
        return CONTRADICTED in {problem for _, problem in done.problems}, _waiting(house)

    assert sent(kit.MARIA, kit.LINKED) == (False, 0)
    assert sent(kit.ANNA, kit.ANNA) == (False, 0)
    assert sent(kit.ANNA, kit.MARIA) == (True, 0)
    assert sent(kit.ANNA, kit.OLLE) == (False, 1)  # whose the second is, the register has not said
    assert house.fetchers["register"].questions == [("rivta_persons", kit.OLLE)]
