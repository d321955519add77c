"""What the consent tests share: a reader, an instant, one entry, and rows of grounds with everything filled in."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from hub.caller import Caller
from hub.consent.grounds import Assertion, Block, Consent, Dissent, Grounds, Need, PatientFacts, Relation, Revoke, Share
from hub.fhir.custody import Custody

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
COMMON = {"start": NOW - HOUR, "end": NOW + HOUR, "state": "active", "recorded": NOW - HOUR, "recorded_by": "E1"}
MINE = {"provider": "P1", "unit": "U1", "employee": "E1"}


def row(kind, id, **given):
    """A ground of a kind, with all that the test does not speak of filled in."""
    filled = {
        Consent: MINE | {"employee": "", "regime": "SVOD", "represented_by": ""},
        Relation: MINE,
        Need: MINE | {"type": "relevance", "reason": "r"},
        Assertion: MINE
        | {
            "type": "emergency",
            "step": 1,
            "follows": "",
            "reason": "r",
            "providers": (),
            "units": (),
            "attestations": (),
        },
        Block: {
            "type": "outer",
            "regime": "SVOD",
            "provider": "P2",
            "unit": "",
            "information_start": None,
            "information_end": None,
            "excluded": (),
        },
        Dissent: {"provider": "", "unit": "", "employee": "", "regime": "SVOD", "but_emergencies": False},
        Revoke: MINE | {"employee": "", "block": "b", "owner": "P2", "reason": "patient_consent"},
        Share: {"provider": "P1", "unit": ""},
    }[kind]
    return kind(id=id, **(COMMON | filled | given))


CALLER = Caller(
    kind="clinician",
    subject="E1",
    client="c",
    issuer="i",
    loa=3,
    purpose="care",
    scope="SJF",
    provider="P1",
    unit="U1",
    social_unit=False,
    role="physician",
)
GROUNDS = Grounds(
    caller=CALLER,
    now=NOW,
    patient=PatientFacts(born=date(1970, 1, 1), deceased=False, protected=False),
    named=True,
    request="care",
    services_up=True,
    relations=(row(Relation, "relation"),),
    needs=(row(Need, "relevance"),),
)
CUSTODY = Custody(
    source="s",
    provider="P2",
    unit="U2",
    info_type="voo",
    regime="SVOD",
    social=False,
    time_from=NOW - 48 * HOUR,
    time_to=NOW - 47 * HOUR,
    released=True,
    secret=False,
    nullified=False,
    insurance=False,
    purpose="care",
    incapacity=False,
)


@pytest.fixture
def at():
    """The clinician E1 of unit U1 at P1, related to the patient and with a stated need, and an entry of P2."""
    return SimpleNamespace(now=NOW, hour=HOUR, row=row, caller=CALLER, grounds=GROUNDS, custody=CUSTODY, replace=replace)
