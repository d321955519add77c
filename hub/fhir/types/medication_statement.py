"""MedicationStatement: what a patient takes, as someone states it. http://hl7.org/fhir/R4/medicationstatement.html"""

from hub.fhir.types import ResourceType, date, identifier, of_patient, reference, token

MEDICATION_STATEMENT = ResourceType(
    name="MedicationStatement",
    patient=("subject",),
    search=(
        token("status", "status", system="http://hl7.org/fhir/CodeSystem/medication-statement-status"),
        token("category", "category"),
        identifier("identifier", "identifier"),
        token("code", "medicationCodeableConcept"),
        date("effective", "effective[x]"),
        of_patient("subject", "subject"),
        reference("subject", "subject", to="Group Patient"),
        reference("context", "context", to="Encounter EpisodeOfCare"),
        reference("source", "informationSource", to="Organization Patient Practitioner PractitionerRole RelatedPerson"),
        reference("medication", "medicationReference", to="Medication"),
        reference(
            "part-of", "partOf", to="MedicationAdministration MedicationDispense MedicationStatement Observation Procedure"
        ),
    ),
    sort="effective",
)
