"""References of an entry: each is settled alike, whether the same was met before in the entry or not."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from hub.fhir.encoded import encoded
from hub.fhir.identifiers import Identifier
from hub.references import resolved, settled

REFERENCES = tuple(
    {"reference": f"{kind}?identifier=urn:x|{value}"} | more
    for kind in ("Patient", "Observation", "Practitioner")
    for value in ("known", "unknown")
    for more in ({}, {"display": "Någon"})
)
ELEMENTS = some.sampled_from(REFERENCES)
RESOURCES = some.fixed_dictionaries(
    {"resourceType": some.just("Observation"), "status": some.just("final")},
    optional={
        "subject": ELEMENTS,
        "performer": some.lists(ELEMENTS, min_size=1, max_size=3),
        "note": some.just([{"authorReference": REFERENCES[1]}]),
        "code": some.just({"text": "Patient?identifier=urn:x|known"}),
    },
)


def resolve(kind: str, identifier: Identifier) -> str | None:
    return f"{kind}/{identifier.value}" if identifier.value == "known" else None


@given(some.lists(RESOURCES, min_size=1, max_size=4))
def test_what_an_entry_says_again_is_settled_as_it_was_the_first_time(resources):
    met: dict[bytes, tuple[Any, bytes]] = {}
    for each in resources:
        assert settled(each, resolve, met) == encoded(resolved(each, resolve))
