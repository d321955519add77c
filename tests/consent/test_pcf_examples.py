"""The example Consents that IHE PCF publishes: each decided of PCF's example data as its text says.

They name no reader and an example's policy, under which nothing is shared here. So each is read as it is, and again given to a
unit under the act, of which PCF's example practitioner is an employee.
"""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from hub.consent._parts import POLICY
from hub.consent.decision import decide
from hub.consent.grounds import Assertion, Block, Consent, Dissent, Need, PatientFacts, Relation
from hub.consent.payloads import with_rows
from hub.consent.provision import Context, Recipient, read_or_denied
from hub.consent.release import Outcome, outcome_of
from hub.directory import Directory, Provider, Unit
from hub.fhir.said import said

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
DIRECTORY = Directory(providers={"P1": Provider("P1", "A")}, units={"U1": Unit("U1", "A", "P1")})
CONTEXT = Context(
    directory=DIRECTORY, known={"Practitioner/ex-practitioner": Recipient("U1", "E1")}, recorded=NOW, recorded_by="E1"
)
READER = {
    "role": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]},
    "reference": {"identifier": {"system": "urn:oid:1.2.752.129.2.1.4.1", "value": "U1"}},
}
TIMES = {
    "Observation-ex-alcoholUse": datetime(2022, 6, 13, tzinfo=UTC),
    "Observation-ex-bloodSugar": datetime(2020, 12, 5, tzinfo=UTC),
    "Observation-ex-bloodPressure": datetime(2004, 12, 26, tzinfo=UTC),
    "Observation-ex-weight": datetime(2004, 12, 26, tzinfo=UTC),
    "Observation-ex-weight-2": datetime(2016, 3, 28, tzinfo=UTC),
    "Encounter-ex-encounter": None,
}
NORMAL = {"bloodSugar", "bloodPressure", "weight", "weight-2", "encounter", "practitioner's"}
"""PCF's data that are labelled N; `practitioner's` is the weight as if the example practitioner had taken it, in no encounter."""
SENSITIVE = {"alcoholUse", "PSY", "SDV"}
"""Labelled R; the last two are the blood sugar as if it were labelled so."""
ALL = NORMAL | SENSITIVE
TEXT = {
    "basic-treat": (ALL, ALL),
    "basic-treat-infant": (set(), set()),
    "basic-ink": (ALL, ALL),
    "basic-reject": (set(), set()),
    "dissent-intermediate-break-glass": (set(), set()),
    "basic-research": (set(), set()),
    "expired-treat": (set(), set()),
    "intermediate-timeframe": ({"alcoholUse"}, {"alcoholUse"}),
    "intermediate-not-timeframe": (ALL - {"alcoholUse", "encounter"}, ALL - {"alcoholUse", "encounter"}),
    "intermediate-authoredby": ({"practitioner's"}, {"practitioner's"}),
    "intermediate-not-authoredby": (ALL - {"practitioner's", "encounter"}, ALL - {"practitioner's", "encounter"}),
    "intermediate-data": (ALL - {"practitioner's", "PSY", "SDV"}, ALL - {"practitioner's", "PSY", "SDV"}),
    "intermediate-not-data": (ALL - {"alcoholUse"}, ALL - {"alcoholUse"}),
    "intermediate-encounter": (ALL - {"practitioner's"}, ALL - {"practitioner's"}),
    "intermediate-not-encounter": ({"practitioner's"}, {"practitioner's"}),
    "intermediate-purpose": (set(), set()),
    "advanced-normal": (NORMAL, NORMAL),
    "advanced-normal-restricted": (ALL, ALL),
    "advanced-normal-not-restricted": (NORMAL, NORMAL),
    "advanced-normal-break-glass-restricted": (NORMAL, NORMAL),
    "advanced-normal-focused-restricted": (NORMAL, ALL),
    "advanced-normal-focused-psy": (NORMAL, NORMAL | {"PSY"}),
    "advanced-normal-focused-psy-or-sdv": (NORMAL, NORMAL | {"PSY", "SDV"}),
}
"""What opens to care by the unit, and by the example practitioner there. An infant's consent is given by its mother, who is no
RelatedPerson there. An Encounter that tells neither its time nor its author lies in no such permit, and in every such denial."""


def loaded(reference, name):
    path = reference / "profiles" / "ihe-pcf" / "json" / f"{name}.json"
    if not path.exists():
        pytest.skip("the examples are not at hand")
    return json.loads(path.read_text("utf-8"))


def example(reference, name, given=True):
    held = loaded(reference, f"Consent-ex-{name}" if name.startswith("dissent") else f"Consent-ex-consent-{name}")
    if not given:
        return held
    denied = held["provision"]["type"] == "deny"
    provision = held["provision"] | ({} if denied else {"actor": held["provision"].get("actor", [READER])})
    return held | {"policy": [{"uri": POLICY["SVOD"]}], "provision": provision}


@pytest.fixture
def entries(at, reference):
    """PCF's example data by name, each an entry of another care provider."""
    held = {name.partition("-ex-")[2]: (loaded(reference, name), time) for name, time in TIMES.items()}
    weight, taken = held["weight"]
    apart = {name: value for name, value in weight.items() if name != "encounter"}
    held["practitioner's"] = (apart | {"id": "x", "performer": [{"reference": "Practitioner/ex-practitioner"}]}, taken)
    sugar, taken = held["bloodSugar"]
    for code in ("PSY", "SDV"):
        held[code] = sugar | {"id": code, "meta": {"security": [restricted(), label("v3-ActCode", code)]}}, taken
    hour = timedelta(hours=1)
    return {
        name: at.replace(at.custody, time_from=time, time_to=time and time + hour, says=(said(resource),))
        for name, (resource, time) in held.items()
    }


def label(system, code):
    return {"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": code}


def restricted():
    return label("v3-Confidentiality", "R")


def opened(at, resource, entries, employee="E2", more=()):
    """Which of PCF's data open to an employee of the unit, and the rows of the register."""
    rows = read_or_denied(resource, CONTEXT)
    mine = (at.row(Relation, "r", employee=employee), at.row(Need, "n", employee=employee))
    facts = PatientFacts(born=date(1970, 1, 1), deceased=False, protected=False)
    caller = at.replace(at.caller, subject=employee)
    release = decide(with_rows(at.replace(at.grounds, caller=caller, patient=facts, now=NOW), (*mine, *rows, *more)))
    return {name for name, entry in entries.items() if outcome_of(release, entry)[0] is Outcome.PERMIT}, rows


@pytest.mark.reference
@pytest.mark.parametrize("name", TEXT)
def test_an_example_is_decided_as_its_text_says(at, reference, entries, name):
    unit, practitioner = (opened(at, example(reference, name), entries, employee)[0] for employee in ("E2", "E1"))
    assert (unit, practitioner) == TEXT[name]


def glass_broken(at):
    shared = {"employee": "E2", "units": (), "providers": ("P2",)}
    return (at.row(Assertion, "1", **shared), at.row(Assertion, "2", step=2, follows="1", **shared))


@pytest.mark.reference
def test_breaking_the_glass_opens_what_a_consent_of_normal_data_does_not(at, reference, entries):
    normal = example(reference, "advanced-normal-break-glass-restricted")
    assert opened(at, normal, entries, more=glass_broken(at))[0] == ALL


@pytest.mark.reference
def test_a_dissent_but_for_breaking_the_glass_opens_to_that_and_to_no_consent(at, reference, entries):
    """Its text says that the consent need not point at the group, who may being understood. A Group cannot be read: it denies."""
    held = example(reference, "dissent-intermediate-break-glass")
    [glass] = held["provision"]["provision"]
    understood = held | {"provision": held["provision"] | {"provision": [{name: glass[name] for name in ("type", "purpose")}]}}
    consent = (at.row(Consent, "c"),)
    for written, broken in ((understood, ALL), (held, set()), (example(reference, "basic-reject"), set())):
        assert opened(at, written, entries, more=consent)[0] == set()
        seen, [row] = opened(at, written, entries, more=glass_broken(at))
        assert (seen, isinstance(row, Dissent)) == (broken, written is not held)


@pytest.mark.reference
@pytest.mark.parametrize("name", TEXT)
def test_under_a_policy_that_nobody_knows_an_example_denies(at, reference, entries, name):
    seen, rows = opened(at, example(reference, name, given=False), entries)
    assert seen == set()
    assert all(isinstance(row, Block) for row in rows)
    assert rows
