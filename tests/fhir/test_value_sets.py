"""Value sets: which codes they hold, and when the hub does not know. http://hl7.org/fhir/R4/valueset.html"""

import pytest

from hub.fhir.value_sets import NOTHING_LOADED, terminology

TREE = [{"code": "a", "concept": [{"code": "b", "concept": [{"code": "c"}]}, {"code": "d"}]}]
SYSTEM = {"resourceType": "CodeSystem", "url": "urn:s", "content": "complete", "concept": TREE}
CODES = {"a", "b", "c", "d"}


def codes(*include, exclude=(), also=()):
    made = {"resourceType": "ValueSet", "url": "urn:v", "compose": {"include": list(include), "exclude": list(exclude)}}
    found = terminology([SYSTEM, made, *also]).value_set("urn:v")
    return None if found is None else {code for _, code in found}


def filtered(op, value="b", prop="concept"):
    return {"system": "urn:s", "filter": [{"property": prop, "op": op, "value": value}]}


LISTED = {"system": "urn:x", "concept": [{"code": "x"}, {"code": "y"}]}
OTHER = {"resourceType": "ValueSet", "url": "urn:o", "compose": {"include": [{"system": "urn:s", "concept": [{"code": "b"}]}]}}


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        ([{"system": "urn:s"}], [], CODES),
        ([LISTED], [], {"x", "y"}),
        ([LISTED, filtered("is-a")], [], {"x", "y", "b", "c"}),
        ([filtered("is-a")], [filtered("descendent-of")], {"b"}),
        ([filtered("is-not-a")], [], {"a", "d"}),
        ([filtered("generalizes")], [], {"a", "b"}),
        ([filtered("is-a", "none of it")], [], set()),
        ([{"valueSet": ["urn:o"]}], [], {"b"}),
        ([{"system": "urn:s", "valueSet": ["urn:o"]}], [], {"b"}),
        ([{"system": "urn:unknown"}], [], None),
        ([filtered("regex")], [], None),
        ([filtered("=", prop="status")], [], None),
        ([{"valueSet": ["urn:nowhere"]}], [], None),
        ([LISTED], [{"system": "urn:unknown"}], None),
        ([{"valueSet": ["urn:v"]}], [], None),
    ],
)
def test_a_value_set_holds_what_it_is_made_of_or_nobody_knows(include, exclude, expected):
    assert codes(*include, exclude=exclude, also=[OTHER]) == expected


def test_an_expansion_goes_before_what_a_value_set_is_made_of():
    inner = {"system": "urn:e", "code": "2"}
    expansion = {"contains": [{"system": "urn:e", "code": "1", "abstract": True, "contains": [inner]}]}
    made = {"resourceType": "ValueSet", "url": "urn:v", "expansion": expansion, "compose": {"include": [LISTED]}}
    assert terminology([made]).value_set("urn:v|1.0") == (("urn:e", "2"),)


def test_what_lies_above_and_below_a_code_is_found_through_every_level():
    held = terminology([SYSTEM])
    assert {code for _, code in held.related("urn:s", "b", down=True)} == {"b", "c"}
    assert {code for _, code in held.related("urn:s", "c", down=False)} == {"a", "b", "c"}
    assert held.related("urn:s", "none", down=True) is None
    assert NOTHING_LOADED.related("urn:s", "b", down=True) is None


def test_a_hierarchy_that_goes_in_a_circle_has_an_end():
    circle = [{"code": each, "property": [{"code": "parent", "valueCode": up}]} for each, up in (("a", "b"), ("b", "a"))]
    held = terminology([SYSTEM | {"concept": circle}])
    assert {code for _, code in held.related("urn:s", "a", down=True)} == {"a", "b"}
