"""What a FHIR REST API does, as its routes tell it: so that nobody can say more of it, or less, than it does.

Source: http://hl7.org/fhir/R4/http.html, http://hl7.org/fhir/R4/valueset-type-restful-interaction.html
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Level = Literal["system", "type", "instance", "compartment"]


@dataclass(frozen=True, slots=True)
class Interaction:
    """One interaction at one address. `path` is below the base and names `{type}`, `{id}`, `{version}` and `{patient}`."""

    code: str
    """http://hl7.org/fhir/R4/codesystem-restful-interaction.html"""
    level: Level
    method: str
    path: str
    conditional: bool = False
    """It acts on what a search finds."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation at one address. `type`: the one type that it is for; empty: every one."""

    name: str
    level: Level
    method: str
    path: str
    type: str = ""


_INTERACTIONS = (
    Interaction("search-system", "system", "GET", ""),
    Interaction("search-system", "system", "POST", "/_search"),
    Interaction("transaction", "system", "POST", ""),
    Interaction("history-system", "system", "GET", "/_history"),
    Interaction("capabilities", "system", "GET", "/metadata"),
    Interaction("search-type", "type", "GET", "/{type}"),
    Interaction("search-type", "type", "POST", "/{type}/_search"),
    Interaction("create", "type", "POST", "/{type}"),
    Interaction("update", "type", "PUT", "/{type}", conditional=True),
    Interaction("patch", "type", "PATCH", "/{type}", conditional=True),
    Interaction("delete", "type", "DELETE", "/{type}", conditional=True),
    Interaction("history-type", "type", "GET", "/{type}/_history"),
    Interaction("read", "instance", "GET", "/{type}/{id}"),
    Interaction("update", "instance", "PUT", "/{type}/{id}"),
    Interaction("patch", "instance", "PATCH", "/{type}/{id}"),
    Interaction("delete", "instance", "DELETE", "/{type}/{id}"),
    Interaction("history-instance", "instance", "GET", "/{type}/{id}/_history"),
    Interaction("vread", "instance", "GET", "/{type}/{id}/_history/{version}"),
    Interaction("search-type", "compartment", "GET", "/Patient/{patient}/{type}"),
    Interaction("search-type", "compartment", "POST", "/Patient/{patient}/{type}/_search"),
)
_PLACEHOLDER = re.compile(r"\{[^}]*\}")
_OPERATION = re.compile(r"(?P<place>(?:/[^/$]+){0,2})/\$(?P<name>[a-z-]+)")
_LEVELS: tuple[Level, ...] = ("system", "type", "instance")


def _bare(path: str) -> str:
    return _PLACEHOLDER.sub("{}", path.rstrip("/"))


_KNOWN: Mapping[tuple[str, str], Interaction] = MappingProxyType(
    {(each.method, _bare(each.path)): each for each in _INTERACTIONS}
)


@dataclass(frozen=True, slots=True)
class Served:
    """What is done, each once, in the order of the specification."""

    interactions: tuple[Interaction, ...]
    operations: tuple[Operation, ...]

    def codes(self, *levels: Level, conditional: bool = False) -> tuple[str, ...]:
        """The interactions at these levels, each code once."""
        its = (each.code for each in self.interactions if each.level in levels and each.conditional is conditional)
        return tuple(dict.fromkeys(its))

    def operations_on(self, resource_type: str) -> tuple[str, ...]:
        """The names of the operations on a type and its instances; on the whole system for an empty type."""
        its = (each.name for each in self.operations if (each.level != "system" and each.type in ("", resource_type)))
        if not resource_type:
            its = (each.name for each in self.operations if each.level == "system")
        return tuple(dict.fromkeys(its))


def interaction(method: str, path: str) -> Interaction | Operation | None:
    """What a route does. Takes: its path below the base, whatever its placeholders are called. None: nothing of FHIR's."""
    known = _KNOWN.get((method, _bare(path)))
    operation = _OPERATION.fullmatch(path)
    if known or not operation or method not in ("GET", "POST"):
        return known
    first, *more = [each for each in operation["place"].split("/") if each] or [""]
    level = _LEVELS[len(more) + bool(first)]
    kind = "" if first.startswith("{") else first
    address = ("/{type}" if first and not kind else f"/{kind}" if kind else "") + ("/{id}" if more else "")
    return Operation(operation["name"], level, method, f"{address}/${operation['name']}", kind)


def served(routes: Iterable[tuple[str, str]]) -> Served:
    """What an API with these routes does.

    Takes: method and path below the base of each. HEAD and what is not FHIR's are passed over.
    """
    found = {each for method, path in routes if (each := interaction(method, path))}
    operations = [each for each in found if isinstance(each, Operation)]
    return Served(
        tuple(each for each in _INTERACTIONS if each in found),
        tuple(sorted(operations, key=lambda each: (each.name, each.path, each.method))),
    )
