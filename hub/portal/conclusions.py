"""What laboratories concluded in writing: the text of each report, with its date, its results by name, and its source."""

from hub.interactions.overview import Part
from hub.portal.badges import Sources
from hub.portal.language import Words
from hub.portal.rows import Line
from hub.portal.values import effective, moment, text_of, when

_VOID = ("entered-in-error", "cancelled")
_NOT_FINAL = ("registered", "partial", "preliminary")


def conclusions(part: Part, sources: Sources, words: Words) -> tuple[Line, ...]:
    """The reports that have a conclusion, the newest first; only results that the reader may see are named."""
    names = {f"Observation/{row.resource.get('id')}": text_of(row.resource.get("code")) for row in part.of("Observation")}
    found = []
    for row in part.of("DiagnosticReport"):
        report = row.resource
        paragraphs = tuple(line for line in str(report.get("conclusion", "")).split("\n") if line.strip())
        if not paragraphs or report.get("status") in _VOID:
            continue
        written = effective(report)
        results = dict.fromkeys(names.get(str(each.get("reference", "")), "") for each in report.get("result", ()))
        line = Line(
            title=text_of(report.get("code")) or words("conclusions.unnamed"),
            badge=sources.badge(row),
            detail=". ".join(each for each in (when(written, words), ", ".join(filter(None, results))) if each),
            paragraphs=paragraphs,
            tag=words("conclusions.not-final") if report.get("status") in _NOT_FINAL else "",
        )
        at = moment(written)
        found.append((at.timestamp() if at else 0.0, line))
    return tuple(line for _, line in sorted(found, key=lambda each: each[0], reverse=True))
