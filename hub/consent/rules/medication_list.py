"""The national medication list, a law of its own: neither scope nor SVOD applies. CONSENT.md R60 to R65.

Any block of the list counts: neither periods, exclusions nor revokes do. Consent is the list's own, never that of SVOD.
"""

from hub.consent.release import Outcome
from hub.consent.rules._rule import Lane, Rule
from hub.consent.rules._terms import (
    always,
    asked_for,
    by_emergency,
    by_list_consent,
    by_relation,
    current,
    emergency,
    list_blocked,
    list_consented,
    list_reader,
    medication_list,
    nurse,
    prescriber,
    social_reader,
    staff,
)

MEDICATION_LIST = Lane(
    staff & medication_list,
    (
        Rule("R60", Outcome.HIDE, when=social_reader | ~list_reader, basis="NLL 5:3"),
        Rule("R62", Outcome.PERMIT, when=asked_for("narcotic_flag") & prescriber, basis="NLL 5:4"),
        Rule("R62", Outcome.HIDE, when=asked_for("narcotic_flag"), basis="NLL 5:4"),
        Rule("R63", Outcome.PERMIT, when=emergency & (prescriber | nurse), basis="NLL 5:5", by=by_emergency),
        Rule("R21", Outcome.ASK, when=~current, basis="NLL 5:3"),
        Rule("R65", Outcome.PERMIT, when=asked_for("dose_dispensed"), basis="NLL 5:3", by=by_relation),
        Rule("R64", Outcome.BLOCKED_EXISTS, when=list_blocked & list_consented, basis="NLL 5:3", by=by_list_consent),
        Rule("R61", Outcome.PERMIT, when=list_consented, basis="NLL 5:3", by=by_list_consent),
        Rule("R61", Outcome.HIDE, when=always, basis="NLL 5:3"),
    ),
)
