"""The hub: what interactions are given. The door to the store, the sources, the directory, and the clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from hub.config import NOT_CLINICAL, REGISTERED_AT, Config, SourceConfig
from hub.directory import Directory
from hub.discovery import plugins
from hub.fhir.identifiers import hsa_id
from hub.fhir.value_sets import NOTHING_LOADED, Terminology
from hub.mappers import Defaults, Mapper, Place, Settings
from hub.sources import Fetcher
from hub.sources.security import SecurityService
from hub.store.store import Store

MAPPERS: Mapping[str, Mapper] = MappingProxyType({each.name: each for each in plugins("hub.mappers", Mapper)})
"""Every source format that can be read, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """One running hub. `pushed`: when sources that send of their own accord last did (microseconds)."""

    config: Config
    directory: Directory
    store: Store
    fetchers: Mapping[str, Fetcher]
    clock: Callable[[], datetime]
    services: Mapping[str, SecurityService] = field(default_factory=dict)
    """Security services by name."""
    terminology: Terminology = NOTHING_LOADED
    observe_source: Callable[[str, str, str, float], None] = lambda source, contract, outcome, seconds: None
    observe_message: Callable[[str, str], None] = lambda mapper, status: None
    observe_decision: Callable[[str, str], None] = lambda rule, outcome: None
    pushed: dict[str, int] = field(default_factory=dict)
    pushed_partly: set[tuple[str, str]] = field(default_factory=set)
    """(source, contract) whose last message could not be read in full, and nobody can say whose the rest is."""

    @property
    def base(self) -> str:
        """The FHIR base URL, without a slash at its end."""
        return f"{self.config.base_url}/fhir"

    @property
    def register(self) -> SourceConfig | None:
        """The population register, if one is configured."""
        return next((each for each in self.config.sources if each.kind == "register"), None)

    @property
    def index(self) -> SourceConfig | None:
        """The engagement index, if one is configured."""
        return next((each for each in self.config.sources if each.kind == "engagement"), None)

    @property
    def clinical(self) -> tuple[SourceConfig, ...]:
        """Every source that holds records: not the register, not the engagement index, no security service."""
        return tuple(each for each in self.config.sources if each.kind not in NOT_CLINICAL)

    def registers_consents_of(self, provider: str) -> SecurityService | None:
        """The security service that has the consents given to a care provider's units, where one must be told of them."""
        held = (each for each in self.services.values() if provider.upper() in each.config.holders)
        return next((each for each in held if set(REGISTERED_AT) <= set(each.config.contracts)), None)

    def source(self, name: str) -> SourceConfig | None:
        """A configured source by name."""
        return next((each for each in self.config.sources if each.name == name), None)


def settings(source: SourceConfig, directory: Directory) -> Settings:
    """What mapping needs to know of a source."""
    places = {code: _placed(each["provider"].upper(), each["unit"].upper(), directory) for code, each in source.places.items()}
    return Settings(
        source=source.name,
        system=source.system,
        provider=hsa_id(source.owner),
        unit=hsa_id(source.unit),
        defaults=Defaults(**source.defaults),
        encoding=source.encoding,
        places=places,
    )


def _placed(provider: str, unit: str, directory: Directory) -> Place:
    known = directory.units.get(unit)
    return Place(provider, unit, known.name if known and not known.protected else "")
