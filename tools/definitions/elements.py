"""The elements of every resource type and datatype, in the order the specification gives them.

Source: http://hl7.org/fhir/R4/structuredefinition.html, http://hl7.org/fhir/R4/elementdefinition.html
"""

from collections.abc import Iterator
from typing import Any

from tools.definitions.package import Definition, Package, Table

TARGET = "http://hl7.org/fhir/StructureDefinition/"
PLAIN = "http://hl7.org/fhirpath/System.String"
NESTED = ("BackboneElement", "Element")


def make(package: Package) -> dict[str, Any]:
    """Type -> its base, and its own elements: those of the base come before them.

    A type is a resource type, a datatype that is not primitive, or the path of an element that holds others
    (`Observation.component`). An element has what differs from: optional, once, one type, no summary, no modifier.
    """
    found: dict[str, Any] = {}
    for definition in package.of("StructureDefinition"):
        if definition["kind"] in ("resource", "complex-type") and definition.get("derivation") != "constraint":
            found |= _types(definition)
    return dict(sorted(found.items()))


def _types(definition: Definition) -> Iterator[tuple[str, Any]]:
    elements = definition["snapshot"]["element"]
    holders = {each["path"].rpartition(".")[0] for each in elements} - {""}
    base = definition.get("baseDefinition", "").removeprefix(TARGET)
    for holder in holders:
        own = [each for each in elements if each["path"].rpartition(".")[0] == holder]
        if holder == definition["type"]:
            kind, inherited = definition["kind"].removesuffix("-type"), base
        else:
            kind, [inherited] = "element", [each["type"][0]["code"] for each in elements if each["path"] == holder]
        row = {"kind": kind} | ({"abstract": True} if kind != "element" and definition["abstract"] else {})
        row |= {"base": inherited} if inherited else {}
        yield holder, row | {"elements": [_element(each, holders) for each in own if _own(each, holder)]}


def _own(element: Definition, holder: str) -> bool:
    """Whether the type itself brings the element: what its base is the first to have is in the base's row."""
    return bool(element["base"]["path"].rpartition(".")[0] == holder or element["path"] == element["base"]["path"])


def _element(element: Definition, holders: set[str]) -> dict[str, Any]:
    name = element["path"].rpartition(".")[2]
    row: dict[str, Any] = {"name": name.removesuffix("[x]"), "types": _type_names(element, holders)}
    row |= {"choice": True} if name.endswith("[x]") else {}
    row |= {"required": True} if element["min"] else {}
    row |= {"many": True} if element["max"] != "1" else {}
    row |= {"summary": True} if element.get("isSummary") else {}
    row |= {"modifier": True} if element.get("isModifier") else {}
    row |= {"attribute": True} if "xmlAttr" in element.get("representation", ()) else {}
    if targets := _targets(element):
        row["targets"] = targets
    binding = element.get("binding", {})
    if binding.get("strength") == "required":
        row["codes"] = binding["valueSet"].partition("|")[0]
    return row


def _type_names(element: Definition, holders: set[str]) -> list[str]:
    if "contentReference" in element:
        return [element["contentReference"].removeprefix("#")]
    if element["path"] in holders:
        return [element["path"]]
    return [_primitive(element) if each["code"] == PLAIN else each["code"] for each in element["type"]]


def _primitive(element: Definition) -> str:
    """What stands behind FHIRPath's String: the definitions say it in an extension, and of a resource's id wrongly."""
    return {"Resource.id": "id", "Extension.url": "uri"}.get(element["base"]["path"], "string")


def _targets(element: Definition) -> list[str]:
    """The resource types a Reference may point at; empty: any, or it is no Reference."""
    found = [
        target.removeprefix(TARGET)
        for each in element.get("type", ())
        if each["code"] == "Reference"
        for target in each.get("targetProfile", ())
    ]
    return [] if "Resource" in found else found


ELEMENTS = Table(name="elements", make=make)
