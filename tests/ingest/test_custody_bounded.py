"""A source holds the data of the care providers that its configuration names, whatever its messages claim."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from hub.records import FOREIGN
from hub.store.tables import entry


@pytest.fixture
def claimed(kit):
    """A clinic whose bundle claims, by a Provenance, that a record is a region's."""
    config, content, _ = kit.case(kit.EXAMPLES / "fhir_r4" / "custody-from-provenance")
    return replace(config, providers=()), content


def _providers(house, pk: int, config) -> set:
    wanted = select(entry.c.provider).where(entry.c.pk == pk, entry.c.source == config.name)
    return set(house.store.reader().execute(wanted).scalars())


def test_custody_of_a_provider_that_is_not_configured_is_withheld_and_told_of(open_house, kit, claimed) -> None:
    config, content = claimed
    house = open_house(config)
    pk = house.enroll(*_patients(kit, config, content))
    done = house.send(config.name, "fhir_r4", content)
    assert done.status == "withheld"
    assert ("custody.provider", FOREIGN) in {(each.place, each.problem) for each in done.issues}
    assert _providers(house, pk, config) == {None}
    again = house.send(config.name, "fhir_r4", content)
    assert (again.status, again.issues) == (done.status, done.issues), "what is unchanged is told of again"
    (kept,) = house.kept(("withheld",))
    assert "SE2321990018-NORR" not in str(kept.report)


@pytest.mark.parametrize(
    "more",
    [{"providers": ("se2321990018-norr",)}, {"places": {"X": {"provider": "SE2321990018-NORR", "unit": "SE-X"}}}],
    ids=["providers", "places"],
)
def test_a_provider_that_the_configuration_names_is_believed(open_house, kit, claimed, more) -> None:
    config, content = replace(claimed[0], **more), claimed[1]
    house = open_house(config)
    pk = house.enroll(*_patients(kit, config, content))
    house.send(config.name, "fhir_r4", content)
    assert "SE2321990018-NORR" in _providers(house, pk, config)


def _patients(kit, config, content) -> list:
    return list({each.patient: None for each in kit.mapped(config, "fhir_r4", content).entries})
