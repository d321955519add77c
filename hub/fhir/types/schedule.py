"""Schedule: whose time can be booked. One whose actor is a patient is that patient's. http://hl7.org/fhir/R4/schedule.html"""

from hub.fhir.types import resource_type

SCHEDULE = resource_type("Schedule", sort="date")
