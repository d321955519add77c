"""Patient: a person under care. http://hl7.org/fhir/R4/patient.html"""

from hub.fhir.types import ResourceType, date, identifier, reference, string, token

PATIENT = ResourceType(
    name="Patient",
    patient=("link.other",),
    search=(
        identifier("identifier", "identifier"),
        token("active", "active"),
        string("name", "name"),
        string("family", "name.family"),
        string("given", "name.given"),
        date("birthdate", "birthDate"),
        date("death-date", "deceasedDateTime"),
        token("gender", "gender", system="http://hl7.org/fhir/administrative-gender"),
        string("address", "address"),
        string("address-city", "address.city"),
        string("address-postalcode", "address.postalCode"),
        string("address-country", "address.country"),
        token("telecom", "telecom"),
        token("phone", "telecom(system=phone)"),
        token("email", "telecom(system=email)"),
        token("language", "communication.language"),
        reference("general-practitioner", "generalPractitioner", to="Organization Practitioner PractitionerRole"),
        reference("organization", "managingOrganization", to="Organization"),
        reference("link", "link.other", to="Patient RelatedPerson"),
    ),
)
