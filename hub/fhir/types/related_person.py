"""RelatedPerson: a relative, guardian or other person around a patient. http://hl7.org/fhir/R4/relatedperson.html"""

from hub.fhir.types import ResourceType, date, identifier, reference, string, token

RELATED_PERSON = ResourceType(
    name="RelatedPerson",
    patient=("patient",),
    search=(
        identifier("identifier", "identifier"),
        token("active", "active"),
        string("name", "name"),
        date("birthdate", "birthDate"),
        token("gender", "gender", system="http://hl7.org/fhir/administrative-gender"),
        token("relationship", "relationship"),
        reference("patient", "patient", to="Patient"),
        string("address", "address"),
        string("address-city", "address.city"),
        string("address-postalcode", "address.postalCode"),
        token("telecom", "telecom"),
        token("phone", "telecom(system=phone)"),
        token("email", "telecom(system=email)"),
    ),
)
