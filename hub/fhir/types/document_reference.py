"""DocumentReference: a document, and where its content is. http://hl7.org/fhir/R4/documentreference.html"""

from hub.fhir.types import resource_type

DOCUMENT_REFERENCE = resource_type("DocumentReference", sort="date")
