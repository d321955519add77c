"""Canonical URLs of what the hub defines itself: names, alike at every hub and in all that is stored, and nobody's address.

Source: http://hl7.org/fhir/R4/references.html#canonical
"""

_BASE = "https://samsyn.example/fhir"
CODE_SYSTEM = f"{_BASE}/CodeSystem"
EXTENSION = f"{_BASE}/StructureDefinition"
