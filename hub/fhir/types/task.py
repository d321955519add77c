"""Task: something to be done. http://hl7.org/fhir/R4/task.html

R4 puts it in nobody's compartment; here it is the patient's for whom it is done.
"""

from hub.fhir.types import resource_type

TASK = resource_type("Task", sort="authored-on", patient=("for",), writers=("source", "staff", "patient"))
