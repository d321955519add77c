"""CareTeam: who takes part in a patient's care. http://hl7.org/fhir/R4/careteam.html"""

from hub.fhir.types import resource_type

CARE_TEAM = resource_type("CareTeam", sort="date")
