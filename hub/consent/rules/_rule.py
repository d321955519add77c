"""What a rule is: a row of the one table. A lane is the rows of one heading, entered where its own condition holds."""

from collections.abc import Callable
from dataclasses import dataclass

from hub.consent.facts import Facts
from hub.consent.release import FALSE, TRUE, Expression, Outcome, all_of, any_of, constant, negation


class Condition:
    """An expression over grounds and custody; given the facts of a decision, what is left of it over custody."""

    __slots__ = ("of",)

    def __init__(self, of: Callable[[Facts], Expression]) -> None:
        self.of = of

    def __and__(self, other: "Condition") -> "Condition":
        left_of, right_of = self.of, other.of

        def both(facts: Facts) -> Expression:
            left = left_of(facts)
            if left is FALSE:
                return left
            return right_of(facts) if left is TRUE else all_of(left, right_of(facts))

        return Condition(both)

    def __or__(self, other: "Condition") -> "Condition":
        return Condition(lambda facts: any_of(self.of(facts), other.of(facts)))

    def __invert__(self) -> "Condition":
        return Condition(lambda facts: negation(self.of(facts)))


def fact(of: Callable[[Facts], bool | None]) -> Condition:
    """A condition that the grounds settle."""
    return Condition(lambda facts: constant(of(facts)))


def ground(of: Callable[[Facts], tuple[object, ...]]) -> Condition:
    """There is such a ground."""
    return Condition(lambda facts: TRUE if of(facts) else FALSE)


def _none(_: Facts) -> tuple[()]:
    return ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: where `when` holds and no row before it does, `outcome`."""

    id: str
    """R-number of CONSENT.md section 4; a number may have several rows."""
    outcome: Outcome
    when: Condition
    basis: str
    by: Callable[[Facts], tuple[str, ...]] = _none
    """Ids of the grounds it rests on."""


@dataclass(frozen=True, slots=True)
class Lane:
    """The rows of one heading, in order."""

    when: Condition
    rules: tuple[Rule, ...]
