"""CommunicationRequest: a request that something be told. http://hl7.org/fhir/R4/communicationrequest.html"""

from hub.fhir.types import resource_type

COMMUNICATION_REQUEST = resource_type("CommunicationRequest", sort="authored")
