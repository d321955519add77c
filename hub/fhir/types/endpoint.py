"""Endpoint: where a system is reached. http://hl7.org/fhir/R4/endpoint.html"""

from hub.fhir.types import resource_type

ENDPOINT = resource_type("Endpoint", shared=True)
