"""The demo is the other side: it shares no serializer, no mapping and no rule with the hub."""

import ast
from pathlib import Path

import pytest

import hub.demo

MODULES = sorted(Path(hub.demo.__file__).parent.rglob("*.py"))
OTHER_SIDE = ("hub.mappers", "hub.sources", "hub.fhir", "hub.consent", "hub.store", "hub.ingest", "hub.xml")


@pytest.mark.parametrize("package", ["world", "hospital", "clinic", "municipality", "rivta"])
def test_a_simulator_knows_nothing_of_the_hub_but_the_demo_itself(package: str) -> None:
    inside = [path for path in MODULES if package in path.parent.parts]
    assert inside
    assert {
        name for path in inside for name in imported(path) if name.startswith("hub") and not name.startswith("hub.demo")
    } == set()


def test_what_must_be_seen_is_worked_out_without_the_hub_s_rules() -> None:
    evaluator = next(path for path in MODULES if path.name == "expected.py")
    assert not [name for name in imported(evaluator) if name.startswith(OTHER_SIDE)]


def imported(path: Path) -> set[str]:
    """Every module that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names
