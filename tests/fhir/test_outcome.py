"""OperationOutcomes: refusals, notices, and what each source did."""

from datetime import UTC, datetime

import pytest

from hub.errors import InvalidRequest, Issue, NotSupported, Unprocessable
from hub.fhir.outcome import MAX_ISSUES, NOTICE, PROCESSING_STATUS, SourceReport, all_well, notice, outcome, report_outcome
from hub.fhir.validation import validate

NINE = datetime(2026, 7, 1, 7, 0, tzinfo=UTC)


def test_a_refusal_names_the_parameter():
    assert outcome(NotSupported("no such search parameter", "colour")) == {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "error",
                "code": "not-supported",
                "diagnostics": "colour: no such search parameter",
                "location": ["http.colour"],
                "expression": ["http.colour"],
            }
        ],
    }


def test_a_refusal_of_a_resource_names_every_place():
    issues = (
        Issue("Observation.status", "is required", "error", "required"),
        Issue("Observation.component[0].code", "x", "error"),
    )
    written = outcome(Unprocessable("not valid", issues=issues))
    assert [each["expression"] for each in written["issue"]] == [["Observation.status"], ["Observation.component[0].code"]]
    assert [each["code"] for each in written["issue"]] == ["required", "processing"]


def test_a_place_that_is_no_expression_is_told_in_words():
    (issue,) = outcome([Issue("OBX[3]-5", "not a number")])["issue"]
    assert issue == {"severity": "warning", "code": "processing", "diagnostics": "OBX[3]-5: not a number"}


@pytest.mark.parametrize(
    ("report", "severity", "code", "swedish"),
    [
        ({"code": "DataFromSource", "updated": NINE}, "information", "informational", "Region A, Labbsvar: hämtat nu"),
        (
            {"code": "DataFromSource", "partial": True},
            "warning",
            "incomplete",
            "Region A, Labbsvar: hämtat nu, men bara en del",
        ),
        (
            {"code": "DataFromCache", "updated": NINE},
            "information",
            "informational",
            "Region A, Labbsvar: tidigare hämtat (senast hämtat 2026-07-01 09:00)",
        ),
        (
            {"code": "DataFromCacheSynchFailed", "updated": NINE, "fault": "timed-out"},
            "warning",
            "informational",
            "Region A, Labbsvar: källan svarar inte, tidigare hämtat visas (senast hämtat 2026-07-01 09:00)",
        ),
        (
            {"code": "NoDataSynchFailed", "fault": "timed-out"},
            "warning",
            "incomplete",
            "Region A, Labbsvar: källan svarar inte, uppgifter saknas (aldrig hämtat)",
        ),
    ],
)
def test_what_a_source_did_is_said_with_its_status_code(report, severity, code, swedish):
    written = report_outcome([SourceReport(source="Region A", contract="Labbsvar", **report)])
    (issue,) = written["issue"]
    assert (issue["severity"], issue["code"]) == (severity, code)
    assert issue["details"]["coding"] == [{"system": PROCESSING_STATUS, "code": report["code"]}]
    assert issue["details"]["text"] == swedish
    assert issue.get("diagnostics") == report.get("fault")
    translation = issue["details"]["_text"]["extension"][0]["extension"]
    assert translation[0] == {"url": "lang", "valueCode": "en"}
    assert "fetched" in translation[1]["valueString"]
    assert validate(written) == []


def test_without_sources_there_is_nothing_to_say():
    assert report_outcome([]) is None


def test_a_notice_has_a_code_and_two_languages():
    written = notice("relation-required", "Patientrelation saknas", "A care relation is missing")
    (issue,) = written["issue"]
    assert issue["details"]["coding"] == [{"system": NOTICE, "code": "relation-required"}]
    assert issue["severity"] == "information"
    assert validate(written) == []


@pytest.mark.parametrize("written", [outcome(InvalidRequest("not a date", "date")), all_well("valid")])
def test_every_outcome_is_valid(written):
    assert validate(written) == []


def test_of_very_many_faults_some_are_told_and_the_rest_are_counted():
    issues = [Issue(f"Patient.name[{n}]", "is not known", "error", "structure") for n in range(20_000)]
    written = outcome(Unprocessable("not valid", issues=tuple(issues)))["issue"]
    assert len(written) == MAX_ISSUES + 1
    assert written[-1] == {"severity": "error", "code": "structure", "diagnostics": "and 19950 more of the like"}
    assert len(outcome(issues[:MAX_ISSUES])["issue"]) == MAX_ISSUES
