"""The world that the demo's tests look at, on a fixed day."""

import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hub.config import SourceConfig
from hub.demo.expected import Sight
from hub.demo.world.build import build
from hub.demo.world.model import World
from hub.mappers import Defaults, Entry, Place, Settings

TODAY = date(2026, 11, 21)


@pytest.fixture(scope="session")
def world() -> World:
    return build(TODAY)


@pytest.fixture(scope="session")
def published() -> frozenset[str]:
    """The test numbers that the Tax Agency has published, from the reference material."""
    asked = os.environ.get("HUB_REFERENCE")
    folder = Path(asked) if asked else Path(__file__).parents[2] / ".." / "shared" / "reference"
    listed = folder / "profiles" / "identifiers" / "test-persons.json"
    if not asked and not listed.exists():
        pytest.skip("the reference material is not at hand (HUB_REFERENCE)")
    groups = json.loads(listed.read_text("utf-8"))
    return frozenset(number for numbers in groups.values() if isinstance(numbers, list) for number in numbers)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def shown() -> Callable[[Entry], set[Sight]]:
    """How the resources of an entry can be told: type and any identifier."""

    def told(entry: Entry) -> set[Sight]:
        named = (
            (each.resource, identifier) for each in entry.resources for identifier in _several(each.resource.get("identifier"))
        )
        return {Sight(resource["resourceType"], identifier["value"]) for resource, identifier in named}

    return told


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


@pytest.fixture
def settings_of() -> Callable[[SourceConfig], Settings]:
    """What a source's configuration tells its mappers."""

    def told(source: SourceConfig) -> Settings:
        return Settings(
            source=source.name,
            system=source.system,
            provider=source.owner,
            unit=source.unit or None,
            encoding=source.encoding,
            defaults=Defaults(**source.defaults),
            places={code: Place(**place) for code, place in source.places.items()},
        )

    return told
