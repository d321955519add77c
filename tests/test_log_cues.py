"""Each cue by its rule, at its edges."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.interactions.log_cues import CUES, MANY, About

DAY = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BARE = {
    "content": {"action": "read", "outcome": "permit"},
    "at": DAY,
    "staff_family": "",
    "patient_family": "",
    "hour": (),
    "contact": None,
    "withdrawn": None,
}


def cues(**changed):
    return [cue.name for cue in CUES if cue.holds(About(**BARE | changed))]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"staff_family": "Ek", "patient_family": "EK"}, ["same-surname"]),
        ({"staff_family": "Ek", "patient_family": "Ekman"}, []),
        ({"at": datetime(2026, 11, 20, 21, 0, tzinfo=UTC)}, ["night"]),  # 22 in Sweden
        ({"at": datetime(2026, 11, 20, 20, 59, tzinfo=UTC)}, []),
        ({"at": datetime(2026, 11, 20, 5, 0, tzinfo=UTC)}, []),  # 6 in Sweden
        ({"at": datetime(2026, 7, 20, 20, 0, tzinfo=UTC)}, ["night"]),  # 22 in Sweden, in summer
        ({"contact": False}, ["no-contact"]),
        ({"contact": True}, []),
        ({"hour": [(0, pk, "permit") for pk in range(1, MANY + 1)]}, []),
        ({"hour": [(0, pk, "permit") for pk in range(1, MANY + 2)]}, ["many-patients"]),
        ({"hour": [(0, 1, "permit")] * 99}, []),
        ({"withdrawn": DAY - timedelta(days=30)}, ["after-withdrawal"]),
        ({"withdrawn": DAY - timedelta(days=31)}, []),
        ({"withdrawn": DAY}, []),
        ({"own": True, "address": ("Gatan 1",), "patient_address": ("Gatan 1",)}, ["own-record"]),
        ({"address": ("Gatan 1", "12345"), "patient_address": ("Gatan 1", "12345")}, ["same-address"]),
        ({"address": ("Gatan 1", "12345"), "patient_address": ("Gatan 1", "54321")}, []),
        ({"address": (), "patient_address": ()}, []),
        ({"colleague": True}, ["colleague"]),
        ({"watched": True}, ["public-interest"]),
        ({"away": True}, ["leave"]),
        ({"away": True, "content": {"action": "read", "outcome": "nothing"}}, []),
        ({"content": {"action": "register-assertion", "details": {"type": "emergency"}}}, ["emergency"]),
        ({"content": {"action": "register-assertion", "details": {"type": "incapacity"}}}, []),
        ({"content": {"action": "read", "outcome": "refuse"}, "hour": [(0, 0, "refuse")] * 2}, []),
        ({"content": {"action": "read", "outcome": "refuse"}, "hour": [(0, 0, "refuse")] * 3}, ["refused-repeatedly"]),
    ],
    ids=str,
)
def test_a_cue_holds_by_its_rule(changed, expected):
    assert cues(**changed) == expected


def test_every_cue_says_its_rule_in_both_languages():
    assert all(cue.sv.endswith(".") and cue.en.endswith(".") for cue in CUES)
