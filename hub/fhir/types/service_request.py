"""ServiceRequest: a referral or order. http://hl7.org/fhir/R4/servicerequest.html"""

from hub.fhir.types import resource_type

SERVICE_REQUEST = resource_type("ServiceRequest", sort="authored")
