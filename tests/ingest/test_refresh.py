"""Asking sources: once however many wait, never past the deadline, and what they did is noted."""

import asyncio
import time

import pytest

from hub.enrolment import Identified
from hub.refresh import FORM, Question, Refresher
from hub.sources import Fault, Fetched, SourceFailed, Verdict
from hub.store.known import known
from hub.store.tables import NO_PATIENT

CONTRACT = "csv_care_plans"


@pytest.fixture
def house(open_house, kit):
    asked = kit.source("north", "rivta", CONTRACT)
    other = kit.source("south", "rivta", CONTRACT)
    held = open_house(asked, other, kit.REGISTER)
    held.anna = held.enroll(kit.ANNA)
    held.refresher = Refresher(held.hub)
    held.question = Question(held.anna, kit.ANNA, asked, CONTRACT)
    held.others = Question(held.anna, kit.ANNA, other, CONTRACT)
    return held


def _noted(house, source: str = "north", contract: str = CONTRACT, pk: int | None = None):
    return known(house.store.reader(), house.anna if pk is None else pk, 0).fresh(source, contract)


def _titles(house) -> list[str]:
    return sorted(each["title"] for each in house.shown(house.anna, "CarePlan"))


def _after(seconds: float, answer):
    async def late():
        await asyncio.sleep(seconds)
        return answer

    return late


def _refresh(house, *questions, deadline: float = 5.0, settle: bool = True) -> float:
    async def run() -> float:
        began = time.monotonic()
        await house.refresher.refresh(questions, deadline)
        took = time.monotonic() - began
        if settle:
            await asyncio.gather(*house.refresher.running.values(), return_exceptions=True)
        else:
            await house.refresher.close()
        return took

    return house.run(run())


def test_an_answer_is_taken_in_and_noted_as_fresh(house, kit) -> None:
    house.fetchers["north"].answers[CONTRACT] = kit.plans((kit.ANNA.value, "P1", "Annas"))
    _refresh(house, house.question)
    assert _titles(house) == ["Annas"]
    told = _noted(house)
    assert told.succeeded == told.asked
    assert (told.fault, told.partial) == ("", "")
    assert house.observed[-1][:3] == ("north", CONTRACT, "answered")


def test_however_many_wait_one_question_is_asked(house, kit) -> None:
    house.fetchers["north"].answers[CONTRACT] = _after(0.1, kit.plans((kit.ANNA.value, "P1", "Annas")))

    async def run() -> None:
        await asyncio.gather(*(house.refresher.refresh([house.question, house.question], 5) for _ in range(9)))
        assert house.refresher.running == {}

    house.run(run())
    assert len(house.fetchers["north"].questions) == 1
    _refresh(house, house.question)
    assert len(house.fetchers["north"].questions) == 2


def test_a_source_that_hangs_holds_nobody_past_the_deadline_and_its_data_are_there_next_time(house, kit) -> None:
    house.fetchers["north"].answers[CONTRACT] = _after(0.8, kit.plans((kit.ANNA.value, "P1", "Sena")))
    house.fetchers["south"].answers[CONTRACT] = kit.plans((kit.ANNA.value, "P1", "Snabba"))

    async def run() -> None:
        began = time.monotonic()
        await house.refresher.refresh([house.question, house.others], 0.4)
        assert time.monotonic() - began < 0.7
        assert _titles(house) == ["Snabba"]
        await asyncio.gather(*house.refresher.running.values())

    house.run(run())
    assert _titles(house) == ["Sena", "Snabba"]
    assert _noted(house).fault == ""


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.TIMEOUT, Fault.SOAP, Fault.BREAKER])
def test_a_failure_is_noted_and_what_was_told_before_stays_with_its_time(house, kit, fault) -> None:
    house.fetchers["north"].answers[CONTRACT] = kit.plans((kit.ANNA.value, "P1", "Annas"))
    _refresh(house, house.question)
    before = _noted(house)
    house.fetchers["north"].answers[CONTRACT] = SourceFailed(fault, content=b"what came")
    _refresh(house, house.question)
    told = _noted(house)
    assert told.asked > before.asked
    assert (told.succeeded, told.fault) == (before.succeeded, str(fault))
    assert _titles(house) == ["Annas"]
    (kept,) = house.kept(("unmappable",))
    assert (kept.message.content, kept.pk) == (b"what came", house.anna)
    house.fetchers["north"].answers[CONTRACT] = kit.plans((kit.ANNA.value, "P1", "Annas"))
    _refresh(house, house.question)
    assert _noted(house).fault == ""


def test_what_cannot_be_read_is_noted_as_not_what_the_contract_says(house) -> None:
    house.fetchers["north"].answers[CONTRACT] = b"<html>"
    _refresh(house, house.question)
    assert (_noted(house).succeeded, _noted(house).fault) == (None, FORM)


@pytest.mark.parametrize("partial", ["page 2 did not come", "two\nlines"])
def test_a_part_of_an_answer_withdraws_nothing_and_is_noted_as_a_part(house, kit, partial) -> None:
    house.fetchers["north"].answers[CONTRACT] = kit.plans((kit.ANNA.value, "P1", "Första"))
    _refresh(house, house.question)
    house.fetchers["north"].answers[CONTRACT] = Fetched((kit.plans((kit.ANNA.value, "P2", "Andra")),), partial=partial)
    _refresh(house, house.question)
    assert _titles(house) == ["Andra", "Första"]
    assert _noted(house).partial == partial
    house.fetchers["north"].answers[CONTRACT] = kit.plans((kit.ANNA.value, "P2", "Andra"))
    _refresh(house, house.question)
    assert _titles(house) == ["Andra"]
    assert _noted(house).partial == ""


def test_an_unchanged_answer_costs_as_few_statements_however_long_it_is(house, kit) -> None:
    counts = []
    for many in (1, 50):
        house.fetchers["north"].answers[CONTRACT] = kit.plans(*((kit.ANNA.value, f"P{n}", "Plan") for n in range(many)))
        _refresh(house, house.question)
        with house.store.database.count() as counter:
            _refresh(house, house.question)
        counts.append(len([each for each in counter.statements if "audit" not in each]))  # without the log's own
    assert counts[0] == counts[1] <= 10


def test_what_is_on_its_way_ends_when_the_hub_does(house, kit) -> None:
    house.fetchers["north"].answers[CONTRACT] = _after(60, b"")
    assert _refresh(house, house.question, deadline=0.05, settle=False) < 1
    assert house.refresher.running == {}


def test_a_fault_of_the_hub_itself_is_counted_and_reaches_nobody(house, kit) -> None:
    house.fetchers["north"].answers[CONTRACT] = ValueError("a fault of ours")
    _refresh(house, house.question)
    assert house.observed[-1][:3] == ("north", CONTRACT, "not-stored")


def _person(kit, *numbers) -> bytes:
    path = kit.EXAMPLES / "rivta_persons" / "adult-with-an-older-number-and-two-addresses" / "message.xml"
    return path.read_bytes()


def _identify(house, number) -> int | None:
    return house.run(house.refresher.identify(number)).pk


def test_the_register_is_asked_once_for_whoever_is_not_known_and_finds_a_person_by_every_number(house, kit) -> None:
    register = house.fetchers["register"]
    register.answers[("rivta_persons", kit.MARIA)] = _person(kit)
    pk = _identify(house, kit.MARIA)
    assert pk is not None
    assert _identify(house, kit.LINKED) == pk
    assert len(register.questions) == 1
    assert _noted(house, "register", "rivta_persons", pk).fault == ""


def test_an_answer_about_somebody_else_says_nothing(house, kit) -> None:
    house.fetchers["register"].answers["rivta_persons"] = _person(kit)
    assert _identify(house, kit.OLLE) is None
    assert house.pk(kit.MARIA) is None


@pytest.mark.parametrize(
    ("answer", "fault"),
    [(None, Fault.REFUSED), (b"<html>", Fault.FORM), (ValueError("ours"), Fault.FORM), ("hangs", Fault.TIMEOUT)],
    ids=["refused", "html", "fault", "hangs"],
)
def test_while_the_register_is_down_known_patients_are_served_and_unknown_are_not(house, kit, answer, fault) -> None:
    house.fetchers["register"].answers["rivta_persons"] = _after(30, b"") if answer == "hangs" else answer

    async def run():
        began = time.monotonic()
        found = [await house.refresher.identify(number) for number in (kit.ANNA, kit.OLLE)]
        assert time.monotonic() - began < 2
        await house.refresher.close()
        return found

    assert house.run(run()) == [Identified(house.anna, fault), Identified(None, fault)]


def _deliver(house, kit, *rows):
    async def run():
        return await house.refresher.deliver()("kommunen", CONTRACT, kit.plans(*rows), "plans.csv")

    return house.run(run())


@pytest.fixture
def pushed(open_house, kit):
    held = open_house(kit.MUNICIPALITY, kit.REGISTER)
    held.anna = held.enroll(kit.ANNA)
    held.refresher = Refresher(held.hub)
    return held


def test_a_delivered_message_of_a_stranger_asks_the_register_and_is_taken_in(pushed, kit) -> None:
    pushed.fetchers["register"].answers[("rivta_persons", kit.MARIA)] = _person(kit)
    done = _deliver(pushed, kit, (kit.MARIA.value, "P1", "Marias"), (kit.LINKED.value, "P2", "Också"))
    assert (done.verdict, done.problems) == (Verdict.ACCEPTED, ())
    assert sorted(each["title"] for each in pushed.shown(pushed.pk(kit.MARIA), "CarePlan")) == ["Marias", "Också"]
    assert _noted(pushed, "kommunen", CONTRACT, NO_PATIENT).succeeded
    assert pushed.hub.pushed["kommunen"] > 0


def test_a_message_whose_strangers_cannot_be_asked_about_waits_and_is_taken_in_once_they_can(pushed, kit) -> None:
    done = _deliver(pushed, kit, (kit.MARIA.value, "P1", "Marias"), (kit.ANNA.value, "P2", "Annas"))
    assert done.verdict is Verdict.ACCEPTED
    assert _titles(pushed) == ["Annas"]
    assert len(pushed.kept(("waiting",))) == 1
    assert pushed.run(pushed.refresher.retry_waiting()) == 1
    pushed.fetchers["register"].answers[("rivta_persons", kit.MARIA)] = _person(kit)
    assert pushed.run(pushed.refresher.retry_waiting()) == 0
    assert [each["title"] for each in pushed.shown(pushed.pk(kit.MARIA), "CarePlan")] == ["Marias"]


def test_what_a_slow_register_says_of_strangers_is_taken_in_in_the_background(pushed, kit) -> None:
    pushed.fetchers["register"].answers[("rivta_persons", kit.MARIA)] = _after(0.6, _person(kit))

    async def run() -> None:
        began = time.monotonic()
        await pushed.refresher.deliver()("kommunen", CONTRACT, kit.plans((kit.MARIA.value, "P1", "Marias")), "plans.csv")
        assert time.monotonic() - began < 0.55
        while pushed.refresher.running:
            await asyncio.gather(*pushed.refresher.running.values())

    pushed.run(run())
    assert [each["title"] for each in pushed.shown(pushed.pk(kit.MARIA), "CarePlan")] == ["Marias"]
    assert pushed.kept(("waiting",)) == []


@pytest.mark.parametrize(
    ("content", "verdict"),
    [(b"garbage", Verdict.REJECTED), (None, Verdict.ERROR)],
    ids=["nothing can be read", "one row is wrong"],
)
def test_a_delivery_says_what_is_wrong_without_values(pushed, kit, content, verdict) -> None:
    held = content or kit.plans((kit.ANNA.value, "P1", "Annas"), ("195009072554", "P2", "Kanarie"))
    done = pushed.run(pushed.refresher.deliver()("kommunen", CONTRACT, held, "plans.csv"))
    assert done.verdict is verdict
    assert done.problems
    assert "195009072554" not in str(done.problems)


def test_without_a_register_a_delivered_stranger_is_a_patient(open_house, kit) -> None:
    house = open_house(kit.MUNICIPALITY)
    house.refresher = Refresher(house.hub)
    assert _deliver(house, kit, (kit.OLLE.value, "P1", "Olles")).verdict is Verdict.ACCEPTED
    assert [each["title"] for each in house.shown(house.pk(kit.OLLE), "CarePlan")] == ["Olles"]
