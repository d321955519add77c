"""RelatedPerson: a relative, guardian or other person around a patient. http://hl7.org/fhir/R4/relatedperson.html"""

from hub.fhir.types import resource_type

RELATED_PERSON = resource_type("RelatedPerson")
