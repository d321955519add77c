"""The population register: GetPersonsForProfile 3.1. Codes of relation, deregistration and marriage are the register's own.

Numbers: `personId` {root, extension}. An older number gives the person's record of today, unless the request says that
referrals are to be ignored: then it gives the old record, deregistered as an old number (GN) and linked to the new one.
A number that nobody has gives a `requestedPersonRecord` without `personRecord`.
"""

from collections.abc import Iterator
from datetime import date

from hub.demo.rivta.habits import ORDERLY
from hub.demo.rivta.markup import Element, Hand, Vocabulary
from hub.demo.rivta.scribe import boolean, kind_of_number
from hub.demo.rivta.server import Contract, SoapServer
from hub.demo.rivta.soap import Refused, Request
from hub.demo.world.model import Person, World

NAMESPACE = Vocabulary("urn:riv:strategicresourcemanagement:persons:person:GetPersonsForProfileResponder:3")
CORE = Vocabulary("urn:riv:strategicresourcemanagement:persons:person:3")
ADDED = Vocabulary("urn:riv:strategicresourcemanagement:persons:person:3.1")

SYSTEM = "population-register"
"""Its name in the world."""

PROFILES = {"P1": 1, "P2": 2, "P3": 3, "P4": 4, "P5": 5}
"""P1 identity, name, links; P2 also address and deregistration; P4 also birth, marriage, relations. P6 to P10 are reserved."""

GUARDIAN, GUARDIAN_OF = "V", "VF"
DEAD, OLD_NUMBER = "AV", "GN"
MALE, FEMALE = "1", "2"
MEDIATION = ("Förmedlingsuppdrag", "Box 2820", "40320", "Göteborg")
"""Mail to a person with protected registration goes by the Tax Agency."""


def register(world: World, hand: Hand = ORDERLY.hand) -> SoapServer:
    """The register of a world's persons."""

    def answer(request: Request, numbers: tuple[str, ...]) -> Element:
        level = PROFILES.get(request.must("profile"))
        if level is None:
            raise Refused("Profilen är reserverad för framtida bruk", "Client")
        as_is = request.must("ignoreReferredIdentity") in ("true", "1")
        rows = (_row(number, level, as_is, world) for number in numbers)
        return NAMESPACE.root("GetPersonsForProfileResponse", *rows)

    contract = Contract("GetPersonsForProfile", NAMESPACE.uri, _numbers, answer)
    return SoapServer((contract,), frozenset({world.systems[SYSTEM].hsa_id}), hand)


def _numbers(request: Request) -> tuple[str, ...]:
    request.must("personId/root", CORE.uri)
    request.must("personId/extension", CORE.uri)
    return request.all("personId/extension", CORE.uri)


def _row(number: str, level: int, as_is: bool, world: World) -> Element | None:
    person = world.person(number)
    record = None
    if person:
        old = as_is and number != person.number
        record = CORE("personRecord", *(_old(number, person) if old else _record(person, level, world)))
    return NAMESPACE("requestedPersonRecord", _id("requestedPersonalIdentity", number), record)


def _old(number: str, person: Person) -> Iterator[Element | None]:
    """The record under a number that is no longer in use."""
    yield _id("personalIdentity", number)
    yield CORE("protectedPersonIndicator", boolean(_is_marked(person)))
    yield CORE("testIndicator", "true")
    yield CORE("primaryIdentity", "false")
    yield _link(person.number, primary=True)
    yield CORE("deregistration", CORE("deregistrationReasonCode", OLD_NUMBER))


def _record(person: Person, level: int, world: World) -> Iterator[Element | None]:
    yield _id("personalIdentity", person.number)
    yield CORE("gender", MALE if person.sex == "male" else FEMALE)
    yield CORE("protectedPersonIndicator", boolean(_is_marked(person)))
    yield CORE("testIndicator", "true")
    yield CORE("primaryIdentity", "true")
    yield _name(person)
    yield from (_link(number, primary=False) for number in person.numbers[1:])
    if level >= PROFILES["P4"]:
        yield CORE("birth", _day("dateOfBirth", person.born))
    if level >= PROFILES["P2"]:
        yield _addresses(person)
        yield _deregistration(person)
    if level >= PROFILES["P4"]:
        yield CORE("maritalStatus", CORE("maritalStatusCode", person.marital or None))
        yield from _relations(person, world)
    yield ADDED("protectedPopulationRecord", "true" if _is_hidden(person) else None)


def _is_marked(person: Person) -> bool:
    """Sekretessmarkering. Protected registration is another thing, with an element of its own."""
    return person.protected == "sekretessmarkering"


def _is_hidden(person: Person) -> bool:
    return person.protected == "skyddadFolkbokforing"


def _id(name: str, number: str) -> Element:
    return CORE.root(name, CORE("root", kind_of_number(number)), CORE("extension", number))


def _link(number: str, primary: bool) -> Element | None:
    """Another number of the same person, linked by the register itself."""
    known = (CORE("assuranceLevel", "1"), CORE("primaryIdentity", boolean(primary)))
    return CORE("linkedIdentity", _id("referredPersonalIdentity", number), *known)


def _name(person: Person) -> Element | None:
    def part(name: str, value: str) -> Element | None:
        return CORE(name, CORE("name", value)) if value else None

    names = (part("givenName", person.given), part("middleName", person.middle), part("surname", person.family))
    return CORE("name", *names, CORE("notificationName", f"{person.family}, {person.given}"[:40]))


def _addresses(person: Person) -> Element | None:
    if _is_hidden(person):
        careful, box, code, city = MEDIATION
        return CORE("addressInformation", _address("specialPostalAddress", box, code, city, careful))
    return CORE("addressInformation", _address("residentialAddress", person.street, person.postal_code, person.city))


def _address(name: str, street: str, code: str, city: str, care_of: str = "") -> Element | None:
    """Deviates: postalAddress2 holds the street, as the register itself does; postalCode is a number without space."""
    return CORE(
        name,
        CORE("careOf", care_of or None),
        CORE("postalAddress2", street or None),
        CORE("postalCode", code.replace(" ", "") or None),
        CORE("city", city or None),
    )


def _deregistration(person: Person) -> Element | None:
    if person.deceased is None:
        return None
    day = _day("deregistrationDate", person.deceased)
    return CORE("deregistration", CORE("deregistrationReasonCode", DEAD), day)


def _day(name: str, day: date) -> Element | None:
    return CORE(name, CORE("format", "YYYY-MM-DD"), CORE("value", day.isoformat()))


def _relations(person: Person, world: World) -> Iterator[Element | None]:
    """Guardians of a child, and the children that a guardian answers for."""
    for number in person.guardians:
        if guardian := world.person(number):
            yield _relation(GUARDIAN, guardian, person)
    for child in world.persons.values():
        if child.number != person.number and {*child.guardians} & {*person.numbers}:
            yield _relation(GUARDIAN_OF, child, child)


def _relation(kind: str, other: Person, child: Person) -> Element | None:
    return CORE(
        "relationship",
        CORE("relationshipId", _id("personalIdentity", other.number)),
        CORE("relationshipType", kind),
        _day("relationshipFromDate", child.born),
        _name(other),
        _deregistration(other),
    )
