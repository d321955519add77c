"""OperationOutcome: what went wrong, and what each source did. http://hl7.org/fhir/R4/operationoutcome.html"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal

from hub.errors import HubError, Issue
from hub.fhir.canonical import CODE_SYSTEM
from hub.fhir.resource import Resource
from hub.fhir.swedish_time import LOCAL

PROCESSING_STATUS = "https://fhir.inera.se/CodeSystem/processingstatuscode-cs"
"""RIV-TA's ProcessingStatus codes, as Inera publishes them."""
NOTICE = f"{CODE_SYSTEM}/notice"
"""Notices of the hub's own."""

StatusCode = Literal["DataFromSource", "DataFromCache", "DataFromCacheSynchFailed", "NoDataSynchFailed"]

MAX_ISSUES = 50
"""Faults that one refusal tells; a body can have as many as it has elements."""

_FHIRPATH = re.compile(r"[A-Z][a-z][A-Za-z]+(?:[.\[].*)?|resourceType")
_PARAMETER = re.compile(r"[a-z_][A-Za-z0-9_.:-]*")


def outcome(fault: HubError | Iterable[Issue]) -> Resource:
    """What a refusal or a list of issues says: the first `MAX_ISSUES`, and how many more there are.

    An issue's place becomes its `expression` where it is one, and its location is written as R4 still has it.
    """
    issues = tuple(fault.issues if isinstance(fault, HubError) else fault)
    told, more = issues[:MAX_ISSUES], len(issues) - MAX_ISSUES
    if more > 0:
        told = (*told, Issue("", f"and {more} more of the like", told[-1].severity, told[-1].code))
    return {"resourceType": "OperationOutcome", "issue": [_issue(each) for each in told]}


def all_well(text: str) -> Resource:
    """The outcome where nothing is wrong, which FHIR also writes as an issue."""
    return outcome((Issue("", text, "information", "informational"),))


def _issue(issue: Issue) -> Resource:
    written: Resource = {"severity": issue.severity, "code": issue.code}
    if _FHIRPATH.fullmatch(issue.place):
        located = {"location": [issue.location]} if issue.location else {}
        return written | {"diagnostics": issue.problem} | located | {"expression": [issue.place]}
    if _PARAMETER.fullmatch(issue.place):
        named = [f"http.{issue.place}"]  # R4 has it in `location`; many look in `expression` alone
        return written | {"diagnostics": f"{issue.place}: {issue.problem}", "location": named, "expression": named}
    return written | {"diagnostics": f"{issue.place}: {issue.problem}" if issue.place else issue.problem}


def notice(code: str, swedish: str, english: str, *, severity: str = "information", issue: str = "informational") -> Resource:
    """An OperationOutcome that tells the reader something about the answer (`relation-required`, `own-unit-only`, …)."""
    details = _said(NOTICE, code, swedish, english)
    return {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": issue, "details": details}]}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """What one source did for this answer, in one contract. Names what could hold data, never what did."""

    source: str
    """Its title, as readers see it."""
    contract: str
    """What it was asked for, as readers see it."""
    in_english: str = ""
    """The same in English; empty: `contract` serves both."""
    code: StatusCode
    updated: datetime | None = None
    """When it last answered fully, with zone; None: never."""
    fault: str = ""
    """Why it failed: words without data (`hub.sources.Fault`)."""
    partial: bool = False
    """It answered, and what it gave is known to be only a part."""


def report_outcome(reports: Sequence[SourceReport]) -> Resource | None:
    """The outcome entry of a searchset: one issue for each source and contract; None: no source was concerned."""
    if not reports:
        return None
    return {"resourceType": "OperationOutcome", "issue": [_report(report) for report in reports]}


@lru_cache(maxsize=4096)
def _report(report: SourceReport) -> Resource:
    """Kept, since an overview asks the same of the same sources a dozen times."""
    severity, code, swedish, english = _SAYS[report.code]
    if report.partial:
        severity, code = "warning", "incomplete"
        swedish, english = f"{swedish}, men bara en del", f"{english}, but only a part"
    named = f"{report.source}, {report.contract}"
    named_in_english = f"{report.source}, {report.in_english or report.contract}"
    details = _said(
        PROCESSING_STATUS,
        report.code,
        f"{named}: {swedish}{_since(report, ' (senast hämtat {})', ' (aldrig hämtat)')}",
        f"{named_in_english}: {english}{_since(report, ' (last fetched {})', ' (never fetched)')}",
    )
    written: Resource = {"severity": severity, "code": code, "details": details}
    return written | ({"diagnostics": report.fault} if report.fault else {})


_SAYS = {
    "DataFromSource": ("information", "informational", "hämtat nu", "fetched now"),
    "DataFromCache": ("information", "informational", "tidigare hämtat", "fetched earlier"),
    "DataFromCacheSynchFailed": (
        "warning",
        "informational",
        "källan svarar inte, tidigare hämtat visas",
        "the source does not answer, what was fetched earlier is shown",
    ),
    "NoDataSynchFailed": (
        "warning",
        "incomplete",
        "källan svarar inte, uppgifter saknas",
        "the source does not answer, data are missing",
    ),
}
"""Severity, issue type, Swedish, English: a warning as soon as something may be missing."""


def _since(report: SourceReport, some: str, never: str) -> str:
    if report.code == "DataFromSource":
        return ""
    return some.format(report.updated.astimezone(LOCAL).strftime("%Y-%m-%d %H:%M")) if report.updated else never


def _said(system: str, code: str, swedish: str, english: str) -> Resource:
    """A CodeableConcept whose text is Swedish, with the English beside it as FHIR's translation extension."""
    translation = {
        "url": "http://hl7.org/fhir/StructureDefinition/translation",
        "extension": [{"url": "lang", "valueCode": "en"}, {"url": "content", "valueString": english}],
    }
    return {"coding": [{"system": system, "code": code}], "text": swedish, "_text": {"extension": [translation]}}
