"""Composition: a clinical document, by its sections. http://hl7.org/fhir/R4/composition.html"""

from hub.fhir.types import resource_type

COMPOSITION = resource_type("Composition", sort="date")
