"""Parameters that say how hits are given: how many, in which order, and what beside them.

Source: http://hl7.org/fhir/R4/search.html#return
"""

from collections.abc import Sequence

from hub.errors import InvalidRequest, NotSupported, TooCostly
from hub.fhir.asked import Include, SortKey
from hub.fhir.types import COMMON, TYPES, Kind, ResourceType

MAX_COUNT = 1000
MAX_SORT = 8
SORTABLE: frozenset[Kind] = frozenset(("date", "token", "string", "number", "quantity", "uri", "reference"))


def count(written: str) -> int:
    if not (written.isascii() and written.isdigit() and len(written) <= 20):
        raise InvalidRequest("not a whole number of 0 or more", "_count")
    return min(int(written), MAX_COUNT)


def sort(types: Sequence[ResourceType], written: str) -> tuple[SortKey, ...]:
    keys = []
    for each in written.split(",") if written else ():
        name = each.removeprefix("-")
        parameter = types[0].parameter(name)
        if parameter is None or parameter.kind not in SORTABLE or (len(types) > 1 and parameter not in COMMON):
            raise NotSupported("one of these is nothing to sort by", "_sort")
        descending = each.startswith("-") is not parameter.derived  # the older, the earlier born
        keys.append(SortKey(parameter.index, parameter.kept, descending))
    if len(keys) > MAX_SORT:
        raise TooCostly(f"more than {MAX_SORT} keys to sort by", "_sort")
    return tuple(keys)


def include(types: Sequence[ResourceType], name: str, value: str) -> Include:
    """Read `Type:parameter`, `Type:parameter:Target`, `Type:*` or `*`."""
    kind, _, modifier = name.partition(":")
    if modifier not in ("", "iterate"):
        raise NotSupported("the modifier is not supported here", name)
    iterate, reverse = modifier == "iterate", kind == "_revinclude"
    if value == "*":
        return Include("*", "*", "", reverse, iterate)
    source, *rest = value.split(":")
    if len(rest) not in (1, 2) or not all((source, *rest)):
        raise InvalidRequest("is written Type:parameter or Type:parameter:Target", name)
    held = TYPES.get(source)
    if held is None:
        raise NotSupported("the hub does not hold this resource type", name)
    target = rest[1] if len(rest) == 2 else ""
    if target and target not in TYPES:
        raise NotSupported("the hub does not hold this resource type", name)
    if not reverse and not iterate and held not in types:
        raise InvalidRequest(f"{source} is not what is searched; from what was included, {kind}:iterate goes on", name)
    if rest[0] == "*":
        return Include(source, "*", target, reverse, iterate)
    parameter = held.parameter(rest[0])
    if parameter is None or parameter.kind != "reference":
        raise NotSupported(f"no such reference parameter of {source}", name)
    if target and target not in (parameter.targets or TYPES):
        raise InvalidRequest("does not point at such a type", name)
    only = target or (parameter.targets[0] if len(parameter.targets) == 1 else "")
    return Include(source, parameter.index, only, reverse, iterate)
