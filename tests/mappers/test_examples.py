"""Every mapper turns each message in examples/<mapper>/<case>/ into the bundle beside it, digit by digit.

`settings.json`, where a case has one: source, system, provider, unit, defaults, places, asked (`system|value`), received.
HUB_UPDATE_EXAMPLES=1 rewrites each bundle.json; a changed one is the first thing a reviewer reads.
"""

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from lxml import etree

from hub.discovery import plugins
from hub.errors import Issue
from hub.fhir import json as fhir_json
from hub.fhir.identifiers import Identifier
from hub.fhir.validation import validate
from hub.mappers import Defaults, Entry, Mapped, Mapper, Person, Place, Settings, SourceMessage

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
MAPPERS = {mapper.name: mapper for mapper in plugins("hub.mappers", Mapper)}
CASES = sorted(folder for name in MAPPERS for folder in (EXAMPLES / name).glob("*/"))
RIVTA_CASES = [case for case in CASES if case.parent.name.startswith("rivta_")]
RECEIVED = "2026-11-21T09:00:00+00:00"


def read(case: Path, spoilt: Callable[[bytes], bytes] = bytes) -> Mapped:
    """What the case's message becomes. Takes: `spoilt`: what is done to its bytes before."""
    (path,) = case.glob("message.*")
    settings = case / "settings.json"
    held = json.loads(settings.read_text("utf-8")) if settings.exists() else {}
    mapper = MAPPERS[case.parent.name]
    message = SourceMessage(
        source=held.get("source", "example"),
        format=mapper.name,
        content=spoilt(path.read_bytes()),
        received=datetime.fromisoformat(held.get("received", RECEIVED)),
        asked=Identifier(*held["asked"].split("|")) if "asked" in held else None,
        name=held.get("name", ""),
    )
    return mapper.map(
        message,
        Settings(
            source=message.source,
            system=held.get("system", "SE2321990018-JOURNAL"),
            provider=held.get("provider"),
            unit=held.get("unit"),
            defaults=Defaults(**held.get("defaults", {})),
            places={code: Place(**row) for code, row in held.get("places", {}).items()},
        ),
    )


def shown(mapped: Mapped) -> bytes:
    """What was mapped, as JSON that is the same every time."""
    document = {
        "complete": mapped.complete,
        "entries": [_entry(entry) for entry in mapped.entries],
        "persons": [_person(person) for person in mapped.persons],
        "withdrawn": [str(key) for key in mapped.withdrawn],
        "issues": [_told(issue) for issue in mapped.issues],
        "coverage": asdict(mapped.coverage),
    }
    return msgspec.json.format(fhir_json.dumps(_plain(document)), indent=1) + b"\n"


def _told(issue: Issue) -> dict[str, str]:
    """An issue of a mapping: its place is one in the message, so it has no location in a resource."""
    held = asdict(issue)
    assert held.pop("location") == ""
    return held


def resources(mapped: Mapped) -> list[dict[str, Any]]:
    """Every resource that was made; a guardian's patient is filled in as ingest would."""
    found = [keyed.resource for entry in mapped.entries for keyed in entry.resources]
    for person in mapped.persons:
        found += [person.patient, *({**each, "patient": {"reference": "Patient/x"}} for each in person.related)]
    return found


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "key": str(entry.key),
        "patient": str(entry.patient),
        "custody": {name: value for name, value in asdict(entry.custody).items() if value is not None},
        "attribution": {name: value for name, value in asdict(entry.attribution).items() if value},
        "resources": [{"key": str(keyed.key), "resource": keyed.resource} for keyed in entry.resources],
    }


def _person(person: Person) -> dict[str, Any]:
    numbers = {"numbers": [str(n) for n in person.numbers], "guardians": [str(n) for n in person.guardians]}
    return asdict(person) | numbers


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(held) for held in value]
    return value.isoformat() if isinstance(value, date) else value


def _name(case: Path) -> str:
    return f"{case.parent.name}/{case.name}"


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_an_example_becomes_what_stands_beside_it(case: Path) -> None:
    became, expected = shown(read(case)), case / "bundle.json"
    if os.environ.get("HUB_UPDATE_EXAMPLES"):
        expected.write_bytes(became)
    assert became.decode() == expected.read_text("utf-8")


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_what_an_example_becomes_is_fhir(case: Path) -> None:
    assert [issue for resource in resources(read(case)) for issue in validate(resource)] == []


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_nothing_contained_is_left_without_a_reference_to_it(case: Path) -> None:
    for resource in resources(read(case)):
        written = fhir_json.dumps(resource).decode()
        for held in resource.get("contained", []):
            assert f'"#{held["id"]}"' in written, "dom-3"


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_every_resource_of_a_source_says_where_it_comes_from_and_has_no_id(case: Path) -> None:
    for resource in resources(read(case)):
        assert "id" not in resource
        assert not {"versionId", "lastUpdated"} & resource.get("meta", {}).keys()
        assert resource["resourceType"] == "RelatedPerson" or resource["meta"]["source"]


@pytest.mark.reference
@pytest.mark.parametrize("case", RIVTA_CASES, ids=_name)
def test_an_example_of_riv_ta_is_valid_against_the_real_schema(case: Path, reference: Path) -> None:
    family = MAPPERS[case.parent.name].family
    (schema,) = reference.glob(f"rivta/*/schemas/interactions/*/{family}Responder_*.xsd")
    root = etree.parse(str(case / "message.xml")).getroot()
    (body,) = root.find("{http://schemas.xmlsoap.org/soap/envelope/}Body")
    for person in body.iter("{urn:riv:crm:scheduling:1}subject_of_care"):
        person.getparent().remove(person)  # the schema's pattern has a literal ^ and refuses every number
    etree.XMLSchema(etree.parse(str(schema))).assertValid(body)


def test_each_mapper_of_riv_ta_has_at_least_three_examples() -> None:
    short = [name for name in MAPPERS if name.startswith("rivta_") and len(list((EXAMPLES / name).glob("*/"))) < 3]
    assert short == []
