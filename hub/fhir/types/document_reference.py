"""DocumentReference: a document, and where its content is. http://hl7.org/fhir/R4/documentreference.html"""

from hub.fhir.types import ResourceType, date, identifier, of_patient, reference, string, token

DOCUMENT_REFERENCE = ResourceType(
    name="DocumentReference",
    patient=(
        "subject",
        "author",
    ),
    search=(
        token("status", "status", system="http://hl7.org/fhir/document-reference-status"),
        token("category", "category"),
        token("type", "type"),
        identifier("identifier", "masterIdentifier", "identifier"),
        date("date", "date", instant=True),
        date("period", "context.period"),
        of_patient("subject", "subject"),
        reference("subject", "subject", to="Device Group Patient Practitioner"),
        reference("author", "author", to="Device Organization Patient Practitioner PractitionerRole RelatedPerson"),
        reference("authenticator", "authenticator", to="Organization Practitioner PractitionerRole"),
        reference("custodian", "custodian", to="Organization"),
        reference("encounter", "context.encounter", to="Encounter EpisodeOfCare"),
        token("contenttype", "content.attachment.contentType", system="urn:ietf:bcp:13"),
        token("facility", "context.facilityType"),
        token("setting", "context.practiceSetting"),
        token("event", "context.event"),
        token("format", "content.format"),
        reference("relatesto", "relatesTo.target", to="DocumentReference"),
        token("language", "content.attachment.language"),
        string("description", "description"),
    ),
    sort="date",
)
