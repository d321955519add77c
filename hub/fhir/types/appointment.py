"""Appointment: a booked time. http://hl7.org/fhir/R4/appointment.html"""

from hub.fhir.types import resource_type

APPOINTMENT = resource_type("Appointment", sort="date")
