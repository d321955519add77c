"""ConceptMap: codes and their counterparts in another system. http://hl7.org/fhir/R4/conceptmap.html"""

from hub.fhir.types import resource_type

CONCEPT_MAP = resource_type("ConceptMap", sort="date", shared=True)
