"""The whole simulated world over sockets: every person in every contract of both regions, valid and with nothing lost."""

from datetime import date

import pytest

from hub.demo.rivta.regions import NORRDAL, VASTVIK, norrdal, vastvik
from hub.demo.rivta.register import SYSTEM, register
from hub.demo.world.build import build
from hub.demo.world.model import Booking, CareContact, CarePlan, LaboratoryReport, Prescription

pytestmark = pytest.mark.anyio

KINDS = {
    "GetCarePlans": (CarePlan, "{*}carePlan"),
    "GetMedicationHistory": (Prescription, "{*}medicationMedicalRecord"),
    "GetLaboratoryOrderOutcome": (LaboratoryReport, "{*}laboratoryOrderOutcome"),
    "GetCareContacts": (CareContact, "{*}careContact"),
    "GetSubjectOfCareSchedule": (Booking, "{*}timeslotDetail"),
}
REGIONS = {NORRDAL: (norrdal, list(KINDS)[:3]), VASTVIK: (vastvik, list(KINDS))}

DAYS = [date(2026, 3, 30), date(2026, 10, 26), date(2028, 2, 29)]
"""The day after each change of clocks, and a leap day: times around today fall on the odd hours."""


def sent(fact, region):
    """Whether a region sends a record: not what was cancelled, and what was taken back only in Västvik's older header."""
    if isinstance(fact, Booking) and fact.status == "cancelled":
        return False
    if fact.custody.nullified:
        return region == VASTVIK and not isinstance(fact, LaboratoryReport)
    return True


@pytest.mark.parametrize("today", DAYS, ids=str)
@pytest.mark.parametrize("region", REGIONS)
async def test_every_person_in_every_contract_is_valid_and_complete(region, today, calls, schemas):
    world = build(today)
    made, operations = REGIONS[region]
    told = 0
    async with calls(made(world), region) as caller:
        for person in world.persons.values():
            for operation in operations:
                answer = await caller.ask(operation, person.number)
                schemas[operation].assertValid(answer)
                kind, path = KINDS[operation]
                expected = [fact for fact in world.facts(region, person.number, kind) if sent(fact, region)]
                assert len(answer.findall(path)) == len(expected)
                told += len(expected)
    held = [f for f in world.held if f.custody.system == region and isinstance(f, tuple(KINDS[o][0] for o in operations))]
    assert told == sum(sent(fact, region) for fact in held) > 0


async def test_every_person_is_in_the_register_under_every_number(calls, schemas):
    world = build(DAYS[0])
    more = "<r:profile>P5</r:profile>", "<r:ignoreReferredIdentity>false</r:ignoreReferredIdentity>"
    async with calls(register(world), SYSTEM) as caller:
        for person in world.persons.values():
            for number in person.numbers:
                answer = await caller.ask("GetPersonsForProfile", number, *more)
                schemas["GetPersonsForProfile"].assertValid(answer)
                assert answer.findtext(".//{*}personRecord/{*}personalIdentity/{*}extension") == person.number
