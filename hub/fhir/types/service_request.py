"""ServiceRequest: a referral or order. http://hl7.org/fhir/R4/servicerequest.html"""

from hub.fhir.types import ResourceType, date, identifier, of_patient, reference, token

SERVICE_REQUEST = ResourceType(
    name="ServiceRequest",
    patient=(
        "subject",
        "performer",
    ),
    search=(
        token("status", "status", system="http://hl7.org/fhir/request-status"),
        token("intent", "intent", system="http://hl7.org/fhir/request-intent"),
        token("category", "category"),
        identifier("identifier", "identifier"),
        identifier("requisition", "requisition"),
        token("code", "code"),
        token("priority", "priority", system="http://hl7.org/fhir/request-priority"),
        date("authored", "authoredOn"),
        date("occurrence", "occurrence[x]"),
        of_patient("subject", "subject"),
        reference("subject", "subject", to="Device Group Location Patient"),
        reference("encounter", "encounter", to="Encounter EpisodeOfCare"),
        reference("based-on", "basedOn", to="CarePlan MedicationRequest ServiceRequest"),
        reference("requester", "requester", to="Device Organization Patient Practitioner PractitionerRole RelatedPerson"),
        reference(
            "performer",
            "performer",
            to="CareTeam Device HealthcareService Organization Patient Practitioner PractitionerRole RelatedPerson",
        ),
        reference("specimen", "specimen", to="Specimen"),
        reference("replaces", "replaces", to="ServiceRequest"),
    ),
    sort="authored",
)
