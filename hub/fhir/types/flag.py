"""Flag: something to be aware of. http://hl7.org/fhir/R4/flag.html"""

from hub.fhir.types import resource_type

FLAG = resource_type("Flag", sort="date")
