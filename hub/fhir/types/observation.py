"""Observation: measurements and simple assertions. http://hl7.org/fhir/R4/observation.html"""

from hub.fhir.types import ResourceType, date, identifier, of_patient, reference, string, token

OBSERVATION = ResourceType(
    name="Observation",
    patient=(
        "subject",
        "performer",
    ),
    search=(
        token("status", "status", system="http://hl7.org/fhir/observation-status"),
        token("category", "category"),
        identifier("identifier", "identifier"),
        token("code", "code"),
        token("component-code", "component.code"),
        date("date", "effective[x]"),
        of_patient("subject", "subject"),
        reference("subject", "subject", to="Device Group Location Patient"),
        reference("encounter", "encounter", to="Encounter EpisodeOfCare"),
        reference(
            "based-on",
            "basedOn",
            to="CarePlan DeviceRequest ImmunizationRecommendation MedicationRequest NutritionOrder ServiceRequest",
        ),
        reference(
            "part-of",
            "partOf",
            to="ImagingStudy Immunization MedicationAdministration MedicationDispense MedicationStatement Procedure",
        ),
        reference("performer", "performer", to="CareTeam Organization Patient Practitioner PractitionerRole RelatedPerson"),
        reference("specimen", "specimen", to="Specimen"),
        reference("has-member", "hasMember", to="MolecularSequence Observation QuestionnaireResponse"),
        reference(
            "derived-from",
            "derivedFrom",
            to="DocumentReference ImagingStudy Media MolecularSequence Observation QuestionnaireResponse",
        ),
        token("value-concept", "valueCodeableConcept"),
        string("value-string", "valueString", "valueCodeableConcept.text"),
        date("value-date", "valueDateTime", "valuePeriod"),
        token("method", "method"),
        token("data-absent-reason", "dataAbsentReason"),
    ),
    sort="date",
    writers=frozenset({"source", "patient"}),
)
