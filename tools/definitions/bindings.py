"""The codes of every value set to which an element is bound as required.

Source: http://hl7.org/fhir/R4/terminologies.html#required, http://hl7.org/fhir/R4/valueset.html#compose
"""

from collections.abc import Iterator
from typing import Any

from tools.definitions.package import Definition, Package, Table


def make(package: Package) -> dict[str, Any]:
    """Canonical URL of the value set -> code system -> codes.

    Left out are those whose codes are not in the package: UCUM, ISO 4217, media types, LOINC.
    """
    sets, systems = package.by_url("ValueSet"), package.by_url("CodeSystem")
    found = {url: _codes(sets[url], systems) for url in sorted(_bound(package)) if url in sets}
    return {url: held for url, held in found.items() if held}


def _bound(package: Package) -> set[str]:
    return {
        element["binding"]["valueSet"].partition("|")[0]
        for definition in package.of("StructureDefinition")
        if definition["kind"] in ("resource", "complex-type") and definition.get("derivation") != "constraint"
        for element in definition["snapshot"]["element"]
        if element.get("binding", {}).get("strength") == "required"
    }


def _codes(held: Definition, systems: dict[str, Definition]) -> dict[str, list[str]]:
    """Empty: some of the codes are not known here."""
    found: dict[str, list[str]] = {}
    for part in held["compose"]["include"]:
        system = part["system"]
        if "filter" in part or "valueSet" in part:
            raise ValueError(f"{held['url']} is made of more than code systems and codes")
        concepts = part.get("concept") or systems.get(system, {}).get("concept")
        if not concepts:
            return {}
        found[system] = [*found.get(system, ()), *_all(concepts)]
    if "exclude" in held["compose"]:
        raise ValueError(f"{held['url']} leaves codes out")
    return found


def _all(concepts: list[Definition]) -> Iterator[str]:
    for each in concepts:
        yield each["code"]
        yield from _all(each.get("concept", []))


BINDINGS = Table(name="bindings", make=make)
