"""The patient, a guardian, an agent. Blocks do not bind: each provider grants its own access. CONSENT.md R70, R71, R73 to R75."""

from hub.consent.release import Outcome
from hub.consent.rules._rule import Lane, Rule
from hub.consent.rules._terms import (
    agent,
    attorney,
    guardian,
    ids,
    kind,
    medication_list,
    patient,
    released,
    secret,
    under_incapacity,
    younger_than,
)

INDIVIDUALS = Lane(
    kind("patient", "guardian", "agent"),
    (
        Rule("R71", Outcome.HIDE, when=patient & under_incapacity, basis="SVOD 2:6, 4:2"),
        Rule("R70", Outcome.PERMIT, when=patient & released & ~secret, basis="PDL 5:5; OSL 25:6"),
        Rule("R70", Outcome.HIDE, when=patient, basis="PDL 5:5; OSL 25:6"),
        Rule("R74", Outcome.HIDE, when=guardian & (~released | secret), basis="OSL 12:3, 25:6"),
        Rule("R73", Outcome.PERMIT, when=guardian & younger_than(13), basis="FB 6:11"),
        Rule("R73", Outcome.HIDE, when=guardian, basis="FB 6:11"),
        Rule(
            "R75",
            Outcome.PERMIT,
            when=agent & attorney & medication_list,
            basis="NLL 5:6",
            by=ids(lambda f: f.attorneys),
        ),
        Rule("R75", Outcome.HIDE, when=agent, basis="NLL 5:6; HFD 2017 ref. 67"),
    ),
)
