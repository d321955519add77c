"""Bundle: resources kept as one: a document, a message, a collection. It lies in nobody's compartment, whatever is in it.

Source: http://hl7.org/fhir/R4/bundle.html
"""

from hub.fhir.types import resource_type

BUNDLE = resource_type("Bundle", sort="timestamp", shared=True)
