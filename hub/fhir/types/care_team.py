"""CareTeam: who takes part in a patient's care. http://hl7.org/fhir/R4/careteam.html"""

from hub.fhir.types import ResourceType, date, identifier, of_patient, reference, token

CARE_TEAM = ResourceType(
    name="CareTeam",
    patient=(
        "subject",
        "participant.member",
    ),
    search=(
        token("status", "status", system="http://hl7.org/fhir/care-team-status"),
        token("category", "category"),
        identifier("identifier", "identifier"),
        date("date", "period"),
        of_patient("subject", "subject"),
        reference("subject", "subject", to="Group Patient"),
        reference("encounter", "encounter", to="Encounter"),
        reference(
            "participant", "participant.member", to="CareTeam Organization Patient Practitioner PractitionerRole RelatedPerson"
        ),
    ),
    sort="date",
)
