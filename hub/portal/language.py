"""Words, dates and numbers in the reader's language. The only door to babel.

The catalogues are `locale/<language>.po`; a message id is a place in the pages, never shown.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path

from babel.dates import format_date
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from hub.fhir.swedish_time import LOCAL

LANGUAGES = ("sv", "en")
_FOLDER = Path(__file__).parent / "locale"
_THIN = "\u202f"
"""Narrow no-break space, between thousands."""
_MINUS = "\u2212"
_LONGEST = 28
"""Digits, and powers of ten, up to which numbers are set out; longer ones are told as they were written."""


class Words:
    """One language: its catalogue, and how it writes dates and numbers."""

    def __init__(self, language: str, catalogue: Mapping[str, tuple[str, ...]]) -> None:
        self.language = language
        self._catalogue = catalogue

    def __call__(self, key: str, /, **values: object) -> str:
        """The message `key`; with `count`, in the number that fits."""
        forms = self._catalogue[key]
        said = forms[0 if len(forms) == 1 or values.get("count") == 1 else 1]
        return said.format(**values) if values else said

    def known(self, key: str) -> bool:
        return key in self._catalogue

    def day(self, moment: date) -> str:
        """19 nov 2026."""
        return self._date(moment, "d MMM y")

    def short(self, moment: date) -> str:
        """19 nov."""
        return self._date(moment, "d MMM")

    def weekday(self, moment: date) -> str:
        """Tis 24 nov."""
        said = self._date(moment, "EEE d MMM")
        return said[0].upper() + said[1:]

    def time(self, moment: datetime) -> str:
        """08.14."""
        return moment.astimezone(LOCAL).strftime("%H.%M" if self.language == "sv" else "%H:%M")

    def moment(self, moment: datetime) -> str:
        """19 nov 2026 08.14."""
        return f"{self.day(moment)} {self.time(moment)}"

    def until(self, end: datetime) -> str:
        """The last day or minute of a period with an exclusive end; the last minute of a day is the day."""
        last = end - timedelta(microseconds=1)
        whole = end.astimezone(LOCAL).strftime("%H%M%S") == "000000" or last.astimezone(LOCAL).strftime("%H%M") == "2359"
        return self.day(last) if whole else self.moment(end)

    def tick(self, moment: datetime, span: timedelta) -> str:
        """A time on an axis as long as `span`."""
        if span < timedelta(days=150):
            return self.short(moment)
        return self._date(moment, "MMM yy") if span < timedelta(days=1500) else self._date(moment, "y")

    def number(self, value: Decimal) -> str:
        """5,6 and 2 300, with just the digits that the source gave."""
        return _number(str(value), self.language)

    def listed(self, names: list[str]) -> str:
        """a, b och c."""
        return names[0] if len(names) == 1 else self("list.and", first=", ".join(names[:-1]), last=names[-1]) if names else ""

    def _date(self, moment: date, form: str) -> str:
        day = moment.astimezone(LOCAL).date() if isinstance(moment, datetime) else moment
        return _day(day, form, self.language)


@lru_cache(maxsize=20_000)
def _day(day: date, form: str, language: str) -> str:
    """Written once: an overview says few days, each many times."""
    return format_date(day, form, locale=language).replace(".", "")


@lru_cache(maxsize=20_000)
def _number(written: str, language: str) -> str:
    value = Decimal(written)
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or len(value.as_tuple().digits) + abs(exponent) > _LONGEST:
        return written.replace("-", _MINUS)
    places = max(-exponent, 0)
    said = format_decimal(value, format="#,##0." + "0" * places if places else "#,##0", locale=language)
    return said.replace("\xa0", _THIN).replace("-", _MINUS)


@cache
def words(language: str) -> Words:
    """The words of a language; Swedish for one that there is not."""
    return Words(language, catalogue(language)) if language in LANGUAGES else words(LANGUAGES[0])


def catalogue(language: str) -> dict[str, tuple[str, ...]]:
    """Message id -> its text, or its singular and plural."""
    with (_FOLDER / f"{language}.po").open("rb") as file:
        held = read_po(file, locale=language)
    return {_id(each.id): _forms(each.string) for each in held if each.id}


def _id(written: str | tuple[str, ...] | list[str]) -> str:
    return written if isinstance(written, str) else written[0]


def _forms(written: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (written,) if isinstance(written, str) else tuple(written or ())
