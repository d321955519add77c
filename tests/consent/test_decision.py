"""The decision at its edges: when grounds begin and end, whose they are, and what a Release says of itself."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hub.consent.decision import basis, decide, good_until
from hub.consent.grounds import (
    Assertion,
    Attorney,
    Block,
    Consent,
    Dissent,
    Need,
    PatientFacts,
    Relation,
    Revoke,
    Share,
    after,
    closing,
    unreadable_block,
)
from hub.consent.limits import Limits
from hub.consent.release import TRUE, Outcome, Row, outcome_of
from hub.fhir.custody import Said

SECOND = timedelta(seconds=1)
STOCKHOLM = ZoneInfo("Europe/Stockholm")
ATTESTED = ("attitude_clarified", "necessary", "no_refusal")


def closed_to_all(release):
    return all(row.outcome is not Outcome.PERMIT for row in release.rows)


def decided(at, grounds=None, **custody):
    return outcome_of(decide(grounds or at.grounds), at.replace(at.custody, **custody))


@pytest.mark.parametrize(
    ("away", "rule"),
    [(-SECOND, "R47"), (timedelta(0), "R47"), (SECOND, "R48")],
    ids=["a second before its end", "at its end", "a second after its end"],
)
def test_a_consent_holds_to_its_last_instant_and_no_longer(at, away, rule):
    consent = at.row(Consent, "c", end=after(at.now))
    grounds = at.replace(at.grounds, consents=(consent,), now=at.now + away)
    assert decided(at, grounds)[1] == rule


@pytest.mark.parametrize(
    ("away", "rule"),
    [(-SECOND, "R51"), (timedelta(0), "R44"), (SECOND, "R44")],
    ids=["a second before its end", "at its end", "a second after its end"],
)
def test_an_emergency_is_over_when_its_hour_is(at, away, rule):
    first = at.row(Assertion, "a", end=at.now)
    second = at.row(Assertion, "b", step=2, follows="a", providers=("P2",), end=at.now)
    grounds = at.replace(at.grounds, assertions=(first, second), now=at.now + away, relations=())
    assert decided(at, grounds)[1] == rule


def test_an_emergency_never_lasts_longer_than_a_day(at):
    forever = {"start": at.now - 24 * at.hour, "end": at.now + 9 * at.hour}
    long = at.row(Assertion, "a", **forever)
    assert decided(at, at.replace(at.grounds, assertions=(long,)))[1] == "R48"
    assert decided(at, at.replace(at.grounds, assertions=(long,), now=at.now - SECOND))[1] == "R50"


def test_for_a_certificate_a_relation_that_was_is_enough_and_none_is_not(at):
    past = at.row(Relation, "r", start=at.now - 9 * at.hour, end=at.now - at.hour)
    annulled = at.replace(past, state="annulled")
    relevance, stated = at.row(Need, "n"), at.row(Need, "c", type="certificate", reason="läkarintyg")
    another = at.row(Need, "c", type="certificate", reason="läkarintyg", employee="E2")
    over = at.row(Need, "c", type="certificate", reason="läkarintyg", end=at.now)
    consented = at.replace(at.grounds, consents=(at.row(Consent, "c"),))

    def rule(*needs, relations=(past,), **custody):
        return decided(at, at.replace(consented, relations=relations, needs=(relevance, *needs)), **custody)[1]

    assert rule(stated) == "R47"
    assert [rule(), rule(another), rule(over), rule(stated, relations=()), rule(stated, relations=(annulled,))] == ["R44"] * 5
    assert rule(stated, provider="P1", unit="U1") == "R21"  # at one's own unit nothing but a current relation or a need for work
    release = decide(at.replace(consented, relations=(past,), needs=(relevance, stated)))
    assert next(row.grounds for row in release.rows if row.rule == "R47")[:2] == ("r", "c")


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)],
    ids=["the night clocks go forward", "the night clocks go back", "another day"],
)
def test_a_consent_for_one_day_lasts_that_swedish_day(at, day, hours):
    begins = datetime(day.year, day.month, day.day, tzinfo=STOCKHOLM).astimezone(UTC)
    consent = at.row(Consent, "c", start=begins, end=closing(day))
    relation = at.row(Relation, "r", start=begins - at.hour, end=begins + 48 * at.hour)
    need = at.row(Need, "n", start=begins - at.hour, end=begins + 48 * at.hour)
    held = at.replace(at.grounds, consents=(consent,), relations=(relation,), needs=(need,))
    moments = (begins - SECOND, begins, begins + hours * at.hour - SECOND, begins + hours * at.hour)
    rules = [decided(at, at.replace(held, now=moment))[1] for moment in moments]
    assert rules == ["R48", "R47", "R47", "R48"]


@pytest.mark.parametrize(
    ("born", "now", "age"),
    [
        (date(2013, 3, 3), "2026-03-02T22:59:59+00:00", 12),
        (date(2013, 3, 3), "2026-03-02T23:00:00+00:00", 13),
        (date(2010, 7, 1), "2026-06-30T21:59:59+00:00", 15),
        (date(2010, 7, 1), "2026-06-30T22:00:00+00:00", 16),
        (date(2008, 2, 29), "2026-02-27T22:59:59+00:00", 17),
        (date(2008, 2, 29), "2026-02-27T23:00:00+00:00", 18),
        (date(2008, 2, 29), "2028-02-28T12:00:00+00:00", 19),
        (date(2008, 2, 29), "2028-02-29T12:00:00+00:00", 20),
        (date(1900, 2, 28), "2100-02-28T12:00:00+00:00", 200),
    ],
    ids=str,
)
def test_a_birthday_begins_at_swedish_midnight(born, now, age):
    assert PatientFacts(born=born, deceased=False, protected=False).age(datetime.fromisoformat(now)) == age


def test_a_guardian_sees_until_the_child_is_thirteen_and_not_when_the_age_is_unknown(at):
    guardian = at.replace(at.grounds, caller=at.replace(at.caller, kind="guardian"))
    born = {12: date(2013, 3, 4), 13: date(2013, 3, 3), None: None}
    seen = {
        age: decided(at, at.replace(guardian, patient=PatientFacts(born=day, deceased=False, protected=False)))
        for age, day in born.items()
    }
    assert seen == {12: ("PERMIT", "R73"), 13: ("HIDE", "R73"), None: ("HIDE", "R73")}


def test_a_child_assertion_opens_until_eighteen(at):
    child = at.row(Assertion, "a", type="child", step=0)
    seen = [
        decided(at, at.replace(at.grounds, assertions=(child,), patient=PatientFacts(born=born, deceased=False, protected=False)))
        for born in (date(2008, 3, 4), date(2008, 3, 3), None)
    ]
    assert seen == [("PERMIT", "R46"), ("EXISTS", "R48"), ("HIDE", "R46")]


def test_letter_case_of_hsa_ids_never_changes_an_outcome(at):
    lower = {"provider": "p1", "unit": "u1", "employee": "e1"}
    grounds = at.replace(
        at.grounds,
        caller=at.replace(at.caller, subject="E1", provider="P1", unit="U1"),
        relations=(at.row(Relation, "r", **lower),),
        needs=(at.row(Need, "n", **lower),),
        consents=(at.row(Consent, "c", **lower | {"employee": ""}),),
        blocks=(at.row(Block, "b", provider="p2"),),
    )
    shouted = at.replace(grounds, caller=at.replace(at.caller, subject="e1", provider="p1", unit="u1"))
    assert decide(grounds).rows == decide(shouted).rows
    assert decided(at, shouted) == ("BLOCKED_EXISTS", "R42")
    lifted = at.replace(shouted, revokes=(at.row(Revoke, "v", owner="p2", **lower | {"employee": "e1"}),))
    assert decided(at, lifted) == ("PERMIT", "R47")


@pytest.mark.parametrize(
    "given",
    [
        {"employee": "E2"},
        {"employee": ""},
        {"unit": "U9"},
        {"provider": "P9"},
        {"state": "annulled"},
        {"end": None},
    ],
    ids=str,
)
def test_a_relation_counts_only_for_the_employee_and_commission_it_names(at, given):
    grounds = at.replace(at.grounds, relations=(at.row(Relation, "r", **given),))
    assert decided(at, grounds)[1] == "R44"


def test_a_relation_that_was_suffices_for_a_certificate_even_if_it_was_ended_early(at):
    ended = at.row(Relation, "r", state="ended")
    grounds = at.replace(at.grounds, relations=(ended,), request="certificate")
    assert decided(at, grounds)[1] == "R48"
    assert decided(at, at.replace(grounds, request="care"))[1] == "R44"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"follows": "x"},
        {"follows": "a", "type": "incapacity"},
        {"follows": "a", "start": datetime(2026, 3, 3, 9, tzinfo=UTC)},
        {"follows": "c"},
    ],
    ids=["nothing", "an unknown step", "another type", "a later step", "a colleague's step"],
)
def test_a_second_step_that_does_not_follow_a_first_one_shows_what_the_first_shows(at, given):
    first = at.row(Assertion, "a")
    colleagues = at.row(Assertion, "c", employee="E2")
    second = at.row(Assertion, "b", **({"step": 2, "providers": ("P2",), "attestations": ATTESTED} | given))
    grounds = at.replace(at.grounds, assertions=(first, colleagues, second))
    assert decided(at, grounds) == ("WHO", "R50")


def test_a_second_step_more_than_an_hour_after_the_first_opens_nothing(at):
    first = at.row(Assertion, "a", start=at.now - 2 * at.hour)
    second = at.row(Assertion, "b", step=2, follows="a", providers=("P2",), start=at.now - SECOND)
    assert decided(at, at.replace(at.grounds, assertions=(first, second))) == ("WHO", "R50")


@pytest.mark.parametrize("state", ["ended", "annulled"])
@pytest.mark.parametrize(("type", "rule"), [("emergency", "R48"), ("incapacity", "R48"), ("inner_emergency", "R31")])
def test_with_the_first_step_the_second_is_ended(at, type, rule, state):
    caller = at.replace(at.caller, officer=True)
    block = at.row(Block, "i", type="inner", provider="P1", unit="U2")
    given = {"type": type, "step": 2, "follows": "a", "providers": ("P2",), "units": ("U2",), "attestations": ATTESTED}
    second = at.row(Assertion, "b", **given)
    place = {"provider": "P1", "unit": "U2"} if type == "inner_emergency" else {}
    for held, wanted in (("active", {"R34", "R51", "R53"}), (state, {rule})):
        first = at.row(Assertion, "a", type=type, state=held)
        grounds = at.replace(at.grounds, caller=caller, blocks=(block,), assertions=(first, second))
        assert decided(at, grounds, **place)[1] in wanted


def test_a_second_step_opens_what_was_chosen_and_shows_who_holds_the_rest(at):
    first = at.row(Assertion, "a")
    second = at.row(Assertion, "b", step=2, follows="a", providers=("p2",), units=("U7",))
    grounds = at.replace(at.grounds, assertions=(first, second))
    seen = [decided(at, grounds, provider=provider, unit=unit) for provider, unit in (("P2", "U2"), ("P3", "U7"), ("P3", "U8"))]
    assert seen == [("PERMIT", "R51"), ("PERMIT", "R51"), ("WHO", "R50")]


@pytest.mark.parametrize(("attestations", "rule"), [(ATTESTED, "R53"), (ATTESTED[:2], "R52"), ((), "R52")], ids=str)
def test_incapacity_opens_only_with_all_three_attestations(at, attestations, rule):
    first = at.row(Assertion, "a", type="incapacity")
    second = at.row(Assertion, "b", type="incapacity", step=2, follows="a", providers=("P2",), attestations=attestations)
    assert decided(at, at.replace(at.grounds, assertions=(first, second)))[1] == rule


def test_an_officer_opens_the_chosen_units_of_an_inner_block(at):
    officer = at.replace(at.grounds, caller=at.replace(at.caller, officer=True), relations=())
    blocks = tuple(at.row(Block, f"b{unit}", type="inner", provider="P1", unit=unit) for unit in ("U2", "U3"))
    first = at.row(Assertion, "a", type="inner_emergency")
    second = at.row(Assertion, "b", type="inner_emergency", step=2, follows="a", units=("U2",), providers=("P1",))
    grounds = at.replace(officer, blocks=blocks, assertions=(first, second))
    seen = [decided(at, grounds, provider="P1", unit=unit) for unit in ("U2", "U3", "U4")]
    assert seen == [("PERMIT", "R34"), ("WHO_BLOCKED", "R33"), ("PERMIT", "R35")]


@pytest.mark.parametrize(
    ("given", "closed"),
    [
        ({}, True),
        ({"provider": "P3"}, False),
        ({"regime": "NLL"}, False),
        ({"state": "ended"}, False),
        ({"type": "inner", "unit": "U2"}, True),
        ({"type": "inner", "unit": "U3"}, False),
        ({"information_end": datetime(2026, 3, 1, 12, tzinfo=UTC)}, False),
        ({"information_end": after(datetime(2026, 3, 1, 12, tzinfo=UTC))}, True),
        ({"information_start": datetime(2026, 3, 1, 13, tzinfo=UTC)}, True),
        ({"information_start": after(datetime(2026, 3, 1, 13, tzinfo=UTC))}, False),
        ({"excluded": ("upp",)}, True),
    ],
    ids=str,
)
def test_a_block_closes_what_it_names(at, given, closed):
    grounds = at.replace(at.grounds, blocks=(at.row(Block, "b", **given),), consents=(at.row(Consent, "c"),))
    assert decided(at, grounds)[1] == ("R42" if closed else "R47")


@pytest.mark.parametrize(
    "times", [{"time_from": None, "time_to": None}, {"time_from": datetime(2027, 1, 1, tzinfo=UTC)}], ids=str
)
def test_an_entry_without_a_usable_time_counts_as_inside_a_blocks_period(at, times):
    block = at.row(Block, "b", information_start=at.now + at.hour, information_end=at.now + 2 * at.hour)
    grounds = at.replace(at.grounds, blocks=(block,), consents=(at.row(Consent, "c"),))
    assert decided(at, grounds, **times) == ("BLOCKED_EXISTS", "R42")


def test_a_block_that_cannot_be_read_closes_all_but_the_own_unit(at):
    grounds = at.replace(
        at.grounds,
        blocks=(unreadable_block("b", at.now),),
        consents=(at.row(Consent, "c"), at.row(Consent, "n", regime="NLL")),
        revokes=(at.row(Revoke, "v", owner=""),),
    )
    seen = [
        decided(at, grounds, **place) for place in ({"provider": "P1", "unit": "U1"}, {"provider": "P1"}, {}, {"regime": "NLL"})
    ]
    assert seen == [("PERMIT", "R20"), ("BLOCKED_EXISTS", "R31"), ("BLOCKED_EXISTS", "R42"), ("BLOCKED_EXISTS", "R64")]


@pytest.mark.parametrize(
    "given", [{"owner": "P9"}, {"block": "x"}, {"unit": "U9"}, {"employee": "E2"}, {"end": None}, {"state": "ended"}], ids=str
)
def test_a_revoke_that_does_not_match_lifts_nothing(at, given):
    grounds = at.replace(
        at.grounds,
        blocks=(at.row(Block, "b"),),
        consents=(at.row(Consent, "c"),),
        revokes=(at.row(Revoke, "v", **given),),
    )
    assert decided(at, grounds) == ("BLOCKED_EXISTS", "R42")


def test_a_consent_for_the_medication_list_opens_no_record_and_the_other_way_round(at):
    for regime, opened in (("NLL", "R61"), ("SVOD", "R47")):
        grounds = at.replace(at.grounds, consents=(at.row(Consent, "c", regime=regime),))
        seen = {decided(at, grounds, regime=of)[1] for of in ("SVOD", "NLL") if decided(at, grounds, regime=of)[0] == "PERMIT"}
        assert seen == {opened}


@pytest.mark.parametrize("field", ["released", "secret", "nullified", "incapacity"], ids=str)
def test_a_flag_that_is_not_known_hides_from_the_patient(at, field):
    patient = at.replace(at.grounds, caller=at.replace(at.caller, kind="patient"))
    assert decided(at, patient)[0] is Outcome.PERMIT
    assert decided(at, patient, **{field: None})[0] is Outcome.HIDE


@pytest.mark.parametrize(
    "unknown", [{"social": None}, {"purpose": None}, {"insurance": None}, {"nullified": None}, {"provider": None}, {"unit": None}]
)
def test_a_fact_of_custody_that_is_not_known_hides_from_another_provider(at, unknown):
    grounds = at.replace(at.grounds, consents=(at.row(Consent, "c"),))
    assert decided(at, grounds)[0] is Outcome.PERMIT
    assert decided(at, grounds, **unknown)[0] is Outcome.HIDE


def test_a_death_that_is_not_known_of_hides_what_other_providers_hold(at):
    nobody = PatientFacts(born=None, deceased=None, protected=None)
    grounds = at.replace(at.grounds, patient=nobody, consents=(at.row(Consent, "c"),))
    assert decided(at, grounds) == ("HIDE", "R41")
    assert decided(at, grounds, provider="P1", unit="U1") == ("PERMIT", "R20")


@pytest.mark.parametrize(
    ("caller", "rule"),
    [
        ({"kind": "anonymous"}, "R01"),
        ({"loa": 2}, "R01"),
        ({"purpose": "none"}, "R03"),
        ({"unit": ""}, "R03"),
        ({"provider": ""}, "R03"),
        ({"social_unit": None}, "R03"),
        ({"social_unit": True}, "R03"),
        ({"kind": "social"}, "R03"),
    ],
    ids=str,
)
def test_a_caller_without_what_the_gate_asks_is_refused_before_any_data(at, caller, rule):
    release = decide(at.replace(at.grounds, caller=at.replace(at.caller, **caller)))
    assert release.refusal == Row(TRUE, Outcome.REFUSE, rule)
    assert closed_to_all(release)


def test_a_caller_who_may_ask_is_not_refused(at):
    assert decide(at.grounds).refusal is None


def test_care_across_the_border_of_social_care_is_elsewhere_even_under_one_provider(at):
    home_care = {"provider": "P1", "unit": "U5", "social": True}
    assert decided(at, None, **home_care) == ("EXISTS", "R48")
    blocked = at.replace(at.grounds, blocks=(at.row(Block, "b", provider="P1"),), consents=(at.row(Consent, "c"),))
    assert decided(at, blocked, **home_care) == ("HIDE", "R49")
    officer = at.replace(at.grounds, caller=at.replace(at.caller, kind="social", social_unit=True))
    assert decided(at, officer, **home_care) == ("PERMIT", "R80")
    assert decided(at, officer, **home_care | {"social": False}) == ("EXISTS", "R48")


def test_a_list_without_a_patient_shows_the_own_unit_to_whoever_stated_that_need(at):
    bare = at.replace(at.grounds, patient=None, named=False, relations=(), needs=())
    asked = at.replace(bare, needs=(at.row(Need, "w", type="worklist"),))
    own, sister, other = ({"provider": "P1", "unit": unit} for unit in ("U1", "U2", "U9"))
    assert decided(at, asked, **own) == ("PERMIT", "R20")
    assert decided(at, asked, **sister) == ("REFUSE", "R07")
    assert decided(at, asked, **other | {"provider": "P2"}) == ("REFUSE", "R07")
    assert decided(at, bare, **own) == ("ASK", "R21")
    quality = at.replace(bare, caller=at.replace(at.caller, purpose="quality"))
    assert decided(at, quality, **own) == ("ASK", "R21")


def test_own_entries_open_to_whom_the_patient_shares_with_and_while(at):
    own = {"regime": "OWN", "provider": None, "unit": None}
    shared = at.replace(at.grounds, shares=(at.row(Share, "s", provider="p1"),))
    assert decided(at, shared, **own) == ("PERMIT", "R91")
    assert decided(at, at.replace(shared, now=at.now + at.hour), **own)[0] is Outcome.HIDE
    elsewhere = at.replace(at.grounds, shares=(at.row(Share, "s", provider="P1", unit="U2"), at.row(Share, "t", provider="")))
    assert decided(at, elsewhere, **own) == ("HIDE", "R92")


def test_an_agent_sees_the_medication_list_with_a_power_of_attorney_of_its_own(at):
    agent = at.replace(at.grounds, caller=at.replace(at.caller, kind="agent", subject="A1"))
    given = {"start": at.now, "end": at.now + at.hour, "state": "active", "recorded": at.now, "recorded_by": "x"}
    for holder, outcome in (("A1", "PERMIT"), ("A2", "HIDE"), ("", "HIDE")):
        grounds = at.replace(agent, attorneys=(Attorney(id="p", agent=holder, **given),))
        assert decided(at, grounds, regime="NLL") == (outcome, "R75")


def test_a_source_sees_its_own_entries_whatever_the_patient_and_nothing_else(at):
    source = at.replace(at.caller, kind="system", source="s", provider="", unit="")
    grounds = at.replace(at.grounds, caller=source, patient=None, named=False)
    assert decided(at, grounds, source="s", nullified=True) == ("PERMIT", "R02")
    assert decided(at, grounds, source="t") == ("HIDE", "R02")
    assert closed_to_all(decide(at.replace(grounds, caller=at.replace(source, source=""))))


def test_the_log_opens_to_a_reviewer_of_its_owner_and_to_the_patient(at):
    audit = at.replace(at.grounds, request="audit")
    reviewer = at.replace(audit, caller=at.replace(at.caller, kind="reviewer"))
    assert decided(at, reviewer, provider="P1") == ("PERMIT", "R06")
    assert decided(at, reviewer, provider="P2") == ("HIDE", "R06")
    nobodys = at.replace(reviewer, caller=at.replace(at.caller, kind="reviewer", provider=""))
    assert closed_to_all(decide(nobodys))
    assert decided(at, at.replace(audit, caller=at.replace(at.caller, kind="patient")))[1] == "R72"
    assert closed_to_all(decide(audit))


@pytest.mark.parametrize(
    ("given", "caller", "expected"),
    [
        ({}, {}, ("consent-required",)),
        ({"needs": ()}, {}, ("need-required",)),
        ({"relations": ()}, {}, ("relation-required",)),
        ({"needs": ()}, {"scope": "VG"}, ()),
        ({"relations": ()}, {"scope": "VG"}, ("relation-required",)),
        ({"services_up": False}, {"scope": "VE"}, ("incomplete",)),
        ({"named": False, "patient": None, "needs": ()}, {}, ("own-unit-only", "need-required")),
        ({"named": False}, {}, ("own-unit-only",)),
        ({"dissents": "no"}, {}, ("consent-required",)),
        ({"dissents": "but for emergencies"}, {}, ("consent-refused",)),
        ({"dissents": "but for emergencies"}, {"unit": "U2"}, ("relation-required",)),
        ({}, {"kind": "patient"}, ()),
        ({}, {"purpose": "quality"}, ()),
        ({}, {"kind": "reviewer"}, ("log-only",)),
        ({"named": False}, {"kind": "reviewer"}, ("log-only",)),
        ({"request": "audit"}, {"kind": "reviewer"}, ()),
        ({}, {"kind": "technician"}, ("no-source",)),
        ({}, {"kind": "system"}, ()),
        ({}, {"kind": "guardian"}, ()),
        ({"named": False}, {"kind": "guardian"}, ("patient-required",)),
        ({"named": False}, {"kind": "agent"}, ("patient-required",)),
        ({"named": False}, {"kind": "patient"}, ()),
        ({}, {"kind": "social", "social_unit": True}, ("consent-required",)),
    ],
    ids=str,
)
def test_notices_say_what_is_missing_from_the_grounds_alone(at, given, caller, expected):
    said = given.get("dissents")
    made = {"dissents": (at.row(Dissent, "d", but_emergencies=said != "no"),)} if said else {}
    grounds = at.replace(at.grounds, caller=at.replace(at.caller, **caller), **given | made)
    assert decide(grounds).notices == expected
    assert decide(at.replace(grounds, blocks=(at.row(Block, "b"),))).notices == expected


@pytest.mark.parametrize("type", ["emergency", "child", "incapacity"])
def test_no_consent_is_asked_for_where_something_stands_for_it(at, type):
    assert decide(at.replace(at.grounds, assertions=(at.row(Assertion, "a", type=type),))).notices == ()


def test_a_digest_moves_with_what_can_be_seen_and_with_nothing_else(at):
    consented = at.replace(at.grounds, consents=(at.row(Consent, "c"),))
    again = at.replace(consented, now=at.now + SECOND, consents=(at.row(Consent, "d"),))
    two = (at.row(Block, "a", provider="P4"), at.row(Block, "b", type="inner", provider="P5", unit="U5"))
    digests = [
        decide(grounds).digest
        for grounds in (
            at.grounds,
            consented,
            at.replace(consented, blocks=two),
            at.replace(consented, blocks=two[:1]),
            at.replace(consented, caller=at.replace(at.caller, unit="U2", scope="VE")),
        )
    ]
    assert len(set(digests)) == len(digests)
    assert decide(again).digest == digests[1]
    assert decide(at.replace(consented, blocks=two[::-1] + two)).digest == digests[2]


def test_a_release_is_good_until_the_next_instant_at_which_a_ground_turns(at):
    midnight = datetime(2026, 3, 3, 23, tzinfo=UTC)
    bare = at.replace(at.grounds, relations=(), needs=())
    assert good_until(bare) == midnight
    assert good_until(at.grounds) == at.now + at.hour
    later = at.row(Block, "b", start=at.now + SECOND, end=None)
    assert good_until(at.replace(at.grounds, blocks=(later,))) == at.now + SECOND
    emergency = at.row(Assertion, "a", start=at.now - 24 * at.hour + SECOND, end=at.now + at.hour)
    assert good_until(at.replace(bare, assertions=(emergency,))) == at.now + SECOND


def test_every_row_names_the_law_and_the_grounds_it_rests_on(at):
    grounds = at.replace(at.grounds, consents=(at.row(Consent, "consent"),))
    row = next(row for row in decide(grounds).rows if row.rule == "R47")
    assert basis(row) == "SVOD 3:1"
    assert row.grounds == ("relation", "relevance", "consent")
    assert basis(Row(TRUE, Outcome.HIDE, "R99")) == "what no rule speaks of is hidden"


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("limit", "opens"),
    [
        ({"information_start": -3 * DAY}, True),
        ({"information_start": -2 * DAY}, True),
        ({"information_start": -2 * DAY + SECOND}, False),
        ({"information_end": -timedelta(hours=47)}, False),
        ({"information_end": -timedelta(hours=47) + SECOND}, True),
        ({"except_start": -2 * DAY, "except_end": -DAY}, False),
        ({"except_start": -timedelta(hours=47) + SECOND}, True),
        ({"except_end": -2 * DAY}, True),
        ({"except_end": -2 * DAY + SECOND}, False),
        ({"except_holders": ("P2",)}, False),
        ({"except_holders": ("u2",)}, False),
        ({"except_holders": ("P3", "U3")}, True),
        ({"except_types": ("lak", "upp")}, True),
    ],
    ids=str,
)
def test_a_consent_of_some_data_opens_those_alone(at, limit, opens):
    held = {name: at.now + value if isinstance(value, timedelta) else value for name, value in limit.items()}
    grounds = at.replace(at.grounds, consents=(at.row(Consent, "c", **held),))
    assert decided(at, grounds)[1] == ("R47" if opens else "R48")
    whole = at.replace(grounds, consents=(*grounds.consents, at.row(Consent, "whole")))
    assert decided(at, whole)[1] == "R47"


@pytest.mark.parametrize("times", [{"time_from": None}, {"time_to": None}, {"time_from": None, "time_to": None}], ids=str)
@pytest.mark.parametrize("name", ["information_start", "information_end", "except_start", "except_end"])
def test_data_of_an_unknown_time_lie_in_no_consent_s_period_and_in_every_exception(at, name, times):
    away = -99 * DAY if name in ("information_start", "except_end") else 99 * DAY
    grounds = at.replace(at.grounds, consents=(at.row(Consent, "c", **{name: at.now + away}),))
    assert decided(at, grounds)[1] == "R47"
    assert decided(at, grounds, **times)[1] == "R48"


@pytest.mark.parametrize(
    ("within", "opens"),
    [
        (Limits(start=-2 * DAY), True),
        (Limits(start=-2 * DAY + SECOND), False),
        (Limits(end=-timedelta(hours=47)), False),
        (Limits(end=-timedelta(hours=47) + SECOND), True),
        (Limits(but=(Limits(start=-2 * DAY + SECOND),)), False),
        (Limits(but=(Limits(start=-timedelta(hours=47) + SECOND),)), True),
        (Limits(but=(Limits(start=-3 * DAY, holders=("P3",)),)), True),
        (Limits(but=(Limits(start=-3 * DAY, holders=("P2",)),)), False),
        (Limits(but=(Limits(holders=("P2",), but=(Limits(start=-2 * DAY),)),)), True),
        (Limits(but=(Limits(holders=("P2",), but=(Limits(start=-2 * DAY + SECOND),)),)), False),
        (Limits(but=(Limits(start=-9 * DAY, end=-8 * DAY), Limits(start=-3 * DAY))), False),
    ],
    ids=str,
)
def test_the_elements_of_a_provision_match_together_and_what_is_nested_is_excepted(at, within, opens):
    grounds = at.replace(at.grounds, consents=(at.row(Consent, "c", within=_from(at, within)),))
    assert decided(at, grounds)[1] == ("R47" if opens else "R48")
    plain = at.row(Consent, "plain", except_holders=("P3",))
    assert decided(at, at.replace(grounds, consents=(*grounds.consents, plain)))[1] == "R47"


def _from(at, limits):
    """The limits with times that are told from now."""
    times = {name: at.now + value for name in ("start", "end") if (value := getattr(limits, name)) is not None}
    return at.replace(limits, **times, but=tuple(_from(at, each) for each in limits.but))


@pytest.mark.parametrize("within", [Limits(start=-99 * DAY), Limits(but=(Limits(start=99 * DAY, holders=("P2",)),))], ids=str)
def test_data_of_an_unknown_time_lie_in_no_permit_and_in_every_denial(at, within):
    grounds = at.replace(at.grounds, consents=(at.row(Consent, "c", within=_from(at, within)),))
    assert decided(at, grounds)[1] == "R47"
    assert decided(at, grounds, time_from=None)[1] == "R48"


def test_what_nobody_has_looked_at_opens_by_no_consent_of_resources(at):
    grounds = at.replace(at.grounds, consents=(at.row(Consent, "c", within=Limits(but=(Limits(kinds=("Condition",)),))),))
    said = Said(type="Observation", id="x")
    assert outcome_of(decide(grounds), at.custody) == (Outcome.HIDE, "R47")
    assert outcome_of(decide(grounds), at.replace(at.custody, says=())) == (Outcome.EXISTS, "R48")
    assert outcome_of(decide(grounds), at.replace(at.custody, says=(said,))) == (Outcome.PERMIT, "R47")
    both = (said, at.replace(said, type="Condition"))
    assert outcome_of(decide(grounds), at.replace(at.custody, says=both)) == (Outcome.EXISTS, "R48")


def test_an_excepted_information_type_is_not_opened(at):
    grounds = at.replace(at.grounds, consents=(at.row(Consent, "c", except_types=("lak",)),))
    assert [decided(at, grounds, info_type=kind)[1] for kind in ("voo", "lak", "caa-gmh")] == ["R47", "R48", "R48"]
