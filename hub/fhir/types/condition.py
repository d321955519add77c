"""Condition: a diagnosis or problem. http://hl7.org/fhir/R4/condition.html"""

from hub.fhir.types import resource_type

CONDITION = resource_type("Condition", sort="recorded-date")
