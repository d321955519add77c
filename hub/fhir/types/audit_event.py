"""AuditEvent: who did what with which information, as a source tells it.

The client of that source alone reads these. The hub's own log is read under the same address by patients and reviewers
(`hub.interactions.log_events`), and is none of these; nobody else reads here.
Source: http://hl7.org/fhir/R4/auditevent.html
"""

from hub.fhir.types import resource_type

AUDIT_EVENT = resource_type("AuditEvent", sort="date")
