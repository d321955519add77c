"""Swedish local time without a zone, as RIV-TA and most Swedish systems send it, read as FHIR writes it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

STOCKHOLM = ZoneInfo("Europe/Stockholm")


@dataclass(frozen=True, slots=True)
class LocalTime:
    """One local time, to the second."""

    first: datetime
    """Its first reading, with its offset."""
    last: datetime
    """Its last reading: another than the first only in the hour that an October night has twice."""
    odd: bool
    """The clock shows this hour twice that night, or never: `first` is a choice."""

    @property
    def written(self) -> str:
        """As FHIR dateTime and instant."""
        return self.first.isoformat()


def local_time(fourteen: str) -> LocalTime:
    """Read `YYYYMMDDhhmmss`.

    Gives: in October's repeated hour the summer reading first; in March's missing hour the time as much later.
    Raises: ValueError: not fourteen digits, or a day or hour that does not exist.
    """
    if len(fourteen) != 14 or not (fourteen.isascii() and fourteen.isdigit()):
        raise ValueError("not a local time of fourteen digits")
    if fourteen < "1900":
        raise ValueError("a year before there was Swedish time")
    wall = datetime.strptime(fourteen, "%Y%m%d%H%M%S")  # the zone comes on the next line
    early, late = wall.replace(tzinfo=STOCKHOLM, fold=0), wall.replace(tzinfo=STOCKHOLM, fold=1)
    if early.utcoffset() == late.utcoffset():
        return LocalTime(early, early, False)
    if _exists(early):
        return LocalTime(early, late, True)
    shifted = early.astimezone(UTC).astimezone(STOCKHOLM)
    return LocalTime(shifted, shifted, True)


def _exists(time: datetime) -> bool:
    back = time.astimezone(UTC).astimezone(STOCKHOLM)
    return abs(back.replace(tzinfo=None) - time.replace(tzinfo=None)) < timedelta(seconds=1)
