"""Any clinical entry, whoever asks. CONSENT.md R04, R07 to R09.

A list without a named patient is clipped to the own unit (API.md section 3): blocks are the patient's, and none is at hand.
"""

from hub.consent.release import Outcome
from hub.consent.rules._rule import Lane, Rule
from hub.consent.rules._terms import (
    always,
    by_relation,
    clinician,
    current,
    held,
    in_own_unit,
    named,
    nullified,
    own,
    patients_own,
    services_up,
    staff,
    worklist,
)

ANY_ENTRY = Lane(
    always,
    (
        Rule("R04", Outcome.PERMIT, when=clinician & current & nullified & in_own_unit, basis="PDL 3:14", by=by_relation),
        Rule("R04", Outcome.HIDE, when=nullified, basis="PDL 3:14"),
        Rule("R07", Outcome.REFUSE, when=staff & ~named & ~worklist & ~own, basis="SVOD 3:1"),
        Rule("R07", Outcome.REFUSE, when=staff & worklist & ~in_own_unit, basis="SVOD 3:1"),
        Rule("R08", Outcome.HIDE, when=staff & ~services_up & ~in_own_unit, basis="fails closed"),
        Rule("R09", Outcome.HIDE, when=~(patients_own | held), basis="nobody is known to hold it"),
    ),
)
