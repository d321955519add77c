"""Where a row comes from: a letter in a square or circle, and the name in words."""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.fhir.resource import Resource
from hub.hub import Hub
from hub.interactions.overview import Row
from hub.portal.language import Words

LETTERS = {"region": "R", "municipality": "K", "private": "P"}
NATIONAL = "N"
OWN = "E"


@dataclass(frozen=True, slots=True)
class Badge:
    """`letter`: R region, K municipality, P private, N national register, E the patient's own."""

    letter: str
    title: str


class Sources:
    """The configured sources, by the address that `meta.source` names them by."""

    def __init__(self, hub: Hub, words: Words) -> None:
        self._words = words
        providers = hub.directory.providers
        self._by_system: Mapping[str, Badge] = {
            source.system.upper(): Badge(
                LETTERS.get(providers[source.owner.upper()].kind, NATIONAL) if source.owner.upper() in providers else NATIONAL,
                source.title,
            )
            for source in hub.config.sources
        }

    def badge(self, row: Row) -> Badge:
        """The badge of a row."""
        return Badge(OWN, self._words("source.own")) if row.own else self.of(row.resource)

    def of(self, resource: Resource) -> Badge:
        """The badge of a resource that a source gave."""
        system = str(resource.get("meta", {}).get("source", "")).rpartition("#")[2].upper()
        return self._by_system.get(system) or Badge(NATIONAL, self._words("source.unknown"))
