"""The patient compartment: whose a resource is. http://hl7.org/fhir/R4/compartmentdefinition-patient.html"""

from collections.abc import Iterator

from hub.fhir.compiled import compiled
from hub.fhir.expression_read import unnarrowed
from hub.fhir.resource import Resource
from hub.fhir.types import TYPES


def patients(resource: Resource) -> tuple[str, ...]:
    """The logical ids of the patients in whose compartment a resource lies, in the order it names them.

    Gives: for a Patient itself, then those it is linked with; nothing for shared types, and for references by identifier.
    """
    own = (resource["id"],) if resource.get("resourceType") == "Patient" and resource.get("id") else ()
    written = (found.get("reference") for found in references(resource))
    named = (each.split("/")[1] for each in written if isinstance(each, str) and each.startswith("Patient/"))
    return tuple(dict.fromkeys((*own, *named)))


def references(resource: Resource) -> Iterator[Resource]:
    """The Reference elements of a resource that may put it in a patient's compartment, resolved or not."""
    held = TYPES.get(resource.get("resourceType", ""))
    for expression in held.patient if held else ():
        yield from (found for found in compiled(expression)(resource) if isinstance(found, dict))


def parameters(resource_type: str) -> tuple[str, ...]:
    """The index names of the reference parameters by which a type lies in a patient's compartment."""
    held = TYPES[resource_type]
    its = (each for each in held.search if each.kind == "reference" and set(unnarrowed(each.expression)) & set(held.patient))
    return tuple(dict.fromkeys(each.index for each in its))
