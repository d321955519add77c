"""Observation: measurements and simple assertions. http://hl7.org/fhir/R4/observation.html"""

from hub.fhir.types import resource_type

OBSERVATION = resource_type("Observation", sort="date", writers=("source", "patient"))
