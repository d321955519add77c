"""Whether a Release could let anything of a source through, before the source is asked. Doubt says yes: then it is asked."""

from hub.consent.release import (
    And,
    Bears,
    Constant,
    Equals,
    Every,
    Expression,
    Flag,
    In,
    IsNull,
    Not,
    Or,
    Outcome,
    Overlaps,
    Refers,
    Release,
    Untold,
)


def could_permit(release: Release, source: str, provider: str) -> bool:
    """Whether some entry of `source` held by `provider` might be seen; all else about the entry is open."""
    at = ("reach", source, provider)
    if at not in release.worked:
        release.worked[at] = _could_permit(release, source, provider)
    return bool(release.worked[at])


def _could_permit(release: Release, source: str, provider: str) -> bool:
    held = {"source": source, "provider": provider}
    for row in release.rows:
        truth = _holds(row.when, held)
        if truth is False:
            continue
        if row.outcome is Outcome.PERMIT:
            return True
        if truth is True:
            return False
    return False


def _holds(expression: Expression, held: dict[str, str]) -> bool | None:
    """True or false where it is so for every such entry; None where it depends."""
    match expression:
        case Constant(truth):
            return truth
        case Equals(column, value):
            return held[column] == value if column in held else None
        case In(column, values):
            return held[column] in values if column in held else None
        case IsNull(column):
            return False if column in held else None
        case Flag() | Overlaps() | Bears() | Refers() | Untold() | Every():
            return None
        case And(parts):
            truths = [_holds(part, held) for part in parts]
            return False if False in truths else None if None in truths else True
        case Or(parts):
            truths = [_holds(part, held) for part in parts]
            return True if True in truths else None if None in truths else False
        case Not(part):
            truth = _holds(part, held)
            return None if truth is None else not truth
