"""The medication list: what a patient takes, derived from the decisions that a caller may see.

Derived after release, never stored: a list made of more than the caller sees would tell what was withheld.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any

from hub.fhir.canonical import EXTENSION
from hub.fhir.resource import Resource
from hub.fhir.swedish_time import LOCAL, from_dashes, from_digits

PRESCRIPTION_TYPE = f"{EXTENSION}/prescription-type"
"""I (start, change or renewal) or U (withdrawal), as RIV-TA says it of a decision."""
CHAIN_PLACE = f"{EXTENSION}/prescription-chain-place"
"""Active: the last decision of its chain. Inactive: any other."""
TREATMENT_PERIOD = f"{EXTENSION}/treatment-period"
FIRST_TREATMENT = f"{EXTENSION}/first-treatment"

_STATUS = {
    "active": "active",
    "on-hold": "on-hold",
    "cancelled": "not-taken",
    "completed": "completed",
    "stopped": "stopped",
    "unknown": "unknown",
}
"""Status of the deciding MedicationRequest -> of the statement; others (draft, entered-in-error) make no statement."""
_COPIED = ("contained", "medicationCodeableConcept", "medicationReference", "subject", "reasonCode", "note")
_NEVER = datetime.min.replace(tzinfo=UTC)
_NOT_ORDERS = ("proposal", "plan", "option")


def medication_list(requests: Iterable[Resource], now: datetime) -> list[Resource]:
    """One MedicationStatement per chain of decisions, with what the last visible one says at `now`.

    Takes: *released* MedicationRequests of one patient, with ids. One that is `basedOn` another (the prescribed package
        of a decision) adds nothing of its own.
    Gives: in the order in which the chains first appear; status `unknown` where the last decision is not among them.
    """
    chains: dict[tuple[str, str, str], list[Resource]] = {}
    for request in requests:
        if _counts(request):
            chains.setdefault(_chain(request), []).append(request)
    return [_statement(chain, now) for chain in chains.values()]


def statement_status(order: str, withdrawn: bool, start: datetime | None, end: datetime | None, now: datetime) -> str:
    """MedicationStatement.status of what the patient takes, given the last decision about it.

    Takes: `order`: status of the decision; `withdrawn`: it is a stop, and one whose end lies ahead lets the treatment go
        on until then; `start`, `end`: of the treatment.
    """
    if withdrawn and order == "stopped":
        return "active" if end is not None and not has_passed(end, now) else "stopped"
    if order == "active" and end is not None and has_passed(end, now):
        return "completed"
    if order == "active" and start is not None and start > now:
        return "intended"
    return order


def has_passed(end: datetime, now: datetime) -> bool:
    """Whether a treatment is over: one that ends at midnight in Sweden may have been given as a day, and lasts that day out."""
    is_day = end.astimezone(LOCAL).time() == time.min
    return end + timedelta(days=1 if is_day else 0) <= now


def _counts(request: Resource) -> bool:
    based_on_order = any(str(part.get("reference", "")).startswith("MedicationRequest") for part in request.get("basedOn", ()))
    return (
        request.get("status") in _STATUS
        and request.get("intent") not in _NOT_ORDERS
        and request.get("doNotPerform") is not True
        and not based_on_order
    )


def _chain(request: Resource) -> tuple[str, str, str]:
    """What decisions about one treatment have in common: the chain, else the prescription, else the record itself."""
    source = request.get("meta", {}).get("source", "")
    identifiers = request.get("identifier", ())
    known = request.get("groupIdentifier") or next(iter(identifiers[1:2] or identifiers), {"value": request.get("id", "")})
    return source, known.get("system", ""), known.get("value", "")


def _statement(chain: list[Resource], now: datetime) -> Resource:
    last = max(chain, key=lambda request: (_extension(request, CHAIN_PLACE) != "Inactive", _decided(request)))
    written: Resource = {"resourceType": "MedicationStatement", "meta": _meta(chain), "status": _status(last, now)}
    if "statusReason" in last:
        written["statusReason"] = [last["statusReason"]]
    written |= {name: last[name] for name in _COPIED if name in last}
    if period := _period(last, chain):
        written["effectivePeriod"] = period
    if "authoredOn" in last:
        written["dateAsserted"] = last["authoredOn"]
    written["derivedFrom"] = [{"reference": f"MedicationRequest/{request['id']}"} for request in chain if "id" in request]
    if "dosageInstruction" in last:
        written["dosage"] = last["dosageInstruction"]
    return written


def _status(last: Resource, now: datetime) -> str:
    if _extension(last, CHAIN_PLACE) == "Inactive":
        return "unknown"
    period = _extension(last, TREATMENT_PERIOD) or {}
    withdrawn = _extension(last, PRESCRIPTION_TYPE) == "U"
    return statement_status(_STATUS[last["status"]], withdrawn, _time(period.get("start")), _time(period.get("end")), now)


def _period(last: Resource, chain: list[Resource]) -> Resource:
    """From the first treatment of the chain to the end that its last decision sets."""
    first = next((time for request in [last, *chain] if (time := _extension(request, FIRST_TREATMENT))), None)
    periods = [_extension(request, TREATMENT_PERIOD) or {} for request in chain]
    starts = [period["start"] for period in periods if "start" in period]
    start = first or min(starts, key=lambda written: _time(written) or _NEVER, default=None)
    end = (_extension(last, TREATMENT_PERIOD) or {}).get("end")
    return ({"start": start} if start else {}) | ({"end": end} if end else {})


def _decided(request: Resource) -> datetime:
    return _time(request.get("authoredOn")) or _NEVER


def _meta(chain: list[Resource]) -> Resource:
    """Where it comes from, and every label of what it was made of."""
    labels: list[Resource] = []
    for request in chain:
        labels += [label for label in request.get("meta", {}).get("security", ()) if label not in labels]
    source = chain[0].get("meta", {}).get("source")
    return ({"source": source} if source else {}) | ({"security": labels} if labels else {})


def _extension(request: Resource, url: str) -> Any:
    """The value of an extension, whatever its type."""
    for extension in request.get("extension", ()):
        if extension.get("url") == url:
            return next((value for name, value in extension.items() if name.startswith("value")), None)
    return None


def _time(written: str | None) -> datetime | None:
    """When a FHIR date or dateTime begins; None: not given, or not a time."""
    if not written:
        return None
    try:
        return (from_dashes(written) if len(written) > 9 else from_digits(written.replace("-", ""))).begins
    except ValueError:
        return None
