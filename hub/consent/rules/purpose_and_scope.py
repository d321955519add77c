"""Staff: the commission's purpose, and how far it reaches. CONSENT.md R10 to R12, R30."""

from hub.consent.release import Outcome
from hub.consent.rules._rule import Lane, Rule
from hub.consent.rules._terms import (
    at_own_provider,
    at_own_unit,
    for_care,
    insurance,
    own,
    scope,
    staff,
    worklist,
    worklist_need,
)

PURPOSE = Lane(
    staff,
    (
        Rule("R10", Outcome.HIDE, when=~for_care & ~own, basis="SVOD 2:1, 3:7"),
        Rule("R21", Outcome.ASK, when=worklist & ~worklist_need, basis="PDL 4:1"),
    ),
)

SCOPE = Lane(
    staff,
    (
        Rule("R30", Outcome.HIDE, when=insurance & ~at_own_unit, basis="PDL 4:2"),
        Rule("R12", Outcome.HIDE, when=scope("VE") & ~at_own_unit, basis="PDL 4:2"),
        Rule("R12", Outcome.HIDE, when=~scope("VE") & ~scope("SJF") & ~at_own_provider, basis="PDL 4:2"),
        Rule("R11", Outcome.PERMIT, when=~for_care, basis="PDL 4:4"),
    ),
)
