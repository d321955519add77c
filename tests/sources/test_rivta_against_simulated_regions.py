"""Two regions and the population register over real sockets: every record arrives, with the custody that its world gave it.

The world is the oracle: the simulators share neither serializer nor mapping with the hub.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime

import pytest

from hub.config import SourceConfig
from hub.demo.rivta.regions import NORRDAL, VASTVIK, norrdal, vastvik
from hub.demo.rivta.register import SYSTEM, register
from hub.demo.rivta.server import SoapServer
from hub.demo.world.build import build
from hub.demo.world.model import CareContact, CarePlan, Fact, World
from hub.discovery import plugins
from hub.fhir.validation import validate
from hub.mappers import Entry, Mapped, Mapper, Settings, SourceMessage
from hub.mappers._rivta_types import patient_number
from hub.sources import Fault, SourceFailed
from hub.sources.rivta import RivtaSource

WORLD = build(date(2026, 11, 21))
MAPPERS = {mapper.name: mapper for mapper in plugins("hub.mappers", Mapper)}
SERVERS: dict[str, Callable[[World], SoapServer]] = {NORRDAL: norrdal, VASTVIK: vastvik, SYSTEM: register}
ASKED = [
    (NORRDAL, "rivta_care_plans"),
    (NORRDAL, "rivta_medication_history"),
    (NORRDAL, "rivta_laboratory"),
    (VASTVIK, "rivta_care_plans"),
    (VASTVIK, "rivta_medication_history"),
    (VASTVIK, "rivta_laboratory"),
    (VASTVIK, "rivta_care_contacts"),
    (VASTVIK, "rivta_schedule"),
    (SYSTEM, "rivta_persons"),
]


@asynccontextmanager
async def source(system: str) -> AsyncIterator[RivtaSource]:
    async with SERVERS[system](WORLD).serve() as url:
        asked = RivtaSource(
            SourceConfig(
                name=system,
                title=system,
                kind="rivta",
                owner="SE-O",
                system=WORLD.systems[system].hsa_id,
                address=url,
                timeout=10.0,
            )
        )
        try:
            yield asked
        finally:
            await asked.aclose()


async def everything(system: str, contract: str) -> list[Mapped]:
    """What a system says of every person in the world, in the world's order."""
    async with source(system) as asked:

        async def about(written: str) -> Mapped:
            number = patient_number("1.2.752.129.2.1.3.1", written)
            fetched = await asked.fetch(contract, number)
            message = SourceMessage(system, contract, fetched.contents[0], datetime(2026, 11, 21, tzinfo=UTC), number)
            return MAPPERS[contract].map(message, Settings(system, asked.config.system))

        return await asyncio.gather(*(about(person.number) for person in WORLD.persons.values()))


@pytest.mark.parametrize(("system", "contract"), ASKED)
def test_every_leaf_is_mapped_or_kept_and_all_that_comes_of_it_is_fhir(system: str, contract: str) -> None:
    answers = asyncio.run(everything(system, contract))
    assert [mapped.coverage.unmapped for mapped in answers if mapped.coverage.unmapped] == []
    assert any(mapped.entries or mapped.persons for mapped in answers)
    resources = [keyed.resource for mapped in answers for entry in mapped.entries for keyed in entry.resources]
    resources += [person.patient for mapped in answers for person in mapped.persons]
    assert [issue for resource in resources for issue in validate(resource)] == []


def told(entry: Entry) -> tuple[object, ...]:
    custody = entry.custody
    return (
        entry.key.value,
        entry.patient.value,
        custody.provider,
        custody.unit,
        custody.time_from,
        custody.released,
        custody.nullified,
    )


def known(fact: Fact) -> tuple[object, ...]:
    custody = fact.custody
    provider = custody.provider.upper() if custody.names_provider else None
    unit = custody.unit.upper() if custody.names_unit else None
    return fact.key, fact.person, provider, unit, custody.time.astimezone(UTC), custody.released, custody.nullified


@pytest.mark.parametrize(
    ("system", "contract", "kind", "sends_nullified"),
    [
        (NORRDAL, "rivta_care_plans", CarePlan, False),
        (VASTVIK, "rivta_care_plans", CarePlan, True),
        (VASTVIK, "rivta_care_contacts", CareContact, True),
    ],
)
def test_each_record_has_the_custody_that_its_world_gave_it(
    system: str, contract: str, kind: type[Fact], sends_nullified: bool
) -> None:
    facts = [fact for person in WORLD.persons for fact in WORLD.facts(system, person, kind)]
    expected = {known(fact) for fact in facts if sends_nullified or not fact.custody.nullified}
    assert {told(entry) for mapped in asyncio.run(everything(system, contract)) for entry in mapped.entries} == expected
    assert expected


def test_the_register_says_of_each_person_what_the_world_knows() -> None:
    persons = [person for mapped in asyncio.run(everything(SYSTEM, "rivta_persons")) for person in mapped.persons]
    told = [
        (
            tuple(number.value for number in person.numbers),
            tuple(number.value for number in person.guardians),
            person.protected or "",
            person.born,
            person.deceased,
        )
        for person in persons
    ]
    known = [(p.numbers, p.guardians, p.protected, p.born, p.deceased) for p in WORLD.persons.values()]
    assert told == known


def test_a_question_at_another_logical_address_is_a_fault_by_its_code() -> None:
    async def scenario() -> SourceFailed:
        async with source(NORRDAL) as asked:
            elsewhere = RivtaSource(
                SourceConfig(name="x", title="x", kind="rivta", owner="SE-O", system="SE-NOWHERE", address=asked.config.address)
            )
            with pytest.raises(SourceFailed) as failure:
                await elsewhere.fetch("rivta_care_plans", patient_number("1.2.752.129.2.1.3.1", next(iter(WORLD.persons))))
            await elsewhere.aclose()
            return failure.value

    failure = asyncio.run(scenario())
    assert (failure.fault, failure.detail) == (Fault.SOAP, "VP004")
