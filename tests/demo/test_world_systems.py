"""All systems at once, over real sockets, as the hub's own ways in meet them: every record arrives with its custody."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub import config, discovery
from hub.config import SourceConfig
from hub.demo.clinic.resources import number_system
from hub.demo.configuration import CONTRACTS, write
from hub.demo.expected import Sight, sight
from hub.demo.systems import Systems, systems
from hub.demo.world import organisations as o
from hub.demo.world.model import Booking, CareContact, CarePlan, Fact, LaboratoryReport, Prescription, World
from hub.fhir.identifiers import Identifier
from hub.mappers import Entry, Mapper, Settings, SourceMessage
from hub.sources import Delivery, Verdict
from hub.sources.fhir_rest import FhirSource
from hub.sources.mllp import MllpListener
from hub.sources.rivta import RivtaSource

pytestmark = pytest.mark.anyio
SettingsOf = Callable[[SourceConfig], Settings]
Shown = Callable[[Entry], set[Sight]]
KINDS: dict[str, type[Fact]] = {
    "rivta_care_plans": CarePlan,
    "rivta_medication_history": Prescription,
    "rivta_laboratory": LaboratoryReport,
    "rivta_care_contacts": CareContact,
    "rivta_schedule": Booking,
    "fhir_r4": Fact,
}


@pytest.fixture
async def running(world: World, tmp_path: Path) -> AsyncIterator[Systems]:
    async with systems(world, tmp_path / "dropped") as started:
        yield started


def configured(running: Systems, folder: Path) -> dict[str, SourceConfig]:
    held = config.read(write(folder, running.world, running.addresses), {})
    return {source.name: source for source in held.sources}


async def entries(source: SourceConfig, contract: str, number: str, settings: Settings) -> list[Entry]:
    """What the hub makes of an answer about a person."""
    asked = Identifier(number_system(number), number)
    mapper = next(each for each in discovery.plugins("hub.mappers", Mapper) if each.name == contract)
    way_in = FhirSource(source) if source.kind == "fhir" else RivtaSource(source)
    try:
        fetched = await way_in.fetch(contract, asked)
    finally:
        await way_in.aclose()
    message = SourceMessage(source.name, contract, fetched.contents[0], datetime.now(UTC), asked)
    return list(mapper.map(message, settings).entries)


@pytest.mark.parametrize("name", [o.REGION_NORRDAL, o.REGION_VASTVIK, o.PRIVATE])
async def test_every_record_of_a_source_that_is_asked_is_filed_under_its_person_provider_and_unit(
    running: Systems, tmp_path: Path, settings_of: SettingsOf, shown: Shown, name: str
) -> None:
    source = configured(running, tmp_path)[name]
    world = running.world
    for contract in CONTRACTS[name]:
        for number in world.persons:
            facts = {fact.key: fact for fact in world.facts(name, number, KINDS[contract])}
            found = {
                entry.key.value.rpartition("/")[2]: entry
                for entry in await entries(source, contract, number, settings_of(source))
            }
            assert found.keys() == facts.keys(), contract
            for key, entry in found.items():
                held = facts[key].custody
                unit = held.unit if held.names_unit else None
                assert sight(facts[key]) in shown(entry)
                assert (entry.custody.provider, entry.custody.unit) == (held.provider, unit), key
                assert entry.patient.value in world.persons[number].numbers
                assert entry.custody.released is held.released, key
                assert bool(entry.custody.nullified) is held.nullified, key


async def test_the_hospital_s_messages_and_the_municipality_s_files_reach_a_hub_that_listens(
    running: Systems, tmp_path: Path
) -> None:
    received: list[tuple[str, str]] = []

    async def keep(source: str, mapper: str, content: bytes, name: str) -> Delivery:
        received.append((source, mapper))
        return Delivery(Verdict.ACCEPTED)

    listener = MllpListener(configured(running, tmp_path)[o.HOSPITAL], keep, lambda *_, **__: None)
    await listener.start()
    await running.drop()
    try:
        answers = await running.push()
    finally:
        await listener.aclose()
    assert {answer.code for answer in answers.values()} == {"AA"}
    assert len(received) == len(answers)
    assert set(received) == {(o.HOSPITAL, "hl7v2_oru_r01"), (o.HOSPITAL, "hl7v2_siu")}
    assert len(list(running.addresses.files.iterdir())) == 2


async def test_pushing_where_nobody_listens_is_an_error(running: Systems) -> None:
    with pytest.raises(OSError, match=r"refused|Connect"):
        await running.push()
