"""The medication list: derived of the decisions that a caller may see."""

from datetime import UTC, datetime

import pytest

from hub.fhir.medication_list import CHAIN_PLACE, FIRST_TREATMENT, PRESCRIPTION_TYPE, TREATMENT_PERIOD, medication_list
from hub.fhir.validation import validate

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def decision(number, chain="K", kind="I", place="Active", status="active", authored="2026-01-01", period=None, **more):
    extension = [{"url": PRESCRIPTION_TYPE, "valueCode": kind}, {"url": CHAIN_PLACE, "valueCode": place}]
    extension += [{"url": TREATMENT_PERIOD, "valuePeriod": period}] if period else []
    return {
        "resourceType": "MedicationRequest",
        "id": number,
        "meta": {"source": "urn:oid:1.2.752.129.2.1.4.1#SE1"},
        "extension": extension + more.pop("extension", []),
        "identifier": [{"system": "urn:x", "value": number}],
        "status": status,
        "intent": "order",
        "medicationCodeableConcept": {"text": f"medicine {number}"},
        "subject": {"reference": "Patient/p"},
        "authoredOn": authored,
        **({"groupIdentifier": {"system": "urn:chain", "value": chain}} if chain else {}),
        **more,
    }


def test_a_chain_is_one_row_with_what_its_last_decision_says():
    old = decision("1", place="Inactive", status="stopped", extension=[{"url": FIRST_TREATMENT, "valueDateTime": "2020-05-01"}])
    new = decision("2", authored="2026-06-01", dosageInstruction=[{"text": "1 tablett"}], period={"start": "2026-06-01"})
    (row,) = medication_list([old, new], NOW)
    assert row["status"] == "active"
    assert row["medicationCodeableConcept"] == {"text": "medicine 2"}
    assert row["dosage"] == [{"text": "1 tablett"}]
    assert row["effectivePeriod"] == {"start": "2020-05-01"}
    assert [source["reference"] for source in row["derivedFrom"]] == ["MedicationRequest/1", "MedicationRequest/2"]
    assert validate(row) == []


def test_a_withdrawal_that_is_last_in_its_chain_is_stopped():
    (row,) = medication_list([decision("1", place="Inactive"), decision("2", kind="U", status="stopped")], NOW)
    assert row["status"] == "stopped"


def test_a_withdrawal_that_lies_ahead_lets_the_treatment_go_on_until_then():
    request = decision("1", kind="U", status="stopped", period={"end": "2026-12-01T00:00:00+01:00"})
    (row,) = medication_list([request], NOW)
    assert row["status"] == "active"
    assert row["effectivePeriod"] == {"end": "2026-12-01T00:00:00+01:00"}


def test_a_chain_whose_last_decision_is_not_seen_says_that_it_is_unknown():
    (row,) = medication_list([decision("1", place="Inactive", status="stopped")], NOW)
    assert row["status"] == "unknown"


def test_the_list_follows_the_clock_and_not_the_day_on_which_the_status_was_written():
    request = decision("1", period={"start": "2026-01-01", "end": "2026-11-20T12:00:00+01:00"})
    at = [datetime(2025, 12, 1, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC), NOW]
    assert [medication_list([request], now)[0]["status"] for now in at] == ["intended", "active", "completed"]


def test_a_treatment_that_ends_at_midnight_lasts_its_day_out():
    request = decision("1", period={"end": "2026-11-21T00:00:00+01:00"})
    assert medication_list([request], NOW)[0]["status"] == "active"
    assert medication_list([request], datetime(2026, 11, 21, 23, 1, tzinfo=UTC))[0]["status"] == "completed"


def test_the_order_of_a_package_adds_no_row_of_its_own():
    package = decision("2", chain=None, basedOn=[{"reference": "MedicationRequest/1"}])
    assert len(medication_list([decision("1"), package], NOW)) == 1


def test_records_that_share_a_prescription_are_one_row():
    shared = {"system": "urn:oid:1.2", "value": "O-7"}
    rows = [decision(n, chain=None, identifier=[{"system": "urn:x", "value": n}, shared]) for n in ("O-7-1", "O-7-2")]
    assert len(medication_list(rows, NOW)) == 1


def test_the_same_chain_in_two_source_systems_is_two_rows():
    other = decision("1") | {"id": "2", "meta": {"source": "urn:oid:1.2.752.129.2.1.4.1#SE2"}}
    assert len(medication_list([decision("1"), other], NOW)) == 2


@pytest.mark.parametrize("status", ["draft", "entered-in-error"])
def test_a_decision_that_does_not_hold_is_no_row(status):
    assert medication_list([decision("1", status=status)], NOW) == []


def test_a_row_bears_every_label_of_what_it_was_made_of():
    hidden = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "NOPATIENT"}
    old = decision("1", place="Inactive", status="stopped")
    old["meta"]["security"] = [hidden]
    (row,) = medication_list([old, decision("2")], NOW)
    assert row["meta"]["security"] == [hidden]


def test_a_withheld_record_changes_nothing_in_other_rows():
    mine, theirs = decision("1", chain="A"), decision("2", chain="B")
    assert medication_list([mine], NOW)[0] == medication_list([theirs, mine], NOW)[1]
