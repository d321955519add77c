"""Names, addresses and the like of the population register, one rule at a time."""

import pytest

from hub import xml
from hub.mappers._rivta_person_parts import addresses, contacts, full_name, marital_status, telecoms
from hub.mappers._tracked import Node, tree


def node(inside: str) -> Node:
    return tree(xml.parse(f"<n>{inside}</n>".encode()), lambda _: True, [])


@pytest.mark.parametrize(
    ("given", "indicator", "called"),
    [
        ("Maria Birgitta", "10", ["Maria"]),
        ("Maria Birgitta", "20", ["Birgitta"]),
        ("Karl-Erik Johan", "12", ["Karl-Erik"]),
        ("Johan Karl-Erik", "23", ["Karl-Erik"]),
        ("Maria Birgitta", "", []),
        ("Maria", "30", []),
    ],
)
def test_the_name_in_daily_use_is_marked(given: str, indicator: str, called: list[str]) -> None:
    mark = f"<givenNameIndicator>{indicator}</givenNameIndicator>" if indicator else ""
    name = full_name(node(f"{mark}<givenName><name>{given}</name></givenName><surname><name>Ek</name></surname>"))
    assert name is not None
    marks = name.get("_given", [None] * len(name["given"]))
    assert [word for word, used in zip(name["given"], marks, strict=True) if used] == called


def test_a_name_without_parts_is_no_name() -> None:
    assert full_name(node("<notificationName>Ek, Maria</notificationName>")) is None


@pytest.mark.parametrize(("sent", "written"), [("40320", "40320"), ("4214", "04214"), ("AB1 2CD", "AB1 2CD")])
def test_a_postal_code_has_its_zeros_again(sent: str, written: str) -> None:
    (address,) = addresses(node(f"<residentialAddress><postalCode>{sent}</postalCode></residentialAddress>"))
    assert address["postalCode"] == written


def test_each_address_says_its_kind_and_an_empty_one_is_none() -> None:
    kinds = ("residentialAddress", "specialPostalAddress", "addressAbroad", "givenAddress")
    held = addresses(node("".join(f"<{kind}><postalAddress2>{kind}</postalAddress2></{kind}>" for kind in kinds)))
    codes = [address["extension"][0]["valueCodeableConcept"]["coding"][0]["code"] for address in held]
    assert codes == ["63381000052101", "63391000052104", "63401000052101", "63411000052104"]
    assert addresses(node("<residentialAddress><city></city></residentialAddress>")) == []


def test_points_of_contact_and_contact_persons_are_read() -> None:
    point = "<contactType>e-post</contactType><value>maria@example.org</value><period><start>2024-02-29+01:00</start></period>"
    (found,) = telecoms([node(point)])
    assert found == {"system": "email", "value": "maria@example.org", "period": {"start": "2024-02-29"}}
    (person,) = contacts([node("<contactRelationshipType>dotter</contactRelationshipType><givenName>Eva</givenName>")])
    assert person == {"relationship": [{"text": "dotter"}], "name": {"text": "Eva", "given": ["Eva"]}}


@pytest.mark.parametrize(("sent", "code"), [("G", "M"), ("OG", "U"), ("S", "D"), ("Ä", "W"), ("RP", "RP"), ("X", None)])
def test_marital_status_is_in_hl7_swedens_value_set_or_text(sent: str, code: str | None) -> None:
    found = marital_status(node(f"<maritalStatusCode>{sent}</maritalStatusCode>"))
    assert found is not None
    assert (found["coding"][0]["code"] if "coding" in found else None) == code
    assert found["text"]
