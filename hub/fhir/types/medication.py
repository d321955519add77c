"""Medication: a medicine, by what it holds; it names no patient. http://hl7.org/fhir/R4/medication.html"""

from hub.fhir.types import resource_type

MEDICATION = resource_type("Medication", shared=True)
