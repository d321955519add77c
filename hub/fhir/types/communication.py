"""Communication: something that was told, and to whom. http://hl7.org/fhir/R4/communication.html"""

from hub.fhir.types import resource_type

COMMUNICATION = resource_type("Communication", sort="sent", writers=("source", "staff", "patient"))
