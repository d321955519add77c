"""Token, string, reference and uri search. http://hl7.org/fhir/R4/search.html#ptypes"""

from datetime import UTC, datetime

import pytest

from hub.errors import InvalidRequest
from hub.fhir.holding import holds
from hub.fhir.identifiers import HSA_ID, HSA_ID_OF_BASE_PROFILES
from hub.fhir.parameters import KINDS, Asking, string
from hub.fhir.parameters._escapes import escape, split, unescape
from hub.fhir.types import TYPES

ASKING = Asking(now=datetime(2026, 3, 1, tzinfo=UTC), base="https://hub.example/fhir")
STATUS = TYPES["Observation"].parameter("status")
CODE = TYPES["Observation"].parameter("code")
IDENTIFIER = TYPES["Observation"].parameter("identifier")
NAME = TYPES["Patient"].parameter("name")
SUBJECT = TYPES["Condition"].parameter("subject")
URL = TYPES["ValueSet"].parameter("url")
CODING = {"coding": [{"system": "http://acme.org/conditions/codes", "code": "HA125"}], "text": "Headache"}


def found(parameter, asked, held):
    kind = KINDS[parameter.kind]
    return holds(kind.parse(parameter, asked, ASKING), {parameter.index: tuple(kind.keys(parameter, held))})


@pytest.mark.parametrize(
    ("parameter", "asked", "held", "hit"),
    [
        (CODE, "http://acme.org/conditions/codes|ha125", CODING, True),
        (CODE, "ha125", CODING, True),
        (CODE, "|ha125", CODING, False),
        (CODE, "http://acme.org/conditions/codes|", CODING, True),
        (CODE, "http://other.org|ha125", CODING, False),
        (CODE, "Headache", CODING, False),
        (CODE, "|a", {"code": "a"}, True),
        (CODE, "a", {"text": "a"}, False),
        (CODE, "true", True, True),
        (CODE, "false", True, False),
        (CODE, "0701234567", {"system": "phone", "value": "0701234567"}, True),
        (CODE, "|0701234567", {"system": "phone", "value": "0701234567"}, True),
        (CODE, r"a\|b", {"code": "a|b"}, True),
        (CODE, "a", {"code": 5}, False),
        (CODE, "a", None, False),
        (STATUS, "http://hl7.org/fhir/observation-status|final", "final", True),
        (STATUS, "http://other|final", "final", False),
        (IDENTIFIER, "http://acme.org/patient|2345", {"system": "http://acme.org/patient", "value": "2345"}, True),
        (IDENTIFIER, "http://acme.org/patient|ab", {"system": "http://acme.org/patient", "value": "AB"}, False),
        (IDENTIFIER, f"{HSA_ID}|se2321000016-abc", {"system": HSA_ID, "value": "SE2321000016-ABC"}, True),
        (IDENTIFIER, f"{HSA_ID_OF_BASE_PROFILES}|SE1-A", {"system": HSA_ID, "value": "se1-a"}, True),
        (IDENTIFIER, "se1-a", {"system": HSA_ID_OF_BASE_PROFILES, "value": "SE1-a"}, True),
        (NAME, "eve", {"family": "Everyman", "given": ["Peter"]}, True),
        (NAME, "pet", {"family": "Everyman", "given": ["Peter"]}, True),
        (NAME, "veryman", {"family": "Everyman"}, False),
        (NAME, "åsa", {"given": ["Åsa"]}, True),
        (NAME, "asa", {"given": ["Åsa"]}, False),
        (NAME, "A\u030asa", {"given": ["Åsa"]}, True),
        (NAME, "muller", {"family": "Müller"}, True),
        (NAME, "Ekström  Berg", "ekström berg", True),
        (NAME, "stock", {"city": "Stockholm", "line": ["Gatan 1"]}, True),
        (NAME, "a%", "ab", False),
        (SUBJECT, "23", {"reference": "Patient/23"}, True),
        (SUBJECT, "23", {"reference": "Device/23"}, False),
        (SUBJECT, "Patient/23", {"reference": "Patient/23/_history/2"}, True),
        (SUBJECT, "https://hub.example/fhir/Patient/23", {"reference": "Patient/23"}, True),
        (SUBJECT, "https://other.example/fhir/Patient/23", {"reference": "Patient/23"}, False),
        (SUBJECT, "https://other.example/fhir/Patient/23", {"reference": "https://other.example/fhir/Patient/23"}, True),
        (SUBJECT, "23", {"reference": "Patient?identifier=a|23"}, False),
        (SUBJECT, "23", {"reference": "#23"}, False),
        (URL, "http://acme.org/fhir/ValueSet/123", "http://acme.org/fhir/ValueSet/123", True),
        (URL, "http://acme.org/fhir/ValueSet/12", "http://acme.org/fhir/ValueSet/123", False),
        (URL, "urn:oid:1.2.3.4.5", "urn:oid:1.2.3.4.5", True),
    ],
    ids=str,
)
def test_a_search_finds_what_the_specification_says(parameter, asked, held, hit):
    assert found(parameter, asked, held) is hit


@pytest.mark.parametrize(
    ("parameter", "asked"),
    [
        *((CODE, ""), (CODE, "|"), (STATUS, "http://hl7.org/fhir/observation-status|"), (NAME, ""), (NAME, "  "), (URL, "")),
        *((SUBJECT, ""), (SUBJECT, "a/b/c"), (SUBJECT, "Device/1"), (SUBJECT, "a b"), (SUBJECT, "x" * 65)),
    ],
    ids=str,
)
def test_a_value_that_cannot_be_read_is_refused_at_its_parameter(parameter, asked):
    with pytest.raises(InvalidRequest) as refusal:
        KINDS[parameter.kind].parse(parameter, asked, ASKING)
    assert refusal.value.place == parameter.name


@pytest.mark.parametrize(
    ("written", "parts"),
    [("a,b", ["a", "b"]), (r"a\,b", [r"a\,b"]), (r"a\\,b", [r"a\\", "b"]), ("", [""]), (",", ["", ""]), ("a\\", ["a\\"])],
)
def test_values_are_split_only_where_it_is_meant(written, parts):
    assert split(written, ",") == parts


@pytest.mark.parametrize("meant", ["a,b", "a|b", "$", "\\", "\\,", "plain"])
def test_what_is_escaped_is_read_as_it_was_meant(meant):
    assert unescape(escape(meant)) == meant
    assert split(escape(meant), ",") == [escape(meant)]


@pytest.mark.parametrize(
    ("written", "normal"), [("  ÅKE\tÉ ", "åke e"), ("Straße", "strasse"), ("ǎ", "a"), ("Ö", "ö"), ("ﬁ", "fi")]
)
def test_texts_have_one_normal_form(written, normal):
    assert string.normal(written) == normal
    assert string.normal(normal) == normal
