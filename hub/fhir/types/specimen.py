"""Specimen: a sample that was taken. http://hl7.org/fhir/R4/specimen.html"""

from hub.fhir.types import ResourceType, date, identifier, of_patient, reference, token

SPECIMEN = ResourceType(
    name="Specimen",
    patient=("subject",),
    search=(
        token("status", "status", system="http://hl7.org/fhir/specimen-status"),
        identifier("identifier", "identifier"),
        identifier("accession", "accessionIdentifier"),
        token("type", "type"),
        date("collected", "collection.collected[x]"),
        token("bodysite", "collection.bodySite"),
        of_patient("subject", "subject"),
        reference("subject", "subject", to="Device Group Location Patient Substance"),
        reference("parent", "parent", to="Specimen"),
        reference("collector", "collection.collector", to="Practitioner PractitionerRole"),
    ),
    sort="collected",
)
