"""Appointment: a booked time. http://hl7.org/fhir/R4/appointment.html"""

from hub.fhir.types import ResourceType, date, identifier, of_patient, reference, token

APPOINTMENT = ResourceType(
    name="Appointment",
    patient=("participant.actor",),
    search=(
        token("status", "status", system="http://hl7.org/fhir/appointmentstatus"),
        identifier("identifier", "identifier"),
        date("date", "start", instant=True),
        of_patient("actor", "participant.actor"),
        reference(
            "actor",
            "participant.actor",
            to="Device HealthcareService Location Patient Practitioner PractitionerRole RelatedPerson",
        ),
        reference("practitioner", "participant.actor", to="Practitioner", index="actor"),
        reference("location", "participant.actor", to="Location", index="actor"),
        token("service-type", "serviceType"),
        token("service-category", "serviceCategory"),
        token("specialty", "specialty"),
        token("appointment-type", "appointmentType"),
        token("reason-code", "reasonCode"),
        token("part-status", "participant.status", system="http://hl7.org/fhir/participationstatus"),
        reference("based-on", "basedOn", to="ServiceRequest"),
        reference("slot", "slot", to="Slot"),
    ),
    sort="date",
)
