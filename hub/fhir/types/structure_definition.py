"""StructureDefinition: a type, profile or extension, as somebody defines it. http://hl7.org/fhir/R4/structuredefinition.html"""

from hub.fhir.types import resource_type

STRUCTURE_DEFINITION = resource_type("StructureDefinition", sort="date", shared=True)
