"""Binary: content as it came. http://hl7.org/fhir/R4/binary.html

R4 puts it in nobody's compartment; here it is the patient's on whom access to it depends.
"""

from hub.fhir.types import resource_type

BINARY = resource_type("Binary", patient=("securityContext",))
