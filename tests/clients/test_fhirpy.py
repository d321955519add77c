"""fhirpy, as it comes, against a running hub. https://github.com/beda-software/fhir-py"""

from typing import Any

import pytest
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import OperationOutcome, ResourceNotFound

from tests.clients.conftest import Served

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def hub(served: Served) -> Any:
    return SyncFHIRClient(served.base, authorization=f"Bearer {served.token}")


def patient(hub: Any, family: str) -> Any:
    made = hub.resource("Patient", name=[{"family": family}])
    made.save()
    return made


def weight(hub: Any, of: Any, kilos: int) -> Any:
    made = hub.resource(
        "Observation",
        status="final",
        code={"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
        subject=of.to_reference(),
        effectiveDateTime=f"2026-03-{kilos - 50:02}",
        valueQuantity={"value": kilos, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"},
    )
    made.save()
    return made


def test_it_saves_refreshes_and_deletes(hub: Any) -> None:
    one = weight(hub, patient(hub, "Spara"), 70)
    one["status"] = "amended"
    one.save()
    held = hub.reference("Observation", one.id).to_resource()
    assert (held["status"], held["valueQuantity"]["value"]) == ("amended", 70)
    one.delete()
    with pytest.raises((ResourceNotFound, OperationOutcome)):
        hub.reference("Observation", "never-issued").to_resource()


def test_it_searches_counts_sorts_and_pages(hub: Any) -> None:
    of = patient(hub, "Sök")
    ids = [weight(hub, of, 60 + n).id for n in range(5)]
    mine = hub.resources("Observation").search(patient=of.id)
    assert [each.id for each in mine.sort("-date").fetch()] == ids[::-1]
    assert sorted(each.id for each in mine.limit(2).fetch_all()) == sorted(ids)
    assert [each.id for each in mine.search(value_quantity__gt=63).fetch()] == [ids[4]]
    assert hub.resources("Observation").search(patient__name__exact="x").fetch() == []
    bundle = mine.include("Observation", "subject").fetch_raw()
    assert of.id in {each.resource.id for each in bundle.entry if each["search"]["mode"] == "include"}


def test_what_only_another_server_knows_is_ignored_where_that_is_asked_for(served: Served, hub: Any) -> None:
    """Its `count` sends a parameter that is not FHIR's; a strict search would be refused."""
    of = patient(hub, "Räkna")
    weight(hub, of, 70)
    lenient = SyncFHIRClient(served.base, authorization=f"Bearer {served.token}", extra_headers={"Prefer": "handling=lenient"})
    assert lenient.resources("Observation").search(patient=of.id).count() == 1
    with pytest.raises(OperationOutcome):
        hub.resources("Observation").search(patient=of.id).count()


def test_what_is_wrong_comes_as_an_operation_outcome(hub: Any) -> None:
    with pytest.raises(OperationOutcome) as told:
        hub.resource("Observation", status="nonsense", code={"text": "x"}).save()
    assert told.value.resource["issue"][0]["expression"] == ["Observation.status"]
