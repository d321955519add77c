"""Where an id is looked for: among those that the hub gave, or among those that one source's client chose.

An id that a client chose means something inside its source alone (API.md section 3). So it lies apart from the first, whoever
else has chosen the same: where a resource lies, and who finds it there, tells nothing of other sources.
"""

from hub.caller import Caller
from hub.hub import Hub

GIVEN = ""
"""Ids that the hub gave, which no two resources share."""


def chosen(source: str) -> str:
    """Ids that a source's client chose."""
    return f"{source}/"


def scopes(hub: Hub, caller: Caller) -> tuple[str, ...]:
    """Every place where a resource that the caller names by id may lie, in the order of looking: a source's client looks among
    its own."""
    if caller.kind == "system":
        return GIVEN, chosen(caller.source)
    return GIVEN, *dict.fromkeys(chosen(each.source) for each in hub.config.clients if each.source)
