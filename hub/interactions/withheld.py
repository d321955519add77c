"""What an answer withheld, for the log alone: counted over the record as the decision saw it, not over what was asked of it.

So it follows from the decision and the record's state, and is counted once for as long as both stand.
"""

from collections.abc import Sequence
from typing import Any

from hub.interactions.view import Sight
from hub.store.store import Store
from hub.store.tables import NO_PATIENT


def withheld(store: Store, seen: Sight, resource_type: str) -> Sequence[dict[str, Any]]:
    """Entries withheld, by rule and custody class. The directory, worklists and a source's own view are not counted."""
    if seen.view.kind != "patient" or seen.view.pk == NO_PATIENT:
        return ()
    at, state = ("withheld", resource_type, seen.named), seen.view.asof if seen.known.pk else 0
    held = seen.known.decided.get(at)
    if held is None or held[0] is not seen.release or held[1] != state:
        counted = store.search.withheld(store.reader(), seen.view, resource_type)
        held = (seen.release, state, [each._asdict() for each in counted])
        seen.known.decided[at] = held
    found: Sequence[dict[str, Any]] = held[2]
    return found
