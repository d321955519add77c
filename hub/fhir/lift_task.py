"""A request to lift a block, as a FHIR Task: from whom, for whom, to the care provider that owns the block.

Source: http://hl7.org/fhir/R4/task.html; SVOD 2:3 and 3:5 (CONSENT.md L12, L18): a reader asks, only the owner lifts.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from hub.fhir.canonical import CODE_SYSTEM
from hub.fhir.identifiers import HSA_ID
from hub.fhir.resource import Resource

Status = Literal["requested", "completed", "rejected", "cancelled"]
"""http://hl7.org/fhir/R4/valueset-task-status.html: asked; lifted; refused by the owner; taken back by who asked."""
CODE = {"system": f"{CODE_SYSTEM}/task", "code": "lift-block", "display": "Häv spärr"}
_BLOCKED_UNIT = "blocked-unit"
_ANSWER = "answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftRequest:
    """What is asked. HSA-ids in upper case."""

    patient: str
    """Logical id."""
    owner: str
    """The care provider whose block it is."""
    blocked_unit: str = ""
    """The unit whose inner block it is; empty: not said."""
    requester: str
    """The employee, or `Patient/[id]`."""
    for_unit: str = ""
    """The unit that is to read; empty: the patient asks for the block to be ended."""
    for_employee: str = ""
    """The one employee of that unit who is to read; empty: all of it."""
    reason: str


def lift_task(asked: LiftRequest, fhir_id: str, authored: datetime) -> Resource:
    """The Task of a new request."""
    recipients = [_named("Organization", asked.for_unit), _named("Practitioner", asked.for_employee)]
    recipients = [each for each in recipients if each]
    held: Resource = {
        "resourceType": "Task",
        "id": fhir_id,
        "status": "requested",
        "intent": "order",
        "code": {"coding": [CODE]},
        "for": {"reference": f"Patient/{asked.patient}"},
        "authoredOn": authored.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requester": _who(asked.requester),
        "owner": _named("Organization", asked.owner),
        "reasonCode": {"text": asked.reason},
    }
    if recipients:
        held["restriction"] = {"recipient": recipients}
    if asked.blocked_unit:
        held["input"] = [{"type": {"text": _BLOCKED_UNIT}, "valueReference": _named("Organization", asked.blocked_unit)}]
    return held


def answered(task: Resource, status: Status, reason: str = "", ground: str = "") -> Resource:
    """The Task as it stands when it has been answered.

    Takes: `reason`: why it was refused; `ground`: id of the revoke, or of the block that was ended.
    """
    held = {name: value for name, value in task.items() if name != "meta"} | {"status": status}
    if reason:
        held["statusReason"] = {"text": reason}
    if ground:
        held["output"] = [{"type": {"text": _ANSWER}, "valueString": ground}]
    return held


def lift_request(task: Resource) -> LiftRequest:
    """The inverse of `lift_task`."""
    recipients = {each["type"]: _written(each) for each in task.get("restriction", {}).get("recipient", ())}
    inputs = [_written(each["valueReference"]) for each in task.get("input", ())]
    return LiftRequest(
        patient=task["for"]["reference"].removeprefix("Patient/"),
        owner=_written(task["owner"]),
        blocked_unit=inputs[0] if inputs else "",
        requester=_written(task["requester"]),
        for_unit=recipients.get("Organization", ""),
        for_employee=recipients.get("Practitioner", ""),
        reason=task["reasonCode"]["text"],
    )


def answer_of(task: Resource) -> tuple[str, str]:
    """(why it was refused, id of the ground that answers it); empty where there is none."""
    outputs = [each["valueString"] for each in task.get("output", ())]
    return task.get("statusReason", {}).get("text", ""), outputs[0] if outputs else ""


def _who(requester: str) -> dict[str, Any]:
    return {"reference": requester} if requester.startswith("Patient/") else _named("Practitioner", requester)


def _named(resource_type: str, hsa_id: str) -> dict[str, Any]:
    return {"type": resource_type, "identifier": {"system": HSA_ID, "value": hsa_id}} if hsa_id else {}


def _written(reference: dict[str, Any]) -> str:
    value: str = reference.get("reference") or reference["identifier"]["value"]
    return value
