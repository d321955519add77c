"""What our own judge lets pass of what mappers make, the models of fhir.resources find no fault with, whatever the message said.

Ingest asks the models about no mapper's own work (`docs/decisions/0033`): that they would have nothing to say is held here.
"""

import re
from pathlib import Path
from random import Random

import pytest

from hub.errors import Unmappable
from hub.fhir.structure import faults
from hub.fhir.validation import second_opinion
from tests.mappers.test_examples import CASES, MAPPERS, read, resources

OWN = [case for case in CASES if not MAPPERS[case.parent.name].passes_on]
VALUES = {
    "rivta": re.compile(rb">([^<>]+)<"),
    "hl7v2": re.compile(rb"(?<=[|^~&])([^|^~&\r\n]+)"),
    "csv": re.compile(rb"([^;\r\n]+)"),
}
SAID = (
    *(
        "",
        " ",
        "x",
        "Åäö\u00a0–",
        "0",
        "-1",
        "1,5",
        "1e400",
        "007.50",
        "<5",
        ">= 10",
        "true",
        "N/A",
        "2024",
        "202402",
        "20240230",
    ),
    *("20240229", "20240229101500", "2024-02-29T10:15:00", "00010101", "99991231235959", "urn:x", "http://a b", "a" * 300),
    *("final", "active", "M", "SE2321000016-1A2B", "1.2.752.129.2.1.4.1", "&#1;", "\x0b", "mg/L", "C", "H", "NPU02319"),
)
ROUNDS = 25


def _spoilt(content: bytes, values: re.Pattern[bytes], random: Random) -> bytes:
    places = [found.span(1) for found in values.finditer(content)]
    for begin, end in sorted(random.sample(places, min(len(places), random.randint(1, 6))), reverse=True):
        other = content[slice(*random.choice(places))]
        said = random.choice((other, *(each.replace("<", "&lt;").encode() for each in SAID)))
        content = content[:begin] + said + content[end:]
    return content


@pytest.mark.parametrize("case", OWN, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_what_is_made_of_a_spoilt_message_and_passes_our_judge_passes_the_models(case: Path) -> None:
    random, judged = Random(case.name), 0
    values = VALUES[case.parent.name.partition("_")[0]]
    for _ in range(ROUNDS):
        try:
            mapped = read(case, lambda content: _spoilt(content, values, random))
        except Unmappable:
            continue
        for resource in resources(mapped):
            if not faults(resource):
                judged += 1
                assert list(second_opinion(resource)) == []
    assert judged or not resources(read(case))
