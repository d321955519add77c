"""A clinician at another unit of the own provider: inner blocks bind, consent is irrelevant. CONSENT.md R21, R31 to R35."""

from hub.consent.release import Outcome
from hub.consent.rules._rule import Lane, Rule
from hub.consent.rules._terms import (
    always,
    at_own_provider,
    by_inner_emergency,
    by_near,
    chosen_by_officer,
    clinician,
    inner_blocked,
    near,
    officers_emergency,
)

OWN_PROVIDER = Lane(
    clinician & at_own_provider,
    (
        Rule("R34", Outcome.PERMIT, when=chosen_by_officer & inner_blocked, basis="PDL 4:5", by=by_inner_emergency),
        Rule("R33", Outcome.WHO_BLOCKED, when=officers_emergency & inner_blocked, basis="PDL 4:5", by=by_inner_emergency),
        Rule("R21", Outcome.ASK, when=~near & ~officers_emergency, basis="PDL 4:1"),
        Rule("R31", Outcome.BLOCKED_EXISTS, when=inner_blocked, basis="PDL 4:4"),
        Rule("R35", Outcome.PERMIT, when=always, basis="PDL 4:1", by=by_near),
    ),
)
