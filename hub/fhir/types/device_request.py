"""DeviceRequest: an order of a device or aid. http://hl7.org/fhir/R4/devicerequest.html"""

from hub.fhir.types import resource_type

DEVICE_REQUEST = resource_type("DeviceRequest", sort="authored-on")
