"""Provenance: who made, holds and signed what. http://hl7.org/fhir/R4/provenance.html"""

from hub.fhir.types import ResourceType, date, of_patient, reference, token

PROVENANCE = ResourceType(
    name="Provenance",
    patient=("target",),
    search=(
        of_patient("target", "target"),
        reference("target", "target"),
        reference("agent", "agent.who", to="Device Organization Patient Practitioner PractitionerRole RelatedPerson"),
        token("agent-role", "agent.role"),
        token("agent-type", "agent.type"),
        reference("entity", "entity.what"),
        reference("location", "location", to="Location"),
        date("recorded", "recorded", instant=True),
        date("when", "occurredDateTime"),
        token("signature-type", "signature.type"),
    ),
    sort="recorded",
)
