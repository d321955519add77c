"""Without the question whether it is released, at any one place where the store asks it, the twin worlds are told apart.

The places are found in the code: a new one has its mutants at once, and is to be noticed like the others.
"""

import random

import pytest
from sqlalchemy import select

from hub.fhir.json import loads
from hub.store.tables import audit
from tests.leaks.leak_requests import Requests
from tests.leaks.mutants import alive, mutants
from tests.leaks.twins import Asked

pytestmark = pytest.mark.parametrize("readers", ["sqlite"], indirect=True)
FIRST = 24
"""Requests before it is looked whether they have shown anything."""


def noticed(readers):
    """Whether the worlds are told apart, or the log is wrong of what was withheld, or tells the patient wrongly of what was
    disclosed: what the mutant does is seen."""
    readers.forget()
    if _counted(readers) != _withheld(readers) or _told(readers) != _disclosed(readers):
        return True
    requests = Requests(readers.full, {}, 1)
    asked = [each for who in ("doctor", "assistant") for each in requests.each_once(who)]
    random.Random(5).shuffle(asked)
    asked.sort(key=lambda each: each.path.count("&_"))  # what is written quickly before what is not
    parts = (asked[start : start + FIRST] for start in range(0, len(asked), FIRST))
    return any(next(readers.differing(part), None) for part in parts)


def _counted(readers):
    """How many Observations the log says were withheld from a search."""
    search = Asked("log", "doctor", "GET", f"/fhir/Observation?patient={readers.full.patient.id}&_count=1")
    readers.asked += 1
    readers.full.house.store.memory._held.clear()
    readers.full.answers([search], readers.asked)
    last = select(audit.c.kept).order_by(audit.c.seq.desc()).limit(1)
    kept = loads(readers.full.house.store.reader().execute(last).scalar_one())
    return sum(each["entries"] for each in kept.get("withheld", ()))


def _withheld(readers):
    there = (each for each in readers.entries if each.type == "Observation" and not each.gone)
    return sum(each.number in readers.withheld("doctor") for each in there)


def _told(readers):
    """Of which Encounters of another care provider the patient is told that they were disclosed to the doctor; None where
    one was not."""
    house, patient, told = readers.full.house, readers.full.patient, set()
    for each in _encounters(readers):
        if house.get(f"/fhir/Encounter?patient={patient.id}&_id={each.id}", "doctor").json()["total"] != 1:
            return None  # not even shown
        newest = house.store.reader().execute(select(audit.c.shard, audit.c.seq).order_by(audit.c.seq.desc()).limit(1)).one()
        event = f"/fhir/AuditEvent/log-{newest.shard}-{newest.seq}-disclosure-1"
        told |= {each.id} if house.get(event, house.patient_person(patient)).status_code == 200 else set()
    return told


def _disclosed(readers):
    hidden = readers.withheld("patient")
    return {each.id for each in _encounters(readers) if each.number not in hidden}


def _encounters(readers):
    """Those of another care provider that the doctor is shown."""
    hidden = readers.withheld("doctor")
    return [
        each
        for each in readers.entries
        if (each.type, each.custody["source"]) == ("Encounter", "beta") and not each.gone and each.number not in hidden
    ]


def test_as_it_is_the_log_is_right(readers):
    """And no request of these tells the worlds apart: `test_twin_readers` asks them all."""
    assert _counted(readers) == _withheld(readers) > 0
    assert len(_encounters(readers)) > len(_disclosed(readers)) > 0
    assert _told(readers) == _disclosed(readers)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mutant", mutants(), ids=str)
def test_a_place_that_does_not_ask_is_noticed(readers, mutant):
    with alive(mutant):
        assert noticed(readers)
    readers.forget()
