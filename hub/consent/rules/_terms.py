"""The words that rules are written in: facts of the grounds, and tests of custody. CONSENT.md section 2.

An entry's place is worked out from its own custody against the caller's commission, never from the request. Own is what
the commission's own kind of care wrote: for a clinician health care's, for a social-care reader social care's. So what the
other kind wrote under the same provider is not own, and its outer blocks bind; the reader needs the grounds of a stranger.
"""

from collections.abc import Callable

from hub.consent.facts import LIST_READERS, PRESCRIBERS, Facts
from hub.consent.grounds import Ground
from hub.consent.release import FALSE, TRUE, Equals, Expression, Flag, IsNull, all_of, among, any_of, negation
from hub.consent.rules._rule import Condition, fact, ground

always = Condition(lambda _: TRUE)


def kind(*kinds: str) -> Condition:
    """The caller is one of these."""
    return fact(lambda f: f.caller.kind in kinds)


def asked_for(request: str) -> Condition:
    return fact(lambda f: f.grounds.request == request)


def scope(value: str) -> Condition:
    return fact(lambda f: f.caller.scope == value)


# The caller
patient, guardian, agent = kind("patient"), kind("guardian"), kind("agent")
clinician, social_reader, staff = kind("clinician"), kind("social"), kind("clinician", "social")
for_care = fact(lambda f: f.caller.purpose == "care")
prescriber = fact(lambda f: f.caller.role in PRESCRIBERS)
nurse = fact(lambda f: f.caller.role == "nurse")
list_reader = fact(lambda f: f.caller.role in LIST_READERS)
commissioned = fact(
    lambda f: f.caller.purpose != "none" and bool(f.unit and f.provider) and f.caller.social_unit is (f.caller.kind == "social")
)
"""Has chosen a commission whose unit the directory knows, as health care's or social care's as the caller is."""

# The request
named = fact(lambda f: f.grounds.named)
worklist = fact(lambda f: f.worklist)
worklist_need = ground(lambda f: f.needs("worklist"))
services_up = fact(lambda f: f.grounds.services_up)

# The patient
deceased = fact(lambda f: f.deceased)


def younger_than(years: int) -> Condition:
    return fact(lambda f: None if f.age is None else f.age < years)


# Grounds
current, near, related = ground(lambda f: f.relations), ground(lambda f: f.near), ground(lambda f: f.related)
relevance = ground(lambda f: f.relevance)
consented, list_consented = Condition(lambda f: f.consented), ground(lambda f: f.consents("NLL"))
dissented = ground(lambda f: f.refusals)
shared = ground(lambda f: f.shares)
attorney = ground(lambda f: f.attorneys)
emergency, emergency_2 = ground(lambda f: f.assertions("emergency")), ground(lambda f: f.second_steps("emergency"))
incapacity, incapacity_2 = ground(lambda f: f.assertions("incapacity")), ground(lambda f: f.second_steps("incapacity"))
child = ground(lambda f: f.assertions("child")) & younger_than(18)
officers_emergency = fact(lambda f: f.caller.officer and bool(f.assertions("inner_emergency")))

# What was chosen in a second step
chosen_in_emergency = Condition(lambda f: f.chosen("emergency"))
chosen_in_incapacity = Condition(lambda f: f.chosen("incapacity"))
chosen_by_officer = Condition(lambda f: f.chosen("inner_emergency", units_only=True) if f.caller.officer else FALSE)

# Blocks
inner_blocked = Condition(lambda f: f.inner_blocked)
blocked = Condition(lambda f: f.any_blocked)
list_blocked = fact(lambda f: f.list_blocked)


def column(expression: Expression) -> Condition:
    return Condition(lambda _: expression)


# Custody
nullified, insurance = column(Flag("nullified")), column(Flag("insurance"))
released, secret, under_incapacity = column(Flag("released")), column(Flag("secret")), column(Flag("incapacity"))
social = column(Flag("social"))
care_documentation = column(among("purpose", ("care", "care_admin")))
patients_own = column(Equals("regime", "OWN"))
medication_list = column(Equals("regime", "NLL"))
held = column(
    all_of(
        any_of(Equals("regime", "NLL"), all_of(Equals("regime", "SVOD"), negation(IsNull("social")))),
        negation(IsNull("provider")),
        negation(IsNull("unit")),
    )
)
"""Custodian and author unit are known, and of a record's unit the directory knows which kind of care it is."""
of_own_source = Condition(lambda f: Equals("source", f.caller.source) if f.caller.source else FALSE)
of_reviewed_provider = Condition(lambda f: Equals("provider", f.provider) if f.provider else FALSE)


# Place
in_own_unit, own = Condition(lambda f: f.in_own_unit), Condition(lambda f: f.own)
at_own_unit, at_own_provider = Condition(lambda f: f.at_own_unit), Condition(lambda f: f.at_own_provider)


def ids(of: Callable[[Facts], tuple[Ground, ...]]) -> Callable[[Facts], tuple[str, ...]]:
    """The ids of these grounds, for the log."""
    return lambda f: tuple(row.id for row in of(f))


by_near, by_related, by_relation = ids(lambda f: f.near), ids(lambda f: f.related), ids(lambda f: f.relations)
by_emergency = ids(lambda f: f.assertions("emergency"))
by_inner_emergency = ids(lambda f: f.assertions("inner_emergency"))
by_incapacity = ids(lambda f: f.related + f.relevance + f.assertions("incapacity"))
by_child = ids(lambda f: f.related + f.relevance + f.assertions("child"))
by_consent = ids(lambda f: f.related + f.relevance + f.consents("SVOD"))
by_dissent = ids(lambda f: f.refusals)
by_list_consent = ids(lambda f: f.relations + f.consents("NLL"))
