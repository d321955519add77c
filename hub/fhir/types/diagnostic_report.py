"""DiagnosticReport: findings of a laboratory or another examination. http://hl7.org/fhir/R4/diagnosticreport.html"""

from hub.fhir.types import ResourceType, date, identifier, of_patient, reference, token

DIAGNOSTIC_REPORT = ResourceType(
    name="DiagnosticReport",
    patient=("subject",),
    search=(
        token("status", "status", system="http://hl7.org/fhir/diagnostic-report-status"),
        token("category", "category"),
        identifier("identifier", "identifier"),
        token("code", "code"),
        date("date", "effective[x]"),
        date("issued", "issued", instant=True),
        of_patient("subject", "subject"),
        reference("subject", "subject", to="Device Group Location Patient"),
        reference("encounter", "encounter", to="Encounter EpisodeOfCare"),
        reference(
            "based-on", "basedOn", to="CarePlan ImmunizationRecommendation MedicationRequest NutritionOrder ServiceRequest"
        ),
        reference("performer", "performer", to="CareTeam Organization Practitioner PractitionerRole"),
        reference("result", "result", to="Observation"),
        reference("results-interpreter", "resultsInterpreter", to="CareTeam Organization Practitioner PractitionerRole"),
        reference("specimen", "specimen", to="Specimen"),
        token("conclusion", "conclusionCode"),
    ),
    sort="date",
)
