"""FHIR R4 (4.0.1) itself: resources, search requests, Bundles. Values in, values out."""
