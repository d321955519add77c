"""HL7 v2 mapping by table: values, statuses, custody, and messages that are refused with their place."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hub.config import SourceConfig
from hub.directory import Directory, Unit
from hub.errors import Unmappable
from hub.fhir.json import dumps
from hub.hub import settings
from hub.mappers import Defaults, Place, Settings, SourceMessage
from hub.mappers.hl7v2_oru_r01 import HL7V2_ORU_R01
from hub.mappers.hl7v2_siu import HL7V2_SIU

PLACES = {"HJMOTT": Place("SE1-NORR", "SE1-HJ"), "AVD3": Place("SE1-NORR", "SE1-A3"), "KEM": Place("SE1-NORR", "SE1-KEM")}
SETTINGS = Settings("lab", "SE1-LAB", defaults=Defaults(True, False, False, "care", False), places=PLACES)
HEAD = "MSH|^~\\&|LAB|KEM|HUB|REG|20260701130501||{}|42|P|2.5.1||||||UNICODE UTF-8"
PID = "PID|1||195009072553^^^&1.2.752.129.2.1.3.1&ISO"


def mapped(mapper, kind, *lines, settings=SETTINGS):
    content = "\r".join([HEAD.format(kind), *lines, ""]).encode()
    return mapper.map(SourceMessage("lab", mapper.name, content, datetime(2026, 11, 21, tzinfo=UTC)), settings)


def oru(*lines, **more):
    return mapped(HL7V2_ORU_R01, "ORU^R01^ORU_R01", *lines, **more)


def result(obx, status="F"):
    """The Observation of one OBX, and the issues."""
    found = oru(PID, f"OBR|1||F1|X|||20260701|||||||||||||||20260702||CH|{status}", obx)
    resources = [keyed.resource for keyed in found.entries[0].resources]
    return next(each for each in resources if each["resourceType"] == "Observation"), found.issues


@pytest.mark.parametrize(
    ("kind", "value", "unit", "written"),
    [
        ("NM", "1.50", "mmol", b'{"valueQuantity":{"value":1.50,"unit":"mmol","system":"http://unitsofmeasure.org","code":"mmol"}}'),
        ("NM", "1,50", "tablett", b'{"valueQuantity":{"value":1.50,"unit":"tablett"}}'),
        ("NM", "-0.0", "", b'{"valueQuantity":{"value":-0.0}}'),
        ("NM", "+4", "", b'{"valueQuantity":{"value":4}}'),
        ("NM", "<0.10", "st", b'{"valueQuantity":{"value":0.10,"comparator":"<","unit":"st"}}'),
        ("NM", "100000000000000000000.10", "", b'{"valueQuantity":{"value":100000000000000000000.10}}'),
        ("SN", ">^100", "", b'{"valueQuantity":{"value":100,"comparator":">"}}'),
        ("SN", "=^5.0", "", b'{"valueQuantity":{"value":5.0}}'),
        ("SN", "^100^-^200", "mg/x", b'{"valueRange":{"low":{"value":100,"unit":"mg/x"},"high":{"value":200,"unit":"mg/x"}}}'),
        ("SN", "<^1^:^128", "", b'{"valueRatio":{"numerator":{"value":1,"comparator":"<"},"denominator":{"value":128}}}'),
        ("SN", "^3^+", "", b'{"valueString":"3+"}'),
        ("ST", "<5", "mmol/L", b'{"valueString":"<5"}'),
        ("", "fritt \\T\\ text", "", b'{"valueString":"fritt & text"}'),
        ("FT", "a\\.br\\b~c", "", b'{"valueString":"a\\nb\\nc"}'),
        ("CWE", "^Riklig v\u00e4xt", "", '{"valueCodeableConcept":{"text":"Riklig växt"}}'.encode()),
        ("DT", "20260701", "", b'{"valueDateTime":"2026-07-01"}'),
        ("TS", "202607011305", "", b'{"valueDateTime":"2026-07-01T13:05:00+02:00"}'),
        ("TM", "1305", "", b'{"valueTime":"13:05:00"}'),
        ("NR", "^5", "", b'{"valueRange":{"high":{"value":5}}}'),
    ],
    ids=lambda value: str(value)[:24],
)  # fmt: skip
def test_a_value_becomes_what_its_type_says_digit_by_digit(kind, value, unit, written):
    observed, issues = result(f"OBX|1|{kind}|HB^Hb^L||{value}|{unit}|||||F")
    assert dumps({name: held for name, held in observed.items() if name.startswith("value")}) == written
    assert issues == ()


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("SCT", "http://snomed.info/sct"),
        ("LN", "http://loinc.org"),
        ("NPU", "urn:oid:1.2.752.108.1"),
        ("1.2.752.108.1.1", "urn:oid:1.2.752.108.1"),
        ("urn:oid:1.2.752.116.1.1.1.1.3", "https://www.icd10.se/"),
        ("HL70078", "http://terminology.hl7.org/CodeSystem/v2-0078"),
        ("L", "urn:hub:hl7v2:SE1-LAB:code"),
        ("", "urn:hub:hl7v2:SE1-LAB:code"),
        ("Vårt register", "urn:hub:hl7v2:SE1-LAB:code:V%C3%A5rt%20register"),
    ],
)
def test_a_code_comes_with_its_system_and_both_its_codings_are_kept(name, uri):
    observed, _ = result(f"OBX|1|CE|HB^Hb^L||A^a^{name}^B^b^L||||||F")
    assert observed["valueCodeableConcept"] == {
        "coding": [
            {"system": uri, "code": "A", "display": "a"},
            {"system": "urn:hub:hl7v2:SE1-LAB:code", "code": "B", "display": "b"},
        ],
        "text": "a",
    }


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("NM", "hemolys"),
        ("NM", "1e5"),
        ("NM", "NaN"),
        ("NM", "٣"),
        ("NM", "1" * 40),
        ("SN", "<>^5"),
        ("SN", "^200^-^100"),
        ("SN", "^5^x^6"),
        ("SN", ""),
        ("DT", "20260231"),
        ("TM", "2561"),
        ("NR", "b^a"),
        ("XX", "5"),
    ],
)
def test_a_value_that_is_not_of_its_type_stays_as_text_and_its_place_is_said(kind, value):
    observed, issues = result(f"OBX|1|{kind}|HB^Hb^L||{value}||||||F")
    if value:
        assert observed["valueString"] == value
        assert [issue.place for issue in issues] == ["OBX[1]-5"]
        assert value not in issues[0].problem
    else:
        assert observed["dataAbsentReason"]["coding"][0]["code"] == "unknown"


@pytest.mark.parametrize(
    ("sent", "of_report", "status"),
    [(code, "F", status) for code, status in [
        *(("I", "registered"), ("O", "registered"), ("P", "preliminary"), ("R", "preliminary"), ("S", "preliminary")),
        *(("F", "final"), ("U", "final"), ("C", "corrected"), ("D", "entered-in-error"), ("W", "entered-in-error")),
        *(("X", "cancelled"), ("N", "cancelled"), ("", "final"), ("Q", "unknown")),
    ]] + [("", "P", "preliminary"), ("", "A", "unknown"), ("F", "P", "final")],
)  # fmt: skip
def test_the_status_of_a_result_is_table_0085_and_else_its_reports(sent, of_report, status):
    assert result(f"OBX|1|NM|HB^Hb^L||1||||||{sent}", of_report)[0]["status"] == status


@pytest.mark.parametrize(
    ("flags", "shown"),
    [
        ("H", ["H"]),
        ("HH~A", ["HH", "A"]),
        ("POS^^HL70078", ["POS"]),
        ("*", ["*"]),
        ("X^Avvikande^L", ["Avvikande"]),
        ("", []),
    ],
)
def test_flags_are_coded_where_the_table_has_them_and_text_where_not(flags, shown):
    observed, _ = result(f"OBX|1|NM|HB^Hb^L||1|||{flags}|||F")
    found = observed.get("interpretation", [])
    assert [each.get("text") or each["coding"][0]["code"] for each in found] == shown


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("117-153", ("117", "153")),
        ("3,5 - 4,40", ("3.5", "4.40")),
        ("4.0–6.0", ("4.0", "6.0")),
        ("<5", None),
        ("6-4", None),
        ("negativ", None),
    ],
)
def test_a_reference_range_keeps_its_text_and_has_bounds_only_of_two_numbers(text, bounds):
    (held,) = result(f"OBX|1|NM|HB^Hb^L||1|g/L|{text}||||F")[0]["referenceRange"]
    assert held["text"] == text
    assert (("low" in held) and (str(held["low"]["value"]), str(held["high"]["value"]))) == (bounds or False)


OBR = "OBR|1||F1|X|||20260701|||{}|||||||||||||||F"


@pytest.mark.parametrize(
    ("lines", "unit", "issue"),
    [
        (["PV1|1|O|AVD3", "ORC|RE||||||||||||||||||||^^^^^^^^^HJMOTT", OBR.format("")], "SE1-HJ", None),
        (["PV1|1|O|AVD3", "ORC|RE||||||||||||||||||||Hjärtmottagningen^^HJMOTT", OBR.format("")], "SE1-HJ", None),
        (["PV1|1|O|AVD3", OBR.format("HJMOTT")], "SE1-HJ", None),
        (["PV1|1|O|AVD3", OBR.format("1234^Provtagare^Pia")], "SE1-A3", None),
        (["PV1|1|O|AVD3^rum^^KEM", OBR.format("")], "SE1-A3", None),
        (["PV1|1|O|^^^AVD3", OBR.format("")], "SE1-A3", None),
        ([OBR.format("")], "SE1-KEM", None),
        (["PV1|1|O|OKAND^rum^^KEM", OBR.format("")], None, "PV1[1]-3"),
        (["PV1|1|O|AVD3", "ORC|RE||||||||||||||||||||Annan", OBR.format("")], None, "ORC[1]-21"),
        (["PV1|1|O|avd3", OBR.format("")], None, "PV1[1]-3"),
    ],
)
def test_the_most_telling_field_with_a_value_decides_custody_and_an_unknown_code_withholds(lines, unit, issue):
    found = oru(PID, *lines, "OBX|1|NM|HB||1||||||F")
    held = found.entries[0].custody
    assert (held.unit, held.provider) == (unit, "SE1-NORR" if unit else None)
    assert [each.place for each in found.issues] == ([issue] if issue else [])


def test_without_any_code_nobody_holds_it():
    head = HEAD.replace("|KEM|", "||").format("ORU^R01")
    content = "\r".join([head, PID, OBR.format("")]).encode()
    message = SourceMessage("lab", "hl7v2_oru_r01", content, datetime(2026, 11, 21, tzinfo=UTC))
    held = HL7V2_ORU_R01.map(message, SETTINGS).entries[0].custody
    assert (held.provider, held.unit) == (None, None)


@pytest.mark.parametrize(
    ("defaults", "released", "labelled"),
    [
        (Defaults(), None, True),
        (Defaults(released=False), False, True),
        (Defaults(released=True), True, False),
        (Defaults(released=True, purpose="något"), True, False),
    ],
)
def test_what_the_configuration_does_not_set_closes(defaults, released, labelled):
    found = oru(
        PID, OBR.format(""), "OBX|1|NM|HB||1||||||F", settings=Settings("lab", "SE1-LAB", defaults=defaults, places=PLACES)
    )
    held = found.entries[0].custody
    assert (held.released, held.purpose) == (released, None)
    assert all(("security" in keyed.resource["meta"]) is labelled for keyed in found.entries[0].resources)


@pytest.mark.parametrize(
    ("pid", "number"),
    [
        ("PID|1||19500907-2553^^^&1.2.752.129.2.1.3.1&ISO", "195009072553"),
        ("PID|1||501^^^JOURNAL~195009072553^^^^NNSWE", "195009072553"),
        ("PID|1||195009072553^^^http://electronichealth.se/identifier/personnummer", "195009072553"),
        ("PID|1||196109732393^^^&1.2.752.129.2.1.3.1&ISO", "196109732393"),
        ("PID|1||501^^^JOURNAL", "501"),
    ],
)
def test_a_national_number_goes_before_any_other(pid, number):
    found = oru(pid, OBR.format(""), "OBX|1|NM|HB||1||||||F")
    assert found.entries[0].patient.value == number
    if number.startswith("1961"):
        assert found.entries[0].patient.system.endswith("samordningsnummer")


@pytest.mark.parametrize(
    ("mapper", "kind", "lines", "place"),
    [
        (HL7V2_ORU_R01, "ADT^A01", [PID, OBR], "MSH-9"),
        (HL7V2_ORU_R01, "ORU^R01", [], "OBR"),
        (HL7V2_ORU_R01, "ORU^R01", [PID], "OBR"),
        (HL7V2_ORU_R01, "ORU^R01", [OBR], "OBR[1]"),
        (HL7V2_ORU_R01, "ORU^R01", [PID, "OBR|1|||X"], "OBR[1]-3"),
        (HL7V2_ORU_R01, "ORU^R01", ["PID|1||", OBR], "PID-3"),
        (HL7V2_ORU_R01, "ORU^R01", ["PID|1||195009072553", OBR], "PID-3"),
        (HL7V2_ORU_R01, "ORU^R01", ["PID|1||195009072554^^^&1.2.752.129.2.1.3.1", OBR], "PID-3"),
        (HL7V2_ORU_R01, "ORU^R01", ["PID|1||5009072553^^^&1.2.752.129.2.1.3.1", OBR], "PID-3"),
        (HL7V2_SIU, "SIU^S12", [PID], "SCH"),
        (HL7V2_SIU, "SIU^S12", ["SCH|1|2"], "PID"),
        (HL7V2_SIU, "SIU^S12", ["SCH||", PID], "SCH[1]-2"),
        (HL7V2_SIU, "SIU^S12", ["SCH|1|2", PID, PID.replace("195009072553", "199002222397")], "PID[2]"),
        (HL7V2_SIU, "SIU^S99", ["SCH|1|2", PID], "MSH-9"),
        (HL7V2_SIU, "ORU^R01", ["SCH|1|2", PID], "MSH-9"),
    ],
)
def test_a_message_that_cannot_be_mapped_is_refused_with_its_place_and_no_value(mapper, kind, lines, place):
    with pytest.raises(Unmappable) as refused:
        mapped(mapper, kind, *lines)
    assert refused.value.place == place
    assert "50090725" not in refused.value.problem


def test_a_record_keeps_its_key_when_it_is_corrected_and_its_results_keep_theirs():
    first = oru(PID, OBR.format(""), "OBX|1|NM|HB||1||||||P", "OBX|2|NM|HB||2||||||P", "OBX|3|NM|K|a|3||||||P")
    later = oru(PID, OBR.format("")[:-1] + "C", "OBX|9|NM|HB||1||||||C", "OBX|8|NM|HB||2||||||C", "OBX|1|NM|K|a|4||||||C")
    keys = [keyed.key for keyed in first.entries[0].resources]
    assert keys == [keyed.key for keyed in later.entries[0].resources]
    assert len(set(keys)) == len(keys)


def test_answers_beneath_an_answer_are_its_members():
    lines = [f"OBX|{n}|ST|R{n}|{path}|x||||||F" for n, path in enumerate(("1", "1.1", "1.2", "1.2.1", "2", "7.1"), 1)]
    resources = [keyed.resource for keyed in oru(PID, OBR.format(""), *lines).entries[0].resources]
    members = {
        each["code"]["coding"][0]["code"]: [m["identifier"]["value"].rpartition("#")[2] for m in each.get("hasMember", [])]
        for each in resources
        if each["resourceType"] == "Observation"
    }
    assert members == {"R1": ["R2.1.1", "R3.1.2"], "R2": [], "R3": ["R4.1.2.1"], "R4": [], "R5": [], "R6": []}


@pytest.mark.parametrize("field", ["OBX|1|NM|HB|1.1|1||||||F", "NTE|1||x", "SPM|1|^A||BLD", "OBR|1||F1|X|||||||||||||||||||||F"])
def test_a_message_of_one_segment_again_and_again_takes_time_by_its_length(field):
    def once(times):
        begun = time.process_time()
        oru(PID, OBR.format(""), *[field] * times)
        return time.process_time() - begun

    def cost(times):
        return min(once(times) for _ in range(3))  # a collection of other tests' garbage may fall into one of them

    cost(50)
    assert cost(4000) < 40 * max(cost(400), 0.004)


@pytest.mark.parametrize(
    ("event", "filler", "status"),
    [
        ("S12", "Booked", "booked"),
        ("S12", "", "booked"),
        ("S13", "Pending", "pending"),
        ("S14", "Waitlist", "waitlist"),
        ("S15", "Booked", "cancelled"),
        ("S16", "", "cancelled"),
        ("S26", "Booked", "noshow"),
        ("S14", "Complete", "fulfilled"),
    ],
)
def test_the_event_decides_the_status_of_a_booking_and_else_the_filler(event, filler, status):
    sch = f"SCH|P1|B1||||{'X^Skäl^L'}|||||^^30^20260915101500^20260915104500||||||||||||||{filler}"
    found = mapped(HL7V2_SIU, f"SIU^{event}", sch, PID, "PV1|1|O|HJMOTT")
    appointment = found.entries[0].resources[0].resource
    assert appointment["status"] == status
    assert ("cancelationReason" in appointment) is (status in ("cancelled", "noshow"))
    assert found.withdrawn == ()


def test_a_deleted_booking_is_annulled_under_the_key_it_was_made_with():
    sch = "SCH|P1|B1|||||||||^^30^20260915101500"
    (made,) = mapped(HL7V2_SIU, "SIU^S12", sch, PID, "PV1|1|O|HJMOTT").entries
    (gone,) = mapped(HL7V2_SIU, "SIU^S17", sch, PID, "PV1|1|O|HJMOTT").entries
    assert gone.key == made.key
    assert (made.custody.nullified, gone.custody.nullified) == (False, True)
    assert gone.resources[0].resource["status"] == "entered-in-error"


def test_no_organization_takes_part_in_a_booking():
    found = mapped(HL7V2_SIU, "SIU^S12", "SCH||B1", PID, "PV1|1|O|HJMOTT", "AIL|1||HJMOTT", "AIP|1||1^Ek^Bo", "AIG|1||EKG")
    appointment = found.entries[0].resources[0].resource
    types = {held["id"]: held["resourceType"] for held in appointment["contained"]}
    assert set(types.values()) == {"Location", "PractitionerRole"}
    assert not any("Organization" in str(each["actor"].get("reference")) for each in appointment["participant"])


NAMED = replace(SETTINGS, places=PLACES | {"HJMOTT": Place("SE1-NORR", "SE1-HJ", "Hjärtmottagningen")})


@pytest.mark.parametrize(
    ("visit", "where", "name", "unit"),
    [
        ("HJMOTT", "HJMOTT", "Hjärtmottagningen", "Hjärtmottagningen"),
        ("HJMOTT", "HJMOTT^Rum 4", "Hjärtmottagningen, Rum 4", "Hjärtmottagningen"),
        ("HJMOTT", "HJMOTT^4^B", "Hjärtmottagningen, 4, B", "Hjärtmottagningen"),
        ("HJMOTT", "", "Hjärtmottagningen", "Hjärtmottagningen"),
        ("HJMOTT", "HJMOTT^Rum 4^^^^^^^Hjärtat, plan 2", "Hjärtat, plan 2", "Hjärtmottagningen"),
        ("HJMOTT^^^^^^^^Hjärtat", "HJMOTT^Rum 4", "Hjärtat, Rum 4", "Hjärtat"),
        ("HJMOTT^4^^^^^^^Sal 4", "HJMOTT^Rum 5", "Hjärtmottagningen, Rum 5", "Hjärtmottagningen"),
        ("AVD3", "AVD3^2^1", "AVD3 2 1", None),
        ("HJMOTT", "NYMOTT", "NYMOTT", None),
        ("HJMOTT", "^Rum 4", "Rum 4", None),
    ],
)
def test_a_booked_place_is_called_as_the_message_or_the_directory_calls_it_and_else_by_its_code(visit, where, name, unit):
    lines = ["SCH||B1", PID, f"PV1|1|O|{visit}", *([f"AIL|1||{where}|^Undersökningsrum^L"] if where else [])]
    appointment = mapped(HL7V2_SIU, "SIU^S12", *lines, settings=NAMED).entries[0].resources[0].resource
    (place,) = appointment["contained"]
    assert place["name"] == appointment["participant"][1]["actor"]["display"] == name
    assert place.get("managingOrganization", {}).get("display") == unit
    assert place.get("type") == ([{"text": "Undersökningsrum"}] if where else None)


def test_a_unit_is_called_by_its_name_in_the_directory_but_not_one_that_is_protected():
    held = {each: {"provider": "se1-norr", "unit": f"se1-{each}"} for each in ("open", "hidden", "unknown")}
    source = SourceConfig(name="lab", title="Lab", kind="mllp", owner="SE1-NORR", system="SE1-LAB", places=held)
    units = (Unit("SE1-OPEN", "Öppenvården", "SE1-NORR"), Unit("SE1-HIDDEN", "Skyddet", "SE1-NORR", protected=True))
    places = settings(source, Directory(units={each.hsa_id: each for each in units})).places
    assert {each: place.name for each, place in places.items()} == {"open": "Öppenvården", "hidden": "", "unknown": ""}
