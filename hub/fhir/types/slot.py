"""Slot: a time that can be booked. http://hl7.org/fhir/R4/slot.html"""

from hub.fhir.types import resource_type

SLOT = resource_type("Slot", sort="start", shared=True)
