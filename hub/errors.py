"""Every error the hub raises on purpose, each with the FHIR issue type it becomes.

HubError
├── InvalidRequest       the request cannot be understood                     invalid
├── NotSupported         understood, but this hub does not do it              not-supported
├── NotFound             no such resource in this caller's view               not-found
├── Forbidden            who calls may not do this at all                     forbidden
├── Unauthenticated      nobody has said who is calling                       login
│   └── InvalidToken     somebody has, with a token that does not hold        login
├── Conflict             what is there already stands in the way              conflict
│   ├── Stale            the resource is not what the writer believed         conflict
│   └── Several          more than one resource meets a condition             multiple-matches
├── Gone                 it was there for this caller, and was deleted        deleted
├── NotAcceptable        the answer cannot be written in the form asked for   not-supported
├── UnsupportedMedia     the body is of a form that is not read here          not-supported
├── Expired              a page or version that is no longer to be had        expired
├── TooCostly            larger or deeper than the hub takes                  too-costly
├── Throttled            too many requests from one client                    throttled
├── Unprocessable        well-formed, but breaks a rule of FHIR or the hub    processing
├── Unreachable          a service that must be told first gives no answer        transient
├── AuditUnavailable     the log cannot be written, so nothing is answered    exception
└── Unmappable           a source message that no part of can be mapped       structure

Only `hub/api` knows HTTP status codes. A message says where and what, never the value.
Source: http://hl7.org/fhir/R4/valueset-issue-type.html
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong: where, what, and how bad. Never holds a value from the data."""

    place: str
    problem: str
    severity: str = "warning"
    """http://hl7.org/fhir/R4/valueset-issue-severity.html"""
    code: str = "processing"
    """http://hl7.org/fhir/R4/valueset-issue-type.html"""
    location: str = ""
    """The place as a simple XPath, where it is in a resource."""


class HubError(Exception):
    """The request cannot be answered. `issue` is its FHIR issue type, `place` what it is about."""

    issue = "processing"
    logged = False
    """Whether the access log has an entry of this refusal."""

    def __init__(self, problem: str, place: str = "", issues: tuple[Issue, ...] = ()) -> None:
        super().__init__(problem)
        self.problem = problem
        self.place = place
        self.issues = issues or (Issue(place, problem, "error", self.issue),)

    def in_log(self) -> Self:
        """The same, where the access log has an entry of it: of what was looked for and not found, for instance."""
        self.logged = True
        return self

    def retold(self, change: Callable[[Issue], Issue]) -> None:
        """Tell it otherwise, as who asked for more than what went wrong knows it: where, and in which words."""
        self.issues = tuple(map(change, self.issues))
        self.place, self.problem = self.issues[0].place, self.issues[0].problem


class InvalidRequest(HubError):
    issue = "invalid"


class NotSupported(HubError):
    issue = "not-supported"


class NotFound(HubError):
    issue = "not-found"


class Forbidden(HubError):
    issue = "forbidden"


class Unauthenticated(HubError):
    issue = "login"


class InvalidToken(Unauthenticated):
    pass


class Conflict(HubError):
    issue = "conflict"


class Stale(Conflict):
    pass


class Several(Conflict):
    issue = "multiple-matches"


class Gone(HubError):
    issue = "deleted"


class NotAcceptable(HubError):
    issue = "not-supported"


class UnsupportedMedia(HubError):
    issue = "not-supported"


class Expired(HubError):
    issue = "expired"


class TooCostly(HubError):
    issue = "too-costly"


class Throttled(HubError):
    issue = "throttled"


class Unprocessable(HubError):
    issue = "processing"


class Unreachable(HubError):
    issue = "transient"


class AuditUnavailable(HubError):
    issue = "exception"


class Unmappable(HubError):
    issue = "structure"
