"""A clinician at another provider, or in social care's documentation. CONSENT.md R40 to R54.

A second step opens what was chosen in it; of the rest it shows what the first step shows. R55 is the hub's own: who has said no
has not consented, and is not somebody whose attitude is unknown (SVOD 3:3).
"""

from hub.consent.release import Outcome
from hub.consent.rules._rule import Lane, Rule
from hub.consent.rules._terms import (
    always,
    blocked,
    by_child,
    by_consent,
    by_dissent,
    by_emergency,
    by_incapacity,
    care_documentation,
    child,
    chosen_in_emergency,
    chosen_in_incapacity,
    clinician,
    consented,
    deceased,
    dissented,
    emergency,
    emergency_2,
    incapacity,
    related,
    relevance,
    social,
)

ELSEWHERE = Lane(
    clinician,
    (
        Rule("R40", Outcome.HIDE, when=~care_documentation, basis="SVOD 2:1"),
        Rule("R41", Outcome.HIDE, when=deceased, basis="SVOD 3:7"),
        Rule("R44", Outcome.ASK, when=~emergency & ~related, basis="SVOD 3:1"),
        Rule("R49", Outcome.HIDE, when=social & blocked, basis="SVOD 2:5"),
        Rule("R43", Outcome.WHO_BLOCKED, when=emergency & blocked, basis="SVOD 3:5", by=by_emergency),
        Rule("R42", Outcome.BLOCKED_EXISTS, when=blocked, basis="SVOD 2:3, 2:5, 3:7"),
        Rule("R54", Outcome.EXISTS, when=emergency & social, basis="SVOD 3:6"),
        Rule("R51", Outcome.PERMIT, when=relevance & chosen_in_emergency, basis="SVOD 3:6", by=by_emergency),
        Rule("R50", Outcome.WHO, when=emergency & (~emergency_2 | relevance), basis="SVOD 3:6", by=by_emergency),
        Rule("R45", Outcome.EXISTS, when=~relevance, basis="SVOD 3:1"),
        Rule("R55", Outcome.EXISTS, when=dissented, basis="SVOD 3:1, 3:3", by=by_dissent),
        Rule("R46", Outcome.PERMIT, when=child, basis="SVOD 3:1", by=by_child),
        Rule("R53", Outcome.PERMIT, when=chosen_in_incapacity, basis="SVOD 3:3", by=by_incapacity),
        Rule("R52", Outcome.WHO, when=incapacity, basis="SVOD 3:3", by=by_incapacity),
        Rule("R47", Outcome.PERMIT, when=consented, basis="SVOD 3:1", by=by_consent),
        Rule("R48", Outcome.EXISTS, when=always, basis="SVOD 2:4"),
    ),
)
