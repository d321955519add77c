"""The log: a reviewer sees the own provider's entries of it and no record, a patient the own log. R05, R06, R72.

Custody is here that of an entry of the log: `provider` owns it. To everyone else the log is closed.
"""

from hub.consent.release import NO_RULE, Outcome
from hub.consent.rules._rule import Lane, Rule
from hub.consent.rules._terms import always, asked_for, kind, of_reviewed_provider, patient

REVIEWER = Lane(
    kind("reviewer"),
    (
        Rule("R05", Outcome.HIDE, when=~asked_for("audit"), basis="PDL 4:1, 4:3"),
        Rule("R06", Outcome.PERMIT, when=of_reviewed_provider, basis="PDL 4:3, SVOD 4:3"),
        Rule("R06", Outcome.HIDE, when=always, basis="PDL 4:3, SVOD 4:3"),
    ),
)

OWN_LOG = Lane(
    asked_for("audit"),
    (
        Rule("R72", Outcome.PERMIT, when=patient, basis="PDL 5:5, 8:5"),
        Rule(NO_RULE, Outcome.HIDE, when=always, basis="no rule opens the log to others"),
    ),
)
