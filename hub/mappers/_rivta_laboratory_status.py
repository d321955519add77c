"""Whether an analysis is done, and why it has no value where it has none. MAPPING 3."""

from hub.fhir.resource import Resource
from hub.mappers._rivta_types import SNOMED, code_of, concept
from hub.mappers._tracked import Node

STATUSES = {
    "385676005": "preliminary",
    "385651009": "final",
    "272393004": "amended",
    "59776000": "cancelled",
    "444301002": "cancelled",
}
"""SNOMED CT -> Observation.status, as Inera's own concept map has it."""
WORDS = {
    "under utförande": "preliminary",
    "preliminär": "preliminary",
    "preliminärt": "preliminary",
    "slutlig": "final",
    "slutsvar": "final",
    "korrigerad": "amended",
    "rättat": "corrected",
    "avbeställd": "cancelled",
    "annullerad": "cancelled",
    "avbeställd/annullerad": "cancelled",
    "makulerad": "cancelled",
    "makulerat": "cancelled",
    "avböjd av patient": "cancelled",
}
"""Statuses that come as a word alone."""
_ABSENT = {"cancelled": "not-performed", "registered": "temp-unknown", "preliminary": "temp-unknown"}
"""Status -> why there is no value; `unknown` for any other."""


def status_of(node: Node, report: str, has_result: bool) -> str:
    """Observation.status: absent means completed, as far as the report is; an annulled result was an error."""
    said = concept(node)
    if not said:
        if not has_result and report in ("partial", "preliminary", "registered"):
            return "registered"
        return "preliminary" if report == "preliminary" else "final"
    if "coding" in said:
        return STATUSES.get(code_of(said, SNOMED) or "", "unknown")
    word = said["text"].casefold()
    return "entered-in-error" if has_result and word.startswith("makulera") else WORDS.get(word, "unknown")


def together(statuses: list[str]) -> str:
    """The status of a panel: that of its members where they agree, final where nothing is awaited."""
    kinds = set(statuses)
    if len(kinds) == 1:
        return kinds.pop()
    return "preliminary" if kinds & {"registered", "preliminary", "unknown"} else "final"


def absent(status: str) -> Resource:
    """Why an analysis of this status has no value."""
    code = _ABSENT.get(status, "unknown")
    return {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": code}]}
