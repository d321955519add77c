"""What laboratories concluded: each report's words, codes and documents, with its date, its results by name, and its source."""

from collections.abc import Iterable

from hub.fhir.resource import Resource
from hub.interactions.overview import Part
from hub.portal.badges import Sources
from hub.portal.language import Words
from hub.portal.results import STATUSES, VOID
from hub.portal.rows import Line
from hub.portal.specimens import material, materials
from hub.portal.values import effective, moment, text_of, when


def conclusions(part: Part, sources: Sources, words: Words) -> tuple[Line, ...]:
    """The reports that conclude, the newest first, then those that wait; only results that the reader may see are named."""
    names = {f"Observation/{row.resource.get('id')}": text_of(row.resource.get("code")) for row in part.of("Observation")}
    taken = materials(part)
    found = []
    for row in part.of("DiagnosticReport"):
        report = row.resource
        results = [names[name] for each in report.get("result", ()) if (name := str(each.get("reference", ""))) in names]
        said = tuple(_said(report, words))
        awaited = not said and not results and report.get("status") == "registered"
        if report.get("status") in VOID or not (said or awaited):
            continue
        written, status = effective(report), STATUSES.get(str(report.get("status", "")), "")
        line = Line(
            title=text_of(report.get("code")) or words("conclusions.unnamed"),
            badge=sources.badge(row),
            detail=". ".join(each for each in (when(written, words), material(report, taken), _listed(results)) if each),
            paragraphs=said or (words("conclusions.awaited"),),
            tag=words(status) if status else "",
        )
        at = moment(written)
        found.append(((said != (), at.timestamp() if at else 0.0), line))
    return tuple(line for _, line in sorted(found, key=lambda each: each[0], reverse=True))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(filter(None, names)))


def _said(report: Resource, words: Words) -> Iterable[str]:
    """Its words by paragraph, its coded conclusions, and which documents it holds, which pages do not open."""
    yield from (line for line in str(report.get("conclusion", "")).split("\n") if line.strip())
    yield from (said for each in report.get("conclusionCode", ()) if (said := text_of(each)))
    for document in report.get("presentedForm", ()):
        title = str(document.get("title") or document.get("contentType") or words("conclusions.document-unnamed"))
        yield words("conclusions.document", title=title)
