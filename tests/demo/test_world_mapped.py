"""What the hospital and the municipality send becomes, in the hub's mappers, entries with the custody that the world knows of."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub import config, discovery
from hub.config import SourceConfig
from hub.demo.configuration import Addresses, write
from hub.demo.expected import Sight, sight
from hub.demo.hospital.sender import outbox
from hub.demo.municipality.files import drop
from hub.demo.world import organisations as o
from hub.demo.world.model import CarePlan, CareTeam, Fact, LaboratoryReport, World
from hub.mappers import Entry, Mapped, Mapper, Settings, SourceMessage

Shown = Callable[[Entry], set[Sight]]
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def settings(world: World, tmp_path: Path, settings_of: Callable[[SourceConfig], Settings]) -> dict[str, Settings]:
    """What the demo's configuration tells the mappers of each source."""
    addresses = Addresses(norrdal=NOWHERE, vastvik=NOWHERE, clinic=NOWHERE, register=NOWHERE, mllp="127.0.0.1:9", files=tmp_path)
    held = config.read(write(tmp_path, world, addresses), {})
    return {source.name: settings_of(source) for source in held.sources}


def mapped(name: str, content: bytes, settings: Settings) -> Mapped:
    mapper = next(each for each in discovery.plugins("hub.mappers", Mapper) if each.name == name)
    return mapper.map(SourceMessage(settings.source, name, content, NOW), settings)


def agrees(shown: Shown, entry: Entry, fact: Fact) -> None:
    """An entry is filed under the same person, provider and unit, is as released, and lies in the same time as its fact."""
    held = fact.custody
    assert sight(fact) in shown(entry)
    assert (entry.patient.value, entry.custody.provider, entry.custody.unit) == (fact.person, held.provider, held.unit)
    assert (entry.custody.released, entry.custody.regime) == (held.released, "SVOD")
    first, last = fact.span
    assert entry.custody.time_from is not None
    assert entry.custody.time_to is not None
    assert entry.custody.time_from <= last
    assert first <= entry.custody.time_to


def test_every_message_of_the_hospital_becomes_its_report_or_booking(
    world: World, settings: dict[str, Settings], shown: Shown
) -> None:
    facts = {fact.key: fact for fact in world.held if fact.custody.system == o.HOSPITAL}
    found: dict[str, Entry] = {}
    for message in outbox(world):
        name = "hl7v2_oru_r01" if message.structure == "ORU_R01" else "hl7v2_siu"
        result = mapped(name, message.content, settings[o.HOSPITAL])
        assert result.issues == ()
        (entry,) = result.entries
        found[entry.key.value.split("/")[0]] = entry
    assert found.keys() == facts.keys()
    for key, entry in found.items():
        agrees(shown, entry, facts[key])
        if isinstance(fact := facts[key], LaboratoryReport):
            observations = [each.resource for each in entry.resources if each.resource["resourceType"] == "Observation"]
            assert len(observations) >= len(fact.analyses)


def test_every_row_of_the_municipality_becomes_its_plan_or_team(
    world: World, settings: dict[str, Settings], tmp_path: Path, shown: Shown
) -> None:
    plans, teams = drop(world, tmp_path)
    for name, path, kind in (("csv_care_plans", plans, CarePlan), ("csv_care_team", teams, CareTeam)):
        facts = {f.key: f for f in world.held if f.custody.system == o.MUNICIPALITY and isinstance(f, kind)}
        result = mapped(name, path.read_bytes(), settings[o.MUNICIPALITY])
        assert result.issues == ()
        assert result.complete
        assert {entry.key.value for entry in result.entries} == facts.keys()
        for entry in result.entries:
            agrees(shown, entry, facts[entry.key.value])
