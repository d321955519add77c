"""Samsyn: a FHIR R4 hub for Swedish care."""
