"""A number tells a guardian or an agent nothing of anybody but themselves and whom they stand for."""

from datetime import timedelta

import pytest

from hub.consent.grounds import Attorney
from hub.sources import Fault, SourceFailed


def answer(house, who, number):
    found = house.post("/fhir/Observation/_search", who, data={"patient.identifier": f"{number.system}|{number.value}"})
    assert found.status_code == 200, found.text
    return {name: value for name, value in found.json().items() if name in ("link", "total", "entry")}


@pytest.mark.parametrize("kind", ["guardian", "agent"])
def test_a_strangers_number_is_answered_like_nobodys(shared, kind):
    house, mine, stranger = shared, shared.enroll(), shared.enroll()
    me, nobodys = house.patient_person(mine, kind), house._number()
    told = answer(house, me, stranger.number)
    assert told == answer(house, me, nobodys)
    assert stranger.id not in str(told)


def test_a_number_whose_register_is_silent_is_answered_like_nobodys(house):
    mine, stranger = house.enroll(), house.enroll()
    house.clock.move(days=3)
    house.told["register"].answer = SourceFailed(Fault.TIMEOUT)
    me = house.patient_person(mine, "guardian")
    assert answer(house, me, stranger.number) == answer(house, me, house._number())


def test_a_guardian_finds_a_child_and_oneself_by_number(shared, kit):
    house, mine = shared, shared.enroll()
    child = house.enroll(born=kit.NOW.date().replace(year=2032), guardians=(mine.number,))
    me, id = house.patient_person(mine, "guardian"), house.hold(child)
    told = answer(house, me, child.number)
    assert [each["resource"]["id"] for each in told["entry"] if each["search"]["mode"] == "match"] == [id]
    assert mine.id in str(answer(house, me, mine.number)["link"])


def test_an_agent_asks_the_register_about_nobody(house):
    mine, number = house.enroll(), house._number()
    house.told["register"].asked.clear()
    answer(house, house.patient_person(mine, "agent"), number)
    assert house.told["register"].asked == []


def test_an_agent_finds_whom_there_is_a_power_of_attorney_of(shared, kit):
    house, mine, principal = shared, shared.enroll(), shared.enroll()
    me = house.patient_person(mine, "agent")
    assert principal.id not in str(answer(house, me, principal.number))
    common = {
        "start": kit.NOW - timedelta(days=1),
        "end": kit.NOW + timedelta(days=1),
        "state": "active",
        "recorded": kit.NOW,
        "recorded_by": "x",
    }
    house.ground(principal, Attorney(id=f"a{principal.pk}", agent=me.name, **common))
    assert principal.id in str(answer(house, me, principal.number)["link"])
