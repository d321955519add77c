"""CarePlan: what is planned for a patient. http://hl7.org/fhir/R4/careplan.html"""

from hub.fhir.types import ResourceType, date, identifier, of_patient, reference, token

CARE_PLAN = ResourceType(
    name="CarePlan",
    patient=(
        "subject",
        "activity.detail.performer",
    ),
    search=(
        token("status", "status", system="http://hl7.org/fhir/request-status"),
        token("intent", "intent", system="http://hl7.org/fhir/request-intent"),
        token("category", "category"),
        identifier("identifier", "identifier"),
        date("date", "period"),
        of_patient("subject", "subject"),
        reference("subject", "subject", to="Group Patient"),
        reference("encounter", "encounter", to="Encounter"),
        reference("care-team", "careTeam", to="CareTeam"),
        reference("based-on", "basedOn", to="CarePlan"),
        reference("part-of", "partOf", to="CarePlan"),
        reference(
            "performer",
            "activity.detail.performer",
            to="CareTeam Device HealthcareService Organization Patient Practitioner PractitionerRole RelatedPerson",
        ),
        token("activity-code", "activity.detail.code"),
        date("activity-date", "activity.detail.scheduled[x]"),
    ),
    sort="date",
)
