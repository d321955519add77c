"""What the tests of hub/fhir share."""

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def naive():
    """The second opinion on search."""
    path = Path(__file__).parents[1] / "reference" / "search_naive.py"
    spec = importlib.util.spec_from_file_location("search_naive", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
