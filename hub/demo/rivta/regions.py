"""The two regions: which contracts each produces, and in which manner."""

from hub.demo.rivta import care_contacts, care_plans, laboratory, medications, schedule
from hub.demo.rivta.habits import ORDERLY, OTHER, Manner
from hub.demo.rivta.producer import Producer
from hub.demo.rivta.server import SoapServer
from hub.demo.world.model import World

NORRDAL, VASTVIK = "region-norrdal", "region-vastvik"
"""Their systems' names in the world."""

COMMON = (care_plans.contract, medications.contract, laboratory.contract)


def norrdal(world: World, manner: Manner = ORDERLY) -> SoapServer:
    """Region Norrdal's journal system: care plans, medications, laboratory answers."""
    producer = Producer(world, NORRDAL, manner)
    return SoapServer(tuple(contract(producer) for contract in COMMON), _addresses(producer), manner.hand)


def vastvik(world: World, manner: Manner = OTHER) -> SoapServer:
    """Region Västvik's: the same, and care contacts and booked times."""
    producer = Producer(world, VASTVIK, manner)
    contracts = (*COMMON, care_contacts.contract, schedule.contract)
    return SoapServer(tuple(contract(producer) for contract in contracts), _addresses(producer), manner.hand)


def _addresses(producer: Producer) -> frozenset[str]:
    """The source system itself: clinical contracts are addressed by system, never by unit."""
    return frozenset({producer.system})
