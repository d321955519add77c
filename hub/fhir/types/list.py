"""List: resources gathered for a purpose. http://hl7.org/fhir/R4/list.html"""

from hub.fhir.types import resource_type

LIST = resource_type("List", sort="date")
