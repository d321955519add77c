"""OperationOutcome: what came of an operation, kept as any other resource. http://hl7.org/fhir/R4/operationoutcome.html"""

from hub.fhir.types import resource_type

OPERATION_OUTCOME = resource_type("OperationOutcome", shared=True)
