"""The JSON body of a request to /access, read field by field. What was not read is refused."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hub.consent.grounds import closing
from hub.errors import InvalidRequest
from hub.fhir.swedish_time import LOCAL

LONGEST_REASON = 500
"""Characters."""


class Body:
    """A request's JSON, read field by field; what was not read is unknown. A class since reading has to be remembered."""

    def __init__(self, held: Mapping[str, Any], now: datetime) -> None:
        self.held = held
        self.now = now
        self.read: set[str] = set()

    def text(self, name: str, allowed: Sequence[str] = (), required: bool = False) -> str:
        self.read.add(name)
        value = self.held.get(name, "")
        if not isinstance(value, str) or len(value) > LONGEST_REASON or (required and not value.strip()):
            raise InvalidRequest("is needed, as text" if required else "is not text of a sensible length", name)
        if allowed and value not in allowed:
            raise InvalidRequest(f"one of {', '.join(allowed)}", name)
        return value

    def part(self, name: str) -> Mapping[str, Any] | None:
        """An object within it; None: there is none."""
        self.read.add(name)
        value = self.held.get(name)
        if value is not None and not isinstance(value, dict):
            raise InvalidRequest("is not an object", name)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        self.read.add(name)
        value = self.held.get(name, [])
        if (
            not isinstance(value, list)
            or len(value) > 50
            or not all(isinstance(each, str) and len(each) <= 100 for each in value)
        ):
            raise InvalidRequest("a list of texts", name)
        return tuple(value)

    def number(self, name: str, allowed: Sequence[int]) -> int:
        self.read.add(name)
        value = self.held.get(name, allowed[0])
        if not isinstance(value, int) or isinstance(value, bool) or value not in allowed:
            raise InvalidRequest(f"one of {', '.join(map(str, allowed))}", name)
        return value

    def flag(self, name: str) -> bool:
        """True or false; false if it is absent. Raises: InvalidRequest: neither."""
        self.read.add(name)
        value = self.held.get(name, False)
        if not isinstance(value, bool):
            raise InvalidRequest("true or false", name)
        return value

    def moment(self, name: str, exclusive: bool = False) -> datetime | None:
        """A time with zone, or a date: its first instant, or with `exclusive` the end of that day in Sweden."""
        self.read.add(name)
        value = self.held.get(name)
        if value is None:
            return None
        try:
            if isinstance(value, str) and len(value) == 10:
                day = date.fromisoformat(value)
                return closing(day) if exclusive else closing(day - timedelta(days=1))
            read: datetime = datetime.fromisoformat(value)
            if read.tzinfo is None:
                raise InvalidRequest("the time has no zone", name)
            return read.astimezone(UTC)
        except (TypeError, ValueError, OverflowError):
            raise InvalidRequest("a date, or a time with its zone", name) from None

    def period(self, life: timedelta, longest: timedelta) -> tuple[datetime, datetime]:
        """Start (now, if none is given) and end (after `life`, if none is given), at most `longest` apart: by
        the clock where that is less, since seven days may have an hour more in autumn."""
        start = self.moment("start") or self.now
        until = self.moment("end", exclusive=True) or _later(start, life)
        if until <= start or until <= self.now:
            raise InvalidRequest("lies before the start, or is over", "end")
        if min(until - start, _on_the_clock(until) - _on_the_clock(start)) > longest:
            raise InvalidRequest(f"at most {longest} after the start", "end")
        return start, until

    def done(self) -> None:
        check_known(self.held, self.read)


def check_known(held: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raises: InvalidRequest: a body has a field that is none of the known ones."""
    unknown = held.keys() - set(known)
    if unknown:
        raise InvalidRequest("is not known here", sorted(unknown)[0][:64])


def _on_the_clock(moment: datetime) -> datetime:
    return moment.astimezone(LOCAL).replace(tzinfo=None)


def _later(start: datetime, life: timedelta) -> datetime:
    try:
        return start + life
    except OverflowError:
        raise InvalidRequest("too late", "start") from None
