"""HealthcareService: a service that an organisation offers. http://hl7.org/fhir/R4/healthcareservice.html"""

from hub.fhir.types import resource_type

HEALTHCARE_SERVICE = resource_type("HealthcareService", shared=True)
