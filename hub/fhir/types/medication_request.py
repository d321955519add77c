"""MedicationRequest: a prescription or order of a medicine. http://hl7.org/fhir/R4/medicationrequest.html"""

from hub.fhir.types import ResourceType, date, identifier, of_patient, reference, token

MEDICATION_REQUEST = ResourceType(
    name="MedicationRequest",
    patient=("subject",),
    search=(
        token("status", "status", system="http://hl7.org/fhir/CodeSystem/medicationrequest-status"),
        token("intent", "intent", system="http://hl7.org/fhir/CodeSystem/medicationrequest-intent"),
        token("category", "category"),
        identifier("identifier", "identifier"),
        token("code", "medicationCodeableConcept"),
        date("authoredon", "authoredOn"),
        date("date", "dosageInstruction.timing.event"),
        of_patient("subject", "subject"),
        reference("subject", "subject", to="Group Patient"),
        reference("encounter", "encounter", to="Encounter"),
        reference("requester", "requester", to="Device Organization Patient Practitioner PractitionerRole RelatedPerson"),
        reference("medication", "medicationReference", to="Medication"),
        token("priority", "priority", system="http://hl7.org/fhir/request-priority"),
    ),
    sort="authoredon",
)
