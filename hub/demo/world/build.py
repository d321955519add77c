"""The world on a given day: the same day gives the same world."""

from datetime import date

from hub.demo.world import organisations, scenario, stories
from hub.demo.world.model import World
from hub.demo.world.scribe import Calendar


def build(today: date) -> World:
    """All persons and facts, with times around `today`."""
    calendar = Calendar(today)
    return World(
        today=today,
        providers={provider.hsa_id: provider for provider in organisations.PROVIDERS},
        units={unit.hsa_id: unit for unit in organisations.UNITS},
        staff={person.hsa_id: person for person in organisations.STAFF},
        systems={system.name: system for system in organisations.SYSTEMS},
        persons={person.number: person for person in stories.people(calendar)},
        held=stories.facts(calendar),
        access=scenario.access(calendar),
    )
