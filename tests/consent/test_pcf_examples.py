"""The example Consents that IHE PCF publishes: each decided as its text says, or, where the rules have no counterpart, closed.

They name no reader and an example's policy, under which nothing is shared here. So each is read as it is, and again given to a
unit under the act.
"""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from hub.consent._parts import POLICY
from hub.consent.decision import decide
from hub.consent.grounds import Block, Need, PatientFacts, Relation
from hub.consent.payloads import with_rows
from hub.consent.provision import Context, read_or_denied
from hub.consent.release import Outcome, outcome_of
from hub.directory import Directory, Provider, Unit

THEN, AFTER = datetime(2022, 6, 15, tzinfo=UTC), datetime(2023, 6, 15, tzinfo=UTC)
DIRECTORY = Directory(providers={"P1": Provider("P1", "A")}, units={"U1": Unit("U1", "A", "P1")})
READER = {
    "role": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]},
    "reference": {"identifier": {"system": "urn:oid:1.2.752.129.2.1.4.1", "value": "U1"}},
}
TEXT = {
    "basic-treat": (True, True),
    "basic-treat-infant": (False, False),
    "basic-ink": (True, True),
    "basic-reject": (False, False),
    "basic-research": (False, False),
    "expired-treat": (False, False),
    "intermediate-timeframe": (True, False),
    "intermediate-not-timeframe": (False, True),
    "intermediate-purpose": (False, False),
}
"""Whether data of 2022, and of 2023, open to care in 2026. An infant's is given by its mother, who is no RelatedPerson there."""
NO_COUNTERPART = (
    "intermediate-authoredby",
    "intermediate-not-authoredby",
    "intermediate-data",
    "intermediate-not-data",
    "intermediate-encounter",
    "intermediate-not-encounter",
    "advanced-normal",
    "advanced-normal-restricted",
    "advanced-normal-not-restricted",
    "advanced-normal-break-glass-restricted",
    "advanced-normal-focused-restricted",
    "advanced-normal-focused-psy",
    "advanced-normal-focused-psy-or-sdv",
)
"""Data by author, instance or encounter, and security labels: nothing here tells which entries they are."""


def example(reference, name, given=True):
    path = reference / "profiles" / "ihe-pcf" / "json" / f"Consent-ex-consent-{name}.json"
    if not path.exists():
        path = path.with_name(f"Consent-ex-{name}.json")
    if not path.exists():
        pytest.skip("the examples are not at hand")
    held = json.loads(path.read_text("utf-8"))
    if not given:
        return held
    provision = held["provision"] | {"actor": held["provision"].get("actor", [READER])}
    return held | {"policy": [{"uri": POLICY["SVOD"]}], "provision": provision}


def opened(at, resource):
    """Whether data of 2022, and of 2023, open to unit U1."""
    now = datetime(2026, 3, 3, 12, tzinfo=UTC)
    rows = read_or_denied(resource, Context(directory=DIRECTORY, recorded=now, recorded_by="E1"))
    held = (at.row(Relation, "r"), at.row(Need, "n"), *rows)
    facts = PatientFacts(born=date(1970, 1, 1), deceased=False, protected=False)
    release = decide(with_rows(at.replace(at.grounds, patient=facts, now=now), held))
    times = (at.replace(at.custody, time_from=time, time_to=time + timedelta(hours=1)) for time in (THEN, AFTER))
    return tuple(outcome_of(release, entry)[0] is Outcome.PERMIT for entry in times), rows


@pytest.mark.reference
@pytest.mark.parametrize("name", TEXT)
def test_an_example_is_decided_as_its_text_says(at, reference, name):
    assert opened(at, example(reference, name))[0] == TEXT[name]


@pytest.mark.reference
@pytest.mark.parametrize("name", NO_COUNTERPART)
def test_an_example_without_a_counterpart_permits_nothing_and_denies(at, reference, name):
    seen, rows = opened(at, example(reference, name))
    assert seen == (False, False)
    assert [isinstance(row, Block) and not row.readable for row in rows] == [True]


@pytest.mark.reference
@pytest.mark.parametrize("name", [*TEXT, *NO_COUNTERPART, "dissent-intermediate-break-glass"])
def test_under_a_policy_that_nobody_knows_an_example_denies(at, reference, name):
    seen, rows = opened(at, example(reference, name, given=False))
    assert seen == (False, False)
    assert all(isinstance(row, Block) for row in rows)
    assert rows
