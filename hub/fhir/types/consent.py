"""Consent: what a patient agrees to or forbids. http://hl7.org/fhir/R4/consent.html"""

from hub.fhir.types import resource_type

CONSENT = resource_type("Consent", sort="date", writers=("source", "staff", "patient"))
