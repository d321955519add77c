"""How two vendors write the same facts. Region Norrdal's keeps to the contract descriptions; region Västvik's has habits.

A `Habit` is a switch of the vendor (`Manner.habits`). A `Trait` lies in the record itself: the fact of the world is so,
and whichever vendor holds such a record sends it so.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from hub.demo.rivta.markup import Hand
from hub.demo.rivta.soap import ENVELOPE

STOCKHOLM = ZoneInfo("Europe/Stockholm")


class Habit(StrEnum):
    """A way of writing that the schemas allow, and that a reader must be ready for."""

    PREFIXES = "prefixes"
    """Default namespaces that change from element to element, single quotes, and an envelope prefix of its own."""
    MIGRATED = "migrated"
    """Records from before the change of system have no author HSA-id, no role, no org unit and no legalAuthenticator."""
    NO_TITLE = "no-title"
    """Care plans without documentTitle, which the description demands and the schema does not."""
    MIDNIGHT = "midnight"
    """Plans are drawn up, and treatments start, at 000000: the vendor keeps the day only."""
    TEXT_ONLY = "text-only"
    """Materials, routes, roles and interpretations as originalText alone."""
    LOCAL_CODES = "local-codes"
    """Analyses and kinds of contact under the region's own code system where the record has such a code."""
    OTHER_ATC = "other-atc"
    """ATC under HL7's OID instead of the national one."""
    COMMA = "comma"
    """Laboratory decimals with comma; the zeros that the laboratory wrote are kept."""
    COMPARATOR_TEXT = "comparator-text"
    """`<5` as a string (st) instead of an interval."""
    ONE_BOUND = "one-bound"
    """More than 60: an interval with one bound, and no flag that says whether the bound is included."""
    DOUBLES = "doubles"
    """Doses and strengths as Java prints a double: 1.0, 2.5, 1.0E-4."""
    UNIT_WORDS = "unit-words"
    """Frequencies per `/d` and `/vecka` and periods in `tim`, instead of UCUM's 1/d, 1/wk and h."""
    NULLIFIED = "nullified"
    """Records that were taken back are sent with nullified=true, where the description says that they are left out."""
    BARE_STATUS = "bare-status"
    """A booked contact's status is the bare code `Ej påbörjad`, without code system."""
    DOCBOOK = "docbook"
    """The purpose of a booking is a DocBook document in CDATA."""
    NO_UNIT_DOSE = "no-unit-dose"
    """Dosage without unitDose and short notation: the structured part and the text only."""


class Trait(StrEnum):
    """What some records are like, whoever writes them."""

    LINKED_NUMBER = "linked-number"
    """The record lies under an older number of the person, and says so."""
    EMPTY_UNIT = "empty-unit"
    """A quantity whose unit is the empty string."""
    TRAILING_ZEROS = "trailing-zeros"
    """`7,20` is not `7,2`."""
    AMBIGUOUS_HOUR = "ambiguous-hour"
    """A time between two and three on the night when that hour comes twice."""
    WITHHELD = "withheld"
    """No care unit (and in the older header no care giver) in the record: nobody may see it."""
    NO_END = "no-end"
    """A booking whose end is not known."""
    NO_BOOKING_ID = "no-booking-id"
    """A booking without a number."""
    UNTIMED = "untimed"
    """An invitation without a proposed time."""
    STOPPED_ACTIVE = "stopped-active"
    """A decision to stop (U) that is `Active`, being the last of its chain."""
    RAMPED = "ramped"
    """A dose that goes from one value to another in steps."""
    SHARED_PRESCRIPTION = "shared-prescription"
    """Several records under one prescriptionId, their documentIds being that id and a running number."""
    RELATED = "related"
    """Analyses beneath a result, and beneath those: isolate, then susceptibility. They have no specimen of their own."""


@dataclass(frozen=True, slots=True)
class Manner:
    """A vendor's way of writing."""

    hand: Hand
    habits: frozenset[Habit] = frozenset()
    local_codes: str = ""
    """OID of the region's own code system."""
    migrated: datetime = datetime(2017, 3, 1, tzinfo=STOCKHOLM)
    """Records from before came over from an older system (`MIGRATED`)."""

    def has(self, habit: Habit) -> bool:
        return habit in self.habits


ORDERLY = Manner(Hand(prefixes={ENVELOPE.uri: "soapenv"}))
"""Region Norrdal's vendor: prefixes once at the root, everything coded, what was taken back left out."""

OTHER = Manner(
    Hand(
        prefixes={ENVELOPE.uri: "S"},
        scattered=True,
        declaration="<?xml version='1.0' encoding='utf-8' standalone='yes'?>",
    ),
    frozenset(Habit),
    local_codes="2.999.26.1",
)
"""Region Västvik's vendor: all its habits at once."""
