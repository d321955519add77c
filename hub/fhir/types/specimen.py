"""Specimen: a sample that was taken. http://hl7.org/fhir/R4/specimen.html"""

from hub.fhir.types import resource_type

SPECIMEN = resource_type("Specimen", sort="collected")
