"""The personas are people of the world, and the hub takes each for who they are."""

import json
from pathlib import Path

import pytest

from hub import directory, scopes
from hub.authserver.issue import Authority, claims, granted
from hub.demo import configuration, personas
from hub.demo.personas import PERSONAS, Persona, account
from hub.demo.world.model import World
from hub.smart.claims import caller_of
from hub.tokens import Claims

NAMES = [one.name for one in PERSONAS]


@pytest.mark.parametrize("one", PERSONAS, ids=NAMES)
def test_a_persona_is_somebody_in_the_world(world: World, one: Persona) -> None:
    if one.employee:
        assert one.unit in world.staff[one.employee].units
        assert world.units[one.unit].provider == one.provider
        assert world.units[one.unit].social == (one.kind == "social")
    if one.person:
        assert world.person(one.person)
    if one.kind == "guardian":
        assert any(one.person in person.guardians for person in world.persons.values())
    if one.source:
        assert one.source in world.systems


def test_no_two_personas_have_one_name_and_every_kind_is_there() -> None:
    assert len(set(NAMES)) == len(NAMES)
    kinds = {"clinician", "social", "reviewer", "patient", "guardian", "system", "technician"}
    assert {one.kind for one in PERSONAS} == kinds
    assert [one.name for one in PERSONAS if one.officer] == ["bemyndigad-norrdal"]


@pytest.mark.parametrize("one", PERSONAS, ids=NAMES)
def test_the_hub_takes_a_persona_s_token_for_the_persona(world: World, tmp_path: Path, one: Persona) -> None:
    written = tmp_path / "directory.toml"
    written.write_text(configuration.directory(world), "utf-8")
    person = account(one, world)
    client = next(
        c for c in personas.clients(()) if c.client_id == (one.name if one.kind in ("system", "technician") else "demo")
    )
    authority = Authority("http://127.0.0.1:6", "http://127.0.0.1:8000/fhir", key=None)  # type: ignore[arg-type]  # nothing is signed
    said: Claims = claims(person, client, authority, next(iter(person.commissions), None)) | {
        "iss": authority.issuer,
        "client_id": client.client_id,
        "jti": "1",
        "scope": granted(None, client, person),
    }
    caller = caller_of(said, {personas.SYSTEM_CLIENT: one.source}, directory.read(written))
    assert (caller.kind, caller.loa, caller.unit, caller.provider) == (one.kind, 3, one.unit, one.provider)
    assert (caller.purpose, caller.scope, caller.source) == (one.purpose, one.scope, one.source)
    assert (caller.officer, caller.block_administrator) == (one.officer, one.block_administrator)
    assert caller.person.rpartition("|")[2] == one.person
    assert caller.role == one.role
    assert caller.smart == scopes.parse(one.smart)


def test_the_list_of_personas_is_json_without_a_personal_number() -> None:
    listed = json.loads(personas.as_json())
    assert [row["name"] for row in listed] == NAMES
    assert {"name", "kind", "unit", "provider", "purpose", "scopes"} <= listed[0].keys()
    assert not [one.person for one in PERSONAS if one.person and one.person in personas.as_json()]


def test_a_persona_is_found_by_name_or_the_names_are_told() -> None:
    assert personas.persona("tekniker").kind == "technician"
    with pytest.raises(KeyError, match="lakare-norrdal-1"):
        personas.persona("nobody")
