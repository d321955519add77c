"""The hospital's messages, the clinic's server and the municipality's files, over real sockets and a real folder.

The world is the oracle: the simulators share neither serializer nor mapping with the hub.
"""

import asyncio
from datetime import UTC, date, datetime

import pytest

from hub.config import SourceConfig
from hub.demo.clinic.server import FhirServer
from hub.demo.hospital.parts import places
from hub.demo.hospital.sender import link, outbox
from hub.demo.municipality.files import drop
from hub.demo.rivta.trouble import Html, OtherPatient
from hub.demo.world.build import build
from hub.demo.world.model import Booking, CarePlan, CareTeam, LaboratoryReport, Measurement
from hub.demo.world.organisations import HOSPITAL, MUNICIPALITY, PRIVATE, PRIVATE_CLINIC
from hub.discovery import plugins
from hub.fhir.validation import validate
from hub.mappers import Defaults, Mapper, Place, Settings, SourceMessage
from hub.mappers._rivta_types import patient_number
from hub.sources import Delivery, Fault, SourceFailed, Verdict
from hub.sources.fhir_rest import FhirSource
from hub.sources.files import FolderWatcher
from hub.sources.mllp import MllpListener

WORLD = build(date(2026, 11, 21))
MAPPERS = {mapper.name: mapper for mapper in plugins("hub.mappers", Mapper)}
DEFAULTS = Defaults(released=True, secret=False, insurance=False, purpose="care", incapacity=False)


def settings(system, **more):
    held = WORLD.systems[system]
    return Settings(held.name, held.hsa_id, held.owner, defaults=DEFAULTS, **more)


def config(system, address, contracts, **more):
    held = WORLD.systems[system]
    return SourceConfig(
        name=system, title="", kind=held.kind, owner=held.owner, system=held.hsa_id, address=address, contracts=contracts, **more
    )


class Taker:
    """Maps what is delivered, as ingest would."""

    def __init__(self, known):
        self.known = known
        self.mapped = []

    async def __call__(self, source, mapper, content, name):
        message = SourceMessage(source, mapper, content, datetime(2026, 11, 21, tzinfo=UTC), name=name)
        self.mapped.append(MAPPERS[mapper].map(message, self.known))
        return Delivery(Verdict.ACCEPTED)


def silent(*_, **__):
    pass


@pytest.fixture(scope="module")
def hospital():
    where = {code: Place(provider, unit) for code, (provider, unit) in places(WORLD).items()}
    taker = Taker(settings(HOSPITAL, places=where))

    async def scenario():
        listener = MllpListener(config(HOSPITAL, "127.0.0.1:0", ("hl7v2_oru_r01", "hl7v2_siu")), taker, silent)
        port = await listener.start()
        async with link("127.0.0.1", port) as sender:
            answers = [await sender.send(message) for message in outbox(WORLD)]
        await listener.aclose()
        return answers

    assert {answer.code for answer in asyncio.run(scenario())} == {"AA"}
    return taker.mapped


@pytest.fixture(scope="module")
def municipality(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kommun")
    taker = Taker(settings(MUNICIPALITY, encoding="iso-8859-1"))

    async def scenario():
        drop(WORLD, folder)
        contracts = ("csv_care_plans", "csv_care_team")
        watching = FolderWatcher(config(MUNICIPALITY, str(folder), contracts), taker, silent)
        return await watching.look() + await watching.look()

    assert asyncio.run(scenario()) == 2
    return taker.mapped


def asked_of_the_clinic(troubles=None, persons=None):
    async def scenario():
        server = FhirServer(WORLD)
        server.troubles.update(troubles or {})
        async with server.serve() as address:
            source = FhirSource(config(PRIVATE, address, ("fhir_r4",), timeout=5.0))
            try:
                wanted = persons or [number for person in WORLD.persons.values() for number in person.numbers]
                return [await one(source, patient_number("1.2.752.129.2.1.3.1", number)) for number in wanted]
            finally:
                await source.aclose()

    async def one(source, patient):
        fetched = await source.fetch("fhir_r4", patient)
        message = SourceMessage(PRIVATE, "fhir_r4", fetched.contents[0], datetime(2026, 11, 21, tzinfo=UTC), patient)
        return fetched, MAPPERS["fhir_r4"].map(message, settings(PRIVATE, unit=PRIVATE_CLINIC))

    return asyncio.run(scenario())


@pytest.fixture(scope="module")
def clinic():
    return [mapped for _, mapped in asked_of_the_clinic()]


@pytest.fixture(params=["hospital", "clinic", "municipality"])
def answers(request):
    return request.getfixturevalue(request.param)


def facts(system, *kinds):
    return [fact for fact in WORLD.held if fact.custody.system == system and isinstance(fact, kinds)]


def entries(answers, kind):
    """The latest entry of each record that begins with a resource of this type, by key without its system's decoration."""
    found = {}
    for mapped in answers:
        for entry in mapped.entries:
            if entry.resources[0].resource["resourceType"] == kind:
                found[entry.key.value.removeprefix(f"{kind}/").split("/")[0]] = entry
    return found


def test_every_leaf_is_mapped_or_kept_without_issue_and_all_that_comes_of_it_is_fhir(answers):
    assert [mapped.coverage.unmapped for mapped in answers if mapped.coverage.unmapped] == []
    assert [issue for mapped in answers for issue in mapped.issues] == []
    resources = [keyed.resource for mapped in answers for entry in mapped.entries for keyed in entry.resources]
    assert resources
    assert [issue for resource in resources for issue in validate(resource)] == []


@pytest.mark.parametrize(
    ("system", "kind", "resource_type"),
    [
        ("hospital", LaboratoryReport, "DiagnosticReport"),
        ("hospital", Booking, "Appointment"),
        ("clinic", CarePlan, "CarePlan"),
        ("clinic", CareTeam, "CareTeam"),
        ("clinic", Booking, "Appointment"),
        ("clinic", Measurement, "Observation"),
        ("municipality", CarePlan, "CarePlan"),
        ("municipality", CareTeam, "CareTeam"),
    ],
)
def test_each_record_arrives_with_its_patient_provider_and_unit(system, kind, resource_type, request):
    names = {"hospital": HOSPITAL, "clinic": PRIVATE, "municipality": MUNICIPALITY}
    held = entries(request.getfixturevalue(system), resource_type)
    told = {
        (key, entry.patient.value, entry.custody.provider, entry.custody.unit, entry.custody.released)
        for key, entry in held.items()
    }
    known = {
        (fact.key, fact.person, fact.custody.provider.upper(), fact.custody.unit.upper(), True)
        for fact in facts(names[system], kind)
    }
    assert known
    assert told == known


def test_the_files_are_the_whole_list(municipality):
    assert [mapped.complete for mapped in municipality] == [True, True]


def test_a_plan_of_the_municipality_says_what_the_world_says(municipality):
    held = entries(municipality, "CarePlan")
    for fact in facts(MUNICIPALITY, CarePlan):
        plan, *goals = (keyed.resource for keyed in held[fact.key].resources)
        assert (plan["title"], plan["status"]) == (fact.title, fact.status)
        assert tuple(goal["description"]["text"] for goal in goals) == fact.goals
        assert tuple(activity["detail"]["description"] for activity in plan.get("activity", [])) == fact.activities
        assert plan["period"]["start"] == fact.start.isoformat()


def test_every_answer_of_the_laboratory_keeps_its_digits(hospital):
    written = [
        str(resource["valueQuantity"]["value"])
        for entry in entries(hospital, "DiagnosticReport").values()
        for resource in (keyed.resource for keyed in entry.resources)
        if "valueQuantity" in resource
    ]

    def numbers(analyses):
        for analysis in analyses:
            if hasattr(analysis.value, "comparator"):
                yield analysis.value.value
            yield from numbers(analysis.related)

    assert sorted(written) == sorted(n for fact in facts(HOSPITAL, LaboratoryReport) for n in numbers(fact.analyses))


def test_a_booking_ends_as_its_last_message_says(hospital):
    held = entries(hospital, "Appointment")
    for fact in facts(HOSPITAL, Booking):
        appointment = held[fact.key].resources[0].resource
        assert appointment["status"] == ("cancelled" if fact.status == "cancelled" else "booked")
        assert datetime.fromisoformat(appointment["start"]) == fact.start


def test_the_clinics_pages_all_come_and_another_patients_records_stay_that_patients(clinic):
    most = max(
        len([fact for fact in facts(PRIVATE, Measurement) if fact.person in person.numbers]) for person in WORLD.persons.values()
    )
    assert most > 5, "more than one page"
    persons = [fact.person for fact in facts(PRIVATE, Measurement)]
    one, other = persons[0], next(person for person in persons if person != persons[0])
    ((_, mapped),) = asked_of_the_clinic({"*": OtherPatient(other)}, [one])
    assert mapped.entries
    assert {entry.patient.value for entry in mapped.entries} <= {number for n in [other] for number in WORLD.person(n).numbers}


def test_a_clinic_that_answers_with_a_page_for_people_is_a_fault():
    with pytest.raises(SourceFailed) as failed:
        asked_of_the_clinic({"*": Html()}, [next(iter(WORLD.persons))])
    assert failed.value.fault is Fault.FORM
    assert b"<" in failed.value.content


@pytest.mark.parametrize(
    ("trouble", "passed"),
    [
        (
            None,
            {"name": True, "connection": True, "TLS": True, "metadata": True, "answer": True, "schema": True, "a patient": True},
        ),
        (Html(), {"name": True, "connection": True, "TLS": True, "metadata": True, "answer": False}),
    ],
)
def test_the_check_of_the_clinic_tells_step_by_step_where_it_fails(trouble, passed):
    number = facts(PRIVATE, Measurement)[0].person

    async def scenario():
        server = FhirServer(WORLD)
        server.troubles.update({"*": trouble} if trouble else {})
        async with server.serve() as address:
            source = FhirSource(config(PRIVATE, address, ("fhir_r4",), timeout=5.0, unit=PRIVATE_CLINIC))
            try:
                return [step async for step in source.check(patient_number("1.2.752.129.2.1.3.1", number))]
            finally:
                await source.aclose()

    steps = asyncio.run(scenario())
    assert {step.name: step.passed for step in steps} == passed
    assert number not in str(steps)
    assert all(step.passed or step.advice for step in steps)
