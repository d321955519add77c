"""What leaves an entry beside answers: a number told of hits, refusals of floods, faults of the hub's own."""

from itertools import pairwise

import httpx
import pytest

from hub.interactions import read


@pytest.fixture
def seen(light, kit):
    patient = light.enroll()
    light.near(patient)
    light.consent(patient)
    return patient, light.hold(patient)


def test_a_number_told_is_logged_as_such(light, seen):
    patient, _ = seen
    assert light.get(f"/fhir/Observation?patient={patient.id}&_count=0", "doctor").json()["total"] == 1
    entry = light.log()[-1]
    assert (entry["outcome"], entry["released"], entry["total"]) == ("permit", 0, 1)
    assert "R47" in entry["rules"]
    assert entry["grounds"]
    assert light.get(f"/fhir/CarePlan?patient={patient.id}&_count=0", "doctor").json()["total"] == 0
    assert (light.log()[-1]["outcome"], light.log()[-1]["total"]) == ("nothing", 0)
    light.get(f"/fhir/Observation?patient={patient.id}", "doctor")
    assert "total" not in light.log()[-1]


def test_a_fault_of_ours_leaves_an_entry_without_data(light, seen, monkeypatch):
    patient, id = seen

    def breaks(*_, **__):
        raise RuntimeError(patient.number.value)

    monkeypatch.setattr(read, "rid", breaks)
    answer = light.get(f"/fhir/Observation/{id}", "doctor")
    assert answer.status_code == 500
    entry = light.log()[-1]
    assert (entry["action"], entry["outcome"], entry["reason"]) == ("fail", "error", "exception")
    assert entry["who"]["subject"] == "SE2321990018-E1"
    assert entry["request"] in answer.text
    assert patient.number.value not in str(entry) + answer.text


def test_who_asks_too_much_is_told_of_once_an_interval(kit, tmp_path):
    house = kit.House(f"sqlite:///{tmp_path / 'hub.db'}", tmp_path, rate_per_minute=3)
    try:
        answers = [house.get("/fhir/Practitioner", "doctor").status_code for _ in range(40)]
        assert answers.count(429) >= 30
        before = len(house.log())
        house.run(house.running.edge.refusals.flush())
        [entry] = house.log()[before:]
        [row] = entry["rows"]
        assert (entry["action"], row["who"], row["count"]) == ("refusals", "SE2321990018-E1", answers.count(429))
        assert entry["rules"] == []
        assert row["reason"].startswith("too many of: requests")
    finally:
        house.close()


def test_metrics_count_the_reading_of_what_is_withheld_as_of_what_is_not_there(light, kit):
    patient = light.enroll()
    light.near(patient)
    ids = (light.hold(patient), "a" * 26)

    def counted():
        lines = light.running.metrics.exposition()[0].decode().splitlines()
        return {
            name: value for name, _, value in (each.rpartition(" ") for each in lines) if name.startswith("hub_decisions_total")
        }

    seen = [counted()]
    for id in ids:
        assert light.get(f"/fhir/Observation/{id}", "doctor").status_code == 404
        seen.append(counted())
    changed = [{name for name in after if after[name] != before.get(name)} for before, after in pairwise(seen)]
    assert changed[0] == changed[1] != set()


def test_metrics_are_for_who_runs_the_hub(light, kit, tmp_path):
    def asked(house, address, **headers):
        async def ask():
            through = httpx.ASGITransport(house.running.app, client=(address, 1))
            async with httpx.AsyncClient(transport=through, base_url=kit.BASE) as http:
                return await http.get("/metrics", headers=headers)

        return house.run(ask())

    assert asked(light, "127.0.0.1").status_code == asked(light, "::1").status_code == 200
    for address in ("192.0.2.1", "2001:db8::1", "testclient"):
        answer = asked(light, address)
        assert (answer.status_code, answer.content) == (403, b"")
    assert asked(light, "127.0.0.1", **{"x-forwarded-for": "192.0.2.1"}).status_code == 403
    house = kit.House(f"sqlite:///{tmp_path / 'hub.db'}", tmp_path, metrics_token="geheim")
    try:
        assert asked(house, "192.0.2.1", authorization="Bearer geheim").status_code == 200
        assert asked(house, "127.0.0.1").status_code == 403
        assert asked(house, "127.0.0.1", authorization="Bearer ge").status_code == 403
    finally:
        house.close()
