"""Organization: a care provider, unit or other organisation. http://hl7.org/fhir/R4/organization.html"""

from hub.fhir.types import resource_type

ORGANIZATION = resource_type("Organization", shared=True)
