"""ValueSet: codes chosen for a purpose. http://hl7.org/fhir/R4/valueset.html"""

from hub.fhir.types import resource_type

VALUE_SET = resource_type("ValueSet", sort="date", shared=True)
