"""A second opinion on every decision: the table of CONSENT.md section 4 as one long chain of ifs, over facts in words.

It shares nothing with the engine but the names of facts. Hypothesis makes the facts; both must agree, and the laws of
CONSENT.md section 8 must hold.
"""

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hub.consent.cases import VALUES, decide_case

MEDICINES = ("lak", "caa-gmh")
PRESCRIBERS = ("physician", "dentist", "prescribing_nurse")
STAFF = {
    "kind": st.sampled_from(["clinician", "clinician", "clinician", "social"]),
    "purpose": st.sampled_from(["care", "care", "care", "care", "quality", "none"]),
    "scope": st.sampled_from(["SJF", "SJF", "SJF", "VG", "VE"]),
    "patientNamed": st.sampled_from([True] * 15 + [False]),
    "servicesUp": st.sampled_from([True] * 15 + [False]),
    "orgKnown": st.sampled_from([True] * 15 + [False]),
    "relation": st.sampled_from(["current", "current", "current", "past", "work_need", "none"]),
    "request": st.sampled_from(["care", "care", "care", "certificate", "narcotic_flag", "dose_dispensed"]),
    "dataPurpose": st.sampled_from(["care", "care", "care_admin", "quality"]),
    "loa": st.just(3),
}
RARELY = ("nullified", "insuranceInvestigation", "patientDeceased", "officer", "underIncapacityRule", "ownSource")
EVERYONE = (
    {name: st.sampled_from(values) for name, values in VALUES.items()}
    | dict.fromkeys(RARELY, st.sampled_from([False, False, False, True]))
    | dict.fromkeys(("orgKnown", "relevance"), st.sampled_from([True, True, True, False]))
    | {
        "role": st.sampled_from(["physician", "nurse", "pharmacist", "prescribing_nurse", "assistant_nurse", ""]),
        "loa": st.sampled_from([2, 3, 3, 3, 4]),
        "patientAge": st.sampled_from([0, 12, 13, 15, 16, 17, 18, 50]),
        "dataType": st.sampled_from(["lak", "upp", "und", "caa-gmh", "caa-gvh", "general"]),
        "blockExcludes": st.lists(st.sampled_from(["lak", "upp", "und"]), unique=True),
        "dissent": st.sampled_from(["none", "none", "none", "all", "but_emergencies"]),
    }
)
ANYONES = st.fixed_dictionaries(EVERYONE)
STAFFS = st.fixed_dictionaries(EVERYONE | dict.fromkeys(RARELY, st.sampled_from([False] * 15 + [True])) | STAFF)


def second_opinion(f):
    """(outcome, rule) as the table reads from top to bottom."""
    kind, location, request = f["kind"], f["location"], f["request"]
    staff, own = kind in ("clinician", "social"), location in ("SAME_UNIT", "SAME_PROVIDER")
    current = f["relation"] == "current"
    near = f["relation"] in ("current", "work_need")
    related = current or (f["relation"] == "past" and request == "certificate")
    consented = f["consent"] in ("unit", "person_self")
    step = f["step"]

    def asserted(name):
        return f["assertion"] == name and step >= 1

    child = f["assertion"] == "child" and f["patientAge"] < 18

    if kind == "anonymous" or f["loa"] < 3:
        return "REFUSE", "R01"
    if kind == "system":
        return ("PERMIT" if f["ownSource"] else "HIDE"), "R02"
    if kind == "technician":
        return "HIDE", "R02"
    if staff and f["purpose"] == "none":
        return "REFUSE", "R03"
    if kind == "reviewer":
        if request != "audit":
            return "HIDE", "R05"
        provider_known = f["orgKnown"] or location == "SAME_PROVIDER"
        return ("PERMIT" if own and provider_known else "HIDE"), "R06"
    if request == "audit":
        return ("PERMIT", "R72") if kind == "patient" else ("HIDE", "R00")
    if f["nullified"]:
        return ("PERMIT" if kind == "clinician" and location == "SAME_UNIT" and current else "HIDE"), "R04"
    if staff and not f["patientNamed"] and not own:
        return "REFUSE", "R07"
    if staff and not f["servicesUp"] and location != "SAME_UNIT":
        return "HIDE", "R08"
    if location != "OWN" and not f["orgKnown"]:
        return "HIDE", "R09"
    if location == "OWN":
        if kind == "patient" or (kind == "guardian" and f["patientAge"] < 13):
            return "PERMIT", "R90"
        if staff and f["purpose"] == "care" and near and f["sharedWith"] in ("unit", "provider"):
            return "PERMIT", "R91"
        return "HIDE", "R92"
    if kind == "patient":
        if f["underIncapacityRule"]:
            return "HIDE", "R71"
        return ("PERMIT" if f["releasedToPatient"] and not f["secretFromPatient"] else "HIDE"), "R70"
    if kind == "guardian":
        if not f["releasedToPatient"] or f["secretFromPatient"]:
            return "HIDE", "R74"
        return ("PERMIT" if f["patientAge"] < 13 else "HIDE"), "R73"
    if kind == "agent":
        return ("PERMIT" if location == "NLL" else "HIDE"), "R75"
    if f["purpose"] != "care" and not own:
        return "HIDE", "R10"
    if location == "NLL":
        return medication_list(f, current, consented, asserted)
    if f["insuranceInvestigation"] and location != "SAME_UNIT":
        return "HIDE", "R30"
    if location == "SAME_PROVIDER" and f["scope"] == "VE":
        return "HIDE", "R12"
    if location in ("OTHER_PROVIDER", "SOCIAL") and f["scope"] != "SJF":
        return "HIDE", "R12"
    if f["purpose"] != "care":
        return "PERMIT", "R11"
    if kind == "social":
        return social_care(f, own, current, consented, asserted, child)
    if location == "SAME_UNIT":
        return ("PERMIT", "R20") if near else ("ASK", "R21")
    if location == "SAME_PROVIDER":
        officer = f["officer"] and asserted("inner_emergency")
        blocked = applies(f) and f["block"] == "inner"
        if blocked and officer:
            return ("WHO_BLOCKED", "R33") if step == 1 else ("PERMIT", "R34")
        if not near and not officer:
            return "ASK", "R21"
        return ("BLOCKED_EXISTS", "R31") if blocked else ("PERMIT", "R35")
    if f["dataPurpose"] == "quality":
        return "HIDE", "R40"
    if f["patientDeceased"]:
        return "HIDE", "R41"
    if not asserted("emergency") and not related:
        return "ASK", "R44"
    if applies(f) or objects(f):
        if location == "SOCIAL":
            return "HIDE", "R49"
        return ("WHO_BLOCKED", "R43") if asserted("emergency") else ("BLOCKED_EXISTS", "R42")
    if asserted("emergency") and location == "SOCIAL":
        return "EXISTS", "R54"
    if asserted("emergency") and step == 1:
        return "WHO", "R50"
    if asserted("emergency") and f["relevance"]:
        return "PERMIT", "R51"
    if not f["relevance"]:
        return "EXISTS", "R45"
    if f["dissent"] == "but_emergencies":
        return "EXISTS", "R55"
    if child:
        return "PERMIT", "R46"
    if asserted("incapacity"):
        return ("WHO", "R52") if step == 1 else ("PERMIT", "R53")
    return ("PERMIT", "R47") if consented else ("EXISTS", "R48")


def medication_list(f, current, consented, asserted):
    """The lane of the national medication list."""
    prescriber = f["role"] in PRESCRIBERS
    if f["kind"] == "social" or not (prescriber or f["role"] in ("nurse", "dietitian", "pharmacist")):
        return "HIDE", "R60"
    if f["request"] == "narcotic_flag":
        return ("PERMIT" if prescriber else "HIDE"), "R62"
    if asserted("emergency") and (prescriber or f["role"] == "nurse"):
        return "PERMIT", "R63"
    if not current:
        return "ASK", "R21"
    if f["request"] == "dose_dispensed":
        return "PERMIT", "R65"
    if f["block"] != "none" or f["dissent"] != "none":
        return ("BLOCKED_EXISTS", "R64") if consented else ("HIDE", "R61")
    return ("PERMIT" if consented else "HIDE"), "R61"


def social_care(f, own, current, consented, asserted, child):
    """The lane of a social-care reader."""
    if own:
        return ("PERMIT", "R80") if current else ("ASK", "R21")
    if not current:
        return "ASK", "R44"
    if applies(f) or objects(f):
        return "HIDE", "R49"
    if asserted("emergency"):
        return "EXISTS", "R81"
    if not f["relevance"]:
        return "EXISTS", "R45"
    if f["dissent"] == "but_emergencies":
        return "EXISTS", "R85"
    social = f["location"] == "SOCIAL"
    if child:
        return ("PERMIT" if social else "EXISTS"), "R82"
    if asserted("incapacity"):
        if not social:
            return "EXISTS", "R83"
        return ("WHO" if f["step"] == 1 else "PERMIT"), "R83"
    return ("PERMIT", "R84") if consented else ("EXISTS", "R48")


def applies(f):
    """Whether the block applies to the entry, as section 5 has it (its provider and unit are the entry's)."""
    if f["block"] == "none" or f["blockPeriod"] == "outside" or f["revoke"] in ("unit", "person_self"):
        return False
    exempt = ("lak" in f["blockExcludes"] and f["dataType"] in MEDICINES) or (
        "upp" in f["blockExcludes"] and f["dataType"] == "upp"
    )
    return not exempt


def objects(f):
    """Whether the patient has said no to everything, and the provider has not lifted that; a block is lifted first."""
    return f["dissent"] == "all" and (f["block"] != "none" or f["revoke"] not in ("unit", "person_self"))


def permits(facts, **changed):
    return decide_case(facts, changed)[0] == "PERMIT"


@settings(max_examples=400, deadline=None)
@given(ANYONES)
def test_the_engine_and_the_naive_reading_agree_on_anyone(facts):
    assert decide_case(facts, {}) == second_opinion(facts)


@settings(max_examples=700, deadline=None)
@given(STAFFS)
def test_the_engine_and_the_naive_reading_agree_on_staff(facts):
    assert decide_case(facts, {}) == second_opinion(facts)


@settings(max_examples=300, deadline=None)
@given(STAFFS)
def test_a_block_added_never_permits_and_one_removed_never_takes_a_permit_away(facts):
    assert not permits(facts) or permits(facts, block="none")


@settings(max_examples=300, deadline=None)
@given(STAFFS, st.sampled_from(["all", "but_emergencies"]))
def test_a_dissent_never_permits_and_the_wider_one_permits_no_more(facts, dissent):
    assert not permits(facts, dissent=dissent) or permits(facts, dissent="none")
    assert not permits(facts, dissent="all", revoke="none") or permits(facts, dissent="but_emergencies", revoke="none")


@settings(max_examples=300, deadline=None)
@given(STAFFS)
def test_no_consent_or_assertion_opens_an_unrevoked_block_at_another_provider(facts):
    blocked = facts | {
        "location": "OTHER_PROVIDER",
        "block": "outer",
        "blockPeriod": "none",
        "blockExcludes": [],
        "revoke": "none",
    }
    assert not permits(blocked)


@settings(max_examples=300, deadline=None)
@given(STAFFS, st.sampled_from(["none", "other_unit", "person_other", "future", "expired", "ended", "annulled"]))
def test_replacing_a_valid_consent_by_one_that_is_not_opens_nothing(facts, instead):
    assert not permits(facts, consent=instead) or permits(facts, consent="unit")


@settings(max_examples=300, deadline=None)
@given(ANYONES)
def test_a_narrower_scope_opens_nothing(facts):
    narrow, wide = permits(facts, scope="VE"), permits(facts, scope="VG")
    assert not narrow or wide
    assert not wide or permits(facts, scope="SJF")


@settings(max_examples=200, deadline=None)
@given(STAFFS)
def test_without_a_relation_nothing_that_is_said_varies_with_blocks(facts):
    assume(facts["assertion"] not in ("emergency", "inner_emergency"))
    stranger = facts | {"relation": "none", "location": "OTHER_PROVIDER"}
    assert decide_case(stranger, {"block": "none"}) == decide_case(stranger, {})
