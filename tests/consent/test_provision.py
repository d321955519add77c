"""A FHIR Consent becomes exactly the grounds it states, or is refused with the place of what cannot be kept."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.consent._data import RESOURCE_TYPES
from hub.consent._parts import INFORMATION_TYPE, POLICY, Context, Recipient
from hub.consent.grounds import Block, Consent, Dissent
from hub.consent.limits import MEANINGS, Data, Limits
from hub.consent.provision import read, read_or_denied
from hub.consent.provision_written import PROFILE, written
from hub.directory import Directory, Provider, Staff, Unit
from hub.errors import Unprocessable
from hub.fhir.identifiers import HSA_ID, HSA_ID_OF_BASE_PROFILES

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
DIRECTORY = Directory(
    providers={"P1": Provider("P1", "One"), "P2": Provider("P2", "Two")},
    units={"U1": Unit("U1", "A", "P1"), "U2": Unit("U2", "B", "P1"), "U3": Unit("U3", "C", "P2")},
    staff={"E1": Staff("E1", "A", "B", units=("U1",)), "E2": Staff("E2", "A", "B", units=("U1", "U2"))},
)
CONTEXT = Context(
    directory=DIRECTORY,
    known={"Organization/u2": Recipient("U2"), "Organization/gone": Recipient("U9")},
    literal=lambda kind, hsa_id: {("Practitioner", "E1"): "Practitioner/e1"}.get((kind, hsa_id)),
    recorded=NOW,
    recorded_by="E1",
)
PERSON_ROLE = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"


def named(value, system=HSA_ID, **more):
    return {"identifier": {"system": system, "value": value}} | more


def actor(reference, role="IRCP"):
    return {"role": {"coding": [{"system": PERSON_ROLE, "code": role}]}, "reference": reference}


def consent(provision=None, **changed):
    """An ordinary consent for unit U1; `None` takes an element away."""
    held = {
        "resourceType": "Consent",
        "id": "c",
        "status": "active",
        "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": "Patient/p"},
        "dateTime": "2026-03-01T08:00:00+01:00",
        "performer": [{"reference": "Patient/p"}],
        "policy": [{"uri": POLICY["SVOD"]}],
        "provision": provision or {"type": "permit", "actor": [actor(named("u1"))]},
    } | changed
    return {name: value for name, value in held.items() if value is not None}


PRIVACY = {"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}


def role(employee):
    """A contained role of an employee in unit U1."""
    return {"resourceType": "PractitionerRole", "id": "r", "practitioner": named(employee), "organization": named("U1")}


CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
NORMAL, RESTRICTED = ({"system": CONFIDENTIALITY, "code": code} for code in "NR")


def data(meaning, reference):
    return {"meaning": meaning, "reference": {"reference": reference}}


def author(value, **more):
    return {"meaning": "authoredby", "reference": {"type": "Practitioner"} | named(value) | more}


def nested(depth, kind):
    other = "permit" if kind == "deny" else "deny"
    inner = {"provision": [nested(depth - 1, other)]} if depth > 1 else {}
    return {"type": kind, "data": [data("instance", "Observation/x")]} | inner


def permit(**changed):
    held = {"type": "permit", "actor": [actor(named("U1"))]} | changed
    return consent({name: value for name, value in held.items() if value is not None})


def deny(*custodians, **changed):
    return consent({"type": "deny", "actor": [actor(named(each), "CST") for each in custodians]} | changed)


def test_a_consent_names_the_reading_unit_and_its_provider():
    (row,) = read(consent(), CONTEXT)
    assert row == Consent(
        id="c",
        start=datetime(2026, 3, 1, 7, tzinfo=UTC),
        end=None,
        state="active",
        recorded=NOW,
        recorded_by="E1",
        provider="P1",
        unit="U1",
        employee="",
        regime="SVOD",
        represented_by="",
    )


@pytest.mark.parametrize(
    ("reference", "who"),
    [
        (named("u1"), ("P1", "U1", "")),
        (named("U1", HSA_ID_OF_BASE_PROFILES), ("P1", "U1", "")),
        (named("U3", type="Organization"), ("P2", "U3", "")),
        (named("e1"), ("P1", "U1", "E1")),
        ({"reference": "Organization/u2"}, ("P1", "U2", "")),
    ],
    ids=str,
)
def test_a_recipient_is_found_by_hsa_id_of_either_system_or_as_the_hub_resolves_it(reference, who):
    (row,) = read(permit(actor=[actor(reference)]), CONTEXT)
    assert (row.provider, row.unit, row.employee) == who


def test_a_contained_role_names_an_employee_in_a_unit():
    role = {"resourceType": "PractitionerRole", "id": "r", "practitioner": named("E2"), "organization": named("U2")}
    (row,) = read(permit(actor=[actor({"reference": "#r"})]) | {"contained": [role]}, CONTEXT)
    assert (row.unit, row.employee) == ("U2", "E2")


def test_several_recipients_are_alternatives_each_with_a_row_of_its_own():
    rows = read(permit(actor=[actor(named("U1")), actor(named("U3"))]), CONTEXT)
    assert [(row.id, row.unit) for row in rows] == [("c-1", "U1"), ("c-2", "U3")]


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ({"start": "2026-03-01", "end": "2026-03-01"}, "2026-02-28T23:00:00+00:00", "2026-03-01T23:00:00+00:00"),
        ({"start": "2026-03-29", "end": "2026-03-29"}, "2026-03-28T23:00:00+00:00", "2026-03-29T22:00:00+00:00"),
        ({"start": "2026-10-25", "end": "2026-10-25"}, "2026-10-24T22:00:00+00:00", "2026-10-25T23:00:00+00:00"),
        ({"end": "2026-03-31T10:00:00Z"}, "2026-03-01T07:00:00+00:00", "2026-03-31T10:00:00.000001+00:00"),
        ({"start": "2026", "end": "2027-02"}, "2025-12-31T23:00:00+00:00", "2027-02-28T23:00:00+00:00"),
        ({"start": "2026-03-01", "end": "9999-12-31"}, "2026-02-28T23:00:00+00:00", None),
    ],
    ids=str,
)
def test_a_period_holds_to_the_end_of_its_last_day_or_instant(period, start, end):
    (row,) = read(permit(period=period), CONTEXT)
    assert row.start == datetime.fromisoformat(start)
    assert row.end == (end and datetime.fromisoformat(end))


@pytest.mark.parametrize(
    ("status", "states"),
    [
        ("active", ["active"]),
        ("inactive", ["ended"]),
        ("entered-in-error", ["annulled"]),
        ("draft", []),
        ("proposed", []),
        ("rejected", []),
    ],
)
def test_only_an_active_consent_holds(status, states):
    assert [row.state for row in read(consent(status=status), CONTEXT)] == states


def test_the_act_is_that_of_the_policy():
    (row,) = read(consent(policy=[{"uri": POLICY["NLL"]}]), CONTEXT)
    assert row.regime == "NLL"


def test_without_a_type_at_the_root_the_acts_share_nothing_and_nested_permits_are_the_consent():
    nested = {"type": "permit", "actor": [actor(named("U2"))]}
    (row,) = read(consent({"period": {"end": "2026-04-01"}, "provision": [nested]}), CONTEXT)
    assert (row.unit, row.end) == ("U2", datetime(2026, 4, 1, 22, tzinfo=UTC))
    assert read(consent({"provision": []} | {"period": {}}), CONTEXT) == ()


def test_a_nested_permit_adds_nothing_to_a_permit():
    nested = {"type": "permit", "actor": [actor(named("U2"))]}
    assert read(permit(provision=[nested]), CONTEXT) == read(consent(), CONTEXT)


def test_the_elements_of_one_exception_are_kept_together():
    both = {"type": "deny", "actor": [actor(named("P2"), "CST")], "class": [{"system": INFORMATION_TYPE, "code": "upp"}]}
    (row,) = read(permit(provision=[both]), CONTEXT)
    assert row.within == Limits(but=(Limits(holders=("P2",), types=("upp",)),))
    assert (row.except_holders, row.except_types) == ((), ())


def test_two_excepted_periods_and_an_exception_to_an_exception_are_kept():
    first, second = ({"type": "deny", "dataPeriod": {"start": f"{year}-01-01", "end": f"{year}-12-31"}} for year in (2023, 2025))
    but = {"type": "permit", "data": [data("instance", "Observation/x")]}
    (row,) = read(permit(provision=[first, second | {"provision": [but]}]), CONTEXT)
    periods = [(each.start.year, each.end.year) for each in row.within.but]
    assert periods == [(2022, 2023), (2024, 2025)]
    assert row.within.but[1].but == (Limits(data=(Data("instance", "Observation/x"),)),)


def test_an_author_may_be_named_by_hsa_id():
    (row,) = read(permit(data=[author("e1")]), CONTEXT)
    assert row.within.data == (Data("authoredby", "Practitioner/e1"),)


def test_exceptions_lie_in_each_other_three_deep():
    (row,) = read(permit(provision=[nested(3, "deny")]), CONTEXT)
    assert row.within.depth == 4


def test_a_nested_permit_of_data_is_a_permit_of_its_own_for_some_of_the_recipients():
    role = {"resourceType": "PractitionerRole", "id": "r", "practitioner": named("E2"), "organization": named("U1")}
    wider = {"type": "permit", "securityLabel": [RESTRICTED], "actor": [actor({"reference": "#r"})]}
    denied = {"type": "deny", "data": [data("authoredby", "Practitioner/a")]}
    held = permit(dataPeriod={"start": "2022"}, securityLabel=[NORMAL], provision=[denied, wider])
    everyone, one = read(held | {"contained": [role]}, CONTEXT)
    but = (Limits(data=(Data("authoredby", "Practitioner/a"),)),)
    assert (everyone.unit, everyone.employee) == ("U1", "")
    assert everyone.within == Limits(start=datetime(2021, 12, 31, 23, tzinfo=UTC), labels=((CONFIDENTIALITY, "N"),), but=but)
    assert (one.unit, one.employee, one.within) == ("U1", "E2", replace(everyone.within, labels=((CONFIDENTIALITY, "R"),)))


@pytest.mark.parametrize("code", ["BTG", "ETREAT"])
def test_a_nested_permit_for_emergencies_adds_nothing_for_the_law_opens_then(code):
    emergency = {
        "type": "permit",
        "purpose": [TREAT | {"code": code}],
        "securityLabel": [RESTRICTED],
        "actor": [actor(named("U2"))],
    }
    assert read(permit(securityLabel=[NORMAL], provision=[emergency]), CONTEXT) == read(permit(securityLabel=[NORMAL]), CONTEXT)


def test_a_representative_is_recorded():
    (row,) = read(consent(performer=[{"reference": "RelatedPerson/g"}]), CONTEXT)
    assert row.represented_by == "RelatedPerson/g"


TREAT = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT"}
RESEARCH = TREAT | {"code": "HRESCH"}
BREAK_GLASS = TREAT | {"code": "BTG"}


@pytest.mark.parametrize(
    ("resource", "place"),
    [
        (consent(modifierExtension=[{"url": "x"}]), "Consent.modifierExtension"),
        (consent(implicitRules="x"), "Consent.implicitRules"),
        (consent(_status={"extension": []}), "Consent._status"),
        (consent(verification=[{"verified": False}]), "Consent.verification"),
        (consent(policyRule={"text": "x"}), "Consent.policyRule"),
        (consent(scope={"coding": [{"system": "s", "code": "research"}]}), "Consent.scope"),
        (consent(scope=None), "Consent.scope"),
        (consent(status="on"), "Consent.status"),
        (consent(policy=None), "Consent.policy"),
        (consent(policy=[{"uri": "https://example.org/law"}]), "Consent.policy"),
        (consent(policy=[{"uri": POLICY["SVOD"]}, {"uri": POLICY["NLL"]}]), "Consent.policy"),
        (consent(policy={}), "Consent.policy"),
        (consent(performer=None), "Consent.performer"),
        (consent(performer=[{"reference": "Practitioner/x"}]), "Consent.performer[0]"),
        (consent(performer=[{"reference": "Patient/other"}]), "Consent.performer[0]"),
        (consent(patient="p"), "Consent.performer[0]"),
        (consent(dateTime="2026-02-30"), "Consent.dateTime.start"),
        (consent(category=[{"coding": [{"system": "http://snomed.info/sct", "code": "416308001"}]}]), "Consent.category"),
        (consent({"type": "maybe"}), "Consent.provision.type"),
        (consent(provision=None) | {"provision": 3}, "Consent.provision"),
        (permit(actor=None), "Consent.provision.actor"),
        (permit(actor=[actor(named("U1"), "CST")]), "Consent.provision.actor[0].role"),
        (permit(actor=[actor(named("U9"))]), "Consent.provision.actor[0].reference"),
        (permit(actor=[actor(named("E2"))]), "Consent.provision.actor[0].reference"),
        (permit(actor=[actor(named("P1"))]), "Consent.provision.actor[0].reference"),
        (permit(actor=[actor(named("U1", "urn:x"))]), "Consent.provision.actor[0].reference.identifier"),
        (permit(actor=[actor({"display": "U1"})]), "Consent.provision.actor[0].reference.identifier"),
        (permit(actor=[actor({"reference": "Group/x"})]), "Consent.provision.actor[0].reference"),
        (permit(actor=[actor({"reference": "Organization/gone"})]), "Consent.provision.actor[0].reference"),
        (permit(actor=[actor({"reference": "#r"})]) | {"contained": [{"id": "r"}]}, "Consent.provision.actor[0].reference"),
        (permit(purpose=[RESEARCH]), "Consent.provision.purpose"),
        (permit(period={"start": "2026-03-02", "end": "2026-03-01"}), "Consent.provision.period"),
        (permit(period={"start": "2026-03-02T10:00:00"}), "Consent.provision.period.start"),
        (permit(period={"end": 3}), "Consent.provision.period.end"),
        (permit(securityLabel=[{"code": "R"}]), "Consent.provision.securityLabel"),
        (permit(**{"class": [{"code": "x"}]}), "Consent.provision.class"),
        (permit(code=[{"text": "x"}]), "Consent.provision.code"),
        (permit(data=[{}]), "Consent.provision.data[0].reference"),
        (permit(data=[]), "Consent.provision.data"),
        (permit(data=[data("whatever", "Observation/x")]), "Consent.provision.data[0].meaning"),
        (permit(data=[data("instance", "Observation/x/_history/1")]), "Consent.provision.data[0].reference"),
        (permit(data=[data("instance", "Practitioner/x")]), "Consent.provision.data[0].reference"),
        (permit(data=[data("instance", "Group/x")]), "Consent.provision.data[0].reference"),
        (permit(data=[data("related", "Observation/x")]), "Consent.provision.data[0].reference"),
        (permit(data=[data("authoredby", "Group/x")]), "Consent.provision.data[0].reference"),
        (
            permit(data=[data("instance", "Observation/x") | {"modifierExtension": []}]),
            "Consent.provision.data[0].modifierExtension",
        ),
        (permit(data=[data("instance", f"Observation/{number}") for number in range(65)]), "Consent.provision"),
        (permit(provision=[nested(4, "deny")]), "Consent.provision"),
        (permit(data=[author("E9")]), "Consent.provision.data[0].reference"),
        (permit(data=[author("E1", reference="Practitioner/e1")]), "Consent.provision.data[0].reference"),
        (permit(data=[author("E1") | {"meaning": "instance"}]), "Consent.provision.data[0].reference"),
        (permit(securityLabel=[{"system": CONFIDENTIALITY, "code": "X"}]), "Consent.provision.securityLabel"),
        (permit(securityLabel=[{"system": CONFIDENTIALITY}]), "Consent.provision.securityLabel"),
        (permit(**{"class": [{"system": RESOURCE_TYPES, "code": "Practitioner"}]}), "Consent.provision.class"),
        (permit(securityLabel=[RESTRICTED]) | {"policy": [{"uri": POLICY["NLL"]}]}, "Consent.provision"),
        (
            permit(provision=[{"type": "permit", "securityLabel": [RESTRICTED], "actor": [actor(named("U2"))]}]),
            "Consent.provision.provision[0].actor[0].reference",
        ),
        (
            permit(provision=[{"type": "deny", "securityLabel": [RESTRICTED], "provision": [{"type": "deny"}]}]),
            "Consent.provision.provision[0].provision[0].type",
        ),
        (permit(dataPeriod={"start": "2026-13"}), "Consent.provision.dataPeriod.start"),
        (permit(action=[{"text": "x"}]), "Consent.provision.action"),
        (permit(provision=[{"type": "deny"}]), "Consent.provision.provision[0]"),
        (permit(dataPeriod={}), "Consent.provision.dataPeriod"),
        (permit(provision=[{"type": "deny", "dataPeriod": {"end": "9999"}}]), "Consent.provision.provision[0].dataPeriod"),
        (permit(provision=[{"type": "deny", "actor": []}]), "Consent.provision.provision[0]"),
        (permit(provision=[{"type": "deny", "dataPeriod": {}, "class": []}]), "Consent.provision.provision[0].dataPeriod"),
        (
            permit(provision=[{"type": "deny", "actor": [actor(named("U9"), "CST")]}]),
            "Consent.provision.provision[0].actor[0].reference",
        ),
        (permit(provision=[{"type": "deny", "actor": [actor(named("U1"))]}]), "Consent.provision.provision[0].actor[0].role"),
        (permit(provision=[{"type": "deny", "class": [{"code": "voo"}]}]), "Consent.provision.provision[0].class"),
        (permit(provision=[{"type": "deny", "data": [{}]}]), "Consent.provision.provision[0].data[0].reference"),
        (permit(provision=[{"type": "maybe"}]), "Consent.provision.provision[0].type"),
        (permit(dataPeriod={"start": "2026"}) | {"policy": [{"uri": POLICY["NLL"]}]}, "Consent.provision"),
        (permit(provision=[{"type": "permit", "provision": []}]), "Consent.provision.provision[0].provision"),
        (consent({"provision": [{"type": "deny"}]}), "Consent.provision.provision[0].type"),
        (permit() | {"contained": [role("E1"), role("E2")]}, "Consent.contained"),
        (permit() | {"scope": {"coding": [PRIVACY, PRIVACY | {"code": "research"}]}}, "Consent.scope"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_kept_exactly_is_refused_with_its_place_and_denies_if_met_in_store(resource, place):
    with pytest.raises(Unprocessable) as refused:
        read(resource, CONTEXT)
    assert refused.value.place == place
    (denial,) = read_or_denied(resource, CONTEXT)
    assert (denial.id, denial.readable) == ("c", False)


def test_a_unit_in_a_contained_role_must_be_known_to_the_directory():
    role = {"resourceType": "PractitionerRole", "id": "r", "practitioner": named("E2"), "organization": named("U9")}
    with pytest.raises(Unprocessable, match="no such unit"):
        read(permit(actor=[actor({"reference": "#r"})]) | {"contained": [role]}, CONTEXT)


def test_a_purpose_list_with_care_in_it_is_a_consent():
    assert read(permit(purpose=[RESEARCH, TREAT]), CONTEXT) == read(consent(), CONTEXT)


def test_one_that_is_over_denies_nothing_even_if_it_cannot_be_read():
    assert read_or_denied(consent(status="inactive", implicitRules="x"), CONTEXT) == ()
    assert read_or_denied(consent(), CONTEXT) == read(consent(), CONTEXT)


def test_a_denial_of_a_provider_is_an_outer_block_and_of_a_unit_an_inner_one():
    outer, inner = read(deny("p2", "U2"), CONTEXT)
    assert (outer.type, outer.provider, outer.unit) == ("outer", "P2", "")
    assert (inner.type, inner.provider, inner.unit) == ("inner", "P1", "U2")
    assert (outer.information_start, outer.information_end, outer.excluded) == (None, None, ())


@pytest.mark.parametrize(
    ("resource", "rows"),
    [
        (deny(), [("", "", "", False)]),
        (deny(purpose=[RESEARCH, TREAT]), [("", "", "", False)]),
        (deny(provision=[{"type": "permit", "purpose": [BREAK_GLASS]}]), [("", "", "", True)]),
        (deny(actor=[actor(named("u1")), actor(named("E1"))]), [("P1", "U1", "", False), ("P1", "U1", "E1", False)]),
    ],
    ids=["of all", "with care among purposes", "but for emergencies", "of a unit and an employee"],
)
def test_a_denial_without_custodian_is_a_dissent(resource, rows):
    read_ = read(resource, CONTEXT)
    assert [(each.provider, each.unit, each.employee, each.but_emergencies) for each in read_] == rows
    assert {type(each) for each in read_} == {Dissent}
    assert {each.regime for each in read_} == {"SVOD"}


def test_a_denial_may_be_of_a_time_and_leave_information_types_open():
    own = {"type": "permit", "actor": [actor(named("P2"))]}
    open_ = {"type": "permit", "class": [{"system": INFORMATION_TYPE, "code": code} for code in ("upp", "lak")]}
    (block,) = read(deny("P2", dataPeriod={"start": "2026-01-01", "end": "2026-01-31"}, provision=[own, open_]), CONTEXT)
    assert block.information_start == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert block.information_end == datetime(2026, 1, 31, 23, tzinfo=UTC)
    assert block.excluded == ("lak", "upp")
    assert isinstance(block, Block)


@pytest.mark.parametrize(
    ("resource", "place"),
    [
        (
            deny() | {"category": [{"coding": [{"system": "http://snomed.info/sct", "code": "416308001"}]}]},
            "Consent.provision.actor",
        ),
        (deny("U9"), "Consent.provision.actor"),
        (deny("P2", actor=[actor(named("U1")), actor(named("P2"), "CST")]), "Consent.provision.actor[0].role"),
        (deny(dataPeriod={"start": "2026"}), "Consent.provision.dataPeriod"),
        (deny(securityLabel=[RESTRICTED]), "Consent.provision.securityLabel"),
        (deny(actor=[actor(named("U9"))]), "Consent.provision.actor[0].reference"),
        (deny(actor=[actor({"reference": "Group/g"})]), "Consent.provision.actor[0].reference"),
        (deny(purpose=[RESEARCH]), "Consent.provision.purpose"),
        (deny(provision=[{"type": "permit"}]), "Consent.provision.provision[0]"),
        (deny(provision=[{"type": "permit", "purpose": [BREAK_GLASS, TREAT]}]), "Consent.provision.provision[0]"),
        (deny(provision=[{"type": "deny", "purpose": [BREAK_GLASS]}]), "Consent.provision.provision[0]"),
        (
            deny(provision=[{"type": "permit", "purpose": [BREAK_GLASS], "actor": [actor({"reference": "Group/g"})]}]),
            "Consent.provision.provision[0].actor",
        ),
        (deny() | {"performer": [{"reference": "RelatedPerson/g"}]}, "Consent.performer"),
        (deny("P2", purpose=[RESEARCH]), "Consent.provision.purpose"),
        (deny("P2", provision=[{"type": "deny"}]), "Consent.provision.provision[0].type"),
        (deny("P2", provision=[{"type": "permit", "actor": [actor(named("U1"))]}]), "Consent.provision.provision[0]"),
        (deny("P2", provision=[{"type": "permit", "class": [{"code": "lak"}]}]), "Consent.provision.provision[0].class"),
        (
            deny("P2", provision=[{"type": "permit", "class": [], "actor": [actor(named("P2"))]}]),
            "Consent.provision.provision[0]",
        ),
        (deny("P2") | {"performer": [{"reference": "RelatedPerson/g"}]}, "Consent.performer"),
    ],
    ids=str,
)
def test_a_denial_that_is_no_block_is_refused(resource, place):
    with pytest.raises(Unprocessable) as refused:
        read(resource, CONTEXT)
    assert refused.value.place == place


INSTANTS = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))
MIDNIGHTS = st.sampled_from(["2026-03-28T23:00", "2026-03-29T22:00", "2026-10-24T22:00", "2026-10-25T23:00"]).map(
    lambda written: datetime.fromisoformat(written + "+00:00")
)
CONSENTS = st.builds(
    Consent,
    id=st.uuids().map(str),
    start=st.just(datetime(1999, 1, 1, tzinfo=UTC)),
    end=st.none() | INSTANTS | MIDNIGHTS,
    state=st.sampled_from(["active", "ended", "annulled"]),
    recorded=st.just(NOW),
    recorded_by=st.just("E1"),
    provider=st.just("P1"),
    unit=st.sampled_from(["U1", "U2"]),
    employee=st.sampled_from(["", "E1", "E2"]),
    regime=st.sampled_from(["SVOD", "NLL"]),
    represented_by=st.sampled_from(["", "RelatedPerson/g"]),
)
LIMITED = st.builds(
    replace,
    CONSENTS,
    regime=st.just("SVOD"),
    information_start=st.none() | st.just(datetime(1999, 5, 1, tzinfo=UTC)),
    information_end=st.none() | INSTANTS | MIDNIGHTS,
    except_start=st.none() | st.just(datetime(1999, 6, 1, tzinfo=UTC)),
    except_end=st.none() | INSTANTS | MIDNIGHTS,
    except_holders=st.sampled_from([(), ("P2",), ("P2", "U3")]),
    except_types=st.sampled_from([(), ("lak",), ("lak", "upp")]),
)


ONE = st.builds(
    Limits,
    start=st.none() | st.just(datetime(1999, 5, 1, tzinfo=UTC)),
    end=st.none() | MIDNIGHTS,
    types=st.sampled_from([(), ("lak",), ("lak", "upp")]),
    kinds=st.sampled_from([(), ("Observation",)]),
    data=st.sampled_from([(), *((Data(each, "Encounter/e"),) for each in MEANINGS if each != "authoredby")]),
    labels=st.sampled_from([(), ((CONFIDENTIALITY, "N"), (CONFIDENTIALITY, "R"))]),
)
NESTED = st.recursive(
    st.builds(replace, ONE, holders=st.just(("P2",))),
    lambda inner: st.builds(replace, ONE, holders=st.just(("U3",)), but=st.lists(inner, max_size=2).map(tuple)),
    max_leaves=3,
)
WITHIN = st.builds(replace, ONE, data=st.just((Data("authoredby", "Device/d"),)), but=st.lists(NESTED, max_size=2).map(tuple))
WHOLE = st.builds(replace, CONSENTS, regime=st.just("SVOD"), within=WITHIN)


@settings(deadline=None)
@given(CONSENTS | LIMITED | WHOLE)
def test_a_consent_of_the_register_is_read_back_as_it_was_written(row):
    assert read(written(row, "Patient/p"), CONTEXT) == (row,)


def test_a_consent_to_the_end_of_a_day_is_written_with_its_date(at):
    row = at.row(Consent, "c", end=datetime(2026, 3, 3, 23, tzinfo=UTC))
    assert written(row, "Patient/p")["provision"]["period"] == {"start": "2026-03-03T11:00:00Z", "end": "2026-03-03"}
    later = at.row(Consent, "c", end=datetime(2026, 3, 3, 23, tzinfo=UTC) + timedelta(microseconds=1))
    assert written(later, "Patient/p")["provision"]["period"]["end"] == "2026-03-03T23:00:00Z"


def test_a_written_consent_has_all_that_pcf_basic_requires_and_nothing_it_forbids(at):
    held = written(at.row(Consent, "c"), "Patient/p")
    assert held["meta"]["profile"] == [PROFILE]
    assert {"dateTime", "performer", "organization", "sourceAttachment", "policy", "category", "scope"} <= held.keys()
    assert not {"verification", "policyRule"} & held.keys()
    assert not {"action", "class", "code", "data", "dataPeriod", "securityLabel", "provision"} & held["provision"].keys()


def test_without_any_date_it_holds_from_when_it_was_recorded():
    (row,) = read(consent(dateTime=None), CONTEXT)
    assert row.start == NOW
