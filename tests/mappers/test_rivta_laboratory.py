"""The traps of GetLaboratoryOrderOutcome, each by name. The whole outcome of a message stands in examples/rivta_laboratory."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.fhir import json
from hub.fhir.identifiers import PERSONNUMMER, Identifier
from hub.mappers import Place, Settings, SourceMessage
from hub.mappers.rivta_laboratory import RIVTA_LABORATORY

EXAMPLES = Path(__file__).parent.parent.parent / "examples" / "rivta_laboratory"
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
PLAIN = "elements-of-the-minor-versions"


def dense(case):
    """A case's message without the space between its elements."""
    return re.sub(r">\s+<", "><", (EXAMPLES / case / "message.xml").read_text("utf-8"))


def read(case, *changes, asked=None, places=None):
    text = dense(case)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    message = SourceMessage("a", "rivta_laboratory", text.encode(), NOW, asked)
    return RIVTA_LABORATORY.map(message, Settings("a", "SE2321990042-LABB", places=places or {}))


def made(mapped, resource_type="Observation"):
    found = [keyed.resource for entry in mapped.entries for keyed in entry.resources]
    return [resource for resource in found if resource["resourceType"] == resource_type]


def by_code(mapped):
    """Observations by the text of their code."""
    return {resource["code"].get("text"): resource for resource in made(mapped)}


def value(written, unit="mmol/L"):
    return "<c:value>140</c:value><c:unit>mmol/L</c:unit>", f"<c:value>{written}</c:value><c:unit>{unit}</c:unit>"


@pytest.mark.parametrize(
    ("written", "kept"),
    [("1,50", "1.50"), ("1.500", "1.500"), ("0", "0"), ("-0.0", "-0.0"), ("1.5e3", "1.5E+3"), ("2,0E-2", "0.020")],
)
def test_a_number_keeps_its_digits(written, kept):
    (observation,) = made(read(PLAIN, value(written)))
    assert json.dumps(observation["valueQuantity"]["value"]).decode() == kept


@settings(max_examples=60, deadline=None)
@given(st.from_regex(r"-?(0|[1-9][0-9]{0,14})((\.|,)[0-9]{1,14})?([eE][+-]?[0-9]{1,2})?", fullmatch=True))
def test_any_number_of_the_contract_is_exactly_that_number(written):
    (observation,) = made(read(PLAIN, value(written)))
    kept = json.loads(json.dumps(observation["valueQuantity"]["value"]))
    assert Decimal(str(kept)) == Decimal(written.replace(",", "."))
    assert observation["valueQuantity"]["value"].as_tuple().exponent == Decimal(written.replace(",", ".")).as_tuple().exponent


def test_an_empty_unit_is_no_unit():
    assert made(read(PLAIN, value("7.40", "")))[0]["valueQuantity"] == {"value": Decimal("7.40")}


def test_a_unit_that_is_not_ucum_is_called_nothing_else():
    assert set(made(read(PLAIN, value("2", "/synfält")))[0]["valueQuantity"]) == {"value", "unit"}


def test_smaller_than_in_words_stays_words():
    observations = made(read("intervals-with-one-end"))
    assert observations[5]["valueString"] == "<5"


def test_words_in_the_place_of_a_number_are_shown_as_they_stand():
    mapped = read(PLAIN, value("&lt;5"))
    assert made(mapped)[0]["valueString"] == "<5 mmol/L"
    assert mapped.issues


@pytest.mark.parametrize(("place", "comparator"), [(0, "<"), (1, "<="), (2, ">="), (3, None)])
def test_an_interval_with_one_end_is_a_comparator_only_where_its_closedness_is_said(place, comparator):
    observation = made(read("intervals-with-one-end"))[place]
    assert observation.get("valueQuantity", {}).get("comparator") == comparator
    assert ("valueRange" in observation) is (comparator is None)


def test_absent_status_means_completed_as_far_as_the_report_is():
    mapped = read("partial-answer-and-what-is-awaited")
    statuses = {resource["code"]["text"]: resource["status"] for resource in made(mapped)}
    assert statuses == {
        "P-Natrium": "final",
        "P-Kalium": "registered",
        "P-Kreatinin": "cancelled",
        "P-ALAT": "amended",
        "P-CRP": "unknown",
        "Elektrolyter och njure": "preliminary",
        "Blododling": "preliminary",
    }


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("<c:originalText>Slutlig</c:originalText>", "final"),
        ("<c:originalText>Rättat</c:originalText>", "corrected"),
        ("<c:originalText>Makulerat</c:originalText>", "entered-in-error"),
        ("<c:originalText>Hittepå</c:originalText>", "unknown"),
        ("<c:code>1</c:code><c:codeSystem>1.2.752.116.2.1.1</c:codeSystem><c:displayName>Slutlig</c:displayName>", "unknown"),
        (
            "<c:code>385651009</c:code><c:codeSystem>2.16.840.1.113883.6.96</c:codeSystem><c:displayName>x</c:displayName>",
            "final",
        ),
        ("<c:code>385651009</c:code><c:codeSystem>1.2.752.108.1</c:codeSystem><c:displayName>x</c:displayName>", "unknown"),
    ],
)
def test_a_status_is_read_by_code_or_by_its_word_alone(said, status):
    code = "<c:displayName>P-Natrium</c:displayName></c:code><c:specimen>"
    marked = code.replace("<c:specimen>", f"<c:status>{said}</c:status><c:specimen>")
    assert made(read(PLAIN, (code, marked)))[0]["status"] == status


def test_what_has_no_result_says_why():
    held = by_code(read("partial-answer-and-what-is-awaited"))
    assert held["P-Kalium"]["dataAbsentReason"]["coding"][0]["code"] == "temp-unknown"
    assert held["P-Kreatinin"]["dataAbsentReason"]["coding"][0]["code"] == "not-performed"
    assert "dataAbsentReason" not in held["Elektrolyter och njure"]


@pytest.mark.parametrize("kind", ["final", "partial", "preliminary"])
def test_the_type_of_the_body_is_the_status_and_never_the_code(kind):
    (report,) = made(read(PLAIN, ("<c:code>final</c:code>", f"<c:code>{kind}</c:code>")), "DiagnosticReport")
    assert report["status"] == kind
    assert kind not in json.dumps(report["code"]).decode()
    (request,) = made(read(PLAIN, ("<c:code>final</c:code>", f"<c:code>{kind}</c:code>")), "ServiceRequest")
    assert request["status"] == ("completed" if kind == "final" else "active")


def test_a_group_of_one_without_name_or_code_is_no_panel():
    assert len(made(read(PLAIN))) == 1


def test_a_named_group_is_a_panel_of_its_analyses():
    mapped = read("specimens-many-times-told")
    keys = {str(keyed.key) for keyed in mapped.entries[0].resources}
    panel = by_code(mapped)["Elektrolyter"]
    members = [member["reference"].removeprefix("Observation?identifier=") for member in panel["hasMember"]]
    assert len(members) == 2
    assert set(members) <= keys
    assert "valueQuantity" not in panel


def test_every_reference_inside_a_report_names_a_part_of_it():
    for case in EXAMPLES.iterdir():
        for entry in read(case.name).entries:
            keys = {(keyed.resource["resourceType"], str(keyed.key)) for keyed in entry.resources}
            for keyed in entry.resources:
                held = [
                    *keyed.resource.get("hasMember", []),
                    *keyed.resource.get("result", []),
                    *keyed.resource.get("basedOn", []),
                ]
                held += keyed.resource["specimen"] if isinstance(keyed.resource.get("specimen"), list) else []
                for reference in held:
                    kind, _, key = reference["reference"].partition("?identifier=")
                    assert (kind, key) in keys


def test_several_results_are_children_of_an_analysis_without_value():
    mapped = read("several-results-of-one-analysis")
    *parts, parent = made(mapped)
    assert [part["code"].get("text") for part in parts] == ["Neutrofila", "Lymfocyter", "Differentialräkning"]
    assert len(parent["hasMember"]) == 3
    assert not {"valueQuantity", "dataAbsentReason"} & parent.keys()


def test_what_lies_beneath_a_result_inherits_its_specimen():
    observations = made(read("susceptibility-beneath-a-finding"))
    assert {observation["specimen"]["reference"] for observation in observations} == {observations[0]["specimen"]["reference"]}
    assert {observation["effectiveDateTime"] for observation in observations} == {"2026-03-02T08:15:00+01:00"}


def nested(levels):
    value, inner = "<c:value><c:st>x</c:st></c:value>", ""
    for level in range(levels):
        code = f"<c:code><c:originalText>nivå {level}</c:originalText></c:code>"
        inner = f"<c:related>{code}<c:result>{value}{inner}</c:result></c:related>"
    return f"<c:result>{value}{inner}</c:result>"


def test_analyses_are_followed_ten_levels_down_and_the_rest_is_kept_aside():
    text = dense(PLAIN)
    start, end = text.index("<c:result>"), text.index("</c:result>") + len("</c:result>")
    for levels, seen in ((10, 11), (11, 11)):
        content = (text[:start] + nested(levels) + text[end:]).encode()
        mapped = RIVTA_LABORATORY.map(SourceMessage("a", "x", content, NOW), Settings("a", "SE1"))
        assert len(made(mapped)) == seen
        assert mapped.coverage.unmapped == {}
        assert bool(mapped.issues) is (levels > 10)


def test_a_specimen_told_of_many_times_is_one_in_its_report():
    specimens = made(read("specimens-many-times-told"), "Specimen")
    assert [specimen["identifier"][0]["value"] for specimen in specimens[:2]] == [
        "SE2321990042-LABB:P-1",
        "SE2321990042-LABB:P-2",
    ]
    assert len(specimens) == 3
    assert specimens[0]["note"] == [{"text": "Svårstucken"}]


def test_the_same_specimen_number_in_another_report_is_another_specimen():
    one = [str(k.key) for k in read("specimens-many-times-told").entries[0].resources if k.resource["resourceType"] == "Specimen"]
    two = [
        str(k.key)
        for k in read("several-results-of-one-analysis").entries[0].resources
        if k.resource["resourceType"] == "Specimen"
    ]
    assert not set(one) & set(two)


def test_analyses_without_identifier_and_of_one_code_are_not_merged():
    mapped = read("specimens-many-times-told")
    values = [o["valueQuantity"]["value"] for o in made(mapped) if o["code"]["text"] == "P-Glukos"]
    assert values == [Decimal("6.1"), Decimal("7.2"), Decimal("7.4")]
    keys = [keyed.key for keyed in mapped.entries[0].resources]
    assert len(keys) == len(set(keys))


def test_a_flag_is_given_as_sent_with_v3_beside_only_where_the_table_has_it():
    held = by_code(read("flags-and-reference-ranges"))
    flags = {
        text: [c["code"] for i in o.get("interpretation", []) for c in i.get("coding", []) if "v3" in c["system"]]
        for text, o in held.items()
    }
    assert flags == {"Hb(B)-HbA1c": ["H"], "P-Natrium": ["L"], "P-Kalium": ["HH"], "P-Kreatinin": [], "P-ALAT": []}


def test_no_flag_is_not_a_normal_flag():
    assert "interpretation" not in by_code(read("flags-and-reference-ranges"))["P-ALAT"]


def test_a_reference_range_has_bounds_or_text_and_says_which_bound_is_outside():
    held = by_code(read("flags-and-reference-ranges"))
    (open_end,) = held["Hb(B)-HbA1c"]["referenceRange"]
    assert open_end["extension"][0]["url"].endswith("/high-closed")
    assert held["P-Kreatinin"]["referenceRange"] == [{"appliesTo": [{"text": "Kvinnor"}], "text": "45–90"}]
    assert held["P-Kalium"]["referenceRange"][0]["text"] == "Gäller ej hemolyserat prov"


def test_elements_of_the_minor_versions_are_read():
    mapped = read(PLAIN)
    assert mapped.entries[0].patient == Identifier(PERSONNUMMER, "195009072553")
    (request,) = made(mapped, "ServiceRequest")
    assert [note["text"] for note in request["note"]] == ["Fastande sedan midnatt", "Diuretikabehandling"]
    (report,) = made(mapped, "DiagnosticReport")
    author = next(role for role in report["contained"] if role["id"] == "author")
    assert author["organization"]["display"] == "Klinisk kemi, Björkby sjukhus"


def without_patient():
    text = dense(PLAIN)
    start, end = text.index("<m1:patientId>"), text.index("</m1:patientId>") + len("</m1:patientId>")
    return text[start:end], ""


def test_an_older_producer_that_names_no_patient_answers_on_the_number_that_was_asked():
    asked = Identifier(PERSONNUMMER, "191212121212")
    assert read(PLAIN, without_patient(), asked=asked).entries[0].patient == asked
    assert read(PLAIN, without_patient()).entries == ()


def test_an_answer_on_another_number_than_asked_is_filed_under_the_number_it_names():
    mapped = read(PLAIN, asked=Identifier(PERSONNUMMER, "191212121212"))
    assert mapped.entries[0].patient.value == "195009072553"


def test_the_block_time_is_that_of_the_header_at_both_ends():
    custody = read(PLAIN).entries[0].custody
    assert custody.time_from == custody.time_to == datetime(2026, 3, 2, 7, 15, tzinfo=UTC)
    assert custody.info_type == "und-kkm-ure"


def test_a_block_time_in_the_hour_that_comes_twice_spans_both():
    custody = read("specimens-many-times-told").entries[0].custody
    assert (custody.time_to - custody.time_from).total_seconds() == 3600


def test_a_care_giver_by_organisation_number_is_known_only_by_the_configuration():
    case = "organisation-number-withheld-from-the-patient"
    assert read(case).entries[0].custody.provider is None
    placed = read(case, places={"5560000000": Place("SE5560000000-1000", "SE5560000000-2000")})
    assert placed.entries[0].custody.provider == "SE5560000000-1000"


def test_a_sole_traders_number_appears_in_no_issue_and_no_resource():
    mapped = read("organisation-number-withheld-from-the-patient", ("5560000000", "195009072553"))
    assert "195009072553" not in repr(mapped.issues) + repr(mapped.coverage)
    assert "1.2.752.29.4.3" not in json.dumps(made(mapped, "DiagnosticReport")).decode()


def test_an_unapproved_report_is_hidden_from_the_patient_in_all_its_parts():
    mapped = read("organisation-number-withheld-from-the-patient")
    (entry,) = mapped.entries
    assert {keyed.resource["resourceType"] for keyed in entry.resources} >= {"DiagnosticReport", "Specimen", "Observation"}
    assert all(keyed.resource["meta"]["security"][0]["code"] == "NOPATIENT" for keyed in entry.resources)
    assert entry.custody.released is False


def test_effective_is_when_the_specimen_was_taken_and_not_when_it_was_analysed():
    observation = by_code(read("specimens-many-times-told"))["P-Natrium"]
    assert observation["effectiveDateTime"] == "2026-03-02T08:15:00+01:00"
    assert observation["issued"] == "2026-03-02T14:00:00+01:00"


def test_a_report_of_several_specimens_is_effective_from_the_first_to_the_last():
    (report,) = made(read("specimens-many-times-told"), "DiagnosticReport")
    assert report["effectivePeriod"]["start"] == "2026-03-02T08:15:00+01:00"
    assert report["effectivePeriod"]["end"] == "2026-10-25T02:30:00+02:00"


def test_accredited_is_said_only_where_it_was_said():
    held = by_code(read("specimens-many-times-told"))
    assert [e["valueBoolean"] for e in held["P-Natrium"]["extension"] if e["url"].endswith("/accredited")] == [False]
    assert "extension" not in held["P-Kalium"]


def test_whoever_has_seen_the_report_is_an_agent_of_its_provenance():
    (entry,) = read(PLAIN).entries
    assert [(code, who["display"]) for code, who in entry.attribution.others] == [("attester", "Maria Ek")]
    assert entry.attribution.verifier["display"] == "Nils Frank"


def test_a_code_and_words_beside_it_are_both_kept():
    coded = "<c:displayName>P-Natrium</c:displayName></c:code><c:specimen>"
    with_words = coded.replace("</c:code>", "<c:originalText>Na</c:originalText></c:code>")
    observation = made(read(PLAIN, (coded, with_words)))[0]
    assert observation["code"]["text"] == "Na"
    assert observation["code"]["coding"][0]["display"] == "P-Natrium"


def test_an_answer_without_processing_status_is_never_taken_for_all_there_is():
    assert read(PLAIN).complete is False


def test_the_same_message_twice_is_the_same():
    for case in EXAMPLES.iterdir():
        assert read(case.name) == read(case.name)
