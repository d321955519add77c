"""MedicationAdministration: a medicine given. http://hl7.org/fhir/R4/medicationadministration.html"""

from hub.fhir.types import ResourceType, date, identifier, of_patient, reference, token

MEDICATION_ADMINISTRATION = ResourceType(
    name="MedicationAdministration",
    patient=(
        "subject",
        "performer.actor",
    ),
    search=(
        token("status", "status", system="http://terminology.hl7.org/CodeSystem/medication-admin-status"),
        identifier("identifier", "identifier"),
        token("code", "medicationCodeableConcept"),
        date("effective-time", "effective[x]"),
        of_patient("subject", "subject"),
        reference("subject", "subject", to="Group Patient"),
        reference("context", "context", to="Encounter EpisodeOfCare"),
        reference("request", "request", to="MedicationRequest"),
        reference("medication", "medicationReference", to="Medication"),
        reference("performer", "performer.actor", to="Device Patient Practitioner PractitionerRole RelatedPerson"),
    ),
    sort="effective-time",
)
