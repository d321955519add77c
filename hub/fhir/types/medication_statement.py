"""MedicationStatement: what a patient takes, as someone states it. http://hl7.org/fhir/R4/medicationstatement.html"""

from hub.fhir.types import resource_type

MEDICATION_STATEMENT = resource_type("MedicationStatement", sort="effective")
