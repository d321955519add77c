"""What the grounds settle for one decision: each fact worked out at most once, and only if a rule asks."""

from collections.abc import Iterable
from functools import cached_property
from typing import Literal, TypeVar

from hub.consent.grounds import (
    ATTESTATIONS,
    Assertion,
    AssertionType,
    Attorney,
    Block,
    CareRegime,
    Commissioned,
    Consent,
    Dissent,
    Grounds,
    Need,
    NeedType,
    Relation,
    Share,
    same,
)
from hub.consent.info_types import left_open
from hub.consent.limits import within
from hub.consent.merging import merged
from hub.consent.release import (
    FALSE,
    TRUE,
    Equals,
    Every,
    Expression,
    Flag,
    IsNull,
    Overlaps,
    all_of,
    among,
    any_of,
    canonical,
    negation,
    of_resources,
)

C = TypeVar("C", bound=Commissioned)
PRESCRIBERS = ("physician", "dentist", "prescribing_nurse")
MOST_BLOCKS = 128
"""Blocks that a Release tells apart; of more it closes everything that a block can close."""
LIST_READERS = (*PRESCRIBERS, "nurse", "dietitian", "pharmacist")
"""Roles that may see the national medication list at all (NLL 5:3)."""

_SVOD = Equals("regime", "SVOD")
_UNIT_KNOWN, _PROVIDER_KNOWN = negation(IsNull("unit")), negation(IsNull("provider"))


class Facts:
    """The grounds of one decision, asked questions. Holds what it has worked out, hence a class."""

    def __init__(self, grounds: Grounds) -> None:
        self.grounds = grounds
        self.caller = grounds.caller
        self.now = grounds.now
        self.provider = grounds.caller.provider.upper()
        self.unit = grounds.caller.unit.upper()
        self._asserted: dict[AssertionType, tuple[Assertion, ...]] = {}

    @cached_property
    def own_kind(self) -> Expression:
        """What the caller's own kind of care wrote."""
        return Flag("social") if self.caller.kind == "social" else negation(Flag("social"))

    @cached_property
    def at_own_provider(self) -> Expression:
        """After R09 and the lanes of the other regimes."""
        return all_of(Equals("provider", self.provider), self.own_kind)

    @cached_property
    def at_own_unit(self) -> Expression:
        return all_of(Equals("unit", self.unit), self.at_own_provider)

    @cached_property
    def in_own_unit(self) -> Expression:
        """Before R09 has taken out what nobody is known to hold: an unknown unit is not the own one, in so many words."""
        provider = any_of(IsNull("provider"), Equals("provider", self.provider))
        return all_of(_SVOD, _UNIT_KNOWN, Equals("unit", self.unit), provider, self.own_kind)

    @cached_property
    def own(self) -> Expression:
        """Own unit or own provider, before R09 likewise."""
        return any_of(self.in_own_unit, all_of(_SVOD, _PROVIDER_KNOWN, self.at_own_provider))

    @cached_property
    def age(self) -> int | None:
        return self.grounds.patient.age(self.now) if self.grounds.patient else None

    @cached_property
    def deceased(self) -> bool | None:
        return self.grounds.patient.deceased if self.grounds.patient else None

    @property
    def unnamed(self) -> bool:
        """Whether who of the staff wrote what is not told: what is kept of a protected person leads to no unit."""
        return bool(self.grounds.patient and self.grounds.patient.protected)

    @property
    def worklist(self) -> bool:
        """No patient is named and none is known: what is asked for is a list of the unit's own."""
        return not self.grounds.named and self.grounds.patient is None

    @cached_property
    def relations(self) -> tuple[Relation, ...]:
        """The caller's own relations to the patient that hold now."""
        return tuple(row for row in self._mine(self.grounds.relations) if row.holds(self.now))

    @cached_property
    def past_relations(self) -> tuple[Relation, ...]:
        return tuple(row for row in self._mine(self.grounds.relations) if row.past(self.now))

    def needs(self, type: NeedType) -> tuple[Need, ...]:
        """The caller's own needs of a type that hold now."""
        return tuple(row for row in self._mine(self.grounds.needs) if row.type == type and row.holds(self.now))

    @cached_property
    def near(self) -> tuple[Relation | Need, ...]:
        """What makes the caller near: a current relation or a work need; for a list of the unit, the need of that list."""
        found: tuple[Relation | Need, ...] = self.relations + self.needs("work")
        return found + self.needs("worklist") if self.worklist else found

    @cached_property
    def related(self) -> tuple[Relation | Need, ...]:
        """Current relations, or for a certificate also those that were, with the need that says so."""
        stated = self.needs("certificate")
        certificate = bool(stated) or self.grounds.request == "certificate"
        return self.relations or ((*self.past_relations, *stated) if certificate and self.past_relations else ())

    @cached_property
    def relevance(self) -> tuple[Need, ...]:
        return self.needs("relevance")

    def consents(self, regime: Literal["SVOD", "NLL"]) -> tuple[Consent, ...]:
        """Consents for the caller's unit, or for the caller, that hold now."""
        return tuple(
            row for row in self.grounds.consents if row.regime == regime and row.belongs(self.caller) and row.holds(self.now)
        )

    @cached_property
    def consented(self) -> Expression:
        """Entries that the patient's consents for the caller open."""
        rows = self.consents("SVOD")
        if not rows:
            return FALSE
        if any(not row.limited for row in rows):
            return TRUE
        opened = sorted({_opens(row, unnamed=self.unnamed) for row in rows}, key=canonical)  # not as they happen to be read
        of_records = [each for each in opened if not of_resources(each)]
        rest = any_of(*(each for each in opened if of_resources(each)))
        return any_of(*of_records, rest if rest == FALSE else Every(rest))

    def assertions(self, type: AssertionType) -> tuple[Assertion, ...]:
        """The caller's own assertions of a type that hold now; step 0 is none, but `child` has no steps.

        A second step falls with its first: when that is ended, nothing is left of either.
        """
        if not self.grounds.assertions:
            return ()
        if type not in self._asserted:
            over = {first.id for first in self.grounds.assertions if first.state != "active"}
            standing = (row for row in self.grounds.assertions if row.step != 2 or row.follows not in over)
            mine = (row for row in self._mine(standing) if row.type == type and row.holds(self.now))
            self._asserted[type] = tuple(row for row in mine if row.step >= 1 or type == "child")
        return self._asserted[type]

    def second_steps(self, type: AssertionType) -> tuple[Assertion, ...]:
        """Those of them that are a second step, after a first one at hand, with all that the type asks to be attested."""
        return tuple(
            row
            for row in self.assertions(type)
            if any(row.begun_by(first) for first in self.grounds.assertions)
            and (type != "incapacity" or set(row.attestations) >= ATTESTATIONS)
        )

    def chosen(self, type: AssertionType, units_only: bool = False) -> Expression:
        """Entries of the providers and units chosen in the second step."""
        rows = self.second_steps(type)
        if not rows:
            return FALSE
        units = among("unit", (unit.upper() for row in rows for unit in row.units))
        if units_only:
            return units
        return any_of(among("provider", (provider.upper() for row in rows for provider in row.providers)), units)

    @cached_property
    def shares(self) -> tuple[Share, ...]:
        """Shares of own entries with the caller's unit or provider."""
        return tuple(row for row in self.grounds.shares if row.holds(self.now) and self._shared(row))

    @cached_property
    def attorneys(self) -> tuple[Attorney, ...]:
        mine = self.caller.subject
        return tuple(row for row in self.grounds.attorneys if mine and row.agent == mine and row.holds(self.now))

    @cached_property
    def list_blocked(self) -> bool:
        """Any block of the national medication list; one that cannot be read counts as one."""
        return any(row.regime == "NLL" or not row.readable for row in self._standing) or bool(self.dissents("NLL"))

    @cached_property
    def inner_blocked(self) -> Expression:
        """Entries that an inner block closes to other units of their provider."""
        return self._blocked(("inner",))

    @cached_property
    def any_blocked(self) -> Expression:
        """Entries that a block, outer or inner, closes to other providers and across the border of social care, or a dissent."""
        return any_of(self._blocked(("inner", "outer")), *map(self._objected, self.dissents("SVOD")))

    def dissents(self, regime: CareRegime) -> tuple[Dissent, ...]:
        """The patient's dissents of a regime that hold now and bind the caller."""
        given = self.grounds.dissents
        return tuple(row for row in given if row.regime == regime and row.binds(self.caller) and row.holds(self.now))

    @cached_property
    def _standing(self) -> tuple[Block, ...]:
        return tuple(row for row in self.grounds.blocks if row.holds(self.now))

    def _blocked(self, types: tuple[str, ...]) -> Expression:
        if not self._standing:
            return FALSE
        if any(not row.readable for row in self._standing):
            return TRUE
        binding = [row for row in self._standing if row.regime == "SVOD" and row.type in types and not self._lifted(row)]
        closing = dict.fromkeys(_closes(row) for row in sorted(merged(binding), key=_place))
        return any_of(*closing) if len(closing) <= MOST_BLOCKS else TRUE

    @cached_property
    def refusals(self) -> tuple[Dissent, ...]:
        """Dissents beside which no consent counts; what others close (`any_blocked`) is opened by nothing but being lifted."""
        return tuple(row for row in self.dissents("SVOD") if row.but_emergencies)

    def _objected(self, dissent: Dissent) -> Expression:
        """Entries that a dissent closes in emergencies too: of every care provider that has not lifted it for the caller."""
        return FALSE if dissent.but_emergencies else negation(among("provider", self._lifting(dissent.id)))

    def _lifted(self, block: Block) -> bool:
        """Whether its owner has lifted a block for the caller, for now."""
        return block.provider.upper() in self._lifting(block.id)

    def _lifting(self, id: str) -> set[str]:
        """The care providers that have lifted a block or dissent for the caller, for now."""
        rows = (row for row in self.grounds.revokes if row.block == id)
        return {row.owner.upper() for row in rows if row.belongs(self.caller) and row.holds(self.now)}

    def _shared(self, share: Share) -> bool:
        if share.unit:
            return same(share.unit, self.unit)
        return bool(share.provider) and same(share.provider, self.provider)

    def _mine(self, rows: Iterable[C]) -> Iterable[C]:
        return (row for row in rows if row.personal(self.caller))


def _place(block: Block) -> tuple[str, ...]:
    """The order of blocks in a Release, which is not that in which they happen to be read: outer before inner."""
    period = (str(block.information_start), str(block.information_end))
    return ("1" if block.type == "outer" else "2", block.provider.upper(), block.unit.upper(), *block.excluded, *period)


def _opens(consent: Consent, unnamed: bool) -> Expression:
    """The entries of a limited consent. One whose time is not known lies in no period, and may lie in one that is excepted."""
    if consent.within:
        return within(consent.within, unnamed=unnamed)
    first, last = consent.information_start, consent.information_end
    holders = tuple(each.upper() for each in consent.except_holders)
    outside = [
        *([Overlaps(None, first)] if first else []),
        *([Overlaps(last, None)] if last else []),
        *([Overlaps(consent.except_start, consent.except_end)] if consent.except_start or consent.except_end else []),
        among("provider", holders),
        among("unit", holders),
        among("info_type", left_open(consent.except_types)),
    ]
    return all_of(*map(negation, outside))


def _closes(block: Block) -> Expression:
    """The entries of one block. Every block has the same form, so that statements can be prepared: no type is written empty."""
    unit = (Equals("unit", block.unit.upper()),) if block.type == "inner" else ()
    return all_of(
        Equals("provider", block.provider.upper()),
        *unit,
        negation(among("info_type", left_open(block.excluded) or ("",))),
        Overlaps(block.information_start, block.information_end),
    )
