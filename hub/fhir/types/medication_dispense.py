"""MedicationDispense: a medicine handed out. http://hl7.org/fhir/R4/medicationdispense.html"""

from hub.fhir.types import resource_type

MEDICATION_DISPENSE = resource_type("MedicationDispense", sort="whenhandedover")
