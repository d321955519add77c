"""The two files that the demo writes are read by the hub as it reads anybody's, and say what the world is."""

from pathlib import Path

from hub import config, directory
from hub.demo import personas
from hub.demo.configuration import CONTRACTS, DEFAULTS, Addresses, write
from hub.demo.hospital.parts import places
from hub.demo.world import organisations as o
from hub.demo.world.model import Booking, CarePlan, CareTeam, Measurement, World

ADDRESSES = Addresses(
    norrdal="http://127.0.0.1:1",
    vastvik="http://127.0.0.1:2",
    clinic="http://127.0.0.1:3/fhir",
    register="http://127.0.0.1:4",
    index="http://127.0.0.1:7",
    security="http://127.0.0.1:8",
    log="http://127.0.0.1:9",
    mllp="127.0.0.1:5",
    files=Path("dropped here"),
)
ISSUER = {"issuer": "http://127.0.0.1:6", "audience": "http://127.0.0.1:8000/fhir", "jwks_url": "http://127.0.0.1:6/jwks"}


def read(world: World, folder: Path) -> tuple[config.Config, directory.Directory]:
    written = write(folder, world, ADDRESSES, hub={"port": 8123, "deadline": 2.5, "data": "var"}, issuers=(ISSUER,))
    held = config.read(written, {})
    assert held.directory
    return held, directory.read(held.directory)


def test_the_hub_reads_every_system_of_the_world_as_a_source(world: World, tmp_path: Path) -> None:
    held, _ = read(world, tmp_path)
    found = {source.name: source for source in held.sources}
    assert found.keys() == world.systems.keys() - {o.OWN}
    assert {name: source.contracts for name, source in found.items()} == CONTRACTS
    assert {source.owner for source in held.sources} <= world.providers.keys()
    assert found[o.MUNICIPALITY].address == "dropped here"
    assert found[o.PRIVATE].unit == o.PRIVATE_CLINIC
    assert (held.port, held.deadline, held.data) == (8123, 2.5, tmp_path / "var")
    assert held.issuers[0].issuer == ISSUER["issuer"]
    assert held.log_service
    assert held.log_service.address == ADDRESSES.log
    assert [(client.client_id, client.source) for client in held.clients] == [(personas.SYSTEM_CLIENT, o.HOSPITAL)]


def test_every_code_of_the_hospital_has_its_place(world: World, tmp_path: Path) -> None:
    held, _ = read(world, tmp_path)
    hospital = next(source for source in held.sources if source.name == o.HOSPITAL)
    assert {code: (place["provider"], place["unit"]) for code, place in hospital.places.items()} == places(world)


def test_the_directory_holds_every_provider_unit_and_employee(world: World, tmp_path: Path) -> None:
    _, held = read(world, tmp_path)
    assert held.providers.keys() == world.providers.keys()
    assert {unit.hsa_id: (unit.provider, unit.social, unit.protected) for unit in held.units.values()} == {
        unit.hsa_id: (unit.provider, unit.social, unit.protected) for unit in world.units.values()
    }
    assert {s.hsa_id: (s.given, s.role, s.units, s.protected) for s in held.staff.values()} == {
        s.hsa_id: (s.given, s.role, s.units, s.protected) for s in world.staff.values()
    }


def test_what_a_source_cannot_say_is_what_its_default_says(world: World) -> None:
    silent = [
        fact
        for fact in world.held
        if isinstance(fact, (Booking, CareTeam, Measurement))
        or fact.custody.system in (o.HOSPITAL, o.MUNICIPALITY, o.PRIVATE)
        or (isinstance(fact, CarePlan) and fact.custody.system == o.MUNICIPALITY)
    ]
    assert silent
    assert {fact.custody.released for fact in silent} == {DEFAULTS["released"]}
