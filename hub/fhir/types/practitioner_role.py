"""PractitionerRole: what a practitioner does, where, for whom. http://hl7.org/fhir/R4/practitionerrole.html"""

from hub.fhir.types import resource_type

PRACTITIONER_ROLE = resource_type("PractitionerRole", shared=True)
