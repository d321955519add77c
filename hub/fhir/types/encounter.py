"""Encounter: a care contact. http://hl7.org/fhir/R4/encounter.html"""

from hub.fhir.types import ResourceType, date, identifier, of_patient, reference, token

ENCOUNTER = ResourceType(
    name="Encounter",
    patient=("subject",),
    search=(
        token("status", "status", system="http://hl7.org/fhir/encounter-status"),
        token("class", "class"),
        token("type", "type"),
        identifier("identifier", "identifier"),
        date("date", "period"),
        of_patient("subject", "subject"),
        reference("subject", "subject", to="Group Patient"),
        reference("appointment", "appointment", to="Appointment"),
        reference("based-on", "basedOn", to="ServiceRequest"),
        reference("participant", "participant.individual", to="Practitioner PractitionerRole RelatedPerson"),
        reference("practitioner", "participant.individual", to="Practitioner", index="participant"),
        token("participant-type", "participant.type"),
        reference("location", "location.location", to="Location"),
        reference("service-provider", "serviceProvider", to="Organization"),
        reference("part-of", "partOf", to="Encounter"),
        reference("episode-of-care", "episodeOfCare", to="EpisodeOfCare"),
        reference("diagnosis", "diagnosis.condition", to="Condition Procedure"),
        token("reason-code", "reasonCode"),
    ),
    sort="date",
)
