"""Whether a prescription decision is in force: type, place in its chain and end of treatment -> FHIR status.

A withdrawal (U) that is last in its chain (Active) means that the treatment has stopped, never that it goes on.
"""

from datetime import datetime

from hub.fhir.medication_list import has_passed


def order_status(kind: str, place: str, end: datetime | None, replaced: bool, now: datetime) -> str:
    """MedicationRequest.status.

    Takes: `kind` I (start) or U (stop), `place` Active (last in its chain) or Inactive; `replaced`: a successor is named.
    Gives: `unknown` for words that the contract does not have.
    Deviates: the moment of the successor is not looked up in the other record, which this caller may not see; a decision
    that names a successor was stopped by it.
    """
    passed = end is not None and has_passed(end, now)
    match kind, place:
        case "U", _:
            return "stopped"
        case "I", "Active":
            return "completed" if passed else "active"
        case "I", "Inactive":
            return "completed" if passed and not replaced else "stopped"
    return "unknown"
