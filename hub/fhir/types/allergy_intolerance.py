"""AllergyIntolerance: a risk of harmful reaction. http://hl7.org/fhir/R4/allergyintolerance.html"""

from hub.fhir.types import resource_type

ALLERGY_INTOLERANCE = resource_type("AllergyIntolerance", sort="date")
