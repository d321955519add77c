"""Patient: a person under care. http://hl7.org/fhir/R4/patient.html"""

from hub.fhir.types import resource_type

PATIENT = resource_type("Patient")
