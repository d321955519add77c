"""HealthcareService: a service that an organisation offers. http://hl7.org/fhir/R4/healthcareservice.html"""

from hub.fhir.types import ResourceType, identifier, reference, string, token

HEALTHCARE_SERVICE = ResourceType(
    name="HealthcareService",
    search=(
        identifier("identifier", "identifier"),
        token("active", "active"),
        string("name", "name"),
        token("service-category", "category"),
        token("service-type", "type"),
        token("specialty", "specialty"),
        reference("location", "location", to="Location"),
        reference("organization", "providedBy", to="Organization"),
        token("characteristic", "characteristic"),
        token("program", "program"),
    ),
    shared=True,
)
