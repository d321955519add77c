"""An emergency to be followed up, as a FHIR Task: who opened what for whom, to the log reviewer of the opener's care provider.

Source: http://hl7.org/fhir/R4/task.html; PDL 4:3, HSLF-FS 2016:40 chapter 4 (CONSENT.md section 5, emergency assertion).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.fhir.canonical import CODE_SYSTEM
from hub.fhir.identifiers import HSA_ID
from hub.fhir.resource import Resource

CODE = {
    "system": f"{CODE_SYSTEM}/task",
    "code": "follow-up-emergency",
    "display": "Följ upp nödöppning",
}

CONCLUSION, VERDICT = "conclusion", "verdict"
"""What the outputs of the Task are: the reviewer's words, and the verdict on the entry in the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """What is to be followed up. HSA-ids in upper case."""

    patient: str
    """Logical id."""
    owner: str
    """The care provider whose reviewer follows up: that of the employee."""
    unit: str
    employee: str
    reason: str
    """Of every step; what is said twice, once."""
    assertions: tuple[str, ...]
    """Ids of the first step, and of every second one after it."""


def follow_up_task(asked: FollowUp, fhir_id: str, authored: datetime) -> Resource:
    """The Task of an emergency, waiting for the reviewer."""
    return {
        "resourceType": "Task",
        "id": fhir_id,
        "status": "requested",
        "intent": "order",
        "code": {"coding": [CODE]},
        "for": {"reference": f"Patient/{asked.patient}"},
        "authoredOn": authored.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requester": _named("Practitioner", asked.employee),
        "owner": _named("Organization", asked.owner),
        "location": _named("Location", asked.unit),
        "reasonCode": {"text": asked.reason},
        "input": [{"type": {"text": "assertion"}, "valueString": each} for each in asked.assertions],
    }


def followed_up(task: Resource, conclusion: str) -> Resource:
    """The Task when the reviewer is done with it."""
    return _with_output(task, "completed", {"type": {"text": CONCLUSION}, "valueString": conclusion})


def judged(task: Resource, verdict: str, done: bool) -> Resource:
    """The Task when the reviewer has given a verdict on the emergency's entry in the log: the last one counts.

    Takes: `done`: the verdict is final; else the reviewer is at work.
    """
    return _with_output(task, "completed" if done else "in-progress", {"type": {"text": VERDICT}, "valueCode": verdict})


def follow_up(task: Resource) -> FollowUp:
    """The inverse of `follow_up_task`."""
    return FollowUp(
        patient=task["for"]["reference"].removeprefix("Patient/"),
        owner=_value(task["owner"]),
        unit=_value(task["location"]),
        employee=_value(task["requester"]),
        reason=task["reasonCode"]["text"],
        assertions=_texts(task.get("input", ())),
    )


def conclusion_of(task: Resource) -> str:
    """What the reviewer has concluded; empty: nothing yet."""
    return "".join(each["valueString"] for each in task.get("output", ()) if _is(each, CONCLUSION))


def verdict_of(task: Resource) -> str:
    """The reviewer's last verdict; empty: none yet."""
    return "".join(each["valueCode"] for each in task.get("output", ()) if _is(each, VERDICT))


def _with_output(task: Resource, status: str, output: dict[str, Any]) -> Resource:
    held = {name: value for name, value in task.items() if name != "meta"}
    others = [each for each in task.get("output", ()) if each["type"] != output["type"]]
    return held | {"status": status, "output": [*others, output]}


def _is(output: dict[str, Any], name: str) -> bool:
    return bool(output["type"]["text"] == name)


def _texts(held: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(each["valueString"] for each in held)


def _named(resource_type: str, hsa_id: str) -> dict[str, Any]:
    return {"type": resource_type, "identifier": {"system": HSA_ID, "value": hsa_id}}


def _value(reference: dict[str, Any]) -> str:
    value: str = reference["identifier"]["value"]
    return value
