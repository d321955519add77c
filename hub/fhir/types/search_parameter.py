"""SearchParameter: how resources are searched, as somebody defines it; the hub searches by R4's own.

Source: http://hl7.org/fhir/R4/searchparameter.html
"""

from hub.fhir.types import resource_type

SEARCH_PARAMETER = resource_type("SearchParameter", sort="date", shared=True)
