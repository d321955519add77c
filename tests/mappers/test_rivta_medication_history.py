"""The traps of GetMedicationHistory, each by name. The whole outcome of a message stands in examples/rivta_medication_history."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.errors import Unmappable
from hub.fhir import json
from hub.fhir.identifiers import PERSONNUMMER, SAMORDNINGSNUMMER, Identifier
from hub.mappers import Settings, SourceMessage
from hub.mappers.rivta_medication_history import RIVTA_MEDICATION_HISTORY

EXAMPLES = Path(__file__).parent.parent.parent / "examples" / "rivta_medication_history"
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def sent(case, *changes):
    """A case's message with `changes` (old, new) made to its text; each must be there."""
    text = (EXAMPLES / case / "message.xml").read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def read(case, *changes, received=NOW, asked=None):
    message = SourceMessage("a", "rivta_medication_history", sent(case, *changes).encode(), received, asked)
    return RIVTA_MEDICATION_HISTORY.map(message, Settings("a", "SE2321990042-LAKEMEDEL"))


def made(mapped, resource_type="MedicationRequest"):
    found = [keyed.resource for entry in mapped.entries for keyed in entry.resources]
    return [resource for resource in found if resource["resourceType"] == resource_type]


PLAIN = "frequency-as-a-fraction"
UNIT, GIVER = "healthcareProfessionalCareUnitHSAId", "healthcareProfessionalCareGiverHSAId"


@pytest.mark.parametrize(("element", "column"), [(UNIT, "unit"), (GIVER, "provider")])
def test_a_record_without_care_unit_or_giver_has_no_known_owner(element, column):
    value = "SE2321990042-4001" if element == UNIT else "SE2321990042-1000"
    (entry,) = read(PLAIN, (f"<c:{element}>{value}</c:{element}>", "")).entries
    assert getattr(entry.custody, column) is None


def test_the_unit_of_the_author_is_never_taken_for_the_care_unit():
    mapped = read(PLAIN, (f"<c:{UNIT}>SE2321990042-4001</c:{UNIT}>", f"<c:{UNIT}>SE2321990042-4999</c:{UNIT}>"))
    assert mapped.entries[0].custody.unit == "SE2321990042-4999"
    without = read(PLAIN, (f"<c:{UNIT}>SE2321990042-4001</c:{UNIT}>", ""))
    assert without.entries[0].custody.unit is None


def test_custody_is_that_of_the_header_and_the_block_time_is_the_author_time():
    (entry,) = read(PLAIN).entries
    custody = entry.custody
    assert (custody.info_type, custody.regime, custody.released) == ("caa-gmh", "SVOD", True)
    assert custody.time_from == custody.time_to == datetime(2026, 3, 2, 8, 15, tzinfo=UTC)


def test_a_withdrawal_last_in_its_chain_is_a_stopped_order():
    request = made(read("stopped-yet-last-in-its-chain"))[0]
    assert request["status"] == "stopped"
    assert request["statusReason"] == {"text": "Biverkning: yrsel"}


def test_an_order_is_completed_once_its_end_has_passed():
    start = "<c:startOfTreatment>20260302000000</c:startOfTreatment>"
    ended = (start, start + "<c:endOfTreatment>20260401120000</c:endOfTreatment>")
    assert made(read(PLAIN, ended))[0]["status"] == "completed"
    assert made(read(PLAIN, ended, received=datetime(2026, 3, 3, tzinfo=UTC)))[0]["status"] == "active"


def test_a_nullified_record_is_in_error_although_the_contract_forbids_it():
    mapped = read("nullified-although-the-contract-forbids-it")
    assert made(mapped)[0]["status"] == "entered-in-error"
    assert mapped.entries[0].custody.nullified is True


def test_the_same_document_id_in_two_source_systems_is_two_records():
    system = ("SE2321990042-LAKEMEDEL</c:sourceSystemHSAId>", "SE2321990018-JOURNAL</c:sourceSystemHSAId>")
    assert read(PLAIN).entries[0].key != read(PLAIN, system).entries[0].key


def test_the_same_record_in_two_major_versions_is_one_record():
    domain = "urn:riv:clinicalprocess:activityprescription:actoutcome"
    later = [
        (f'"{domain}:GetMedicationHistoryResponder:2"', f'"{domain}:GetMedicationHistoryResponder:3"'),
        (f'"{domain}:2"', f'"{domain}:3"'),
    ]
    assert read(PLAIN, *later).entries == read(PLAIN).entries


def test_an_answer_on_another_number_than_asked_is_filed_under_the_number_it_names():
    asked = Identifier(PERSONNUMMER, "191212121212")
    assert read(PLAIN, asked=asked).entries[0].patient == Identifier(PERSONNUMMER, "196101182803")
    coordination = read("care-unit-left-out").entries[1].patient
    assert coordination == Identifier(SAMORDNINGSNUMMER, "197010632391")


def test_the_elements_of_the_header_may_stand_in_any_order():
    approved = "          <c:approvedForPatient>true</c:approvedForPatient>\n"
    document = "          <c:documentId>ORD-4</c:documentId>\n"
    text = sent(PLAIN).replace(approved, "").replace(document, approved + document)
    message = SourceMessage("a", "x", text.encode(), NOW)
    assert RIVTA_MEDICATION_HISTORY.map(message, Settings("a", "SE2321990042-LAKEMEDEL")).entries == read(PLAIN).entries


def test_an_unapproved_record_is_hidden_from_the_patient_in_all_its_parts():
    mapped = read("given-on-the-ward", ("<c:approvedForPatient>true", "<c:approvedForPatient>false"))
    labels = [[code["code"] for code in each.resource["meta"]["security"]] for each in mapped.entries[0].resources]
    assert labels == [["NOPATIENT"]] * 4


def test_what_follows_a_decision_is_never_told_by_it():
    written = json.dumps([keyed.resource for keyed in read("points-at-other-records").entries[0].resources]).decode()
    assert "ORD-9" not in written
    assert "AKT-1" not in written
    assert "VK-77" in written


def test_every_identifier_of_another_record_stands_in_a_reference_that_can_be_dropped():
    (request,) = made(read("points-at-other-records"))
    assert request["priorPrescription"]["reference"].startswith(
        "MedicationRequest?identifier=urn:hub:rivta:SE2321990042-LAKEMEDEL:"
    )
    assert request["priorPrescription"]["reference"].endswith("|ORD-7")


def test_the_prescriber_asked_for_it_and_whoever_registered_it_only_recorded_it():
    (request,) = made(read(PLAIN))
    assert request["requester"]["display"] == "Maria Ek"
    assert request["recorder"]["display"] == "Jonas Lind"
    assert request["authoredOn"] == "2026-03-02T09:00:00+01:00"


def test_a_prescription_of_another_drug_is_an_order_of_its_own_and_no_dispense():
    mapped = read("another-package-on-the-prescription")
    decision, package, same = made(mapped)
    assert package["basedOn"][0]["reference"].endswith("|ORD-5")
    assert "dispenseRequest" not in decision
    assert package["substitution"]["allowedBoolean"] is False
    assert same["substitution"] == {"allowedBoolean": True}
    assert made(mapped, "MedicationDispense") == []


def test_substitution_is_said_only_of_what_was_prescribed():
    assert "substitution" not in made(read(PLAIN))[0]


def test_an_article_number_is_not_atc_although_the_oid_is_the_same():
    request = made(read("another-package-on-the-prescription"))[2]
    systems = [coding["system"] for coding in request["medicationCodeableConcept"]["coding"]]
    assert systems == ["urn:oid:1.2.752.129.2.2.3.1.1"]


def test_what_the_patient_takes_of_own_choice_is_no_order():
    mapped = read("the-patients-own-choice")
    assert made(mapped) == []
    (statement,) = made(mapped, "MedicationStatement")
    assert statement["informationSource"] == statement["subject"]
    assert statement["status"] == "active"


def test_a_strength_of_two_substances_is_kept_as_it_was_written():
    (request,) = made(read("strength-of-two-substances"))
    held = {each["url"].rpartition("/")[2]: each["valueString"] for each in request["medicationCodeableConcept"]["extension"]}
    assert held["drug-strength"] == "20 mg/12.5 mg"


def test_a_decision_that_names_no_drug_keeps_its_status_and_says_so():
    request = made(read("care-unit-left-out"))[0]
    assert request["medicationCodeableConcept"] == {"text": "uppgift saknas"}
    assert request["status"] == "active"


def test_an_administration_has_a_dose_or_says_that_it_is_unknown():
    given = made(read("given-on-the-ward"), "MedicationAdministration")
    assert given[0]["dosage"]["dose"]["unit"] == "g"
    assert given[0]["effectiveDateTime"] == "2026-03-02T10:00:00+01:00"
    assert set(given[1]["effectivePeriod"]) == {"start", "end"}
    assert given[2]["dosage"]["dose"]["extension"][0]["valueCode"] == "unknown"


def test_the_hour_that_comes_twice_is_marked():
    odd = made(read("given-on-the-ward"), "MedicationAdministration")[2]
    assert odd["effectiveDateTime"] == "2026-10-25T02:30:00+02:00"
    assert odd["_effectiveDateTime"]["extension"][0]["valueString"] == "20261025023000"


def test_a_day_that_no_calendar_has_costs_neither_the_record_nor_the_words():
    mapped = read(PLAIN, ("<c:startOfTreatment>20260302000000", "<c:startOfTreatment>20260231000000"))
    assert len(made(mapped)) == 1
    assert [issue.place.rpartition(".")[2] for issue in mapped.issues] == ["startOfTreatment"] * len(mapped.issues)
    assert "20260231000000" in json.dumps(made(mapped)[0]).decode()


def test_an_unreadable_record_costs_no_other_record():
    mapped = read("stopped-yet-last-in-its-chain", ("<c:documentId>ORD-2</c:documentId>", "<c:documentId></c:documentId>"))
    assert [entry.key.value for entry in mapped.entries] == ["ORD-1"]
    assert any(issue.severity == "error" for issue in mapped.issues)


def test_a_code_without_its_system_is_text():
    coded = "<c:code>206010</c:code>\n              <c:codeSystem>1.2.752.129.2.2.1.4</c:codeSystem>"
    (request,) = made(read(PLAIN, (coded, "<c:code>206010</c:code>")))
    author = next(role for role in request["contained"] if role["id"] == "author")
    assert author["code"] == [{"text": "Sjuksköterska"}]


@pytest.mark.parametrize("shape", ["5565594230", "TSTNMT2321000156-CG01", "SE162321990042-1000"])
def test_an_hsa_id_of_any_shape_is_an_hsa_id(shape):
    mapped = read(PLAIN, (f"<c:{GIVER}>SE2321990042-1000<", f"<c:{GIVER}>{shape}<"))
    assert mapped.entries[0].custody.provider == shape


def test_the_keys_of_parts_follow_their_own_identifiers_and_not_their_order():
    text = sent("given-on-the-ward")
    start, end = text.index("<c:administration>"), text.rindex("</c:administration>") + len("</c:administration>")
    parts = [part + "</c:administration>" for part in text[start:end].split("</c:administration>") if part.strip()]
    turned = (text[:start] + "".join(reversed(parts)) + text[end:]).encode()
    again = RIVTA_MEDICATION_HISTORY.map(SourceMessage("a", "x", turned, NOW), Settings("a", "SE2321990042-LAKEMEDEL"))
    assert {keyed.key: keyed.resource for keyed in again.entries[0].resources} == {
        keyed.key: keyed.resource for keyed in read("given-on-the-ward").entries[0].resources
    }


def test_the_same_message_twice_is_the_same():
    for case in EXAMPLES.iterdir():
        assert read(case.name) == read(case.name)


def test_no_issue_holds_a_value_of_the_message():
    mapped = read(PLAIN, ("Warfarin", "Kanariefågel"), ("<c:value>0.5</c:value>", "<c:value>Kanariefågel</c:value>"))
    assert mapped.issues
    assert "Kanariefågel" not in repr(mapped.issues) + repr(mapped.coverage)


def test_an_empty_answer_proves_nothing_and_a_fault_is_no_answer():
    text = sent(PLAIN)
    start, end = (
        text.index("<r:medicationMedicalRecord>"),
        text.index("</r:medicationMedicalRecord>") + len("</r:medicationMedicalRecord>"),
    )
    empty = SourceMessage("a", "x", (text[:start] + text[end:]).encode(), NOW)
    mapped = RIVTA_MEDICATION_HISTORY.map(empty, Settings("a", "SE1"))
    assert (mapped.entries, mapped.complete) == ((), False)
    fault = b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault/></e:Body></e:Envelope>'
    with pytest.raises(Unmappable):
        RIVTA_MEDICATION_HISTORY.map(SourceMessage("a", "x", fault, NOW), Settings("a", "SE1"))
