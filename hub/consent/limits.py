"""Of which data a provision of a consent is, as a small closed algebra. http://hl7.org/fhir/R4/consent.html

The elements of one provision must all match, the values of one element are alternatives, an absent element matches all. What is
nested is an exception of the other sense: a denial in a permit, a permit in a denial, and so on. What is not known lies in no
permit and in every denial; so an expression is made for the one or the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from hub.consent._labels import Label, labelled
from hub.consent._references import around, instances, is_masked, written_by
from hub.consent.info_types import left_open
from hub.consent.release import FALSE, TRUE, Expression, Overlaps, all_of, among, any_of, negation

Meaning = Literal["instance", "related", "dependents", "authoredby"]
"""http://hl7.org/fhir/R4/valueset-consent-data-meaning.html

Deviates: R4 says of `related` that it is the resource and what it refers to, of `dependents` that it is the resource and what
refers to it. IHE PCF has `related` alone, of an encounter, a care plan or an episode, and means what was authored within it.
"""
MEANINGS: tuple[Meaning, ...] = ("instance", "related", "dependents", "authoredby")
MOST = 64
"""Values that one consent may name: each is asked of every entry."""
DEEPEST = 4
"""Provisions in each other, the permit among them: SQLite reads no statement of any depth."""


class Data(NamedTuple):
    """One `provision.data`."""

    meaning: Meaning
    reference: str
    """`Type/id`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The data that a provision is of."""

    start: datetime | None = None
    end: datetime | None = None
    """Exclusive. Data of a period (`dataPeriod`); None, None: of any time."""
    holders: tuple[str, ...] = ()
    """HSA-ids of care providers and units whose data they are."""
    types: tuple[str, ...] = ()
    """Information types, `lak` and `upp`."""
    kinds: tuple[str, ...] = ()
    """Resource types. With `types` one element (`class`), so alternatives."""
    data: tuple[Data, ...] = ()
    labels: tuple[Label, ...] = ()
    but: tuple["Limits", ...] = ()
    """What is excepted."""

    @property
    def elements(self) -> Iterator[str]:
        """The elements that it has, by the names that FHIR gives them."""
        held = {
            "dataPeriod": self.start or self.end,
            "actor": self.holders,
            "class": self.types or self.kinds,
            "data": self.data,
            "securityLabel": self.labels,
            "provision": self.but,
        }
        return (name for name, value in held.items() if value)

    @property
    def labelled(self) -> bool:
        """Whether it turns on labels."""
        return bool(self.labels) or any(each.labelled for each in self.but)

    @property
    def depth(self) -> int:
        """How many provisions lie in each other, this among them."""
        return 1 + max((each.depth for each in self.but), default=0)

    @property
    def size(self) -> int:
        """How many values it names, with those that it excepts."""
        named = sum(map(len, (self.holders, self.types, self.kinds, self.data, self.labels)))
        return named + bool(self.start or self.end) + sum(each.size for each in self.but)


def within(limits: Limits, surely: bool = True, *, unnamed: bool = False) -> Expression:
    """The data that surely lie within a provision; else those of which it cannot be ruled out.

    Takes: `unnamed`: who of the staff wrote what is not told, since the patient's identity is protected.
    """
    return all_of(
        _of_period(limits.start, limits.end, surely),
        any_of(among("provider", limits.holders), among("unit", limits.holders)) if limits.holders else TRUE,
        _of_class(limits),
        any_of(*(_of_data(limits, meaning, surely, unnamed) for meaning in MEANINGS)) if limits.data else TRUE,
        labelled(limits.labels, surely) if limits.labels else TRUE,
        *(negation(within(each, not surely, unnamed=unnamed)) for each in limits.but),
    )


def _of_period(start: datetime | None, end: datetime | None, surely: bool) -> Expression:
    """Data whose time lies wholly in a period, or meets it. Of an unknown time: in none, or in every one."""
    if not surely:
        return Overlaps(start, end) if start or end else TRUE
    outside = [*([Overlaps(None, start)] if start else []), *([Overlaps(end, None)] if end else [])]
    return all_of(*map(negation, outside))


def _of_class(limits: Limits) -> Expression:
    if not limits.types and not limits.kinds:
        return TRUE
    return any_of(among("info_type", left_open(limits.types)), among("type", limits.kinds))


def _of_data(limits: Limits, meaning: Meaning, surely: bool, unnamed: bool) -> Expression:
    references = tuple(sorted({each.reference for each in limits.data if each.meaning == meaning}))
    if not references:
        return FALSE
    match meaning:
        case "instance":
            return instances(references)
        case "related" | "dependents":
            return around(references, surely, within=meaning == "related")
        case "authoredby":
            return TRUE if unnamed and not surely and any(map(is_masked, references)) else written_by(references, surely)
