"""AuditEvent: who did what with which information, as a source tells it.

The hub's own log is read under the same address by patients and reviewers (`hub.interactions.log_events`), and is none of these.
Source: http://hl7.org/fhir/R4/auditevent.html
"""

from hub.fhir.types import resource_type

AUDIT_EVENT = resource_type("AuditEvent", sort="date")
