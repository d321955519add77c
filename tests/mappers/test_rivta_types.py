"""RIV-TA's data types: numbers, units, codes, identifiers and times become FHIR's without a digit lost."""

from decimal import Decimal

import pytest

from hub import xml
from hub.fhir import json as fhir_json
from hub.mappers._attachment import OCTETS, document
from hub.mappers._rivta_types import (
    business_identifier,
    concept,
    decimal,
    flag,
    hsa,
    local,
    partial,
    patient_number,
    quantity,
    time,
    until,
)
from hub.mappers._tracked import Node, tree
from hub.mappers._ucum import is_ucum

SNOMED = "http://snomed.info/sct"
EXTENSION = "https://samsyn.example/fhir/StructureDefinition"


def node(inside: str) -> Node:
    return tree(xml.parse(f"<n>{inside}</n>".encode()), lambda _: True, [])


def cv(**parts: str) -> Node:
    return node("".join(f"<{name}>{value}</{name}>" for name, value in parts.items()))


@pytest.mark.parametrize(
    ("sent", "written"),
    [
        ("1.50", "1.50"),
        ("1,50", "1.50"),
        ("7,20", "7.20"),
        ("0", "0"),
        ("-0.0", "-0.0"),
        ("1.0E-4", "0.00010"),
        ("1e2", "1E+2"),
        (".5", "0.5"),
        ("12345678901234567890.123456789", "12345678901234567890.123456789"),
    ],
)
def test_a_number_keeps_every_digit_to_the_wire(sent: str, written: str) -> None:
    assert fhir_json.dumps(decimal(node(sent))).decode() == written


@pytest.mark.parametrize("sent", ["INF", "NaN", "-INF", "<5", "1.2.3", "1,2,3", "1 000", "９", "1e9999", "1" * 41, "0x1F", "--1"])
def test_what_is_no_number_is_refused_and_kept(sent: str) -> None:
    held = node(sent.replace("<", "&lt;"))
    assert decimal(held) is None
    assert held.coverage().kept == {"n": "not a number"}


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("mg", {"unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}),
        ("tablett", {"unit": "tablett"}),
        ("", {}),
    ],
)
def test_a_unit_is_a_code_only_where_it_is_ucum(unit: str, expected: dict[str, str]) -> None:
    assert quantity(node(f"<value>2</value><unit>{unit}</unit>")) == {"value": Decimal(2)} | expected


@pytest.mark.parametrize(
    "unit",
    [
        *("mg", "g/L", "mmol/L", "umol/L", "10*9/L", "10*12/L", "ukat/L", "mm[Hg]", "kg/m2", "%", "1", "1/d", "/d", "d", "h"),
        *("mm/h", "Cel", "fL", "kU/L", "[IU]/L", "mL/min/{1.73_m2}", "mmol/mol"),
    ],
)
def test_units_of_laboratories_are_ucum(unit: str) -> None:
    assert is_ucum(unit)


@pytest.mark.parametrize(
    "unit",
    [
        "tablett",
        "{tabl}",
        "st",
        "dag",
        "/dag",
        "E/L",
        "IE",
        "µmol/L",
        "mg/12.5 mg",
        "vecka",
        "tim",
        "mån",
        "ml x 2",
        "",
        "mg/",
        "ggr",
    ],
)
def test_words_and_old_symbols_are_not_ucum(unit: str) -> None:
    assert not is_ucum(unit)


def test_a_code_is_written_as_we_write_it_and_as_it_was_sent() -> None:
    said = concept(cv(code="271649006", codeSystem="1.2.752.116.2.1.1", displayName="systoliskt blodtryck"))
    assert said == {
        "coding": [
            {
                "system": SNOMED,
                "version": "http://snomed.info/sct/45991000052106",
                "code": "271649006",
                "display": "systoliskt blodtryck",
            },
            {"system": "urn:oid:1.2.752.116.2.1.1", "code": "271649006", "display": "systoliskt blodtryck"},
        ],
        "text": "systoliskt blodtryck",
    }


@pytest.mark.parametrize(
    ("sent", "system"),
    [
        ("1.2.752.116.1.1.1.1.3", "https://www.icd10.se/"),
        ("1.2.752.129.2.2.3.1.1", "http://www.whocc.no/atc"),
        ("2.16.840.1.113883.6.73", "http://www.whocc.no/atc"),
        ("1.2.752.108.1", "urn:oid:1.2.752.108.1"),
        ("1.2.752.999.1", "urn:oid:1.2.752.999.1"),
        ("http://example.org/codes", "http://example.org/codes"),
        ("6F1C2A5E-7A1B-4C53-9A39-5A0D2A1F0001", "urn:uuid:6f1c2a5e-7a1b-4c53-9a39-5a0d2a1f0001"),
    ],
)
def test_a_code_system_gets_its_uri(sent: str, system: str) -> None:
    said = concept(cv(code="X", codeSystem=sent, displayName="Y"))
    assert said is not None
    assert said["coding"][0]["system"] == system


def test_an_element_may_know_better_what_an_oid_means_there() -> None:
    said = concept(cv(code="123456", codeSystem="1.2.752.129.2.2.3.1.1"), {"1.2.752.129.2.2.3.1.1": "urn:x:varunummer"})
    assert said is not None
    assert said["coding"][0]["system"] == "urn:x:varunummer"


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        (
            "<root>1.2.752.129.2.1.4.1</root><extension>se2321990018-1a01</extension>",
            "urn:oid:1.2.752.129.2.1.4.1|SE2321990018-1A01",
        ),
        ("<root>1.2.3</root><extension>a-1</extension>", "urn:oid:1.2.3|a-1"),
        (
            "<root>6F1C2A5E-7A1B-4C53-9A39-5A0D2A1F0001</root>",
            "urn:ietf:rfc:3986|urn:uuid:6f1c2a5e-7a1b-4c53-9a39-5a0d2a1f0001",
        ),
        (
            "<root>6f1c2a5e-7a1b-4c53-9a39-5a0d2a1f0001</root><extension>6f1c2a5e-7a1b-4c53-9a39-5a0d2a1f0001</extension>",
            "urn:ietf:rfc:3986|urn:uuid:6f1c2a5e-7a1b-4c53-9a39-5a0d2a1f0001",
        ),
        ("<root>SE2321990018-LAB</root><extension>4711</extension>", "urn:oid:1.2.752.129.2.1.2.1|SE2321990018-LAB:4711"),
    ],
    ids=["HSA-id in one letter case", "OID", "UUID alone", "UUID with a dummy extension", "a system's own id"],
)
def test_an_ii_becomes_one_identifier(inside: str, expected: str) -> None:
    assert str(business_identifier(node(inside))) == expected


def test_an_ii_that_is_none_is_kept_aside() -> None:
    held = node("<root>1.2.3</root>")
    assert business_identifier(held) is None
    assert list(held.coverage().kept) == ["root"]


@pytest.mark.parametrize(
    ("root", "value", "expected"),
    [
        ("1.2.752.129.2.1.3.1", "19610118-2803", "http://electronichealth.se/identifier/personnummer|196101182803"),
        ("1.2.752.129.2.1.3.1", "196109732393", "http://electronichealth.se/identifier/samordningsnummer|196109732393"),
        ("1.2.752.129.2.1.3.3", "196101182803", "http://electronichealth.se/identifier/personnummer|196101182803"),
        ("1.2.752.97.3.1.3", "99196101182803", "urn:oid:1.2.752.97.3.1.3|99196101182803"),
    ],
)
def test_a_patient_number_goes_by_what_it_is(root: str, value: str, expected: str) -> None:
    assert str(patient_number(root, value)) == expected


@pytest.mark.parametrize(
    ("sent", "said"), [("true", True), ("1", True), ("false", False), ("0", False), ("ja", None), ("", None)]
)
def test_a_flag_is_true_or_false_or_unknown(sent: str, said: bool | None) -> None:
    assert flag(node(sent)) is said


def test_a_question_mark_left_in_a_template_is_no_hsa_id() -> None:
    assert hsa(node("?")) is None
    assert hsa(node(" se2321990018-x ")) == "SE2321990018-X"


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        ("YYYY", "2024", {"t": "2024"}),
        ("YYYYMM", "202402", {"t": "2024-02"}),
        ("YYYYMMDD", "20240229", {"t": "2024-02-29"}),
        ("YYYY-MM-DD", "2024-02-29", {"t": "2024-02-29"}),
        ("YYYYMMDDhhmm", "202402291015", {"t": "2024-02-29T10:15:00+01:00"}),
        ("YYYYMMDDhhmmss", "20240729101530", {"t": "2024-07-29T10:15:30+02:00"}),
        (
            "YYYYMMDDhh",
            "2024022910",
            {"t": "2024-02-29", "_t": {"extension": [{"url": f"{EXTENSION}/local-time-truncated", "valueString": "2024022910"}]}},
        ),
        ("YYYYMM", "2024", {"_t": {"extension": [{"url": f"{EXTENSION}/time-as-text", "valueString": "2024"}]}}),
        ("YYYYMMDD", "20240231", {"_t": {"extension": [{"url": f"{EXTENSION}/time-as-text", "valueString": "20240231"}]}}),
    ],
)
def test_a_partial_time_is_as_precise_as_it_was_sent(form: str, value: str, expected: dict[str, object]) -> None:
    assert partial("t", node(f"<format>{form}</format><value>{value}</value>")) == expected


def test_a_time_that_no_calendar_has_stays_as_text_and_is_said() -> None:
    held = node("20240231101500")
    assert time("t", held) == {"_t": {"extension": [{"url": f"{EXTENSION}/time-as-text", "valueString": "20240231101500"}]}}
    assert held.coverage().kept == {"n": "not a time that the calendar has"}


def test_the_hour_that_comes_twice_reaches_from_its_first_to_its_second() -> None:
    found = local(node("20241027023000"))
    assert found is not None
    assert (found.written, until(found).isoformat()) == ("2024-10-27T02:30:00+02:00", "2024-10-27T01:30:00+00:00")
    assert until(local(node("20241027040000"))).isoformat() == "2024-10-27T03:00:00+00:00"  # type: ignore[arg-type]  # it is a time


@pytest.mark.parametrize(
    ("declared", "content", "shown"),
    [
        ("application/pdf", b"%PDF-1.7 ...", "application/pdf"),
        ("application/pdf", b"<html>", OCTETS),
        ("image/png", b"\x89PNG\r\n\x1a\n...", "image/png"),
        ("image/png", b"\xff\xd8\xff\xe0", OCTETS),
        ("text/html", b"<p>x</p>", "text/html"),
        ("text/plain", "blå".encode("latin-1"), OCTETS),
        ("text/plain; charset=utf-8", "blå".encode(), "text/plain"),
        ("", b"x", OCTETS),
    ],
)
def test_a_document_is_shown_only_as_what_it_is(declared: str, content: bytes, shown: str) -> None:
    import base64

    found = document(declared, base64.encodebytes(content).decode())
    assert (found.media_type, found.size) == (shown, len(content))
    assert base64.b64decode(found.data) == content


def test_what_is_not_base64_is_no_document() -> None:
    with pytest.raises(ValueError, match="base64"):
        document("text/plain", "åäö")


def test_the_identifier_of_nothing_is_nothing() -> None:
    assert business_identifier(node("")) is None
    assert concept(node("")) is None
