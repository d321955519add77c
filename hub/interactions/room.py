"""How many grounds may hold at once: each is weighed in every decision about the patient, so there is an end to them."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from hub.consent.grounds import AnyGround, Block, Consent
from hub.errors import Conflict
from hub.interactions.context import Context
from hub.store.known import Known

MOST_BLOCKS = 64
"""Of one patient, whoever has set them."""
MOST_VALUES = 256
"""Of data, in all the patient's consents to one unit."""
MOST = 100
"""Of another kind, registered by one person for one patient."""


def check_room(context: Context, kind: str, told: Known, adding: int = 1) -> None:
    """Whether so many more of a kind may be registered.

    Raises: Conflict: there would be more than the hub takes; it says what to do.
    """
    caller, now = context.caller, context.hub.clock()
    live = [each for each in told.grounds if kind == each.KIND and _stands(each, now)]
    if not adding:
        return
    if kind == Block.KIND:
        if len(live) + adding > MOST_BLOCKS:
            raise Conflict(
                f"the patient has {MOST_BLOCKS} blocks, which is the most: block a whole care provider, or a longer time, "
                "and have the blocks that it covers lifted by their care provider"
            )
    elif sum(1 for each in live if each.recorded_by == caller.subject) + adding > MOST:
        raise Conflict(f"you have registered {MOST} of this kind that hold for the patient, which is the most: end some first")


def check_limits(given: Iterable[AnyGround], told: Known, now: datetime) -> None:
    """Whether the consents to one unit name no more data than can be asked of every entry.

    Raises: Conflict: they would; it says what to do.
    """
    new = {each.id: each for each in given}
    rest = (each for each in told.grounds if each.id not in new)
    named: Counter[str] = Counter()
    for each in (*rest, *new.values()):
        if isinstance(each, Consent) and each.within and _stands(each, now):
            named[each.unit] += each.within.size
    if any(named[each.unit] > MOST_VALUES for each in new.values() if isinstance(each, Consent) and each.within):
        raise Conflict(f"the patient's consents to the unit name more than {MOST_VALUES} values of data: end some, or name fewer")


def standing(given: AnyGround, told: Known, now: datetime) -> Block | None:
    """The block that stands and closes just what `given` would close."""
    if not isinstance(given, Block):
        return None
    blocks = (each for each in told.grounds if isinstance(each, Block) and each.readable and _stands(each, now))
    return next((each for each in blocks if _same(each, given)), None)


def _stands(given: AnyGround, now: datetime) -> bool:
    return given.state == "active" and (given.end is None or given.end > now)


def _same(one: Block, other: Block) -> bool:
    return one.start <= other.start and _closes(one) == _closes(other)


def _closes(block: Block) -> tuple[object, ...]:
    period = (block.information_start, block.information_end, block.end)
    return (block.type, block.regime, block.provider.upper(), block.unit.upper(), *period, frozenset(block.excluded))
