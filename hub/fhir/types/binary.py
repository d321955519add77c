"""Binary: content as it came. http://hl7.org/fhir/R4/binary.html"""

from hub.fhir.types import ResourceType

BINARY = ResourceType(
    name="Binary",
    patient=("securityContext",),
)
