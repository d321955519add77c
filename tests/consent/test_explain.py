"""Every row of the one table has its words, and an explanation names what decides."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.consent.cases import VALUES, read_case
from hub.consent.decision import decide
from hub.consent.explain import UNKNOWN, WORDS, explain
from hub.consent.release import Outcome
from hub.consent.rules import LANES

BASE = {name: values[0] for name, values in VALUES.items() if name not in ("location", "relation", "consent", "sharedWith")} | {
    "location": "OTHER_PROVIDER",
    "relation": "current",
    "consent": "unit",
    "sharedWith": "none",
    "role": "physician",
    "loa": 3,
    "patientAge": 50,
    "dataType": "und",
    "blockExcludes": [],
    "scope": "SJF",
    "insuranceInvestigation": False,
    "nullified": False,
    "patientDeceased": False,
    "officer": False,
    "secretFromPatient": False,
    "underIncapacityRule": False,
}


def why(**given):
    case = read_case("", BASE | given)
    return case, explain(case.grounds, decide(case.grounds), case.custody)


def test_every_row_of_the_table_has_its_words_in_two_languages():
    rows = {(rule.id, rule.outcome) for lane in LANES for rule in lane.rules}
    assert rows == WORDS.keys()
    assert all(sv and en and sv != en for sv, en in WORDS.values())


@pytest.mark.parametrize(
    ("given", "outcome", "rule", "kinds"),
    [
        ({}, Outcome.PERMIT, "R47", ["consent", "need", "relation"]),
        ({"consent": "none"}, Outcome.EXISTS, "R48", []),
        ({"block": "outer"}, Outcome.BLOCKED_EXISTS, "R42", ["block"]),
        ({"block": "inner", "location": "SAME_PROVIDER"}, Outcome.BLOCKED_EXISTS, "R31", ["block"]),
        ({"relation": "none"}, Outcome.ASK, "R44", []),
        ({"location": "SAME_UNIT"}, Outcome.PERMIT, "R20", ["relation"]),
    ],
    ids=str,
)
def test_an_explanation_names_the_rule_and_the_grounds(given, outcome, rule, kinds):
    case, found = why(**given)
    held = {row.id: row.KIND for row in case.grounds.rows}
    assert (found.outcome, found.rule, sorted(held[id] for id in found.grounds)) == (outcome, rule, kinds)
    assert (found.sv, found.en) == WORDS[rule, outcome]


def test_what_is_not_known_is_explained_as_not_known():
    case, _ = why()
    found = explain(case.grounds, decide(case.grounds), replace(case.custody, purpose=None))
    assert (found.outcome, found.certain, found.grounds) == (Outcome.HIDE, False, ())
    assert (found.sv, found.en) == UNKNOWN


def test_a_block_of_another_time_is_not_named():
    case, _ = why(block="outer")
    [block] = case.grounds.blocks
    early = replace(block, id="early", information_start=case.grounds.now, information_end=case.grounds.now + timedelta(days=1))
    given = replace(case.grounds, blocks=(early, block))
    assert explain(given, decide(given), case.custody).grounds == (block.id,)
