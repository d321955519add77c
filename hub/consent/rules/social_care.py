"""A social-care reader. CONSENT.md R80 to R84, with R21, R44, R45, R48, R49; R85 is the hub's own, as R55."""

from hub.consent.release import Outcome
from hub.consent.rules._rule import Lane, Rule
from hub.consent.rules._terms import (
    always,
    at_own_provider,
    blocked,
    by_child,
    by_consent,
    by_dissent,
    by_incapacity,
    by_relation,
    child,
    chosen_in_incapacity,
    consented,
    current,
    dissented,
    emergency,
    incapacity,
    incapacity_2,
    relevance,
    social,
    social_reader,
)

SOCIAL_OWN = Lane(
    social_reader & at_own_provider,
    (
        Rule("R80", Outcome.PERMIT, when=current, basis="SVOD 3:2", by=by_relation),
        Rule("R21", Outcome.ASK, when=always, basis="SVOD 3:2"),
    ),
)

SOCIAL_ELSEWHERE = Lane(
    social_reader,
    (
        Rule("R44", Outcome.ASK, when=~current, basis="SVOD 3:2"),
        Rule("R49", Outcome.HIDE, when=blocked, basis="SVOD 2:5"),
        Rule("R81", Outcome.EXISTS, when=emergency, basis="SVOD 3:2, 3:7"),
        Rule("R45", Outcome.EXISTS, when=~relevance, basis="SVOD 3:2"),
        Rule("R85", Outcome.EXISTS, when=dissented, basis="SVOD 3:2, 3:4", by=by_dissent),
        Rule("R82", Outcome.PERMIT, when=child & social, basis="SVOD 3:2", by=by_child),
        Rule("R82", Outcome.EXISTS, when=child, basis="SVOD 3:2"),
        Rule("R83", Outcome.EXISTS, when=incapacity & ~social, basis="SVOD 3:4"),
        Rule("R83", Outcome.PERMIT, when=incapacity_2 & chosen_in_incapacity, basis="SVOD 3:4", by=by_incapacity),
        Rule("R83", Outcome.WHO, when=incapacity, basis="SVOD 3:4", by=by_incapacity),
        Rule("R84", Outcome.PERMIT, when=consented, basis="SVOD 3:2", by=by_consent),
        Rule("R48", Outcome.EXISTS, when=always, basis="SVOD 2:4"),
    ),
)
