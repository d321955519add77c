"""Each rule of the table, weakened or left out, is noticed by the second opinion: no row is there that no test would miss.

The rules are taken from the table itself. `shown`: what a row withholds, it shows; `wider`: what a row shows, it shows of all
that comes to it; `missing`: the row is left out.
"""

import itertools
import random
from dataclasses import replace

import pytest

from hub.consent import decision
from hub.consent.cases import VALUES, decide_case, read_case
from hub.consent.release import TRUE, Outcome, outcome_of
from hub.consent.rules import LANES
from hub.consent.rules._rule import Condition
from hub.consent.rules._terms import always
from tests.reference.test_consent_naive import second_opinion

ALWAYS = Condition(lambda facts: TRUE)
OPEN = {
    "purpose": "care",
    "scope": "SJF",
    "patientNamed": True,
    "relation": "current",
    "relevance": True,
    "consent": "unit",
    "assertion": "none",
    "step": 0,
    "block": "none",
    "blockExcludes": [],
    "blockPeriod": "none",
    "revoke": "none",
    "dataType": "und",
    "dataPurpose": "care",
    "nullified": False,
    "insuranceInvestigation": False,
    "orgKnown": True,
    "servicesUp": True,
    "releasedToPatient": True,
    "secretFromPatient": False,
    "underIncapacityRule": False,
    "loa": 3,
    "patientAge": 12,
    "patientDeceased": False,
    "officer": True,
    "role": "physician",
    "sharedWith": "unit",
    "ownSource": True,
    "dissent": "none",
}
"""Facts under which nearly everything is shown."""
OTHERS = VALUES | {
    "role": ("nurse", "pharmacist", "assistant_nurse"),
    "loa": (2,),
    "patientAge": (13, 17, 18, 50),
    "dataType": ("lak", "upp", "caa-gmh"),
    "blockExcludes": (["lak"], ["upp"]),
    "dissent": ("all", "but_emergencies"),
}
STEPS = (("none", 0), *((each, step) for each in ("child", "incapacity", "emergency", "inner_emergency") for step in (1, 2)))


@pytest.fixture(scope="module")
def cases():
    """Facts and what the second opinion says of them, by the rule that it names: all that is a few facts from being shown."""
    found = {}
    for facts in (*_one_fact_off(), *_steps(random.Random(4))):
        opinion = second_opinion(facts)
        found.setdefault(opinion[1], []).append((facts, opinion))
    return found


def _one_fact_off():
    """Everything is open, but for one fact."""
    others = [(name, value) for name in OPEN for value in OTHERS[name]]
    for kind, location, request in itertools.product(*(VALUES[name] for name in ("kind", "location", "request"))):
        if request in ("care", "audit") or kind == "clinician":
            yield from (OPEN | {name: value, "kind": kind, "location": location, "request": request} for name, value in others)


def _steps(chance):
    """What staff may have done before they ask, in all ways; and another fact by chance."""
    done = list(itertools.product(VALUES["relation"], (True, False), STEPS, ("none", "inner", "outer"), ("unit", "none")))
    for kind, location in itertools.product(("clinician", "social"), VALUES["location"]):
        for relation, relevance, (assertion, step), block, consent in done:
            facts = OPEN | {"kind": kind, "location": location, "request": "care", "relation": relation, "relevance": relevance}
            facts |= {"assertion": assertion, "step": step, "block": block, "consent": consent}
            name = chance.choice(sorted(OPEN))
            yield facts | ({name: chance.choice(OTHERS[name])} if name not in ("step", "assertion") else {})


def changed(lane, row, how):
    """The table with one row of one lane changed."""
    rule, rules = LANES[lane].rules[row], LANES[lane].rules
    made = {
        "shown": (replace(rule, outcome=Outcome.PERMIT),),
        "wider": (replace(rule, when=ALWAYS),),
        "missing": (),
    }[how]
    held = replace(LANES[lane], rules=(*rules[:row], *made, *rules[row + 1 :]))
    return (*LANES[:lane], held, *LANES[lane + 1 :])


def mutants():
    """Every row of every lane, changed in each way that it can be."""
    for lane, held in enumerate(LANES):
        for row, rule in enumerate(held.rules):
            for how in ("missing", "wider" if rule.outcome is Outcome.PERMIT else "shown"):
                if how == "wider" and rule.when is always:
                    continue  # it is that wide
                yield pytest.param(lane, row, how, id=f"{rule.id}-{lane}.{row}-{how}")


def test_as_it_is_the_table_says_what_the_second_opinion_does(cases):
    assert all(decide_case(facts, {}) == opinion for its in cases.values() for facts, opinion in its)
    assert {place: _of_a_list(place) for place in OF_LISTS} == OF_LISTS


@pytest.mark.parametrize(("lane", "row", "how"), list(mutants()))
def test_a_rule_that_is_changed_is_noticed(cases, monkeypatch, lane, row, how):
    monkeypatch.setattr(decision, "LANES", changed(lane, row, how))
    rule = LANES[lane].rules[row].id
    first = [*cases.get(rule, ()), *(each for name, its in cases.items() if name != rule for each in its)]
    lists = any(_of_a_list(place) != opinion for place, opinion in OF_LISTS.items())
    assert lists or any(decide_case(facts, {}) != opinion for facts, opinion in first)


OF_LISTS = {
    "SAME_UNIT": (Outcome.ASK, "R21"),
    "SAME_PROVIDER": (Outcome.REFUSE, "R07"),
    "OTHER_PROVIDER": (Outcome.REFUSE, "R07"),
    "OWN": (Outcome.REFUSE, "R07"),
}
"""What becomes of an entry of each place in a list of the unit, which no case can ask for: nobody is named (API.md section 3)."""


def _of_a_list(place):
    case = read_case("", OPEN | {"kind": "clinician", "location": place, "request": "care", "patientNamed": False})
    return outcome_of(decision.decide(replace(case.grounds, patient=None)), case.custody)
