"""HL7 v2 that nobody here wrote: read or refused with a place, and results that agree with another translator."""

import re
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from hub.errors import Unmappable
from hub.fhir import json
from hub.fhir.validation import validate
from hub.mappers import Settings, SourceMessage, _er7
from hub.mappers.hl7v2_oru_r01 import HL7V2_ORU_R01
from hub.mappers.hl7v2_siu import HL7V2_SIU

pytestmark = pytest.mark.reference
NOW = datetime(2026, 11, 21, tzinfo=UTC)
NUMBERED = re.compile(rb"(?m)^PID\|([^|\r\n]*)\|([^|\r\n]*)\|[^|\r\n]*")
PERSON = rb"PID|\1|\2|195009072553^^^&1.2.752.129.2.1.3.1&ISO"


def messages(reference: Path) -> list[tuple[str, bytes]]:
    """Every message of the samples, with a patient number that the hub takes."""
    found = []
    for path in sorted((reference / "samples" / "hl7v2").rglob("*.hl7")):
        content = path.read_bytes().replace(b"\r\n", b"\r").replace(b"\n", b"\r")
        lines = [NUMBERED.sub(PERSON, line) for line in content.split(b"\r")]
        found.append((path.name, b"\r".join(lines)))
    return found


def test_every_foreign_message_is_read_or_refused_with_a_place(reference: Path) -> None:
    outcome: Counter[str] = Counter()
    for _, content in messages(reference):
        try:
            _er7.read(content, "utf-8")
            outcome["read"] += 1
        except Unmappable as refused:
            outcome["refused" if refused.place else "refused nowhere"] += 1
    assert outcome["read"] > 100
    assert outcome["refused nowhere"] == 0


@pytest.mark.parametrize(("kind", "mapper", "least"), [("ORU", HL7V2_ORU_R01, 10), ("SIU", HL7V2_SIU, 3)])
def test_what_becomes_of_foreign_messages_is_fhir(kind, mapper, least, reference: Path) -> None:
    mapped = 0
    for name, content in messages(reference):
        try:
            if _er7.read(content).header.text(9) != kind:
                continue
            found = mapper.map(SourceMessage("x", mapper.name, content, NOW), Settings("x", "SE1-X"))
        except Unmappable:
            continue
        mapped += 1
        resources = [keyed.resource for entry in found.entries for keyed in entry.resources]
        assert (name, [issue for resource in resources for issue in validate(resource)]) == (name, [])
    assert mapped >= least


def test_another_translator_found_the_same_numbers(reference: Path) -> None:
    """Its templates are no norm; what both read as a quantity must be the same amount."""
    folder = reference / "samples" / "hl7v2" / "microsoft-fhir-converter"
    compared = 0
    for name, content in messages(reference):
        expected = folder / name.replace(".hl7", ".expected.json")
        if not name.startswith(("ORU", "LAB-ORU")) or not expected.exists():
            continue
        found = HL7V2_ORU_R01.map(SourceMessage("x", "hl7v2_oru_r01", content, NOW), Settings("x", "SE1-X"))
        ours = _amounts(keyed.resource for entry in found.entries for keyed in entry.resources)
        theirs = _amounts(entry["resource"] for entry in json.loads(expected.read_bytes())["entry"])
        shared = ours.keys() & theirs.keys()
        assert {code: ours[code] for code in shared} == {code: theirs[code] for code in shared}
        compared += len(shared)
    assert compared


def _amounts(resources) -> dict[str, set[Decimal]]:
    found: dict[str, set[Decimal]] = {}
    for resource in resources:
        if resource["resourceType"] == "Observation" and "valueQuantity" in resource:
            codes = [coding.get("code") for coding in resource["code"].get("coding", [])]
            amount = Decimal(str(resource["valueQuantity"].get("value")))
            for code in codes[:1]:
                found.setdefault(code, set()).add(amount)
    return found
