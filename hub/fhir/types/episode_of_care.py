"""EpisodeOfCare: a time of responsibility for a patient's care. http://hl7.org/fhir/R4/episodeofcare.html"""

from hub.fhir.types import resource_type

EPISODE_OF_CARE = resource_type("EpisodeOfCare", sort="date")
