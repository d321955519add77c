"""Location: a place where care is given. http://hl7.org/fhir/R4/location.html"""

from hub.fhir.types import resource_type

LOCATION = resource_type("Location", shared=True)
