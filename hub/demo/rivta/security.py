"""The security services: who has the patient's consent, what is blocked, who takes part in the care. They hold no records.

They begin with what the world says lies with them; afterwards whoever may registers and cancels consents.
"""

from hub.demo.rivta import security_blocks, security_consents, security_relations
from hub.demo.rivta.habits import ORDERLY
from hub.demo.rivta.markup import Hand
from hub.demo.rivta.security_parts import Holding, of_world
from hub.demo.rivta.server import SoapServer
from hub.demo.world.model import World
from hub.demo.world.organisations import SECURITY


def security_services(held: Holding, address: str, hand: Hand = ORDERLY.hand) -> SoapServer:
    """All of them at one address."""
    contracts = (*security_consents.contracts(held), *security_blocks.contracts(held), *security_relations.contracts(held))
    return SoapServer(contracts, frozenset({address}), hand)


def services_of(world: World) -> SoapServer:
    """The services of a world."""
    return security_services(of_world(world), world.systems[SECURITY].hsa_id)
