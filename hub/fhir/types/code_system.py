"""CodeSystem: codes and what they mean. http://hl7.org/fhir/R4/codesystem.html"""

from hub.fhir.types import resource_type

CODE_SYSTEM = resource_type("CodeSystem", sort="date", shared=True)
