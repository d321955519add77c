"""The world that the demo's tests look at, on a fixed day."""

import json
import os
from datetime import date
from pathlib import Path

import pytest

from hub.demo.world.build import build
from hub.demo.world.model import World

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
