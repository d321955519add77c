"""CarePlan: what is planned for a patient. http://hl7.org/fhir/R4/careplan.html"""

from hub.fhir.types import resource_type

CARE_PLAN = resource_type("CarePlan", sort="date")
