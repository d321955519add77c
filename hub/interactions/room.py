"""How many grounds may hold at once: each is weighed in every decision about the patient, so there is an end to them."""

from datetime import datetime

from hub.consent.grounds import AnyGround, Block
from hub.errors import Conflict
from hub.interactions.context import Context
from hub.store.known import Known

MOST_BLOCKS = 64
"""Of one patient, whoever has set them."""
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
