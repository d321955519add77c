"""The one table of rules, in the order of CONSENT.md section 4: the first row that is not false decides.

One file per heading. The order is the law here, so the lanes are listed and not discovered: that of the medication list
stands between purpose and scope, for scope does not apply to it.
"""

from hub.consent.rules._rule import Lane, Rule
from hub.consent.rules.any_entry import ANY_ENTRY
from hub.consent.rules.elsewhere import ELSEWHERE
from hub.consent.rules.gate import GATE
from hub.consent.rules.individuals import INDIVIDUALS
from hub.consent.rules.log import OWN_LOG, REVIEWER
from hub.consent.rules.medication_list import MEDICATION_LIST
from hub.consent.rules.own_entries import OWN_ENTRIES
from hub.consent.rules.own_provider import OWN_PROVIDER
from hub.consent.rules.own_unit import OWN_UNIT
from hub.consent.rules.purpose_and_scope import PURPOSE, SCOPE
from hub.consent.rules.social_care import SOCIAL_ELSEWHERE, SOCIAL_OWN

__all__ = ["LANES", "Lane", "Rule"]

LANES: tuple[Lane, ...] = (
    GATE,
    REVIEWER,
    OWN_LOG,
    ANY_ENTRY,
    OWN_ENTRIES,
    INDIVIDUALS,
    PURPOSE,
    MEDICATION_LIST,
    SCOPE,
    SOCIAL_OWN,
    SOCIAL_ELSEWHERE,
    OWN_UNIT,
    OWN_PROVIDER,
    ELSEWHERE,
)
