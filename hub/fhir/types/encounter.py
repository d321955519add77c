"""Encounter: a care contact. http://hl7.org/fhir/R4/encounter.html"""

from hub.fhir.types import resource_type

ENCOUNTER = resource_type("Encounter", sort="date")
