"""Provenance: who made, holds and signed what. http://hl7.org/fhir/R4/provenance.html"""

from hub.fhir.types import resource_type

PROVENANCE = resource_type("Provenance", sort="recorded")
