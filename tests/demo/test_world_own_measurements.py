"""What the patient's app would write."""

from fhir.resources.R4B.observation import Observation

from hub.demo.own_measurements import observations
from hub.demo.world import organisations as o
from hub.demo.world.model import Measurement, World
from hub.demo.world.stories.forsman import WILMA
from hub.demo.world.stories.ingrid import INGRID


def test_every_own_measurement_is_a_sound_observation_in_order_of_time(world: World) -> None:
    found = observations(world, INGRID, "Patient/abc")
    held = world.facts(o.OWN, INGRID, Measurement)
    assert {each["identifier"][0]["value"] for each in found} == {fact.key for fact in held}
    times = [each["effectiveDateTime"] for each in found]
    assert times == sorted(times)
    for each in found:
        Observation.model_validate(each)
        assert each["subject"] == {"reference": "Patient/abc"}
        assert ("valueQuantity" in each) is not ("component" in each)


def test_who_has_measured_nothing_writes_nothing(world: World) -> None:
    assert observations(world, WILMA, "Patient/abc") == ()
