"""Location: a place where care is given. http://hl7.org/fhir/R4/location.html"""

from hub.fhir.types import ResourceType, identifier, reference, string, token

LOCATION = ResourceType(
    name="Location",
    search=(
        token("status", "status", system="http://hl7.org/fhir/location-status"),
        identifier("identifier", "identifier"),
        string("name", "name", "alias"),
        token("type", "type"),
        string("address", "address"),
        string("address-city", "address.city"),
        string("address-postalcode", "address.postalCode"),
        reference("organization", "managingOrganization", to="Organization"),
        reference("partof", "partOf", to="Location"),
        reference("endpoint", "endpoint", to="Endpoint"),
        token("operational-status", "operationalStatus"),
    ),
    shared=True,
)
