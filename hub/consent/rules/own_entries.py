"""The patient's own entries: measurements and notes. CONSENT.md R90 to R92."""

from hub.consent.release import Outcome
from hub.consent.rules._rule import Lane, Rule
from hub.consent.rules._terms import (
    always,
    for_care,
    guardian,
    ids,
    near,
    patient,
    patients_own,
    shared,
    staff,
    younger_than,
)

OWN_ENTRIES = Lane(
    patients_own,
    (
        Rule("R90", Outcome.PERMIT, when=patient, basis="the patient's own"),
        Rule("R90", Outcome.PERMIT, when=guardian & younger_than(13), basis="the patient's own; FB 6:11"),
        Rule(
            "R91",
            Outcome.PERMIT,
            when=staff & for_care & near & shared,
            basis="the patient's own act",
            by=ids(lambda f: f.near + f.shares),
        ),
        Rule("R92", Outcome.HIDE, when=always, basis="the patient's own"),
    ),
)
