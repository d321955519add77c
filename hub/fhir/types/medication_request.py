"""MedicationRequest: a prescription or order of a medicine. http://hl7.org/fhir/R4/medicationrequest.html"""

from hub.fhir.types import resource_type

MEDICATION_REQUEST = resource_type("MedicationRequest", sort="authoredon")
