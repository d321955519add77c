"""What is missing, and what an empty section may say: never «nothing» where it is not known. PORTAL: states and their words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.fhir.outcome import SourceReport
from hub.interactions.overview import Overview, Part
from hub.interactions.services import LABELS
from hub.portal.language import Words

Running = Callable[[str, str], bool]
"""Whether a source (title) is still being asked for a contract (as readers call it)."""
CALLED = {
    "vårdplaner": "what.plans",
    "läkemedel": "what.medicines",
    "provsvar": "what.results",
    "vårdkontakter": "what.contacts",
    "bokade tider": "what.bookings",
    "journaluppgifter": "what.records",
    "vårdteam": "what.team",
    "samtycken": "what.consents",
    "spärrar": "what.blocks",
    "patientrelationer": "what.relations",
}
"""What sources call a contract (`LABELS` of `hub.interactions.plan` and `hub.interactions.services`) -> a message id."""
CHECKED = frozenset(swedish for swedish, _ in LABELS.values())
"""What security services tell of, without which only the own unit's data are shown."""
FAILED, SILENT, OLDER, PARTIAL, WAITING, NEVER = "failed", "silent", "older", "partial", "waiting", "never"
UNCHECKED = "unchecked"
LACKING = (UNCHECKED, FAILED, SILENT, OLDER, WAITING)
"""Where a source's answer of now is not there, so that «nothing» cannot be said."""


@dataclass(frozen=True, slots=True)
class Gap:
    """One cause of incompleteness: of which kind, at which source, in words, and in which sections."""

    kind: str
    source: str
    title: str
    said: str


@dataclass(frozen=True, slots=True)
class State:
    """What a section says beside its rows."""

    empty: str
    """In place of rows; "" where there are rows."""
    past: str
    """Over rows that are all of what is over: that nothing is current, or that it cannot be told; "" elsewhere."""
    notes: tuple[str, ...]
    """Its own part of what is missing, beneath its rows."""
    never: str
    """Which sources never give this."""
    busy: bool
    """A source is still being asked."""
    incomplete: bool
    """Something may be missing that could have been here."""
    unconnected: bool = False
    """No source gives this."""


def kind_of(report: SourceReport, running: Running) -> str:
    """What is wrong with a source's answer; empty: nothing."""
    if report.contract in CHECKED:
        return UNCHECKED
    if report.code == "NoDataSynchFailed":
        return WAITING if running(report.source, report.contract) else FAILED
    if report.code == "DataFromCacheSynchFailed":
        return WAITING if running(report.source, report.contract) else OLDER
    if report.code == "DataFromCache" and report.updated is None:
        return SILENT
    return PARTIAL if report.partial else ""


def gaps(held: Overview, titles: dict[str, str], words: Words, now: datetime, running: Running) -> list[Gap]:
    """The box over the sections, by source.

    Takes: `titles`: name of a section -> its title.
    """
    causes: dict[tuple[str, str], list[SourceReport]] = {}
    for report in _reports(held.parts):
        if kind := kind_of(report, running):
            causes.setdefault((kind, report.source), []).append(report)
    found = [_gap(kind, source, reports, words, now) for (kind, source), reports in causes.items()]
    never: dict[str, list[str]] = {}
    for part in held.parts:
        for source in part.never:
            never.setdefault(source, []).append(titles[part.section.name].lower())
    for source, names in never.items():
        title = words("gap.never.title", source=source)
        found.append(Gap(NEVER, source, title, words("gap.never.said", source=source, what=words.listed(names))))
    return found


def _gap(kind: str, source: str, reports: Sequence[SourceReport], words: Words, now: datetime) -> Gap:
    what = words.listed(list(dict.fromkeys(_called(report.contract, words) for report in reports)))
    since = min((report.updated for report in reports if report.updated), default=None)
    said = words(
        f"gap.{kind}.said",
        source=source,
        what=what,
        What=what[:1].upper() + what[1:],
        time=words.time(now),
        since=words.moment(since) if since else "",
    )
    return Gap(kind, source, words(f"gap.{kind}.title", source=source), said)


def _called(contract: str, words: Words) -> str:
    """What a contract gives, in the reader's language; as the hub calls it where there is no such word."""
    key = CALLED.get(contract, "")
    return words(key) if key else contract


def state(
    part: Part, has_rows: bool, title: str, words: Words, running: Running, unread: int = 0, *, past_only: bool = False
) -> State:
    """What a section says of itself. `unread`: how many of its rows could not be shown; `past_only`: no row is current."""
    if not part.connected:
        return State(words("state.no-source", what=title.lower()), "", (), "", False, False, unconnected=True)
    found = [(kind_of(report, running), report) for report in part.reports]
    names = {kind: list(dict.fromkeys(r.source for k, r in found if k == kind)) for kind in (*LACKING, PARTIAL)}
    lacking = [source for kind in LACKING for source in names[kind]]
    notes = [
        words(f"note.{kind}", source=words.listed(names[kind]))
        for kind in (UNCHECKED, FAILED, WAITING, SILENT, OLDER, PARTIAL)
        if names[kind] and (has_rows or kind == WAITING)
    ]
    notes += [words("note.not-allowed")] if part.refused and has_rows else []
    notes += [words("note.more")] if part.more else []
    notes += [words("note.unread", count=unread)] if unread else []
    never = words("note.never", source=words.listed(list(part.never)), what=title.lower()) if part.never else ""
    none = (
        "" if unread else _none(part, lacking, names[PARTIAL], words, f"none.{part.section.name}" if past_only else "state.empty")
    )
    return State(
        "" if has_rows else none,
        none if has_rows and past_only and not part.more else "",
        tuple(notes),
        never,
        bool(names[WAITING]),
        bool(lacking or notes or names[PARTIAL]),
    )


def _none(part: Part, lacking: list[str], partly: list[str], words: Words, key: str) -> str:
    """Why nothing is shown; `key`: the message where all sources answered in full."""
    if part.refused:
        return words("state.not-allowed")
    if "relation-required" in part.notices:
        return words("state.relation-required")
    if lacking:
        return words("state.cannot-tell", source=words.listed(list(dict.fromkeys(lacking))))
    if partly:
        return words("state.cannot-tell-partial", source=words.listed(partly))
    count = len({report.source for report in part.reports})
    return words(key, count=count) if count else words("state.nothing-to-see")


def answered(held: Overview) -> int:
    """How many sources could matter for the overview."""
    return len({report.source for report in _reports(held.parts)})


def _reports(parts: Sequence[Part]) -> list[SourceReport]:
    return [report for part in parts for report in part.reports]
