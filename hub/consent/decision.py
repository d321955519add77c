"""The decision: many rules, one Release. A pure function of its grounds."""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain

from hub.consent.facts import Facts
from hub.consent.grounds import Grounds, closing
from hub.consent.notices import notices
from hub.consent.release import FALSE, TRUE, Constant, Release, Row, all_of, closed
from hub.consent.rules import LANES, Rule
from hub.fhir.swedish_time import LOCAL


def decide(grounds: Grounds) -> Release:
    """What the grounds let through, as far as it can be said before any entry is looked at.

    Gives: rows for the store to ask of each entry; `refusal` is set where the request is not to be answered at all.
    """
    facts = Facts(grounds)
    return Release(closed(_rows(facts)), notices(facts))


def refusal(grounds: Grounds) -> Row | None:
    """The row by which `decide` refuses the request before any data are looked at; None: it does not. Rules after the first that
    has something to say are not asked."""
    first = next((row for row in _rows(Facts(grounds)) if row.when != FALSE), None)
    return first if first is not None and first.refuses else None


def good_until(grounds: Grounds) -> datetime:
    """The first instant at which the same rows of grounds may decide otherwise. Before it, and while the patient's epoch
    and the other grounds stand, a Release may be used again: no permit outlives an end.

    Gives: the earliest start, end or longest end of any row after `now`, and at most the next midnight in Sweden, when
    people grow older.
    """
    moments = (moment for row in grounds.rows for moment in row.moments if moment > grounds.now)
    return min(chain(moments, (closing(grounds.now.astimezone(LOCAL).date()),)))


def basis(row: Row) -> str:
    """The law that a row rests on, for the reader of an explanation."""
    found = (rule.basis for rule in _rules() if (rule.id, rule.outcome) == (row.rule, row.outcome))
    return next(found, "what no rule speaks of is hidden")


RULES = tuple(dict.fromkeys(rule.id for lane in LANES for rule in lane.rules))
"""Every rule, in their order."""
BASES = tuple(sorted({rule.basis for lane in LANES for rule in lane.rules}))
"""The laws that they rest on, as `basis` names them."""


def rules_of(law: str) -> list[str]:
    """The rules that rest on a law, as `basis` names it."""
    return sorted({rule.id for rule in _rules() if rule.basis == law})


def _rows(facts: Facts) -> Iterator[Row]:
    for lane in LANES:
        entered = lane.when.of(facts)
        if entered is FALSE:
            continue
        for rule in lane.rules:
            condition = rule.when.of(facts)
            if condition is FALSE:
                continue
            yield Row(condition if entered is TRUE else all_of(entered, condition), rule.outcome, rule.id, rule.by(facts))
            if isinstance(condition, Constant):
                break


def _rules() -> Iterator[Rule]:
    for lane in LANES:
        yield from lane.rules
