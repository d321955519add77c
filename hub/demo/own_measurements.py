"""The patient's own measurements, as an app of the patient's would write them through the hub's API."""

from typing import Any

from hub.demo.clinic.resources import CATEGORY, concept, measured
from hub.demo.world.model import Measurement, World
from hub.demo.world.organisations import OWN

SYSTEM = "https://samsyn.example/demo/own-measurement"
"""Of the app's own identifiers; the value is the measurement's key in the world."""


def observations(world: World, number: str, patient: str) -> tuple[dict[str, Any], ...]:
    """What a person has measured, oldest first, as Observations to be created.

    Takes: the person's number in the world; the hub's reference to the Patient, `Patient/…`.
    """
    found = sorted(world.facts(OWN, number, Measurement), key=lambda fact: fact.time)
    return tuple(
        {
            "resourceType": "Observation",
            "identifier": [{"system": SYSTEM, "value": fact.key}],
            "status": "final",
            "category": [{"coding": [{"system": CATEGORY, "code": fact.category}]}],
            "code": concept(fact.code),
            "subject": {"reference": patient},
            "performer": [{"reference": patient}],
            "effectiveDateTime": fact.time.isoformat(),
            **measured(fact),
        }
        for fact in found
    )
