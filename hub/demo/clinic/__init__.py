"""Hjärtgården: a private provider with a FHIR R4 server of its own. `resources` writes its JSON, `server` answers searches."""
