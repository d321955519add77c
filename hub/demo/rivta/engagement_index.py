"""The engagement index: FindContent and Update 1.0. It knows which care provider has what kind of thing of a person, and where.

It begins with what the world's systems hold; afterwards they, and whoever else, tell it by Update. A row is one of person,
domain, kind, system and care provider; taken back it is gone. Bookings, and what social care and people themselves write, are
not in it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from xml.etree import ElementTree as ET  # as in `soap`: another reader than the hub's

from hub.demo.rivta.habits import ORDERLY, STOCKHOLM
from hub.demo.rivta.markup import Element, Hand, Vocabulary
from hub.demo.rivta.server import Contract, SoapServer
from hub.demo.rivta.soap import Refused, Request
from hub.demo.world.model import CareContact, CarePlan, Fact, LaboratoryReport, Prescription, World

FIND = Vocabulary("urn:riv:itintegration:engagementindex:FindContentResponder:1")
UPDATE = Vocabulary("urn:riv:itintegration:engagementindex:UpdateResponder:1")
CORE = Vocabulary("urn:riv:itintegration:engagementindex:1")
SYSTEM = "engagement-index"
"""Its name in the world."""
KINDS: Mapping[type[Fact], tuple[str, str]] = {
    CarePlan: ("riv:clinicalprocess:logistics:logistics", "cll-cp"),
    CareContact: ("riv:clinicalprocess:logistics:logistics", "vko"),
    Prescription: ("riv:clinicalprocess:activityprescription:actoutcome", "caa-gmh"),
    LaboratoryReport: ("riv:clinicalprocess:healthcond:actoutcome", "und-kkm-ure"),
}
"""Record -> service domain and categorization."""
MOST = 1000
"""Transactions of one Update."""


@dataclass(frozen=True, slots=True)
class Row:
    """What is told of, in the schema's names and order; all but the time are its key."""

    registeredResidentIdentification: str
    serviceDomain: str
    categorization: str
    logicalAddress: str
    businessObjectInstanceIdentifier: str
    clinicalProcessInterestId: str
    sourceSystem: str
    dataController: str


_BEFORE_TIME = 6
"""Elements of a row before `mostRecentContent`."""


def engagement_index(world: World, hand: Hand = ORDERLY.hand) -> SoapServer:
    """The index of a world."""
    held: dict[Row, str] = {}
    for row, time in _of_world(world):
        held[row] = max(time, held.get(row, ""))

    def find(request: Request, numbers: tuple[str, ...]) -> Element:
        domain = request.must("serviceDomain")
        wanted = {each: request.one(each) for each in ("categorization", "logicalAddress", "sourceSystem", "dataController")}
        found = (
            _element(row, time)
            for row, time in sorted(held.items(), key=lambda each: str(each[0]))
            if row.registeredResidentIdentification in numbers
            and row.serviceDomain == domain
            and all(value in (None, getattr(row, name)) for name, value in wanted.items())
        )
        return FIND.root("FindContentResponse", *found)

    def update(request: Request, numbers: tuple[str, ...]) -> Element:
        told = list(_transactions(request))
        if not told or len(told) > MOST or len({row for _, row, _ in told}) < len(told):
            return UPDATE.root(
                "UpdateResponse", UPDATE("ResultCode", "ERROR"), UPDATE("comment", "Fel antal poster, eller dubbletter")
            )
        for gone, row, time in told:
            if gone:
                held.pop(row, None)
            else:
                held[row] = time
        return UPDATE.root("UpdateResponse", UPDATE("ResultCode", "OK"))

    contracts = (
        Contract("FindContent", FIND.uri, lambda request: (request.must("registeredResidentIdentification"),), find),
        Contract("Update", UPDATE.uri, lambda request: (), update),
    )
    return SoapServer(contracts, frozenset({world.systems[SYSTEM].hsa_id}), hand)


def _of_world(world: World) -> Iterator[tuple[Row, str]]:
    for fact in world.held:
        kind, custody, person = KINDS.get(type(fact)), fact.custody, world.person(fact.person)
        unit = world.units.get(custody.unit)
        if kind is None or custody.nullified or person is None or unit is None or unit.social:
            continue
        system = world.systems[custody.system].hsa_id
        time = custody.time.astimezone(STOCKHOLM).strftime("%Y%m%d%H%M%S")
        yield Row(person.number, *kind, system, "NA", "NA", system, custody.provider), time


def _element(row: Row, time: str) -> Element | None:
    told = [CORE(each.name, getattr(row, each.name)) for each in fields(Row)]
    told.insert(_BEFORE_TIME, CORE("mostRecentContent", time or None))
    return FIND.root("engagement", *told)


def _transactions(request: Request) -> Iterator[tuple[bool, Row, str]]:
    """(taken back, row, time of the latest content) of each. Raises: Refused: an element that the schema demands is not there."""
    for each in request.parameters.iterfind(f"{{{UPDATE.uri}}}engagementTransaction"):
        told = each.find(f"{{{CORE.uri}}}engagement")
        yield (
            _text(each, "deleteFlag") in ("true", "1"),
            Row(*(_text(told, part.name) for part in fields(Row))),
            ("" if told is None else told.findtext(f"{{{CORE.uri}}}mostRecentContent", "").strip()),
        )


def _text(held: ET.Element | None, name: str) -> str:
    found = held.findtext(f"{{{CORE.uri}}}{name}", "").strip() if held is not None else ""
    if not found:
        raise Refused(f"Unmarshalling Error: {name} is missing", "Client")
    return found
