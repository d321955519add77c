"""What a caller might be told of data that are not released, whether or not there are any: asked of the one engine.

An entry and a block are made up at a care provider that nobody is; what becomes of it hangs on the grounds alone. So whether a
question is answered at all is the same for every patient, whatever the record holds. CONSENT.md section 3.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hub.consent.decision import decide
from hub.consent.grounds import Block, Grounds
from hub.consent.release import Outcome, outcome_of
from hub.fhir.custody import Custody

NOBODY = "NOBODY"
"""Provider and unit of what is made up; no HSA-id."""


@dataclass(frozen=True, slots=True)
class Tellable:
    """What would become of one entry at each place."""

    elsewhere: Outcome
    """Unblocked, at another care provider."""
    blocked_elsewhere: Outcome
    blocked_inside: Outcome
    """Blocked by another unit of the own provider."""


def tellable(grounds: Grounds) -> Tellable:
    """What the grounds let the caller be told; blocks, and dissents that close as they do, play no part in it."""
    social = grounds.caller.kind == "social"
    elsewhere, inside = probe(NOBODY, social), probe(grounds.caller.provider.upper(), social)
    refused = tuple(each for each in grounds.dissents if each.but_emergencies)
    bare = replace(grounds, blocks=(), dissents=refused, revokes=())
    return Tellable(
        elsewhere=_become(bare, elsewhere),
        blocked_elsewhere=_become(replace(bare, blocks=(_block(grounds, elsewhere),)), elsewhere),
        blocked_inside=_become(replace(bare, blocks=(_block(grounds, inside),)), inside),
    )


def _become(grounds: Grounds, entry: Custody) -> Outcome:
    return outcome_of(decide(grounds), entry)[0]


def probe(provider: str, social: bool) -> Custody:
    """An entry of care documentation at a care provider, of nobody's unit and no time, that nothing but blocks stands against."""
    return Custody(
        source=NOBODY,
        provider=provider,
        unit=NOBODY,
        info_type="voo",
        regime="SVOD",
        social=social,
        released=False,
        secret=False,
        nullified=False,
        insurance=False,
        purpose="care",
        incapacity=False,
        says=(),
    )


def _block(grounds: Grounds, entry: Custody) -> Block:
    return Block(
        id=NOBODY,
        start=datetime.min.replace(tzinfo=UTC),
        end=None,
        state="active",
        recorded=grounds.now,
        recorded_by="",
        type="inner",
        regime="SVOD",
        provider=entry.provider or "",
        unit=NOBODY,
        information_start=None,
        information_end=None,
        excluded=(),
    )
