"""Procedure: something done to or for a patient. http://hl7.org/fhir/R4/procedure.html"""

from hub.fhir.types import resource_type

PROCEDURE = resource_type("Procedure", sort="date")
