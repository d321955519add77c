"""QuestionnaireResponse: a form, filled in. http://hl7.org/fhir/R4/questionnaireresponse.html"""

from hub.fhir.types import resource_type

QUESTIONNAIRE_RESPONSE = resource_type("QuestionnaireResponse", sort="authored", writers=("source", "staff", "patient"))
