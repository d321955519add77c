"""Laws that hold of every resource that the definitions allow: made from the definitions, by chance, with a fixed seed."""

from copy import deepcopy
from decimal import Decimal
from random import Random
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.fhir import structure
from hub.fhir.across import entry_of, pointed, without
from hub.fhir.bounded import Bounded
from hub.fhir.elements import codes, definition, is_primitive, resource_types
from hub.fhir.encoded import encoded
from hub.fhir.json import dumps, loads_untrusted
from hub.fhir.pointing import references
from hub.fhir.structure import faults
from hub.fhir.summary import projection
from hub.fhir.validation import second_opinion, validate
from hub.fhir.xml import dumps_xml
from hub.fhir.xml_reader import loads_xml

STRINGS = [
    "Åsa Öberg",
    "a < b & \"c\" > 'd'",
    "två\nrader\toch\ren",
    " inledande",
    "avslutande ",
    "𝔉 🩺",
    "]]>",
    "&amp;",
    "\x7f\x85\u2028",
]
DIVS = [
    '<div xmlns="http://www.w3.org/1999/xhtml">Hb</div>',
    "<div xmlns='http://www.w3.org/1999/xhtml'>\n  <p>a &lt; b<br/>c &#160;<b >d</b></p><!-- e --></div>",
    '<div xmlns="http://www.w3.org/1999/xhtml" lang="sv"><table><tr><td title=\'"x"\'>å</td></tr></table><div>inre</div></div>',
    '<div xmlns="http://www.w3.org/1999/xhtml"><p>rad\r\nrad</p><![CDATA[<b>]]></div>',
]
SAMPLES = {
    "boolean": [True, False],
    "integer": [0, -1, 2**31 - 1, -(2**31)],
    "unsignedInt": [0, 7],
    "positiveInt": [1, 2**31 - 1],
    "decimal": [
        0,
        5,
        Decimal("1.50"),
        Decimal("-0.00"),
        Decimal("1E+2"),
        Decimal("0.000000100"),
        Decimal("12345678901234567.80"),
    ],
    "string": STRINGS,
    "markdown": [*STRINGS, "# rubrik\n\n* punkt"],
    "uri": ["urn:x", "http://example.org/a?b=c&d", "urn:oid:1.2.3", "å"],
    "url": ["http://example.org/a", "mailto:a@b.se"],
    "canonical": ["http://example.org/a|1.0"],
    "oid": ["urn:oid:1.2.752.129.2.1.4.1"],
    "uuid": ["urn:uuid:0b1f3a5e-1111-4222-8333-444455556666", "urn:uuid:00000000-0000-0000-0000-000000000000"],
    "id": ["a", "A-1.b", "x" * 64],
    "code": ["a", "a b", "å/ä"],
    "date": ["2024", "2024-02", "2024-02-29", "0001-01-01", "9999-12-31"],
    "dateTime": ["2024", "2024-02", "2024-02-29", "2024-02-29T23:59:60Z", "2024-01-31T00:00:00.123456789+14:00"],
    "instant": ["2024-02-29T10:00:00Z", "2024-01-31T00:00:00.120-13:59"],
    "time": ["00:00:00", "23:59:60.123456789"],
    "base64Binary": ["aGVq", "aGVqaA==", "aGVq\naGVq"],
    "xhtml": DIVS,
}
MANY = settings(max_examples=120, derandomize=True, deadline=None, database=None)
CASES = given(st.sampled_from(sorted(resource_types())), st.integers(0, 2**32))


class Maker:
    """Makes what a type allows, by chance; the deeper, the less."""

    def __init__(self, seed):
        self.random = Random(seed)

    def resource(self, name, contained=True):
        held = {"resourceType": name}
        return held | self.element(name, 0 if contained else 2, skip=() if contained else ("contained",))

    def element(self, type_name, depth, skip=()):
        if type_name == "Extension":
            return self.extension(depth)
        held = {}
        elements = [each for each in definition(type_name).elements if each.name not in skip]
        wanted = [each for each in elements if each.required or self.random.random() < (0.25, 0.2, 0.1, 0.03, 0.0)[min(depth, 4)]]
        first = next(each for each in elements if each.name not in ("id", "extension", "modifierExtension", "contained"))
        for each in elements:
            if each in wanted or (each is first and not [one for one in wanted if one.name != "id"]):
                self.add(held, each, depth)
        return held

    def extension(self, depth):
        held = {"url": "http://example.org/x"}
        if depth < 3 and self.random.random() < 0.3:
            return held | {"extension": [self.extension(depth + 1)]}
        value = next(each for each in definition("Extension").elements if each.name == "value")
        self.add(held, value, max(depth, 2))
        return held

    def add(self, held, element, depth):
        kind = self.random.choice(element.types)
        name = element.name + kind[0].upper() + kind[1:] if element.choice else element.name
        if is_primitive(kind):
            self.primitive(held, name, element, kind, depth)
        elif element.many:
            held[name] = [self.value(element, kind, depth) for _ in range(self.random.randint(1, 2))]
        else:
            held[name] = self.value(element, kind, depth)

    def primitive(self, held, name, element, kind, depth):
        def beside():
            said = {"id": "b1"} if self.random.random() < 0.5 else {}
            return said | {"extension": [self.extension(depth + 2)]} if not said or self.random.random() < 0.5 else said

        values = [self.value(element, kind, depth) for _ in range(self.random.randint(1, 3) if element.many else 1)]
        more = [
            beside() if kind != "xhtml" and not element.attribute and depth < 3 and self.random.random() < 0.15 else None
            for _ in values
        ]
        values = [
            None if said and "extension" in said and self.random.random() < 0.4 else each
            for each, said in zip(values, more, strict=True)
        ]
        if any(each is not None for each in values):
            held[name] = values if element.many else values[0]
        if any(more):
            held[f"_{name}"] = more if element.many else more[0]

    def value(self, element, kind, depth):
        allowed = codes(element.codes) if element.codes else {}
        if kind == "Resource":
            return self.resource(self.random.choice(("Patient", "Observation", "Medication")), contained=False)
        if allowed and kind == "code":
            return self.random.choice(sorted(set().union(*allowed.values())))
        if allowed and kind == "CodeableConcept":
            system = self.random.choice(sorted(allowed))
            return {"coding": [{"system": system, "code": self.random.choice(sorted(allowed[system]))}]}
        if is_primitive(kind):
            return self.random.choice(SAMPLES["id"] if element.name == "id" else SAMPLES[kind])
        if kind == "Reference":
            return {"reference": f"{self.random.choice(sorted(element.targets or {'Patient', 'Basic', 'Condition'}))}/1"}
        return self.element(kind, depth + 1)


@MANY
@CASES
def test_what_the_definitions_allow_is_valid(name, seed):
    made = Maker(seed).resource(name)
    assert faults(made) == []
    assert loads_untrusted(dumps(made)) == made


@MANY
@CASES
def test_json_to_xml_to_json_is_the_same(name, seed):
    made = Maker(seed).resource(name)
    assert dumps(loads_xml(dumps_xml(made))) == dumps(made)


@MANY
@CASES
def test_without_its_references_to_other_entries_what_is_valid_is_valid_and_has_none_of_them(name, seed):
    made = Maker(seed).resource(name)
    left = without(made, lambda _: True)
    assert faults(left) == []
    assert not any(entry_of(each) for _, each in references(left))
    assert {entry_of(each) for _, each in references(made)} - {""} <= set(pointed(dumps(made)))
    assert without(left, lambda _: True) is left
    assert without(made, lambda _: False) is made


@pytest.mark.parametrize("summary", ["true", "text", "data"])
@settings(MANY, max_examples=40)
@CASES
def test_a_part_of_what_is_valid_is_valid(summary, name, seed):
    assert faults(projection(summary)(Maker(seed).resource(name))) == []


@settings(MANY, max_examples=100)
@CASES
def test_the_models_find_no_fault_with_what_the_definitions_allow(name, seed):
    made = Maker(seed).resource(name)
    assert validate(made) == list(second_opinion(made)) == []


SPOILING = "0123456789-:.TZ+eE aAz/_|#?%åÖ\u00a0\u2003\n\t\"'<>&=;,()[]{}\\~^@!$*`\x7f\x85\u2028𝔉"
NUMBERS = (0, 1, -1, 2**31 - 1, 2**31, -(2**31), 2**53, 10**20, Decimal("1.0"), Decimal("1E+5"), Decimal("-0.00"), True)


@pytest.mark.parametrize("kind", sorted(SAMPLES.keys() - {"xhtml"}))
def test_a_value_that_our_own_judge_lets_pass_the_models_let_pass(kind):
    random, passed = Random(kind), 0
    for _ in range(200):
        value = random.choice(SAMPLES[kind] if isinstance(SAMPLES[kind][0], str) else NUMBERS)
        for _ in range(random.randint(0, 2) if isinstance(value, str) else 0):
            at, more = random.randint(0, len(value)), random.choice(("", random.choice(SPOILING)))
            value = value[:at] + more + value[at + random.randint(0, 1) :]
        named = {"url": "http://example.org/x", f"value{kind[0].upper()}{kind[1:]}": value}
        made = {"resourceType": "Basic", "code": {"text": "x"}, "extension": [named]}
        if not faults(made):
            passed += 1
            assert list(second_opinion(made)) == [], value
    assert passed > 10


def spots(held):
    """Every place in a resource: what holds it, and its name or number there."""
    for key, value in list(held.items()) if isinstance(held, dict) else list(enumerate(held)):
        yield held, key
        if isinstance(value, dict | list):
            yield from spots(value)


def spoil(made, random):
    """Do something to a resource that its definition may or may not allow."""
    places = [(held, key) for held, key in spots(made) if key != "resourceType"]
    (held, key), (other, its) = random.choice(places), random.choice(places)
    match random.randrange(6):
        case 0:
            del held[key]
        case 1:
            held[key] = deepcopy(other[its])
        case 2:
            held[key] = random.choice(SAMPLES[random.choice(sorted(SAMPLES))])
        case 3 if isinstance(held, dict):
            held[random.choice([name for _, name in places if isinstance(name, str)])] = deepcopy(other[its])
        case 4:
            held[key] = [held[key]]
        case _:
            held[key] = random.choice([None, {}, [], "", [None], {"extension": [{"url": "http://example.org/x"}]}])


@settings(MANY, max_examples=600)
@CASES
def test_a_spoilt_resource_that_our_own_judge_lets_pass_the_models_let_pass(name, seed):
    made, random = Maker(seed).resource(name), Random(seed)
    spoil(made, random)
    if not faults(made):
        assert list(second_opinion(made)) == []


@settings(MANY, max_examples=300)
@CASES
def test_what_is_known_of_elements_met_before_changes_no_verdict(name, seed):
    made, spoilt = Maker(seed).resource(name), Maker(seed).resource(name)
    spoil(spoilt, Random(seed))
    for each in (made, spoilt):
        with patch.object(structure, "_SOUND", Bounded(0)):
            afresh = faults(each)
        assert faults(each) == faults(each) == faults(each, encoded(each).elements) == afresh


@settings(MANY, max_examples=60)
@CASES
def test_what_holds_a_resource_of_any_type_is_valid(name, seed):
    inner = Maker(seed).resource(name, contained=False)
    for outer in (
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": inner}]},
        {"resourceType": "Parameters", "parameter": [{"name": "a", "part": [{"name": "b", "resource": inner}]}]},
        {"resourceType": "Patient", "contained": [inner]},
    ):
        assert validate(outer) == []


def objects(held, type_name, path):
    """Every object in a resource, extensions aside: itself, its type, and where it is as FHIRPath says."""
    yield held, type_name, path
    for name, value in held.items():
        field = definition(type_name).written.get(name)
        if field is None or is_primitive(field.type) or field.type == "Extension":
            continue
        for at, each in enumerate(value if field.element.many else [value]):
            here = f"{path}.{field.element.name}" + (f"[{at}]" if field.element.many else "")
            yield from objects(each, each["resourceType"] if field.type == "Resource" else field.type, here)


WHERE = given(st.sampled_from(sorted(resource_types())), st.integers(0, 2**32), st.integers(0, 2**32))


@MANY
@WHERE
def test_an_unknown_element_is_refused_where_it_stands(name, seed, where):
    made = Maker(seed).resource(name)
    found = list(objects(made, name, name))
    held, _, path = found[where % len(found)]
    held["colour"] = "red"
    assert [(issue.place, issue.code) for issue in faults(made)] == [(f"{path}.colour", "structure")]


@MANY
@WHERE
def test_a_value_of_another_kind_is_refused_where_it_stands(name, seed, where):
    """One where a list belongs, or a list where one belongs; and whatever is no value of any type."""
    made = Maker(seed).resource(name)
    found = [
        (held, key, f"{path}.{definition(kind).written[key].element.name}")
        for held, kind, path in objects(made, name, name)
        for key in held.keys() & definition(kind).written.keys()
    ]
    if found:
        held, key, path = sorted(found, key=lambda row: row[2])[where % len(found)]
        held[key] = held[key][0] if isinstance(held[key], list) else [held[key]]
        assert (path, "structure") in [(issue.place, issue.code) for issue in faults(made)]
        held[key] = {"colour": None}
        assert any(issue.place.startswith(path) for issue in faults(made))


@MANY
@CASES
def test_an_element_that_is_required_is_missed_at_its_place(name, seed):
    required = [each for each in definition(name).elements if each.required]
    made = Maker(seed).resource(name)
    for element in required:
        names = [each.name for each in definition(name).written.values() if each.element is element]
        rest = {key: each for key, each in made.items() if key.removeprefix("_") not in names}
        assert [(f"{name}.{element.name}", "required")] == [(issue.place, issue.code) for issue in faults(rest)]
