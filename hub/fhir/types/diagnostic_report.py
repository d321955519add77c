"""DiagnosticReport: findings of a laboratory or another examination. http://hl7.org/fhir/R4/diagnosticreport.html"""

from hub.fhir.types import resource_type

DIAGNOSTIC_REPORT = resource_type("DiagnosticReport", sort="date")
