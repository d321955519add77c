"""CapabilityStatement: what a system does, or is asked to do. The hub's own is at /fhir/metadata.

Source: http://hl7.org/fhir/R4/capabilitystatement.html
"""

from hub.fhir.types import resource_type

CAPABILITY_STATEMENT = resource_type("CapabilityStatement", sort="date", shared=True)
