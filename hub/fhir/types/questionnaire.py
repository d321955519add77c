"""Questionnaire: a form, to be filled in. http://hl7.org/fhir/R4/questionnaire.html"""

from hub.fhir.types import resource_type

QUESTIONNAIRE = resource_type("Questionnaire", sort="date", shared=True)
