"""Search expressions: what is read, what is refused, and what they find. http://hl7.org/fhir/R4/fhirpath.html"""

import pytest

from hub.fhir.compiled import compiled
from hub.fhir.expression import written
from hub.fhir.expression_read import parse
from hub.fhir.types import TYPES

RESOURCE = {
    "resourceType": "Example",
    "code": {"text": "a"},
    "valueQuantity": {"value": 1},
    "valueString": "s",
    "part": [{"code": {"text": "b"}}, {"code": {"text": "c"}, "more": [1, None, 2]}, "odd", None],
    "telecom": [{"system": "phone", "value": "1"}, {"system": "email", "value": "2"}],
    "subject": {"reference": "Patient/p1"},
    "actor": [
        {"reference": "https://other.example/fhir/Patient/p2/_history/3"},
        {"reference": "Location/l1"},
        {"type": "Patient", "identifier": {"value": "n"}},
        {"reference": "#contained", "type": "Patient"},
    ],
    "entry": [{"resource": {"resourceType": "Composition", "id": "c1"}}, {"resource": {"resourceType": "Patient"}}],
    "extension": [{"url": "urn:x", "valueString": "held"}, {"url": "urn:y", "valueString": "other"}],
    "item": [{"extension": [{"url": "urn:x"}], "answer": 1}, {"answer": 2}],
    "deceasedBoolean": False,
    "livingBoolean": True,
    "name": "n",
}


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("name", ["n"]),
        ("Example.name", ["n"]),
        ("%resource.name", ["n"]),
        ("$this", [RESOURCE]),
        ("Example", [RESOURCE]),
        ("absent", []),
        ("name.absent.more", []),
        ("code.text", ["a"]),
        ("part.code.text", ["b", "c"]),
        ("part.more", [1, 2]),
        ("code.text | part.code.text", ["a", "b", "c"]),
        ("(code | part.code).text", ["a", "b", "c"]),
        ("(Example.value as Quantity)", [{"value": 1}]),
        ("Example.value.as(Quantity).value", [1]),
        ("(value as Quantity).value", [1]),
        ("value.ofType(string)", ["s"]),
        ("value.ofType(Period)", []),
        ("entry[0].resource", [{"resourceType": "Composition", "id": "c1"}]),
        ("entry[5].resource", []),
        ("telecom.where(system='phone').value", ["1"]),
        ("telecom.where(system = 'fax')", []),
        ("subject.where(resolve() is Patient)", [{"reference": "Patient/p1"}]),
        ("subject.where(resolve() is Group)", []),
        ("actor.where(resolve() is Location).reference", ["Location/l1"]),
        ("actor.where(resolve() is Patient)", [RESOURCE["actor"][0], RESOURCE["actor"][2], RESOURCE["actor"][3]]),
        ("entry.resource.where(resolve() is Patient)", [{"resourceType": "Patient"}]),
        ("extension('urn:x').value.ofType(string)", ["held"]),
        ("extension('urn:z')", []),
        ("item.where(hasExtension('urn:x')).answer", [1]),
        ("name.exists()", [True]),
        ("absent.exists()", [False]),
        ("(absent | name).exists()", [True]),
        ("name = 'n'", [True]),
        ("name != 'n'", [False]),
        ("part.more = 1", [False]),
        ("absent != false", []),
        ("deceased.ofType(boolean).exists() and deceased.ofType(boolean) != false", [False]),
        ("living.ofType(boolean).exists() and living.ofType(boolean) != false", [True]),
        ("absent.exists() and absent != false", [False]),
        ("name.exists() and absent != false", []),
    ],
)
def test_an_expression_finds_what_the_grammar_says(expression, found):
    assert list(compiled(expression)(RESOURCE)) == found


@pytest.mark.parametrize("element", [None, 5, "text", [], [[]], {}, {"part": {"code": [1]}}, {"part": [[{"code": {}}]]}])
def test_what_has_another_form_is_passed_by(element):
    assert list(compiled("part.code.text | entry[0].resource | telecom.where(system='phone')")(element)) == []


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "name.",
        "name name",
        "name.matches('a')",
        "where(",
        "name[a]",
        "name[0",
        "('text')",
        "name = other",
        "(name | code as X",
        "$this.ofType(Period)",
        "name.where(resolve() is)",
        "resolve() and name",
        "extension(url)",
    ],
)
def test_another_language_is_refused(expression):
    with pytest.raises(ValueError, match=r"token|invalid literal|search expressions|of several types"):
        parse(expression)


EXPRESSIONS = sorted({each.expression for held in TYPES.values() for each in held.named.values() if not each.derived})


def test_every_expression_of_the_house_is_in_the_grammar_and_written_as_it_is_read():
    for expression in EXPRESSIONS:
        assert written(parse(expression)) == expression
        compiled(expression)
