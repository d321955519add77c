"""What a mapper says that it gives is all that it gives: a search of another type does not ask for it."""

import json
from pathlib import Path

import pytest

from hub.discovery import plugins
from hub.mappers import Mapper

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("mapper", plugins("hub.mappers", Mapper), ids=lambda mapper: mapper.name)
def test_every_type_in_an_example_is_one_that_the_mapper_says_it_gives(mapper: Mapper) -> None:
    found = set()
    for bundle in (EXAMPLES / mapper.name).glob("*/bundle.json"):
        held = json.loads(bundle.read_text("utf-8"))
        found |= {each["resource"]["resourceType"] for entry in held.get("entries", ()) for each in entry["resources"]}
    assert found <= mapper.gives
    assert mapper.gives
