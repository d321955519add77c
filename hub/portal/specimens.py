"""What results were taken from: blood, urine, a swab from where."""

from collections.abc import Mapping

from hub.fhir.resource import Resource
from hub.interactions.overview import Part
from hub.portal.values import text_of


def materials(part: Part) -> Mapping[str, str]:
    """`Specimen/id` -> its material, and where on the body it was taken, in the source's words."""
    held = {f"Specimen/{row.resource.get('id')}": row.resource for row in part.of("Specimen")}
    return {name: said for name, each in held.items() if each.get("status") != "entered-in-error" and (said := _said(each))}


def material(resource: Resource, held: Mapping[str, str]) -> str:
    """What an Observation or a DiagnosticReport was taken from, of the `materials` that the reader may see."""
    named = resource.get("specimen", ())
    references = named if isinstance(named, list) else [named]
    found = (held.get(str(each.get("reference", "")), "") for each in references if each)
    return ", ".join(dict.fromkeys(each for each in found if each))


def _said(specimen: Resource) -> str:
    said = (text_of(specimen.get("type")), text_of(specimen.get("collection", {}).get("bodySite")))
    return ", ".join(dict.fromkeys(each for each in said if each))
