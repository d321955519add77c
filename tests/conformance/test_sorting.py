"""Sorting by every kind of parameter: several keys, either way, what has no value last, pages in one order. #sort"""

import random
from dataclasses import replace
from decimal import Decimal

import pytest

UCUM = {"system": "http://unitsofmeasure.org", "code": "mg"}
KEYS = {
    "value-quantity": lambda held: [held["valueQuantity"]["value"]] if "valueQuantity" in held else [],
    "date": lambda held: [held["effectiveDateTime"]] if "effectiveDateTime" in held else [],
    "code": lambda held: [coding["code"] for coding in held["code"].get("coding", [])],
    "subject": lambda held: [held["subject"]["reference"]] if "subject" in held else [],
    "value-string": lambda held: [held["valueString"].lower()] if "valueString" in held else [],
    "_id": lambda held: [held["id"]],
}


@pytest.fixture(scope="module")
def sorted_of(searched):
    drawn, made = random.Random(5), []
    for number in range(60):
        held = {"resourceType": "Observation", "id": f"s{number}", "status": "final"}
        held["code"] = (
            {"coding": [{"code": drawn.choice("abc")} for _ in range(drawn.randint(1, 2))]} if number % 5 else {"text": "x"}
        )
        if number % 3:
            value = Decimal(drawn.choice(["-5.5", "-10", "0", "5", "5.25", "40", "400", "1e-7", "12345678901234567890"]))
            held["valueQuantity"] = {"value": value} | UCUM
        else:
            held["valueString"] = drawn.choice(["Äpple", "zebra", "ape", "Öl"])
        if number % 4:
            held["subject"] = {"reference": f"Patient/p{drawn.randrange(4)}"}
        if number % 7:
            held["effectiveDateTime"] = f"2024-05-{drawn.randint(10, 28)}"
        made.append(held)
    searched.put(made)
    return searched, made


@pytest.mark.parametrize(
    "sort",
    [
        *(sign + name for name in KEYS for sign in ("", "-")),
        "code,-value-quantity", "-subject,date,-code", "value-quantity,subject,-date,code,_id", "value-string,-value-quantity",
    ],
)  # fmt: skip
def test_hits_come_in_the_order_that_is_asked_for(sorted_of, sort):
    store, made = sorted_of
    expected = list(made)
    for key in reversed(sort.split(",")):
        name, backwards = key.lstrip("-"), key.startswith("-")
        values = {held["id"]: KEYS[name](held) for held in made}
        best = {id: (max if backwards else min)(its) for id, its in values.items() if its}
        having = sorted((held for held in expected if held["id"] in best), key=lambda held: best[held["id"]], reverse=backwards)
        expected = [*having, *(held for held in expected if held["id"] not in best)]
    assert list(map(sorted_by(sort), walked(store, made, sort))) == list(map(sorted_by(sort), expected))


def sorted_by(sort):
    """What a resource is put in order by: of several values the least, or backwards the greatest."""

    def its(held):
        return [(max if key.startswith("-") else min)(KEYS[key.lstrip("-")](held), default=None) for key in sort.split(",")]

    return its


def walked(store, made, sort):
    """Page by page, seven at a time; each resource once."""
    query, view, hits = replace(store.query("Observation", ("_sort", sort)), count=7), store.views(), []
    page = store.search.page(store.reader(), view, query)
    while True:
        hits += page.hits
        if not page.more:
            break
        last = page.hits[-1]
        page = store.search.page(store.reader(), view, query, (*last.keys, last.rid))
    by_id = {held["id"]: held for held in made}
    assert sorted(each.fhir_id for each in hits) == sorted(by_id)
    return [by_id[each.fhir_id] for each in hits]
