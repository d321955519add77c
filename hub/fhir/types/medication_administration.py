"""MedicationAdministration: a medicine given. http://hl7.org/fhir/R4/medicationadministration.html"""

from hub.fhir.types import resource_type

MEDICATION_ADMINISTRATION = resource_type("MedicationAdministration", sort="effective-time")
