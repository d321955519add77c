"""The patient banner, and what access to the patient rests on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.caller import Caller
from hub.consent.grounds import AnyGround, Assertion, Commissioned, Consent, Dissent, Need, Relation
from hub.fhir.identifiers import PERSONNUMMER, SAMORDNINGSNUMMER, Identifier, sex
from hub.fhir.resource import Resource
from hub.portal.language import Words
from hub.portal.values import age, human_name
from hub.store.known import Known

SOON = timedelta(hours=24)
"""Before the end of a relation, consent or assertion; a need lasts hours anyhow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who a page is about. `tag`: initials and year of birth, for the title of the window."""

    name: str
    number: str
    tag: str
    age: str
    sex: str
    protected: bool
    deceased: str
    child: bool


@dataclass(frozen=True, slots=True)
class Ground:
    """One thing that access rests on. `soon`: it ends within a day."""

    kind: str
    title: str
    said: str
    soon: bool


def person(resource: Resource, known: Known, words: Words, now: datetime) -> Person:
    """The banner."""
    number = _number(resource)
    born = known.facts.born
    years = age(born, (known.facts.deceased or now.date())) if born else None
    gender = str(resource.get("gender") or (sex(number) if number else "unknown"))
    name = human_name(resource) or words("person.unnamed")
    initials = "".join(f"{part[0]}." for part in name.split() if part[0].isalpha())
    return Person(
        name=name,
        number=_written(number),
        tag=f"{initials} {born.year}" if born else initials,
        age=words("person.age", count=years) if years is not None else "",
        sex=words(f"sex.{gender}") if words.known(f"sex.{gender}") else words("sex.unknown"),
        protected=known.facts.protected is not None,
        deceased=words("person.deceased", day=words.day(known.facts.deceased)) if known.facts.deceased else "",
        child=years is not None and years < 18,
    )


def _number(resource: Resource) -> Identifier | None:
    held = [Identifier(str(each.get("system", "")), str(each.get("value", ""))) for each in resource.get("identifier", ())]
    return next((each for each in held if each.system in (PERSONNUMMER, SAMORDNINGSNUMMER)), held[0] if held else None)


def _written(number: Identifier | None) -> str:
    """With its century, and a hyphen where it is a personal number."""
    if number is None:
        return ""
    plain = number.value
    return f"{plain[:8]}-{plain[8:]}" if len(plain) == 12 and plain.isdigit() else plain


def basis(known: Known, caller: Caller, words: Words, now: datetime) -> list[Ground]:
    """What this caller's access rests on now."""
    found: list[Ground] = []
    kinds: tuple[tuple[type[Relation | Need | Consent | Assertion], str], ...] = (
        (Relation, "basis.relation"),
        (Need, "basis.need"),
        (Consent, "basis.consent"),
        (Assertion, ""),
    )
    for kind, title in kinds:
        last = _lasting(known.grounds, kind, caller, now)
        if last is None or (kind is Consent and _refused(known.grounds, caller, now)):
            continue
        some = isinstance(last, Consent) and last.limited  # of some data alone: the patient may still be asked for the rest
        key = "basis.limited" if some else title or f"basis.{last.type}"  # type: ignore[attr-defined]  # an Assertion has a type
        ends = words("basis.until", end=words.until(last.end)) if last.end else words("basis.open-ended")
        found.append(
            Ground(
                "limited" if some else kind.KIND, words(key), ends, bool(last.end and last.end - now < SOON and kind is not Need)
            )
        )
    return found


def consent_ended(known: Known, caller: Caller, now: datetime) -> datetime | None:
    """When the last consent for this caller ended, if none holds now."""
    held = [each for each in known.grounds if isinstance(each, Consent) and each.belongs(caller) and each.state != "annulled"]
    if any(each.holds(now) for each in held):
        return None
    return max((each.end for each in held if each.end and each.end <= now), default=None)


def _refused(grounds: Iterable[AnyGround], caller: Caller, now: datetime) -> bool:
    """Whether the patient has said no, so that no consent counts; what closes as a block does is told nowhere here."""
    said = (each for each in grounds if isinstance(each, Dissent) and each.regime == "SVOD" and each.but_emergencies)
    return any(each.binds(caller) and each.holds(now) for each in said)


def _lasting(grounds: Iterable[AnyGround], kind: type[Commissioned], caller: Caller, now: datetime) -> Commissioned | None:
    """The one that holds the longest, of those of a kind that are this caller's; a whole consent before one of some data."""
    held = [each for each in grounds if isinstance(each, kind) and each.belongs(caller) and each.holds(now)]
    held = [each for each in held if not (isinstance(each, Consent) and each.limited)] or held
    return max(held, key=lambda each: each.end or datetime.max.replace(tzinfo=now.tzinfo), default=None)


def in_days(now: datetime, days: int) -> str:
    """The date so many days ahead, as a form field has it."""
    return (now + timedelta(days=days)).date().isoformat()
