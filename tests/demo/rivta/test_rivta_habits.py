"""Each habit is in the answer when it is switched on and not when it is off; each trait is there whoever writes."""

from dataclasses import replace

import pytest

from hub.demo.rivta.habits import ORDERLY, OTHER, Habit, Manner, Trait
from hub.demo.rivta.regions import NORRDAL, VASTVIK, norrdal, vastvik

pytestmark = pytest.mark.anyio

SHOWS = {
    Habit.MIGRATED: "//accountableHealthcareProfessional[not(healthcareProfessionalHSAId)][not(//legalAuthenticator)]",
    Habit.NO_TITLE: "//carePlanHeader[not(documentTitle)]",
    Habit.MIDNIGHT: "//startOfTreatment[.='20240304000000']",
    Habit.TEXT_ONLY: "//material[not(code)][originalText='Venöst blod']",
    Habit.LOCAL_CODES: f"//analysis/code[code='GLUK-V'][codeSystem='{OTHER.local_codes}'][displayName='Glukos']",
    Habit.OTHER_ATC: "//atcCode[codeSystem='2.16.840.1.113883.6.73']",
    Habit.COMMA: "//pq[value='7,20']",
    Habit.COMPARATOR_TEXT: "//result/value[st='<5']",
    Habit.ONE_BOUND: "//intervalPQ[low='60'][not(lowClosed)][not(high)]",
    Habit.DOUBLES: "//drug/strength[.='5.0E-5'][//dose/low='1.0']",
    Habit.UNIT_WORDS: "//frequencyDosage/frequency[unit='/vecka'][//period/unit='tim']",
    Habit.NULLIFIED: "//medicationMedicalRecordHeader[nullified='true'][nullifiedReason]",
    Habit.BARE_STATUS: "//careContactStatus[code='Ej påbörjad'][not(codeSystem)]",
    Habit.DOCBOOK: "//purpose[contains(., '<article><para>Fot &amp; kontroll</para>')]",
    Habit.NO_UNIT_DOSE: "//dosage[setDosage][not(unitDose)][not(shortNotation)]",
    Trait.LINKED_NUMBER: "//originalPatientId[extension='196109732393'][../patientId/extension='195009072553']",
    Trait.EMPTY_UNIT: "//pq[value][unit[not(text())]]",
    Trait.TRAILING_ZEROS: "//pq[value='7.20' or value='7,20']",
    Trait.AMBIGUOUS_HOUR: "//careContactTimePeriod[start='20241027023000'][end='20241027023000']",
    Trait.WITHHELD: "//accountableHealthcareProfessional[not(*[contains(local-name(), 'Care')])]",
    Trait.NO_END: "//timeslotDetail[startTimeInclusive][not(endTimeExclusive)]",
    Trait.NO_BOOKING_ID: "//timeslotDetail[startTimeInclusive][not(bookingId)]",
    Trait.UNTIMED: "//timeslotDetail[isInvitation='true'][not(startTimeInclusive)][not(endTimeExclusive)]",
    Trait.STOPPED_ACTIVE: "//medicationPrescription[typeOfPrescription='U'][prescriptionStatus='Active'][endOfTreatmentReason]",
    Trait.RAMPED: "//rampedDosage[rampStart//low=1][rampEnd//low=4][doseStep/value=1][timeStep/value=7]",
    Trait.SHARED_PRESCRIPTION: "//prescriptionId[extension='SE2321990026-JOURNAL:O-7'][//documentId='O-7-1']",
    Trait.RELATED: "//analysis[specimen]/result/related/result/related[not(specimen)]/result/interpretation",
}
"""XPath over local names, true where the habit or trait is to be seen. PREFIXES is seen in the bytes instead."""


def shown(answer, path):
    for element in answer.iter():
        element.tag = element.tag.rpartition("}")[2]
    return bool(answer.xpath(path))


def test_every_habit_and_trait_has_a_sight_of_its_own():
    assert {*SHOWS, Habit.PREFIXES} == {*Habit, *Trait}


@pytest.mark.parametrize("habit", [habit for habit in Habit if habit in SHOWS], ids=str)
@pytest.mark.parametrize("on", [True, False], ids=["on", "off"])
async def test_a_habit_shows_when_it_is_on_and_only_then(habit, on, samples, calls):
    operation, fact = samples.of(habit)
    manner = Manner(ORDERLY.hand, frozenset({habit} if on else ()), OTHER.local_codes)
    async with calls(vastvik(samples.world(fact), manner), VASTVIK) as caller:
        assert shown(await caller.ask(operation), SHOWS[habit]) is on


@pytest.mark.parametrize("habit", [habit for habit in Habit if habit in SHOWS], ids=str)
async def test_the_other_vendor_has_every_habit_at_once(habit, samples, calls):
    operation, fact = samples.of(habit)
    async with calls(vastvik(samples.world(fact)), VASTVIK) as caller:
        assert shown(await caller.ask(operation), SHOWS[habit])


@pytest.mark.parametrize("trait", Trait, ids=str)
@pytest.mark.parametrize("manner", [ORDERLY, OTHER], ids=["orderly", "other"])
async def test_a_trait_shows_whoever_writes(trait, manner, samples, calls):
    operation, fact = samples.of(trait)
    async with calls(vastvik(samples.world(fact), manner), VASTVIK) as caller:
        assert shown(await caller.ask(operation), SHOWS[trait])


async def test_the_two_hands_spell_one_answer_differently(samples, calls):
    """Prefixes are the only difference: the names and the texts are the same."""
    fact, said, bytes_of = samples.plan(), [], []
    for hand in (ORDERLY.hand, OTHER.hand):
        async with calls(vastvik(samples.world(fact), Manner(hand)), VASTVIK) as caller:
            bytes_of.append((await caller.post("GetCarePlans")).content)
            answer = await caller.ask("GetCarePlans")
            said.append([(e.tag, e.text) for e in answer.iter() if not e.tag.endswith("logId")])
    assert said[0] == said[1]
    assert b"soapenv:Envelope" in bytes_of[0]
    assert b"<carePlan>" in bytes_of[1]
    assert b"<carePlanHeader xmlns='" in bytes_of[1]


async def test_the_orderly_vendor_leaves_out_what_was_taken_back(samples, calls):
    taken_back = samples.moved(samples.decision(custody=samples.custody(nullified=True)), NORRDAL)
    async with calls(norrdal(samples.world(taken_back)), NORRDAL) as caller:
        answer = await caller.ask("GetMedicationHistory")
    assert not shown(answer, "//medicationMedicalRecord")


async def test_a_laboratory_answer_that_was_taken_back_is_never_sent(samples, calls):
    gone = samples.report(custody=samples.custody(nullified=True))
    async with calls(vastvik(samples.world(gone)), VASTVIK) as caller:
        assert not shown(await caller.ask("GetLaboratoryOrderOutcome"), "//laboratoryOrderOutcome")


@pytest.mark.parametrize("asked", ["195009072553", "196109732393"])
async def test_records_under_any_number_of_the_person_are_found_and_say_theirs(asked, samples, calls):
    held = samples.plan(), replace(samples.plan("plan-2"), person="196109732393")
    async with calls(vastvik(samples.world(*held)), VASTVIK) as caller:
        answer = await caller.ask("GetCarePlans", asked)
    assert shown(answer, "//patientId[id='195009072553'][type='1.2.752.129.2.1.3.1']")
    assert shown(answer, "//patientId[id='196109732393'][type='1.2.752.129.2.1.3.3']")


async def test_a_record_of_another_system_is_not_told(samples, calls):
    elsewhere = samples.moved(samples.plan(), NORRDAL)
    async with calls(vastvik(samples.world(elsewhere)), VASTVIK) as caller:
        assert not shown(await caller.ask("GetCarePlans"), "//carePlan")
