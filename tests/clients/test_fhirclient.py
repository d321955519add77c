"""SMART's Python client, as it comes, against a running hub. https://github.com/smart-on-fhir/client-py"""

from typing import Any

import pytest
from fhirclient import client
from fhirclient.models.bundle import Bundle
from fhirclient.models.capabilitystatement import CapabilityStatement
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient
from fhirclient.server import FHIRNotFoundException

from tests.clients.conftest import Served

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def server(served: Served) -> Any:
    made = client.FHIRClient(settings={"app_id": "laboratory", "api_base": served.base})
    made.server.session.headers["Authorization"] = f"Bearer {served.token}"
    return made.server


def weight(patient: str, kilos: float) -> Observation:
    return Observation(
        {
            "resourceType": "Observation",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
            "subject": {"reference": patient},
            "effectiveDateTime": "2026-03-01",
            "valueQuantity": {"value": kilos, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"},
        }
    )


def written(resource: Any, server: Any) -> str:
    """Creates it. Gives: its id."""
    answer = resource.create(server)
    return str(answer["id"])


def test_it_reads_what_the_server_can(server: Any) -> None:
    said = CapabilityStatement.read_from("metadata", server)
    assert said.fhirVersion == "4.0.1"
    assert "Observation" in {each.type for each in said.rest[0].resource}


def test_it_creates_reads_updates_searches_and_deletes(server: Any) -> None:
    patient = written(Patient({"resourceType": "Patient", "name": [{"family": "Klient"}]}), server)
    id = written(weight(f"Patient/{patient}", 71.5), server)
    held = Observation.read(id, server)
    assert held.valueQuantity.value == 71.5
    held.status = "amended"
    held.update(server)
    assert Observation.read(id, server).status == "amended"
    found = Observation.where({"subject": f"Patient/{patient}", "code": "http://loinc.org|29463-7"}).perform_resources(server)
    assert [each.id for each in found] == [id]
    assert Observation.where({"subject": f"Patient/{patient}", "value-quantity": "gt100"}).perform_resources(server) == []
    held.delete(server)
    with pytest.raises(FHIRNotFoundException):
        Observation.read("never-issued", server)
    assert Observation.where({"subject": f"Patient/{patient}"}).perform_resources(server) == []


def test_it_follows_pages_and_references(server: Any) -> None:
    patient = written(Patient({"resourceType": "Patient", "name": [{"family": "Sidor"}]}), server)
    ids = {written(weight(f"Patient/{patient}", 60 + n), server) for n in range(7)}
    seen, page = [], Observation.where({"subject": f"Patient/{patient}", "_count": "3", "_sort": "date"}).perform(server)
    while page is not None:
        seen += [each.resource.id for each in page.entry if each.search.mode == "match"]
        following = next((each.url for each in page.link if each.relation == "next"), None)
        page = Bundle.read_from(following.removeprefix(server.base_uri), server) if following else None
    assert sorted(seen) == sorted(ids)
    found = Observation.where({"subject": f"Patient/{patient}", "_include": "Observation:subject"}).perform(server)
    assert patient in {each.resource.id for each in found.entry if each.search.mode == "include"}
