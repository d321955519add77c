"""What elements R4's types have, and of which types these are, as their snapshots say."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tools.definitions.package import Definition, Package

FHIRPATH = "http://hl7.org/fhirpath/System."
ANY_RESOURCE = "http://hl7.org/fhir/StructureDefinition/Resource"
_STRUCTURE = "http://hl7.org/fhir/StructureDefinition/"
_TYPE = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"


@dataclass(frozen=True, slots=True)
class At:
    """A place in a structure: a type, and the path in its snapshot."""

    type: str
    path: str


@dataclass(frozen=True)
class Structures:
    """The types of a package."""

    package: Package

    @cached_property
    def snapshots(self) -> Mapping[str, Mapping[str, Definition]]:
        """Type -> path -> element, in order; resources, complex and primitive types, no profiles."""
        return {
            each["type"]: {element["path"]: element for element in each["snapshot"]["element"]}
            for each in self.package.of("StructureDefinition")
            if each["kind"] != "logical" and each.get("derivation") != "constraint"
        }

    def element(self, at: At, name: str) -> Definition | None:
        """The element of that name; a choice of types by its stem (`effective`)."""
        held = self.snapshots[at.type]
        return held.get(f"{at.path}.{name}") or held.get(f"{at.path}.{name}[x]")

    def below(self, at: At, name: str, cast: str = "") -> At:
        """Where the elements of an element are."""
        element = self.element(at, name)
        assert element is not None, f"R4 has no {at.path}.{name}"
        if "contentReference" in element:
            return At(at.type, element["contentReference"].removeprefix("#"))
        kind = cast or types(element)[0]
        return At(at.type, element["path"]) if kind in ("BackboneElement", "Element") else At(kind, kind)


def types(element: Definition) -> list[str]:
    """The types of an element, as R4 names them."""
    return [_type(each) for each in element.get("type", ())]


def _type(written: Mapping[str, Any]) -> str:
    if not written["code"].startswith(FHIRPATH):
        return str(written["code"])
    said = [each["valueUrl"] for each in written.get("extension", ()) if each["url"] == _TYPE]
    return str(said[0]) if said else written["code"].removeprefix(FHIRPATH).lower()


def targets(element: Definition) -> list[str] | None:
    """The resource types that references here may point at; None: any."""
    profiles = [profile for each in element.get("type", ()) for profile in each.get("targetProfile", ())]
    if not profiles or ANY_RESOURCE in profiles:
        return None
    return [each.removeprefix(_STRUCTURE) for each in profiles]


def implied_system(package: Package, element: Definition) -> str:
    """The code system of a `code`, where its required value set is of just one."""
    binding = element.get("binding", {})
    value_set = package.by_url("ValueSet").get(binding.get("valueSet", "").split("|")[0], {})
    systems = {each.get("system", "") for each in value_set.get("compose", {}).get("include", ())}
    return systems.pop() if binding.get("strength") == "required" and len(systems) == 1 else ""
