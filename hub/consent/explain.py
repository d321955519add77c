"""Why one entry is or is not shown: one entry, one reason, by the same engine as every answer; in words, Swedish and English."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hub.consent.decision import basis, decide
from hub.consent.grounds import Block, Dissent, Grounds
from hub.consent.release import NO_RULE, Outcome, Release, deciding, outcome_of
from hub.fhir.custody import Custody

BLOCKED = (Outcome.BLOCKED_EXISTS, Outcome.WHO_BLOCKED)


@dataclass(frozen=True, slots=True)
class Explanation:
    """The outcome of one entry, and what it rests on."""

    outcome: Outcome
    rule: str
    basis: str
    """The law."""
    grounds: tuple[str, ...]
    """Ids of the grounds that it rests on: relation, need, consent or assertion; of what is blocked, the blocks."""
    certain: bool
    """False: a fact that the rule asks for is not known, and so it is hidden."""
    sv: str
    en: str


def explain(grounds: Grounds, release: Release, custody: Custody) -> Explanation:
    """Why `custody` becomes what it becomes under `release`, which was decided on `grounds`."""
    row, certain = deciding(release, custody)
    outcome = row.outcome if certain else Outcome.HIDE
    held = tuple(_blocks(grounds, custody)) if outcome in BLOCKED else row.grounds if certain else ()
    sv, en = WORDS[row.rule, row.outcome] if certain else UNKNOWN
    return Explanation(outcome, row.rule, basis(row), held, certain, sv, en)


def _blocks(grounds: Grounds, custody: Custody) -> list[str]:
    """The blocks and dissents that by themselves close an entry."""
    bare = replace(grounds, blocks=(), dissents=())
    alone: list[tuple[Block | Dissent, Grounds]] = [(each, replace(bare, blocks=(each,))) for each in grounds.blocks]
    alone += [(each, replace(bare, dissents=(each,))) for each in grounds.dissents]
    return [each.id for each, given in alone if outcome_of(decide(given), custody)[0] in BLOCKED]


UNKNOWN = (
    "Uppgiften visas inte: något som regeln frågar efter är inte känt, och tvivel stänger.",
    "It is not shown: something that the rule asks for is not known, and doubt denies.",
)
_RELATION = ("Patientrelation saknas.", "There is no patient relation.")
_CHILD = ("Barnet bedöms inte själv kunna samtycka.", "The child is judged unable to consent.")
_NO_CONSENT = (
    "Giltigt samtycke som omfattar uppgiften saknas för enheten eller personen.",
    "There is no consent of this that holds for the unit or the person.",
)
_DISSENT = (
    "Patienten har sagt nej till att enheten tar del av uppgifter från andra; inget samtycke gäller förrän nejet tas tillbaka.",
    "The patient has said no to the unit's reading what others hold; no consent counts until that is taken back.",
)
_NOT_RELEVANT = (
    "Ingen har angett att uppgifterna kan antas ha betydelse.",
    "Nobody has stated that the data may matter.",
)
_DANGER_READ = ("Nödöppning, andra steget: vald vårdgivare öppnad.", "Emergency, second step: a chosen care provider is open.")
_DANGER_WHO = ("Nödöppning, första steget: bara vem som har uppgifter.", "Emergency, first step: only who has data.")
_DANGER_BLOCK = (
    "Spärrad. Nödöppning visar bara vem som har spärrat; bara den vårdgivaren kan häva.",
    "Blocked. An emergency shows only who has blocked; only that care provider lifts it.",
)
_UNABLE_WHO = ("Patienten kan inte samtycka, första steget.", "The patient is unable to consent, first step.")
_UNABLE_READ = ("Patienten kan varaktigt inte samtycka, tre intyganden.", "The patient is unable to consent, three attestations.")
_OWN_LIST = ("Läkemedelslistan: rollen får inte läsa den.", "The medication list: the role may not read it.")
_SOCIAL_BLOCK = ("Spärrad hos socialtjänsten: inget får sägas.", "Blocked by social care: nothing may be told.")
_REVIEWER = ("Loggranskare ser inga journaluppgifter.", "A log reviewer sees no record.")
_NO_SHARE = ("Patienten delar inte egna uppgifter med enheten.", "The patient does not share own entries with the unit.")
_OUT_OF_REACH = ("Medarbetaruppdragets omfattning räcker inte.", "The commission's scope does not reach so far.")
_BLOCKED = ("Spärrad av patienten.", "Blocked by the patient.")
_GUARDIAN_YOUNG = ("Vårdnadshavare till barn under 13 år.", "Guardian of a child under 13.")
_GUARDIAN_OLD = ("Barnet har fyllt 13 år.", "The child is 13 or older.")
_NOT_RELEASED = ("Inte frisläppt till den enskilde, eller sekretess.", "Not released to the individual, or secret.")
_P, _H, _R, _A = Outcome.PERMIT, Outcome.HIDE, Outcome.REFUSE, Outcome.ASK
_E, _B, _W, _WB = Outcome.EXISTS, Outcome.BLOCKED_EXISTS, Outcome.WHO, Outcome.WHO_BLOCKED

WORDS: Mapping[tuple[str, Outcome], tuple[str, str]] = {
    ("R01", _R): ("Inloggningens tillitsnivå räcker inte.", "The level of assurance of the sign-in is too low."),
    ("R02", _P): ("Systemets egen källa.", "The system's own source."),
    ("R02", _H): ("Ett system utan användare ser bara sin egen källa.", "A system without a user sees its own source only."),
    ("R03", _R): ("Inget giltigt medarbetaruppdrag är valt.", "No valid commission is chosen."),
    ("R05", _H): _REVIEWER,
    ("R06", _P): ("Den egna vårdgivarens logg.", "The own care provider's log."),
    ("R06", _H): ("En annan vårdgivares logg.", "Another care provider's log."),
    ("R72", _P): ("Patientens egen logg.", "The patient's own log."),
    (NO_RULE, _H): ("Ingen regel öppnar uppgiften.", "No rule opens it."),
    ("R04", _P): ("Makulerad, visas för den egna enheten.", "Nullified, shown to the own unit."),
    ("R04", _H): ("Makulerad.", "Nullified."),
    ("R07", _R): ("Ingen patient är namngiven.", "No patient is named."),
    ("R08", _H): (
        "En tjänst för samtycke, spärr eller relation svarar inte.",
        "A service for consent, blocks or relations is silent.",
    ),
    ("R09", _H): ("Vårdgivare eller vårdenhet är inte känd.", "The care provider or unit is not known."),
    ("R90", _P): ("Patientens egna uppgifter.", "The patient's own entries."),
    ("R91", _P): ("Patienten delar egna uppgifter med enheten.", "The patient shares own entries with the unit."),
    ("R92", _H): _NO_SHARE,
    ("R71", _H): ("Delad enligt regeln om varaktig oförmåga.", "Shared under the rule on permanent incapacity."),
    ("R70", _P): ("Frisläppt till patienten.", "Released to the patient."),
    ("R70", _H): _NOT_RELEASED,
    ("R74", _H): _NOT_RELEASED,
    ("R73", _P): _GUARDIAN_YOUNG,
    ("R73", _H): _GUARDIAN_OLD,
    ("R75", _P): ("Ombud med registrerad fullmakt, läkemedelslistan.", "Agent with a power of attorney, the medication list."),
    ("R75", _H): ("Ombud ser inte journalen.", "An agent does not see the record."),
    ("R10", _H): ("Ändamålet är inte vård, och uppgiften är en annans.", "The purpose is not care, and the data are another's."),
    ("R30", _H): ("Försäkringsmedicinsk utredning vid en annan enhet.", "Insurance-medicine investigation of another unit."),
    ("R12", _H): _OUT_OF_REACH,
    ("R11", _P): ("Den egna vårdgivarens uppgifter för ett annat ändamål än vård.", "The own care provider's, not for care."),
    ("R20", _P): ("Den egna enheten, med patientrelation eller behov.", "The own unit, with a relation or need."),
    ("R21", _A): _RELATION,
    ("R33", _WB): ("Inre spärr; behörig person ser vilka enheter.", "Inner block; the authorised officer sees which units."),
    ("R34", _P): ("Inre spärr, hävd i nödläge av behörig person.", "Inner block, lifted in an emergency by the officer."),
    ("R31", _B): ("Inre spärr hos en annan enhet.", "Inner block of another unit."),
    ("R35", _P): ("Den egna vårdgivaren, med patientrelation eller behov.", "The own care provider, with a relation or need."),
    ("R40", _H): ("Ingen vårddokumentation, eller inte känt.", "Not care documentation."),
    ("R41", _H): ("Patienten är avliden.", "The patient is deceased."),
    ("R44", _A): _RELATION,
    ("R49", _H): _SOCIAL_BLOCK,
    ("R43", _WB): _DANGER_BLOCK,
    ("R42", _B): _BLOCKED,
    ("R54", _E): ("Nödöppning gäller inte socialtjänsten.", "An emergency opens nothing of social care."),
    ("R51", _P): _DANGER_READ,
    ("R50", _W): _DANGER_WHO,
    ("R45", _E): _NOT_RELEVANT,
    ("R55", _E): _DISSENT,
    ("R46", _P): _CHILD,
    ("R53", _P): _UNABLE_READ,
    ("R52", _W): _UNABLE_WHO,
    ("R47", _P): ("Patienten har samtyckt.", "The patient has consented."),
    ("R48", _E): _NO_CONSENT,
    ("R60", _H): _OWN_LIST,
    ("R62", _P): ("Läkemedelslistan: senaste dygnet, förskrivare.", "The medication list: the last day, a prescriber."),
    ("R62", _H): _OWN_LIST,
    ("R63", _P): ("Läkemedelslistan: nödläge.", "The medication list: an emergency."),
    ("R65", _P): ("Läkemedelslistan: dosdispenserad.", "The medication list: dose-dispensed."),
    ("R64", _B): _BLOCKED,
    ("R61", _P): ("Läkemedelslistan: samtycke.", "The medication list: consent."),
    ("R61", _H): ("Läkemedelslistan: samtycke saknas.", "The medication list: no consent."),
    ("R80", _P): ("Den egna socialtjänsten, med relation.", "The own social care, with a relation."),
    ("R81", _E): ("Socialtjänsten har ingen nödöppning.", "Social care has no emergency opening."),
    ("R85", _E): _DISSENT,
    ("R82", _P): _CHILD,
    ("R82", _E): _CHILD,
    ("R83", _P): _UNABLE_READ,
    ("R83", _W): _UNABLE_WHO,
    ("R83", _E): _UNABLE_WHO,
    ("R84", _P): ("Patienten har samtyckt.", "The patient has consented."),
}
"""(rule, outcome) -> Swedish, English."""
