"""Practitioner: a person who gives care. http://hl7.org/fhir/R4/practitioner.html"""

from hub.fhir.types import resource_type

PRACTITIONER = resource_type("Practitioner", shared=True)
