"""FHIR's XML, read and written. Rows from http://hl7.org/fhir/R4/xml.html, http://hl7.org/fhir/R4/json.html#primitive"""

from decimal import Decimal

import pytest

from hub.errors import HubError, InvalidRequest, NotAcceptable, TooCostly, Unprocessable
from hub.fhir.validation import validate
from hub.fhir.xml import dumps_xml
from hub.fhir.xml_reader import loads_xml
from hub.xml import indented

START = '<?xml version="1.0" encoding="UTF-8"?>'
XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'


def patient(inside, more=""):
    return f'{START}<Patient xmlns="http://hl7.org/fhir"{more}>{inside}</Patient>'.encode()


PAIRS = [
    ("an element", {"birthDate": "1990-01-01"}, '<birthDate value="1990-01-01"/>'),
    (
        "values that are no strings",
        {"active": True, "multipleBirthInteger": 2},
        '<active value="true"/><multipleBirthInteger value="2"/>',
    ),
    ("an element that repeats", {"name": [{"given": ["A", "B"]}]}, '<name><given value="A"/><given value="B"/></name>'),
    (
        "elements in the order of the specification",
        {"gender": "male", "active": False},
        '<active value="false"/><gender value="male"/>',
    ),
    (
        "an id and an extension of a value",
        {
            "birthDate": "1970-03-30",
            "_birthDate": {"id": "314159", "extension": [{"url": "http://example.org/t", "valueString": "Easter"}]},
        },
        '<birthDate id="314159" value="1970-03-30">'
        '<extension url="http://example.org/t"><valueString value="Easter"/></extension></birthDate>',
    ),
    (
        "an extension without a value",
        {"_gender": {"extension": [{"url": "http://example.org/a", "valueCode": "unknown"}]}},
        '<gender><extension url="http://example.org/a"><valueCode value="unknown"/></extension></gender>',
    ),
    (
        "values in a list, some with more and some without",
        {
            "name": [
                {
                    "given": ["au", None, "nz"],
                    "_given": [{"id": "a"}, {"extension": [{"url": "http://example.org/a", "valueCode": "x"}]}, None],
                }
            ]
        },
        '<name><given id="a" value="au"/><given><extension url="http://example.org/a"><valueCode value="x"/></extension></given>'
        '<given value="nz"/></name>',
    ),
    ("the id of an element", {"name": [{"id": "n1", "text": "A"}]}, '<name id="n1"><text value="A"/></name>'),
    (
        "an extension in an extension",
        {"extension": [{"id": "e", "url": "http://example.org/a", "extension": [{"url": "b", "valueDecimal": Decimal("1.50")}]}]},
        '<extension id="e" url="http://example.org/a"><extension url="b"><valueDecimal value="1.50"/></extension></extension>',
    ),
    (
        "what XML has signs for",
        {"name": [{"text": '<a & "b">\n\tc\''}]},
        '<name><text value="&lt;a &amp; &quot;b&quot;&gt;&#10;&#9;c\'"/></name>',
    ),
    (
        "what is contained",
        {"contained": [{"resourceType": "Organization", "id": "o"}], "managingOrganization": {"reference": "#o"}},
        '<contained><Organization><id value="o"/></Organization></contained>'
        '<managingOrganization><reference value="#o"/></managingOrganization>',
    ),
    (
        "narrative, as it is written",
        {"text": {"status": "generated", "div": f"<div {XHTML}>a<br />&lt; <b class='x'>å</b></div>"}},
        f"<text><status value=\"generated\"/><div {XHTML}>a<br />&lt; <b class='x'>å</b></div></text>",
    ),
]


@pytest.mark.parametrize(("told", "held", "written"), PAIRS, ids=lambda row: row if isinstance(row, str) and " " in row else "")
def test_json_and_xml_say_the_same(told, held, written):
    resource = {"resourceType": "Patient", **held}
    assert dumps_xml(resource) == patient(written)
    assert loads_xml(patient(written)) == resource


@pytest.mark.parametrize("exact", ["1.50", "1.0E+2", "-0.00", "0.010", "12345678901234567.890", "100"])
def test_a_decimal_keeps_its_digits(exact):
    written = f'<Observation xmlns="http://hl7.org/fhir"><valueQuantity><value value="{exact}"/></valueQuantity></Observation>'
    held = loads_xml(written.encode())
    assert str(held["valueQuantity"]["value"]) == exact
    assert f'value="{exact}"'.encode() in dumps_xml(held)


def test_prefixes_comments_and_white_space_say_nothing():
    written = (
        '<f:Patient xmlns:f="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://hl7.org/fhir patient.xsd">\r\n'
        ' <!-- whose --> <f:text><f:status value="generated"/><h:div>Å <h:b>b</h:b></h:div></f:text>\n'
        ' <f:active value="true"></f:active></f:Patient>'
    )
    read = loads_xml(written.encode())
    assert read["active"] is True
    assert validate(read) == []
    assert read["text"]["div"] == '<h:div xmlns:h="http://www.w3.org/1999/xhtml">Å <h:b>b</h:b></h:div>'
    assert loads_xml(dumps_xml(read)) == read


def test_narrative_that_is_none_is_written_as_text():
    held = {"resourceType": "Patient", "text": {"status": "generated", "div": "<b>1 < 2</div><script>x()</script>"}}
    written = dumps_xml(held)
    assert b"<script" not in written
    assert (
        loads_xml(written)["text"]["div"] == f"<div {XHTML}>&lt;b&gt;1 &lt; 2&lt;/div&gt;&lt;script&gt;x()&lt;/script&gt;</div>"
    )


def test_what_is_no_text_is_written_as_an_unknown_character():
    assert b'value="a\xef\xbf\xbdb"' in dumps_xml({"resourceType": "Patient", "birthDate": "a\x00b"})


@pytest.mark.parametrize(
    ("inside", "place"),
    [
        ('<colour value="red"/>', "Patient.colour"),
        ('<name><colour value="red"/></name>', "Patient.name[0].colour"),
        ('<active value="true" colour="red"/>', "Patient.active"),
        ('<active value="true"/><active value="true"/>', "Patient.active"),
        ('<gender value="male"/><active value="true"/>', "Patient.active"),
        ('<name/><birthDate value="1990"/><name/>', "Patient.name"),
        ("<active/>", "Patient.active"),
        ('<active id="a"><birthDate value="1"/></active>', "Patient.active.birthDate"),
        ('text<active value="true"/>', "Patient"),
        ('<active value="true"/>text', "Patient"),
        ('<active value="true">true</active>', "Patient.active"),
        ('<name use="official"/>', "Patient.name[0]"),
        ('<name url="x"/>', "Patient.name[0]"),
        ('<extension value="x" url="a"/>', "Patient.extension[0]"),
        ("<contained/>", "Patient.contained[0]"),
        ('<contained id="a"><Organization/></contained>', "Patient.contained[0]"),
        ("<contained><Organization/><Organization/></contained>", "Patient.contained[0]"),
        ('<contained><Organization id="a"/></contained>', "Patient.contained[0]"),
        ('<active xmlns="" value="true"/>', "Patient"),
        ('<active xmlns="http://hl7.org/fhir2" value="true"/>', "Patient"),
        (f'<text><status value="generated"/><div {XHTML[:-1]}2">a</div></text>', "Patient.text"),
        ('<text><status value="generated"/><div>a</div></text>', "Patient.text.div"),
    ],
)
def test_what_has_no_place_in_fhir_is_refused_where_it_stands(inside, place):
    with pytest.raises(Unprocessable) as refused:
        loads_xml(patient(inside))
    assert refused.value.issues[0].place == place
    assert refused.value.issues[0].code == "structure"


@pytest.mark.parametrize(
    ("inside", "place"),
    [
        ('<active value="yes"/>', "Patient.active"),
        ('<multipleBirthInteger value="1.0"/>', "Patient.multipleBirth"),
        ('<multipleBirthInteger value="01"/>', "Patient.multipleBirth"),
        ('<gender value="m"/>', "Patient.gender"),
        ("<name/>", "Patient.name[0]"),
        ('<name><text value=""/></name>', "Patient.name[0].text"),
        ('<deceasedBoolean value="true"/><deceasedDateTime value="2020"/>', "Patient.deceased"),
        (
            "<contained><Organization><contained><Patient/></contained></Organization></contained>",
            "Patient.contained[0].contained",
        ),
    ],
)
def test_what_is_wrong_in_both_formats_is_left_to_validation(inside, place):
    assert [issue.place for issue in validate(loads_xml(patient(inside)))] == [place]


def test_the_place_is_the_same_from_xml_as_from_json():
    written = patient('<contact><name><given value="a"/><given><extension url="a"/></given></name></contact>')
    [issue] = validate(loads_xml(written))
    assert issue.place == "Patient.contact[0].name.given[1].extension[0]"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nothing",
        b"<Patient/>",
        b'<Patient xmlns="http://hl7.org/fhir2"/>',
        b'<Ghost xmlns="http://hl7.org/fhir"/>',
        b'<Resource xmlns="http://hl7.org/fhir"/>',
        b'<DomainResource xmlns="http://hl7.org/fhir"/>',
        b'<HumanName xmlns="http://hl7.org/fhir"/>',
        b'<feed xmlns="http://www.w3.org/2005/Atom"/>',
        b'<Bundle xmlns="http://hl7.org/fhir"><entry><resource><Ghost/></resource></entry></Bundle>',
        patient('<active value="true"/>') + b"<!DOCTYPE a>",
        b'<!DOCTYPE Patient SYSTEM "file:///etc/passwd">' + patient(""),
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><Patient xmlns="http://hl7.org/fhir"><id value="&b;"/></Patient>',
        b'<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><Patient xmlns="http://hl7.org/fhir"><id value="&d;"/></Patient>',
        patient('<id value="&b;"/>'),
        patient(f'<text><status value="generated"/><div {XHTML}>&nbsp;</div></text>'),
        patient('<?php x ?><active value="true"/>'),
        patient("").decode().encode("utf-16"),
        b"\xef\xbb\xbf" + patient(""),
        patient("").replace(b"UTF-8", b"ISO-8859-1"),
        patient('<id value="\xc3"/>').replace(b"\xc3\x83", b"\xc3"),
        patient('<id value="a&#0;"/>'),
        patient("<a>" * 100),
    ],
    ids=lambda content: repr(content[:50]),
)
def test_what_is_no_document_of_fhir_is_not_read(content):
    with pytest.raises(InvalidRequest):
        loads_xml(content)


@pytest.mark.parametrize(
    "content",
    [
        patient('<extension url="a">' * 10_000),
        patient('<extension url="a">' * 60 + "</extension>" * 60),
        patient("<name/>" * 700_000),
        patient(f'<name><text value="{"x" * 10_000_000}"/></name>'),
    ],
    ids=["10,000 deep", "as deep as JSON may not be", "700,000 elements", "10 MB"],
)
def test_what_costs_too_much_is_not_read(content):
    with pytest.raises((TooCostly, InvalidRequest)):
        loads_xml(content)


@pytest.mark.parametrize(
    "held",
    [
        {},
        {"resourceType": "Ghost"},
        {"resourceType": "Patient", "colour": "red"},
        {"resourceType": "Patient", "name": ["a"]},
        {"resourceType": "Patient", "birthDate": {"a": 1}},
        {"resourceType": "Patient", "contained": [{}]},
        {"resourceType": "Patient", "_birthDate": "a"},
    ],
    ids=str,
)
def test_what_has_no_place_in_xml_is_not_written(held):
    with pytest.raises(NotAcceptable):
        dumps_xml(held)


def test_what_is_indented_says_the_same():
    for _, held, _ in PAIRS:
        resource = {"resourceType": "Patient", **held}
        shown = indented(dumps_xml(resource), "div")
        assert loads_xml(shown) == resource
        assert shown.decode().splitlines()[1:2] == ['<Patient xmlns="http://hl7.org/fhir">']


def test_a_refusal_holds_no_value():
    secret = "kanariefagel"
    for inside in (f'<colour value="{secret}"/>', f'<active {secret}="1"/>', secret, f"<contained><{secret}/></contained>"):
        with pytest.raises(HubError) as refused:
            loads_xml(patient(inside))
        assert secret not in str(refused.value.issues)
