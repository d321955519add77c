"""A whole list that looks cut short takes nothing away until somebody says so."""

import pytest

from hub.ingest import DOUBTFUL, retry

CONTRACT = "csv_care_plans"


@pytest.fixture
def house(open_house, kit):
    held = open_house(kit.MUNICIPALITY)
    held.anna, held.maria = held.enroll(kit.ANNA), held.enroll(kit.MARIA)
    return held


def _send(house, kit, *names: str):
    rows = ((kit.MARIA.value if name == "M" else kit.ANNA.value, f"P{name}", name) for name in names)
    return house.send("kommunen", CONTRACT, kit.plans(*rows))


def _titles(house) -> str:
    found = [each["title"] for pk in (house.anna, house.maria) for each in house.shown(pk, "CarePlan")]
    return "".join(sorted(found))


def _kept(house) -> list:
    return house.kept(("partly",))


@pytest.mark.parametrize(
    ("before", "now", "after"),
    [
        ("ABCM", "", "ABCM"),
        ("A", "", "A"),
        ("ABCM", "A", "ABCM"),
        ("ABCM", "AX", "ABCMX"),
        ("ABCM", "AB", "AB"),
        ("ABC", "A", "A"),
        ("", "", ""),
    ],
    ids=["empty", "empty of one", "three of four gone", "with a new row", "half", "few", "nothing was there"],
)
def test_what_a_doubtful_list_no_longer_tells_of_stays(house, kit, before, now, after) -> None:
    _send(house, kit, *before)
    done = _send(house, kit, *now)
    assert _titles(house) == after
    doubtful = set(before) - set(now) and len(after) > len(now)
    assert (done.status, [each.problem for each in done.issues]) == (("partly", [DOUBTFUL]) if doubtful else ("mapped", []))


def test_the_operator_confirms_it_by_trying_it_again(house, kit) -> None:
    _send(house, kit, *"ABCM")
    _send(house, kit, "A")
    (kept,) = _kept(house)
    assert retry(house.store, house.hub, kept.id).status == "mapped"
    assert (_titles(house), _kept(house)) == ("A", [])


def test_an_empty_list_that_comes_again_is_confirmed_as_of_when_it_came_last(house, kit) -> None:
    assert _send(house, kit).status == "mapped"
    _send(house, kit, *"ABCM")
    assert _send(house, kit).status == "partly"
    (kept,) = _kept(house)
    retry(house.store, house.hub, kept.id)
    assert _titles(house) == ""


@pytest.mark.parametrize("later", ["ABCM", "ABCMN"], ids=["the same again", "a new one"])
def test_a_confirmed_list_does_not_undo_what_came_after_it(house, kit, later) -> None:
    _send(house, kit, *"ABCM")
    _send(house, kit, "A")
    (kept,) = _kept(house)
    _send(house, kit, *later)
    done = retry(house.store, house.hub, kept.id)
    assert _titles(house) == later
    assert DOUBTFUL not in [each.problem for each in done.issues]
