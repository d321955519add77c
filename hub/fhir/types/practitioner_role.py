"""PractitionerRole: what a practitioner does, where, for whom. http://hl7.org/fhir/R4/practitionerrole.html"""

from hub.fhir.types import ResourceType, date, identifier, reference, token

PRACTITIONER_ROLE = ResourceType(
    name="PractitionerRole",
    search=(
        identifier("identifier", "identifier"),
        token("active", "active"),
        token("role", "code"),
        token("specialty", "specialty"),
        date("date", "period"),
        reference("practitioner", "practitioner", to="Practitioner"),
        reference("organization", "organization", to="Organization"),
        reference("location", "location", to="Location"),
        reference("service", "healthcareService", to="HealthcareService"),
        token("telecom", "telecom"),
        token("phone", "telecom(system=phone)"),
        token("email", "telecom(system=email)"),
    ),
    shared=True,
)
