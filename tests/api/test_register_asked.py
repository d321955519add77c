"""Whoever names a patient by the logical id is answered by what the population register says today."""

from datetime import date
from pathlib import Path

import pytest

from hub.sources import Fault, Fetched, SourceFailed
from hub.store.known import known

EXAMPLES = Path(__file__).parent.parent.parent / "examples" / "rivta_persons"
ELIAS, JONAS = b"201701012393", b"199002222397"


@pytest.fixture
def register(house):
    """The register, told what to say of a child and its guardian."""
    told = house.told["register"]
    whole = (EXAMPLES / "child-with-guardians-of-whom-one-no-longer-is" / "message.xml").read_bytes()

    def says(child, guardian) -> None:
        named = (guardian.number.value if guardian else "200001252386").encode()
        about = whole.replace(ELIAS, child.number.value.encode()).replace(JONAS, named).replace(b"2017-01-01", b"2035-01-01")
        told.answer = Fetched((about,))

    told.says = says
    return told


@pytest.fixture
def family(house):
    """(child, guardian, the guardian as who signs in, an entry in the child's record)."""
    guardian = house.enroll()
    child = house.enroll(born=date(2035, 1, 1), guardians=(guardian.number,))
    return child, guardian, house.patient_person(guardian, "guardian"), house.hold(child)


def _paths(child, entry):
    return (f"/fhir/Observation/{entry}", f"/fhir/Observation/{entry}/_history", f"/fhir/Patient/{child.id}")


def _seen(house, who, child, entry) -> list:
    found = [house.get(path, who).status_code for path in _paths(child, entry)]
    return [*found, len(house.found(f"/fhir/Observation?patient={child.id}", who))]


def test_a_guardianship_that_is_over_is_over_for_whoever_holds_the_ids(house, register, family) -> None:
    child, guardian, me, entry = family
    assert _seen(house, me, child, entry) == [200, 200, 200, 1]
    assert register.asked == [], "the register told of the child a moment ago"
    register.says(child, guardian)
    house.clock.move(seconds=700)
    assert _seen(house, me, child, entry) == [200, 200, 200, 1]
    assert len(register.asked) == 1
    register.says(child, None)
    house.clock.move(seconds=700)
    assert _seen(house, me, child, entry) == [404, 404, 404, 0]
    assert len(register.asked) == 2, "nothing is asked for who is no guardian"


def test_while_the_register_is_silent_a_guardian_sees_nothing_and_is_told_so(house, register, family) -> None:
    child, _, me, entry = family
    register.answer = SourceFailed(Fault.REFUSED)
    house.clock.move(seconds=700)
    assert _seen(house, me, child, entry) == [404, 404, 404, 0]
    answer = house.get(f"/fhir/Observation?patient={child.id}", me)
    assert "Registret" in answer.text
    assert "DataFromCacheSynchFailed" in house.notices(answer)


@pytest.mark.parametrize("way", ["search", "read", "vread", "history", "relation", "consent", "list"])
def test_a_death_is_heard_of_in_every_way_a_patient_is_named(house, register, kit, way) -> None:
    patient = house.enroll()
    house.near(patient)
    house.consent(patient)
    entry = house.hold(patient)
    dead = (EXAMPLES / "deceased-the-day-is-not-known" / "message.xml").read_bytes()
    register.answer = Fetched((dead.replace(b"189002029800", patient.number.value.encode()),))
    house.clock.move(seconds=700)
    house.freshen(patient.pk, "alfa", "beta")
    version = house.store.reader().exec_driver_sql("SELECT version_id FROM resource").scalars().first()
    assert register.asked == []
    ways = {
        "search": lambda: house.get(f"/fhir/Observation?patient={patient.id}", "doctor"),
        "read": lambda: house.get(f"/fhir/Observation/{entry}", "doctor"),
        "vread": lambda: house.get(f"/fhir/Observation/{entry}/_history/{version}", "doctor"),
        "history": lambda: house.get(f"/fhir/Observation/{entry}/_history", "doctor"),
        "relation": lambda: house.post("/access/relations", "doctor", json={"patient": patient.id}),
        "consent": lambda: house.consent(patient),
        "list": lambda: house.get(f"/access/relations?patient={patient.id}", "doctor"),
    }
    ways[way]()
    assert [number for _, number in register.asked] == [patient.number]
    assert known(house.store.reader(), patient.pk, 0).facts.deceased
    hops = house.store.hops
    ways["read"]()
    assert (len(register.asked), house.store.hops - hops) == (1, 1)


def test_a_clinician_is_answered_though_the_register_is_silent_and_told_so_in_a_search(house, register) -> None:
    patient = house.enroll()
    house.near(patient)
    entry = house.hold(patient, provider="SE2321990018-P1", unit="SE2321990018-U1")
    register.answer = SourceFailed(Fault.REFUSED)
    house.clock.move(seconds=700)
    house.freshen(patient.pk, "alfa", "beta")
    assert house.get(f"/fhir/Observation/{entry}", "doctor").status_code == 200
    answer = house.get(f"/fhir/Observation?patient={patient.id}", "doctor")
    assert answer.json()["total"] == 1
    assert "Registret" in answer.text
    noted = known(house.store.reader(), patient.pk, 0).fresh("register", "rivta_persons")
    assert (noted.fault, bool(noted.succeeded)) == (str(Fault.REFUSED), True)


def test_for_a_person_who_could_see_nothing_the_register_is_not_asked(house, register) -> None:
    patient = house.enroll()
    house.clock.move(seconds=700)
    stranger = house.patient_person(house.enroll())
    answer = house.get(f"/fhir/Observation?patient={patient.id}", stranger)
    assert answer.json()["total"] == 0
    assert register.asked == []


def test_a_running_hub_tries_again_what_waits_for_the_register(house) -> None:
    assert "Refresher.keep_retrying" in {task.get_coro().__qualname__ for task in house.running.tasks}
