"""Where a row comes from: a letter in a square or circle, and the name in words."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hub.fhir.resource import Resource
from hub.hub import Hub
from hub.interactions.overview import Row
from hub.portal.language import Words
from hub.portal.values import first_text

LETTERS = {"region": "R", "municipality": "K", "private": "P"}
NATIONAL = "N"
OWN = "E"


@dataclass(frozen=True, slots=True)
class Badge:
    """`letter`: R region, K municipality, P private, N national register, E the patient's own."""

    letter: str
    title: str
    emergency: str = ""
    """In words, that an emergency opened it; empty: none did."""


class Sources:
    """The configured sources, by the address that `meta.source` names them by, and by name."""

    def __init__(self, hub: Hub, words: Words) -> None:
        self._words = words
        self._directory = hub.directory
        providers = hub.directory.providers
        self._by_name: Mapping[str, Badge] = {
            source.name: Badge(
                LETTERS.get(providers[source.owner.upper()].kind, NATIONAL) if source.owner.upper() in providers else NATIONAL,
                source.title,
            )
            for source in hub.config.sources
        }
        self._by_system = {source.system.upper(): self._by_name[source.name] for source in hub.config.sources}

    def name(self, reference: Any, inside: Resource) -> str:
        """What a reference calls its target, or what the contained target says of itself, or who the directory says it is."""
        if not isinstance(reference, dict):
            return ""
        said = str(reference.get("display") or _contained(reference, inside))
        return said or self._in_directory(str(reference.get("identifier", {}).get("value", "")).upper())

    def _in_directory(self, hsa_id: str) -> str:
        held = self._directory
        person = held.staff.get(hsa_id)
        if person is not None:
            return person.title if person.protected else f"{person.given} {person.family}"
        place = held.units.get(hsa_id) or held.providers.get(hsa_id)
        return place.name if place and not getattr(place, "protected", False) else ""

    def badge(self, row: Row) -> Badge:
        """The badge of a row."""
        pushed = self._by_name.get(row.source)
        found = Badge(OWN, self._words("source.own")) if row.own else pushed or self.of(row.resource)
        return replace(found, emergency=self._words("emergency.row")) if row.emergency else found

    def of(self, resource: Resource) -> Badge:
        """The badge of a resource that a source gave."""
        system = str(resource.get("meta", {}).get("source", "")).rpartition("#")[2].upper()
        return self._by_system.get(system) or Badge(NATIONAL, self._words("source.unknown"))


def _contained(reference: Resource, inside: Resource) -> str:
    name = str(reference.get("reference", ""))
    target: Resource = next((each for each in inside.get("contained", ()) if name == f"#{each.get('id')}"), {})
    person = target.get("practitioner", {}).get("display", "")
    return str(person or (target.get("name") if isinstance(target.get("name"), str) else "") or first_text(target.get("code")))
