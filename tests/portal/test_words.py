"""The catalogues are complete and used, and dates and numbers read as people write them."""

import re
import string
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

import hub.portal
from hub.caller import Caller
from hub.consent.grounds import Consent, Dissent
from hub.portal.doses import DAYS, PERIODS, WHEN
from hub.portal.language import LANGUAGES, catalogue, words
from hub.portal.observed import TOLD
from hub.portal.person import basis
from hub.store.known import Known
from hub.store.patients import Facts

ROOM = Path(hub.portal.__file__).parent
COMPOSED = {
    r"gives\.": ("care", "other", "patient", "guardian", "agent", "reviewer", "technician", "system", "anonymous"),
    r"logged\.": ("care", "patient", "guardian", "other"),
    r"notice\.": ("relation-required", "need-required", "consent-required", "consent-refused", "own-unit-only", "incomplete"),
    r"need\.": ("treatment", "assessment", "medication", "follow-up"),
    r"medicines\.": ("changed", "standing", "needed", "ended"),
    r"contact\.": ("visit", "remote", "emergency", "inpatient", "home", "in-progress", "planned"),
    r"bookings\.": ("pending", "proposed", "waitlist", "arrived", "checked-in", "cancelled", "noshow"),
    r"dose\.": tuple(f"{kind}-{each}" for kind, held in (("period", PERIODS), ("when", WHEN), ("day", DAYS)) for each in held),
    r"none\.": ("lakemedel", "tider"),
    r"interpretation\.": tuple(dict.fromkeys(TOLD.values())),
    r"outside\.": ("high", "low"),
    r"sex\.": ("female", "male", "unknown"),
    r"basis\.": ("child", "incapacity", "emergency", "inner_emergency"),
    r"note\.": ("failed", "unchecked", "waiting", "silent", "older", "partial"),
    r"gap\.": tuple(
        f"{kind}.{part}"
        for kind in ("failed", "unchecked", "waiting", "silent", "older", "partial", "never")
        for part in ("title", "said")
    ),
}
"""Message ids that the pages put together: what can follow each beginning."""


def used() -> set[str]:
    """Every message id that a page or a module names."""
    held: set[str] = set()
    known = catalogue("sv").keys()
    prefixes = "|".join(sorted({key.split(".")[0] for key in known}))
    for path in (*ROOM.glob("*.py"), *ROOM.glob("templates/*.html")):
        held |= set(re.findall(rf"[\"']((?:{prefixes})\.[a-z0-9_-]+(?:\.[a-z]+)?)[\"']", path.read_text("utf-8")))
    return held | {f"{stem[:-2]}.{end}" for stem, ends in COMPOSED.items() for end in ends}


def fields(said: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(said) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_that_is_used_is_there(language: str) -> None:
    assert used() - {"hub.toml"} - catalogue(language).keys() == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_is_empty(language: str) -> None:
    assert [key for key, forms in catalogue(language).items() if not all(forms) or not forms] == []


def test_both_languages_say_the_same_things() -> None:
    swedish, english = (catalogue(language) for language in LANGUAGES)
    assert swedish.keys() == english.keys()
    for key, forms in swedish.items():
        assert len(forms) == len(english[key]), key
        assert set().union(*map(fields, forms)) == set().union(*map(fields, english[key])), key


def test_no_message_is_left_that_nobody_uses() -> None:
    assert catalogue("sv").keys() - used() == set()


@pytest.mark.parametrize(
    ("value", "swedish", "english"),
    [
        ("5.6", "5,6", "5.6"),
        ("2300", "2\u202f300", "2,300"),
        ("-0.10", "\u22120,10", "\u22120.10"),
        ("1.50", "1,50", "1.50"),
        ("3E+3", "3\u202f000", "3,000"),
    ],
)
def test_a_number_keeps_its_digits(value: str, swedish: str, english: str) -> None:
    assert [words(language).number(Decimal(value)) for language in LANGUAGES] == [swedish, english]


def test_dates_and_times_are_swedish_local() -> None:
    swedish, english = map(words, LANGUAGES)
    moment = datetime(2026, 11, 18, 23, 14, tzinfo=UTC)
    assert (swedish.day(moment), swedish.time(moment)) == ("19 nov 2026", "00.14")
    assert (english.day(moment), english.time(moment)) == ("19 Nov 2026", "00:14")
    assert swedish.weekday(date(2026, 11, 24)) == "Tis 24 nov"


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (datetime(2026, 11, 27, 23, tzinfo=UTC), "27 nov 2026"),
        (datetime(2026, 11, 27, 22, 59, 59, tzinfo=UTC), "27 nov 2026"),
        (datetime(2026, 11, 27, 22, 59, tzinfo=UTC), "27 nov 2026 23.59"),
        (datetime(2026, 11, 27, 9, 30, tzinfo=UTC), "27 nov 2026 10.30"),
    ],
    ids=["midnight is the day before", "so is the minute before", "a minute earlier is told", "an hour is told"],
)
def test_the_end_of_a_period_is_its_last_day(end: datetime, said: str) -> None:
    assert words("sv").until(end) == said


@pytest.mark.parametrize(("days", "said"), [(30, "3 sep"), (700, "sep 26"), (4000, "2026")])
def test_a_tick_is_as_exact_as_its_axis(days: int, said: str) -> None:
    assert words("sv").tick(datetime(2026, 9, 3, tzinfo=UTC), timedelta(days=days)) == said


def test_an_unknown_language_is_swedish() -> None:
    assert words("de").language == "sv"


@pytest.mark.parametrize(("names", "said"), [([], ""), (["a"], "a"), (["a", "b"], "a och b"), (["a", "b", "c"], "a, b och c")])
def test_a_list_reads_as_a_sentence(names: list[str], said: str) -> None:
    assert words("sv").listed(names) == said


def test_a_consent_to_some_data_is_told_as_such_and_a_whole_one_before_it():
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    common = {"state": "active", "recorded": now, "recorded_by": "E1", "regime": "SVOD", "represented_by": "", "employee": ""}
    some = Consent(id="1", start=now, end=None, provider="P1", unit="U1", except_types=("lak",), **common)
    whole = replace(some, id="2", end=now + timedelta(days=3), except_types=())
    reader = Caller(
        kind="clinician", subject="E1", client="", issuer="", loa=3, purpose="care", scope="SJF", provider="P1", unit="U1"
    )
    for held, told in (((some,), ("limited", "Samtycke till vissa uppgifter")), ((some, whole), ("consent", "Samtycke"))):
        known = Known(1, "p", 0, 0, Facts.from_json("{}"), held, ())
        [ground] = basis(known, reader, words("sv"), now)
        assert (ground.kind, ground.title) == told


def test_a_consent_that_does_not_count_beside_a_dissent_is_not_told_of_and_one_beside_a_block_is():
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    common = {"start": now, "end": None, "state": "active", "recorded": now, "recorded_by": "E1", "regime": "SVOD"}
    consent = Consent(id="1", provider="P1", unit="U1", employee="", represented_by="", **common)
    everybody = Dissent(id="2", provider="", unit="", employee="", but_emergencies=True, **common)
    reader = Caller(
        kind="clinician", subject="E1", client="", issuer="", loa=3, purpose="care", scope="SJF", provider="P1", unit="U1"
    )
    for dissent, told in (
        (everybody, []),
        (replace(everybody, but_emergencies=False), ["consent"]),
        (replace(everybody, provider="P1", unit="U2"), ["consent"]),
        (replace(everybody, state="ended"), ["consent"]),
    ):
        known = Known(1, "p", 0, 0, Facts.from_json("{}"), (consent, dissent), ())
        assert [ground.kind for ground in basis(known, reader, words("sv"), now)] == told
