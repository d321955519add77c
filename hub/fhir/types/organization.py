"""Organization: a care provider, unit or other organisation. http://hl7.org/fhir/R4/organization.html"""

from hub.fhir.types import ResourceType, identifier, reference, string, token

ORGANIZATION = ResourceType(
    name="Organization",
    search=(
        identifier("identifier", "identifier"),
        token("active", "active"),
        string("name", "name", "alias"),
        token("type", "type"),
        reference("partof", "partOf", to="Organization"),
        string("address", "address"),
        string("address-city", "address.city"),
        string("address-postalcode", "address.postalCode"),
    ),
    shared=True,
)
