"""What a kind of search parameter is: one file per kind. An element gives index keys, a written value gives a criterion.

A module here holds one `ParameterKind` constant; `hub.discovery` finds it (`KINDS`).
Source: http://hl7.org/fhir/R4/search.html#ptypes
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from hub.fhir.criteria import Criterion
from hub.fhir.distance import Position
from hub.fhir.index_keys import Key
from hub.fhir.types import SearchParameter
from hub.fhir.value_sets import NOTHING_LOADED, Terminology

Parse = Callable[[SearchParameter, str, "Asking"], Criterion]
"""Read one value as it was written (escapes and all).

Raises: hub.errors.InvalidRequest: the place is the parameter's name. NotSupported: of a modifier that needs what is not loaded.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What the meaning of a value may depend on besides the parameter."""

    now: datetime
    """UTC; for `ap`."""
    base: str = ""
    """The hub's own FHIR base URL, so that an absolute reference to it is a local one."""
    terminology: Terminology = NOTHING_LOADED
    """Value sets and code systems, for `:in`, `:above` and `:below`."""
    places: Mapping[str, Position] | None = None
    """Where the Locations are that the caller sees, by id, for `near`; None: it is not searched by here."""
    own_source: bool = False
    """A source's client asks: security labels may be searched, and a chain through `patient` names nobody."""


def nothing_more(parameter: SearchParameter, element: Any) -> Iterable[tuple[str, Key]]:
    """No other keys."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterKind:
    """One kind of search parameter."""

    name: str
    keys: Callable[[SearchParameter, Any], Iterable[Key]]
    """Index keys of one element; none where it is of another form."""
    parse: Parse
    reader: Callable[[SearchParameter], Callable[[Any], Iterable[Key]]] | None = None
    """`keys` of one parameter, where much can be worked out beforehand."""
    modifiers: Mapping[str, Parse] = field(default_factory=dict)
    """How a value is read under each modifier that is this kind's own; `:missing` is every kind's."""
    more: Callable[[SearchParameter, Any], Iterable[tuple[str, Key]]] = nothing_more
    """Other keys of an element, each with what its name ends in (`hub.fhir.index_keys`): what the modifiers look at."""


def _discovered() -> Mapping[str, ParameterKind]:
    from hub.discovery import plugins  # here, since the modules it imports begin by importing this one

    return MappingProxyType({found.name: found for found in plugins(__name__, ParameterKind)})


KINDS: Mapping[str, ParameterKind] = _discovered()
"""Every kind, by name."""
