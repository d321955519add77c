"""Practitioner: a person who gives care. http://hl7.org/fhir/R4/practitioner.html"""

from hub.fhir.types import ResourceType, identifier, string, token

PRACTITIONER = ResourceType(
    name="Practitioner",
    search=(
        identifier("identifier", "identifier"),
        token("active", "active"),
        string("name", "name"),
        string("family", "name.family"),
        string("given", "name.given"),
        token("gender", "gender", system="http://hl7.org/fhir/administrative-gender"),
        token("communication", "communication"),
        string("address", "address"),
        string("address-city", "address.city"),
        string("address-postalcode", "address.postalCode"),
        token("telecom", "telecom"),
        token("phone", "telecom(system=phone)"),
        token("email", "telecom(system=email)"),
    ),
    shared=True,
)
