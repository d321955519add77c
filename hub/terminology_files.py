"""Terminology from files: a folder of ValueSets, CodeSystems and Bundles of them, as FHIR JSON.

Content that may not be shipped (SNOMED CT, ICD-10-SE, NPU, LOINC) is loaded so by whoever runs the hub.
"""

from collections.abc import Iterator
from pathlib import Path

from hub.fhir.json import loads
from hub.fhir.resource import Resource
from hub.fhir.value_sets import Terminology, terminology


def read(folder: Path) -> Terminology:
    """All that lies in a folder, in the order of file names.

    Raises: ValueError: there is no such folder, or a file in it cannot be read; the message names it.
    """
    if not folder.is_dir():
        raise ValueError(f"hub.terminology: {folder} is no folder")
    return terminology(each for file in sorted(folder.glob("*.json")) for each in _resources(file))


def _resources(file: Path) -> Iterator[Resource]:
    try:
        held = loads(file.read_bytes())
    except ValueError:
        raise ValueError(f"hub.terminology: {file.name} is not JSON") from None
    if not isinstance(held, dict):
        raise ValueError(f"hub.terminology: {file.name} is no resource")
    yield held
    yield from (entry["resource"] for entry in held.get("entry", ()) if isinstance(entry.get("resource"), dict))
