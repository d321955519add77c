"""HL7's package, read: every definition of FHIR R4 by its resource type."""

import json
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

NAME, VERSION = "hl7.fhir.r4.core", "4.0.1"

Definition = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Package:
    """The definitions of one package: resource type -> id -> definition, both in order."""

    held: Mapping[str, Mapping[str, Definition]]

    def of(self, resource_type: str) -> tuple[Definition, ...]:
        """Every definition of one type, in order of their ids."""
        return tuple(self.held[resource_type].values())

    def by_url(self, resource_type: str) -> dict[str, Definition]:
        """Every definition of one type by its canonical URL."""
        return {each["url"]: each for each in self.of(resource_type) if "url" in each}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One file of `hub/fhir/definitions/`."""

    name: str
    """Of the file, without `.json`."""
    make: Callable[[Package], Mapping[str, Any]]
    """What it holds: JSON, of which every member of the outermost object is written on a line of its own, in this order."""


def read(path: Path) -> Package:
    """Read the package from its archive.

    Raises: ValueError: it is another package, or another version.
    """
    found: dict[str, dict[str, Definition]] = {}
    with tarfile.open(path) as archive:
        for member in archive:
            if not (member.isfile() and member.name.endswith(".json")):
                continue
            content = archive.extractfile(member)
            assert content is not None
            held = json.loads(content.read(), parse_float=Decimal)
            if member.name == "package/package.json" and (held["name"], held["version"]) != (NAME, VERSION):
                raise ValueError(f"this is {held['name']} {held['version']}, not {NAME} {VERSION}")
            if "resourceType" in held and "id" in held:
                found.setdefault(held["resourceType"], {})[held["id"]] = held
    if not found:
        raise ValueError("no definitions in this archive")
    return Package({kind: dict(sorted(each.items())) for kind, each in sorted(found.items())})
