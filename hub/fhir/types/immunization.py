"""Immunization: a vaccination, given or not. http://hl7.org/fhir/R4/immunization.html"""

from hub.fhir.types import resource_type

IMMUNIZATION = resource_type("Immunization", sort="date")
