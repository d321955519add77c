"""Goal: what care is to reach. http://hl7.org/fhir/R4/goal.html"""

from hub.fhir.types import resource_type

GOAL = resource_type("Goal", sort="start-date")
