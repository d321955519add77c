"""What an answer costs, in counts: statements, hops, commits. Never seconds: those are for `make bench`."""

import asyncio
import gc
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.world import person
from hub.caller import Caller, SmartScope
from hub.config import Config
from hub.consent.grounds import Need, Relation
from hub.directory import Directory, Provider, Unit
from hub.fhir.custody import Custody
from hub.fhir.encoded import encoded
from hub.fhir.identity import rid
from hub.fhir.query import read_query
from hub.hub import Hub
from hub.interactions.changes import Change
from hub.interactions.context import Context
from hub.interactions.read import places, read
from hub.interactions.search import search_type
from hub.interactions.view import _Decided
from hub.interactions.write import write
from hub.keys import Keys
from hub.refresh import Refresher
from hub.store.deposit import Record, deposit
from hub.store.known import Memory, put_ground
from hub.store.patients import Facts, enroll, facts_of
from hub.store.store import Store

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MICROS = int(NOW.timestamp()) * 1_000_000
KEYS = Keys(b"k" * 32, b"c" * 32)
PERSON = person(0).number
PLACE = {"provider": "SE1", "unit": "SE1-U1"}
CALLER = Caller(
    kind="clinician",
    subject="SE1-E1",
    client="app",
    issuer="https://idp.example.org",
    loa=3,
    purpose="care",
    scope="SJF",
    commission="SE1-C1",
    social_unit=False,
    smart=frozenset({SmartScope("user", "*", frozenset("rs"))}),
    **PLACE,
)
CUSTODY = Custody(
    source="north",
    info_type="und-kkm-ure",
    regime="SVOD",
    social=False,
    time_from=NOW,
    time_to=NOW,
    released=True,
    secret=False,
    nullified=False,
    insurance=False,
    purpose="care",
    incapacity=False,
    **PLACE,
)
GROUND = {"start": NOW, "end": LATER, "state": "active", "recorded": NOW, "recorded_by": "SE1-E1", "employee": "SE1-E1", **PLACE}


@pytest.fixture
def anyio_backend():
    return "asyncio"


pytestmark = pytest.mark.anyio


@pytest.fixture
def house(database_url, tmp_path: Path):
    """(context, patient's id): a hub with a patient of 50 Observations, and a physician who is near."""
    store = Store(database_url, KEYS, lambda: NOW)
    store.open()
    with store.database.writing() as connection:
        pk = enroll(connection, KEYS.identity, Facts((PERSON,), registered=True))
        patient, _ = facts_of(connection, pk)
        records = [
            Record(rid(KEYS.identity, "entry", f"e{n}"), "lab", CUSTODY, (encoded(_observation(n, patient)),), "")
            for n in range(50)
        ]
        deposit(connection, KEYS.identity, pk, records, (), MICROS)
        put_ground(connection, pk, Relation(id="r1", **GROUND), "SE1-E1", MICROS)
        put_ground(connection, pk, Need(id="n1", **GROUND, type="relevance", reason="care"), "SE1-E1", MICROS)
    units = {"SE1-U1": Unit("SE1-U1", "Unit", "SE1")}
    directory = Directory({"SE1": Provider("SE1", "Region")}, units)
    hub = Hub(config=Config(data=tmp_path), directory=directory, store=store, fetchers={}, clock=lambda: NOW)
    yield Context(hub, Refresher(hub), CALLER, "a" * 26, MICROS), patient
    store.close()


def _observation(number, patient):
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": f"2026-10-{number % 28 + 1:02d}",
    }


def _query(context, patient, resource_type="Observation"):
    return read_query(resource_type, [("patient", patient), ("_count", "50")], now=NOW, base=context.hub.base)


async def _counted(context, ask):
    """(statements, hops, commits) of one request."""
    store = context.hub.store
    hops, commits = store.hops, store.database.commits
    with store.database.count() as counter:
        await ask()
    return counter.statements, store.hops - hops, store.database.commits - commits


async def test_a_read_is_one_hop_one_commit_and_reads_grounds_once(house):
    context, _ = house
    first, *_ = await _counted(context, lambda: read(context, "Observation", "o1"))
    again, hops, commits = await _counted(context, lambda: read(context, "Observation", "o2"))
    assert any("FROM ground" in text for text in first)
    assert not any("FROM ground" in text for text in again)
    assert (hops, commits) == (1, 1)
    assert len(_answering(again)) == 3  # where it lies, the epoch, the resource; the fourth is the log's


async def test_a_search_of_fifty_is_one_hop_and_three_statements_before_the_log(house):
    context, patient = house
    await search_type(context, _query(context, patient))
    sent, hops, commits = await _counted(context, lambda: search_type(context, _query(context, patient)))
    assert (len(_answering(sent)), hops, commits) == (3, 1, 1)


async def test_thirty_two_reads_at_once_share_turns_each_of_one_commit_and_one_wake_up(house):
    context, _ = house
    await read(context, "Observation", "o1")
    turns = context.hub.store.turns

    async def many():
        await asyncio.gather(*(read(context, "Observation", f"o{number}") for number in range(32)))

    sent, hops, commits = await _counted(context, many)
    assert (hops, commits) == (32, context.hub.store.turns - turns)
    assert commits <= 16  # one, where a turn is long enough for all
    assert len(_answering(sent)) < 2 * 32  # one each; and two for a turn: where they lie, and how the patient stands
    assert len(sent) - len(_answering(sent)) <= 8 * commits  # epochs, head, last of the patient's list; what is written


async def test_thirty_two_creates_at_once_are_written_together(house):
    context, patient = house
    number = f"{PERSON.system}|{PERSON.value}"
    place = {"kind": "patient", "subject": "p", "person": number, "scope": "", "purpose": "", "provider": "", "unit": ""}
    smart = frozenset({SmartScope("patient", "*", frozenset("cruds"))})
    caller = replace(CALLER, **place, commission="", smart=smart)

    async def create(n):
        made = {name: value for name, value in _observation(n, patient).items() if name != "id"}
        asking = replace(context, caller=caller, request_id=f"{n:026}")
        return await write(asking, Change(action="create", type="Observation", resource=made))

    await create(0)
    turns = context.hub.store.turns
    sent, hops, commits = await _counted(context, lambda: asyncio.gather(*(create(n) for n in range(1, 33))))
    assert hops == 32
    assert commits <= min(4, context.hub.store.turns - turns)
    assert len(sent) <= 20 * commits  # patients, locks, freshness, ids; a row's tables and keys; marks; the log


async def test_thirty_two_searches_at_once_have_a_statement_each_beside_those_of_their_turns(house):
    context, patient = house
    await search_type(context, _query(context, patient))

    async def many():
        await asyncio.gather(*(search_type(context, _query(context, patient)) for _ in range(32)))

    sent, hops, commits = await _counted(context, many)
    assert (hops, commits <= 16) == (32, True)
    assert len(_answering(sent)) < 2 * 32


async def test_while_nothing_changes_a_decision_is_the_same_object_and_so_is_what_the_log_says_of_it(house):
    context, _ = house
    seen = []

    def look(store):
        [(_, _, found)] = places(store, context, "Observation", "o1")
        seen.append(found)

    for _ in range(2):
        await context.hub.store(look)
    assert seen[0] is seen[1]
    await read(context, "Observation", "o1")
    said = dict(seen[0].said)
    await read(context, "Observation", "o2")
    assert seen[0].said == said
    assert len(said) == 1


async def test_a_ground_that_is_added_is_read_at_the_next_request(house):
    context, _ = house
    await read(context, "Observation", "o1")
    store = context.hub.store
    pk = next(iter(store.memory._held.values())).known.pk
    with store.database.writing() as connection:
        put_ground(connection, pk, Need(id="n2", **GROUND, type="work", reason="care"), "SE1-E1", MICROS)
    sent, *_ = await _counted(context, lambda: read(context, "Observation", "o1"))
    assert any("FROM ground" in text for text in sent)


async def test_what_is_remembered_of_patients_weighs_no_more_than_is_reckoned_and_is_bounded_by_it(house):
    context, _ = house
    askers = [replace(context, caller=replace(CALLER, client=f"c{number}")) for number in range(100)]
    for each in askers[:20]:
        await read(each, "Observation", "o1")
    held, grown = context.hub.store.memory._held, []
    for some in (askers[20:60], askers[60:]):
        gc.collect()
        tracemalloc.start()
        try:
            for each in some:
                await read(each, "Observation", "o1")
            gc.collect()
            grown.append(tracemalloc.get_traced_memory()[0])
        finally:
            tracemalloc.stop()
    assert len({asker for asker, _ in held}) == 100
    assert min(grown) / 40 < held.currsize / 100, "what another thread takes meanwhile is not theirs"
    bounded = context.hub.store.memory = Memory(held.currsize // 20)
    for each in askers:
        await read(each, "Observation", "o1")
    assert len({asker for asker, _ in bounded._held}) == 5


async def test_types_that_are_decided_alike_are_decided_once(house):
    context, patient = house
    for name in ("Observation", "Condition", "DiagnosticReport"):
        await search_type(context, _query(context, patient, name))
    decided = next(iter(context.hub.store.memory._held.values())).known.decided
    assert len([each for each in decided.values() if isinstance(each, _Decided)]) == 1


async def test_an_id_that_nobody_has_costs_the_statements_of_one_that_is_withheld(house):
    context, _ = house
    stranger = Context(context.hub, context.refresher, _stranger(), "b" * 26, MICROS)

    async def fails(fhir_id):
        with pytest.raises(Exception, match="there is no such resource"):
            await read(stranger, "Observation", fhir_id)

    costs = [[len(_answering((await _counted(context, lambda x=x: fails(x)))[0])) for _ in range(2)] for x in ("o1", "absent")]
    assert costs[0] == costs[1]


def _stranger():
    return replace(CALLER, subject="SE2-E9", provider="SE2", unit="SE2-U1", commission="SE2-C1")


def _answering(statements):
    """Without the log's own: the epochs that it locks, its head, its rows."""
    epochs = [text for text in statements if text.startswith("SELECT patient.pk, patient.epoch")]
    return [text for text in statements if "audit" not in text and text not in epochs]
