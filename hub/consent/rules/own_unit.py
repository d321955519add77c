"""A clinician in the own unit: no block binds the unit itself. CONSENT.md R20, R21."""

from hub.consent.release import Outcome
from hub.consent.rules._rule import Lane, Rule
from hub.consent.rules._terms import always, at_own_unit, by_near, clinician, near

OWN_UNIT = Lane(
    clinician & at_own_unit,
    (
        Rule("R20", Outcome.PERMIT, when=near, basis="PDL 4:1", by=by_near),
        Rule("R21", Outcome.ASK, when=always, basis="PDL 4:1"),
    ),
)
