"""Consent: what a patient agrees to or forbids. http://hl7.org/fhir/R4/consent.html"""

from hub.fhir.types import ResourceType, date, identifier, reference, token

CONSENT = ResourceType(
    name="Consent",
    patient=("patient",),
    search=(
        token("status", "status", system="http://hl7.org/fhir/consent-state-codes"),
        token("scope", "scope"),
        token("category", "category"),
        identifier("identifier", "identifier"),
        date("date", "dateTime"),
        date("period", "provision.period"),
        reference("patient", "patient", to="Patient"),
        reference("consentor", "performer", to="Organization Patient Practitioner PractitionerRole RelatedPerson"),
        reference("organization", "organization", to="Organization"),
        reference(
            "actor",
            "provision.actor.reference",
            to="CareTeam Device Group Organization Patient Practitioner PractitionerRole RelatedPerson",
        ),
        token("purpose", "provision.purpose"),
        token("action", "provision.action"),
        token("security-label", "provision.securityLabel"),
        reference("source-reference", "source[x]", to="Consent Contract DocumentReference QuestionnaireResponse"),
    ),
    sort="date",
    writers=frozenset({"source", "staff", "patient"}),
)
