"""Allergies, warnings, diagnoses and treatments as rows; and which of them stand in the banner."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.fhir.resource import Resource
from hub.interactions.overview import Part, Row
from hub.portal.badges import Sources
from hub.portal.language import Words
from hub.portal.rows import Line
from hub.portal.values import first_text, moment, text_of, when

VOID = "entered-in-error"
OVER = ("inactive", "resolved", "remission", "completed")
"""Clinical statuses, and statuses of a Flag, of what no longer holds."""
TAGS: Mapping[str, str] = {
    "refuted": "problems.refuted",
    "unconfirmed": "problems.unconfirmed",
    "presumed": "problems.unconfirmed",
    "provisional": "problems.unconfirmed",
    "differential": "problems.unconfirmed",
    "inactive": "problems.over",
    "resolved": "problems.over",
    "remission": "problems.remission",
    "preparation": "problems.planned",
    "in-progress": "problems.in-progress",
    "not-done": "problems.not-done",
    "on-hold": "problems.on-hold",
    "stopped": "problems.stopped",
    "unknown": "problems.unknown",
}
"""Verification, clinical or procedure status -> a message id."""
NONE_KNOWN = ("716186003", "409137002", "428607008", "429625007", "428197003")
"""Of SNOMED CT: no known allergy, of drugs, environment, food, insects."""


@dataclass(frozen=True, slots=True)
class Alert:
    """A warning in the banner. `severe`: filled; `plain`: that none is known."""

    said: str
    severe: bool = False
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Cautions:
    """The section, what holds now first; and what the banner says of it."""

    lines: tuple[Line, ...]
    alerts: tuple[Alert, ...]

    def __len__(self) -> int:
        return len(self.lines)


def cautions(part: Part, sources: Sources, words: Words) -> Cautions:
    """Allergies and flags. One that is refuted or no longer holds is a row, and no alert."""
    rows = sorted(
        _counted(part, "AllergyIntolerance", "Flag"), key=lambda row: (_is_over(row.resource), not _is_severe(row.resource))
    )
    alerts = [_alert(row, sources, words) for row in rows if not _is_over(row.resource)]
    return Cautions(tuple(_warning(row, sources, words) for row in rows), tuple(dict.fromkeys(alerts)))


def diagnoses(part: Part, sources: Sources, words: Words) -> list[Line]:
    """Diagnoses and problems, the newest first; those that no longer hold last."""
    rows = sorted(_counted(part, "Condition"), key=lambda row: _stamp(_onset(row.resource)), reverse=True)
    return [_diagnosis(row, sources, words) for row in sorted(rows, key=lambda row: _is_over(row.resource))]


def treatments(part: Part, sources: Sources, words: Words) -> list[Line]:
    """Procedures, the newest first."""
    rows = sorted(_counted(part, "Procedure"), key=lambda row: _stamp(_performed(row.resource)), reverse=True)
    return [
        _line(row, sources, words, when(_performed(row.resource), words), first_text(row.resource.get("reasonCode")))
        for row in rows
    ]


def _counted(part: Part, *types: str) -> list[Row]:
    return [row for row in part.of(*types) if VOID not in (row.resource.get("status"), _code(row.resource, "verificationStatus"))]


def _warning(row: Row, sources: Sources, words: Words) -> Line:
    held = row.resource
    effects = (text_of(each) for reaction in held.get("reaction", ()) for each in reaction.get("manifestation", ()))
    severe = words("problems.severe") if _is_severe(held) else ""
    written = held.get("recordedDate") or held.get("onsetDateTime") or held.get("period", {}).get("start")
    said = ", ".join(
        dict.fromkeys(each for each in (severe, *effects, first_text(held.get("category")) if _is_flag(held) else "") if each)
    )
    return _line(row, sources, words, when(written, words), said, *_notes(held))


def _diagnosis(row: Row, sources: Sources, words: Words) -> Line:
    held = row.resource
    codes = (str(each.get("code", "")) for each in held.get("code", {}).get("coding", ()))
    code = next((each for each in codes if each and not each.isdigit() and each != text_of(held.get("code"))), "")
    return _line(row, sources, words, code, when(_onset(held), words), *_notes(held))


def _line(row: Row, sources: Sources, words: Words, first: str, second: str, *paragraphs: str) -> Line:
    held = row.resource
    statuses = (_code(held, "verificationStatus"), _code(held, "clinicalStatus"), str(held.get("status", "")))
    tags = dict.fromkeys(words(TAGS[status]) for status in statuses if status in TAGS)
    return Line(
        title=text_of(held.get("code")) or words("problems.unnamed"),
        badge=sources.badge(row),
        detail=", ".join(each for each in (first, second) if each),
        paragraphs=paragraphs,
        tag=", ".join(tags),
    )


def _notes(held: Resource) -> list[str]:
    return [said for note in held.get("note", ()) if (said := str(note.get("text", "")))]


def _alert(row: Row, sources: Sources, words: Words) -> Alert:
    held = row.resource
    name = text_of(held.get("code")) or words("problems.unnamed")
    if any(str(each.get("code")) in NONE_KNOWN for each in held.get("code", {}).get("coding", ())):
        return Alert(words("banner.none-known", said=name, source=sources.badge(row).title), plain=True)
    if _is_flag(held):
        return Alert(name)
    severe = _is_severe(held)
    return Alert(words("banner.severe-allergy" if severe else "banner.allergy", name=name), severe)


def _is_flag(held: Resource) -> bool:
    return bool(held["resourceType"] == "Flag")


def _is_severe(held: Resource) -> bool:
    return held.get("criticality") == "high" or any(each.get("severity") == "severe" for each in held.get("reaction", ()))


def _is_over(held: Resource) -> bool:
    refuted = _code(held, "verificationStatus") == "refuted"
    return refuted or _code(held, "clinicalStatus") in OVER or (_is_flag(held) and held.get("status") in OVER)


def _code(held: Resource, name: str) -> str:
    """The code of a status that is a CodeableConcept."""
    return next((str(each["code"]) for each in held.get(name, {}).get("coding", ()) if each.get("code")), "")


def _onset(held: Resource) -> Any:
    return held.get("onsetDateTime") or held.get("onsetPeriod", {}).get("start") or held.get("recordedDate")


def _performed(held: Resource) -> Any:
    period = held.get("performedPeriod", {})
    return held.get("performedDateTime") or period.get("start") or period.get("end")


def _stamp(written: Any) -> float:
    found = moment(written)
    return found.timestamp() if found else 0.0
