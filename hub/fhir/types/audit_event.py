"""AuditEvent: who did what with which information. The hub's own log is read at /access/log, and is none of these.

Source: http://hl7.org/fhir/R4/auditevent.html
"""

from hub.fhir.types import resource_type

AUDIT_EVENT = resource_type("AuditEvent", sort="date")
