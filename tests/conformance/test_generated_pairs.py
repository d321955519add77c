"""Generated records and queries of every kind: the store, the plain-Python reading and a naive one agree on every pair.

One record of a few dozen resources is written once; then many queries are asked of it. `HUB_CONFORMANCE_PAIRS` says how many
pairs of a resource and a query there are for each kind of parameter.
"""

import os
import random
from datetime import UTC, datetime

import pytest

from hub.fhir.value_sets import terminology

PAIRS = int(os.environ.get("HUB_CONFORMANCE_PAIRS", "3000"))
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
UCUM = "http://unitsofmeasure.org"
BODY, SET = "urn:body", "http://example.org/ValueSet/limbs"
PARENTS = {"body": None, "limb": "body", "arm": "limb", "hand": "arm", "leg": "limb", "head": "body"}
MOMENTS = (
    *("2012", "2013", "2013-01", "2013-12", "2013-01-13", "2013-01-14", "2013-01-31", "2012-02-29", "2026-11", "2025-06-01"),
    *("2013-01-14T00:00:00Z", "2013-01-14T10:00:00Z", "2013-01-14T10:00:00+02:00", "2013-01-13T23:30:00-01:00"),
    *("2013-01-14T10:00:00.5Z", "2013-01-14T10:00:00.500Z", "2013-12-31T23:59:59Z", "2026-11-21T08:59:00Z"),
)
NUMBERS = (
    "0",
    "5.4",
    "5.40",
    "5.35",
    "5.45",
    "5.449",
    "100",
    "99.5",
    "100.49",
    "100.5",
    "95",
    "104",
    "105",
    "-5.4",
    "-5.45",
    "0.0054",
)
NUMBERS += ("1e2", "2.0e1", "20", "19.5", "1000000", "0.000001", "-100", "5.4000000000000001", "1E-3", "0.001")
UNITS = ({"system": UCUM, "code": "mg", "unit": "mg"}, {"system": UCUM, "code": "g", "unit": "gram"}, {"unit": "mg"}, {})
TEXTS = (
    "Åsa",
    "asa",
    "Ása",
    "Öberg",
    "oberg",
    "Müller",
    "muller",
    "And",
    "anderson",
    "É,e",
    "sa",
    "ÅS",
    "x" * 300,
    "x" * 299 + "y",
)
CODES = ("a", "A", "b", "å", "a|b", "x,y", "$", "\\")
SYSTEMS = ("http://one", "http://two", "urn:oid:1.2")
URIS = (
    "http://acme.org/fhir",
    "http://acme.org/fhir/",
    "http://acme.org/fhir/ValueSet/123",
    "http://acme.org/fhirs",
    "urn:oid:1.2",
)
URIS += (
    "http://acme.org",
    "http://acme.org/fhir/ValueSet",
    "HTTP://acme.org/fhir",
    "http://acme.org/fhir/ValueSet/123/_history/5",
)
DATE_OPERATORS = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap", "co", "po")
TEXT_OPERATORS = ("eq", "ne", "co", "sw", "ew")
PREFIXES = ("", "", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")


def escaped(value):
    return "".join("\\" + letter if letter in ",|$\\" else letter for letter in value)


class Drawn(random.Random):
    """Chance with a fixed beginning, and what is drawn from it."""

    def maybe(self, likely, made):
        return made() if self.random() < likely else None

    def some(self, values, most=2):
        return [self.choice(values) for _ in range(self.randint(1, most))]

    # Resources

    def coding(self):
        system = self.maybe(0.7, lambda: self.choice(SYSTEMS))
        display = self.maybe(0.4, lambda: self.choice(TEXTS[:12]))
        return without({"system": system, "code": self.choice(CODES), "display": display})

    def concept(self):
        if self.random() < 0.3:
            return {"coding": [{"system": BODY, "code": self.choice(list(PARENTS))}]}
        text = self.maybe(0.4, lambda: self.choice(TEXTS[:12]))
        return without({"coding": [self.coding() for _ in range(self.randint(1, 2))], "text": text})

    def identifier(self):
        kind = self.maybe(
            0.5, lambda: {"coding": [{"system": self.choice(SYSTEMS), "code": self.choice(CODES)}], "text": "Nummer"}
        )
        system = self.maybe(0.7, lambda: self.choice(SYSTEMS))
        return without({"system": system, "value": self.choice(CODES), "type": kind})

    def quantity(self):
        sign = self.maybe(0.3, lambda: self.choice(["<", "<=", ">", ">="]))
        return without({"value": decimal(self.choice(NUMBERS)), "comparator": sign}) | self.choice(UNITS)

    def period(self):
        start, end = sorted(self.sample(MOMENTS[:8], 2))
        return self.choice([{"start": start, "end": end}, {"start": start}, {"end": end}])

    def reference(self, *targets):
        if self.random() < 0.15:
            return {"identifier": self.identifier()}
        return {"reference": self.choice(targets)}

    def value(self):
        return self.choice(
            [
                lambda: {"valueQuantity": self.quantity()},
                lambda: {"valueQuantity": self.quantity()},
                lambda: {"valueCodeableConcept": self.concept()},
                lambda: {"valueString": self.choice(TEXTS)},
                lambda: {"valueDateTime": self.choice(MOMENTS)},
                lambda: {"valuePeriod": self.period()},
            ]
        )()

    def observation(self, number):
        when = self.choice(
            [
                lambda: {"effectiveDateTime": self.choice(MOMENTS)},
                lambda: {"effectivePeriod": self.period()},
                lambda: {"effectiveTiming": {"repeat": {"boundsPeriod": self.period()}}},
                dict,
            ]
        )()
        held = {
            "resourceType": "Observation",
            "id": f"o{number}",
            "status": self.choice(["final", "amended", "preliminary"]),
            "code": self.concept(),
            "category": self.maybe(0.6, lambda: [self.concept() for _ in range(self.randint(1, 2))]),
            "identifier": self.maybe(0.7, lambda: [self.identifier() for _ in range(self.randint(1, 2))]),
            "subject": self.maybe(0.8, lambda: self.reference(*(f"Patient/p{n}" for n in range(6)), "Group/g1", "Device/d1")),
            "encounter": self.maybe(0.6, lambda: self.reference(*(f"Encounter/e{n}" for n in range(8)))),
            "performer": self.maybe(
                0.5, lambda: [self.reference("Practitioner/x1", "Patient/p1", "http://far.example/Patient/p1")]
            ),
            "hasMember": self.maybe(0.4, lambda: [{"reference": f"Observation/o{self.randrange(60)}"} for _ in range(2)]),
            "component": self.maybe(0.5, lambda: [{"code": self.concept()} | self.value() for _ in range(2)]),
        }
        return without(held) | when | (self.maybe(0.8, self.value) or {})

    def patient(self, number):
        name = {"family": self.choice(TEXTS[:12]), "given": self.some(TEXTS[:12])}
        held = {
            "name": self.maybe(0.9, lambda: [name, {"text": self.choice(TEXTS)}][: self.randint(1, 2)]),
            "active": self.maybe(0.7, lambda: self.random() < 0.5),
            "birthDate": self.maybe(0.8, lambda: self.choice(MOMENTS[:8])),
            "gender": self.maybe(0.8, lambda: self.choice(["male", "female"])),
        }
        return {"resourceType": "Patient", "id": f"p{number}"} | without(held)

    def encounter(self, number):
        held = {
            "subject": self.maybe(0.9, lambda: self.reference(*(f"Patient/p{n}" for n in range(6)), "Group/g1")),
            "partOf": self.maybe(0.5, lambda: {"reference": f"Encounter/e{self.randrange(8)}"}),
            "length": self.maybe(0.7, self.quantity),
        }
        fixed = {"resourceType": "Encounter", "id": f"e{number}", "class": {"code": "AMB"}}
        return fixed | {"status": self.choice(["finished", "planned"])} | without(held)

    def condition(self, number):
        low, high = sorted(self.sample([n for n in NUMBERS if "e" not in n.lower()], 2), key=float)
        ends = {"low": {"value": decimal(low)} | UNITS[0], "high": {"value": decimal(high)} | UNITS[0]}
        span = {"onsetRange": self.choice([ends, {"low": ends["low"]}, {"high": ends["high"]}])}
        return {"resourceType": "Condition", "id": f"c{number}", "code": self.concept()} | self.choice(
            [span, span, {"onsetAge": self.quantity()}, {}]
        )

    def care_plan(self, number):
        uris = without({"instantiatesUri": self.maybe(0.9, lambda: self.some(URIS))})
        return {"resourceType": "CarePlan", "id": f"k{number}", "status": self.choice(["active", "draft"])} | uris

    # Queries

    def asked_token(self):
        name = self.choice(["code", "code", "category", "identifier", "identifier", "value-concept", "status"])
        modifier = self.choice(["", "", "", ":not", ":missing", ":text"])
        if modifier == ":missing":
            return "Observation", name + modifier, self.choice(["true", "false"])
        if modifier == ":text":
            return "Observation", name + modifier, self.listed(lambda: escaped(self.choice(TEXTS[:12])))
        if name == "identifier" and self.random() < 0.3:
            return "Observation", "identifier:of-type", "|".join(map(escaped, (self.choice(SYSTEMS), *self.sample(CODES, 2))))
        if name in ("code", "category", "value-concept") and self.random() < 0.4:
            way = self.choice([":in", ":not-in", ":below", ":above"])
            return "Observation", name + way, SET if way.endswith("in") else f"{BODY}|{self.choice(list(PARENTS))}"
        return "Observation", name + modifier, self.listed(self.token if name != "status" else self.status)

    def status(self):
        return self.choice(["final", "FINAL", "|amended", "preliminary", "http://hl7.org/fhir/other|final"])

    def token(self):
        code, system = escaped(self.choice(CODES)), self.choice(SYSTEMS)
        return self.choice([code, f"{system}|{code}", f"|{code}", f"{system}|"])

    def listed(self, value, most=3):
        return ",".join(value() for _ in range(self.randint(1, most)))

    def asked_date(self):
        kind, name = self.choice([("Observation", "date"), ("Observation", "date"), ("Patient", "birthdate")])
        if self.random() < 0.05:
            return kind, f"{name}:missing", self.choice(["true", "false"])
        return kind, name, self.listed(lambda: self.choice(PREFIXES) + self.choice((*MOMENTS, "2013-01-14T10:00")), 2)

    def asked_string(self):
        kind, name = self.choice([("Patient", "name"), ("Patient", "family"), ("Observation", "value-string")])
        way = self.choice(["", "", ":exact", ":contains", ":contains", ":missing"])
        if way == ":missing":
            return kind, name + way, self.choice(["true", "false"])
        text = self.choice([each for each in TEXTS if way == ":exact" or len(each) < 200] + ["x" * 200, "xy", "der"])
        return kind, name + way, self.listed(lambda: escaped(text), 1)

    def asked_number(self):
        kind, name = self.choice([("Observation", "value-quantity"), ("Encounter", "length"), ("Condition", "onset-age")])
        return kind, name, self.listed(lambda: self.choice(PREFIXES) + self.choice(NUMBERS), 2)

    def asked_quantity(self):
        kind, name = self.choice(
            [("Observation", "value-quantity"), ("Observation", "component-value-quantity"), ("Condition", "onset-age")]
        )
        if self.random() < 0.05:
            return kind, f"{name}:missing", self.choice(["true", "false"])
        unit = self.choice(["", f"|{UCUM}|mg", "||mg", f"|{UCUM}|g", "||gram", f"|{UCUM}|", "||kg"])
        return kind, name, self.listed(lambda: self.choice(PREFIXES) + self.choice(NUMBERS) + unit, 2)

    def asked_reference(self):
        name = self.choice(["subject", "patient", "performer", "encounter", "has-member"])
        way = self.choice(["", "", "", ":missing", ":identifier", ":Patient"])
        if way == ":missing":
            return "Observation", name + way, self.choice(["true", "false"]) if name != "patient" else "true"
        if way == ":identifier" and name != "has-member":
            return "Observation", "encounter:identifier", self.token()
        if way == ":Patient" and name in ("subject", "performer"):
            return "Observation", name + way, self.choice(["p1", "p2", "x1"])
        targets = {"performer": ["Practitioner/x1", "Patient/p1", "http://far.example/Patient/p1", "p1"]}
        targets |= {
            "encounter": ["Encounter/e1", "e2"],
            "has-member": ["Observation/o3", "o4", "o5"],
            "patient": ["Patient/p1", "p2"],
        }
        return "Observation", name, self.listed(lambda: self.choice(targets.get(name, ["Patient/p1", "p2", "Group/g1", "d1"])))

    def asked_uri(self):
        way = self.choice(["", ":below", ":above", ":missing"])
        if way == ":missing":
            return "CarePlan", f"instantiates-uri{way}", self.choice(["true", "false"])
        return "CarePlan", f"instantiates-uri{way}", self.choice([each for each in URIS if "://" in each or not way])

    def asked_composite(self):
        code = self.choice([self.token, lambda: f"{self.choice((BODY, *SYSTEMS))}|", lambda: escaped(self.choice("ab"))])()
        value = {
            "quantity": lambda: self.choice(PREFIXES[3:]) + self.choice(NUMBERS) + self.choice(["", "", "||mg", f"|{UCUM}|g"]),
            "concept": self.token,
            "string": lambda: escaped(self.choice([each for each in TEXTS if len(each) < 200])),
            "date": lambda: self.choice(PREFIXES[3:]) + self.choice(MOMENTS),
        }
        name = self.choice(
            [
                *("code-value-quantity", "code-value-concept", "code-value-string", "code-value-date"),
                *("component-code-value-quantity", "component-code-value-concept", "combo-code-value-quantity"),
            ]
        )
        return "Observation", name, f"{code}${value[name.rsplit('-', 1)[1]]()}"

    def asked_across(self):
        inner = self.choice([self.asked_token, self.asked_date, self.asked_quantity, self.asked_composite])
        kind, name, written = inner()
        if kind == "Observation":
            through = self.choice(["patient", "subject"])
            choices = [
                ("Patient", f"_has:Observation:{through}:{name}", written),
                ("Encounter", f"_has:Observation:encounter:{name}", written),
                ("Patient", f"_has:Encounter:patient:_has:Observation:encounter:{name}", written),
                ("Observation", f"has-member:Observation.{name}", written),
                ("Observation", f"_has:Observation:has-member:{name}", written),
            ]
        else:
            choices = [("Observation", f"subject:Patient.{name}", written)] if kind == "Patient" else []
        status = self.choice(["finished", "planned"])
        patient = self.choice(
            [("name", "ås"), ("gender", "male"), ("active", "true"), ("birthdate", "lt2013"), ("gender:not", "male")]
        )
        choices += [
            ("Observation", "encounter.status", status),
            ("Observation", "encounter.part-of.status", status),
            ("Observation", f"encounter.patient.{patient[0]}", patient[1]),
            ("Observation", f"patient.{patient[0]}", patient[1]),
            ("Observation", "patient._has:Encounter:patient:status", status),
        ]
        return self.choice(choices)

    def asked_filter(self):
        return "Observation", "_filter", self.expression(2)

    def expression(self, depth):
        terms = [self.term(depth)]
        for _ in range(self.randint(0, 2)):
            terms += [self.choice(["and", "or"]), self.term(depth)]
        return " ".join(terms)

    def term(self, depth):
        if depth and self.random() < 0.4:
            return self.choice(["", "not "]) + f"({self.expression(depth - 1)})"
        status = self.choice(["final", "amended"])
        return self.choice(
            [
                lambda: f"status {self.choice(['eq', 'ne'])} {status}",
                lambda: f"code {self.choice(['eq', 'ne'])} {self.choice(['a', 'b', 'http://one|a', 'å'])}",
                lambda: f"date {self.choice(DATE_OPERATORS)} {self.choice(MOMENTS[:10])}",
                lambda: f"value-quantity {self.choice(['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'ap'])} {self.choice(NUMBERS)}",
                lambda: f'value-string {self.choice(TEXT_OPERATORS)} "{self.choice(["Åsa", "sa", "Öberg", "xy", "ande"])}"',
                lambda: (
                    f"{self.choice(['subject', 'encounter', 'category', 'value-string'])} pr {self.choice(['true', 'false'])}"
                ),
                lambda: f"subject re {self.choice(['Patient/p1', 'Patient/p2', 'Group/g1'])}",
                lambda: f"encounter.status eq {self.choice(['finished', 'planned'])}",
                lambda: (
                    f"encounter[status eq planned].patient.name {self.choice(['co', 'sw'])} {self.choice(['sa', 'ande', 'mull'])}"
                ),
                lambda: f"patient.gender eq {self.choice(['male', 'female'])}",
            ]
        )()


def without(held):
    return {name: value for name, value in held.items() if value is not None}


def decimal(written):
    from decimal import Decimal

    return Decimal(written)


def below():
    found = {}
    for code in PARENTS:
        up = code
        while up:
            found.setdefault((BODY, up), set()).add((BODY, code))
            up = PARENTS[up]
    return found


def loaded():
    concepts = [{"code": code, "property": [{"code": "parent", "valueCode": up}] if up else []} for code, up in PARENTS.items()]
    system = {"resourceType": "CodeSystem", "url": BODY, "content": "complete", "concept": concepts}
    limbs = {"system": BODY, "filter": [{"property": "concept", "op": "is-a", "value": "limb"}]}
    more = {"system": "http://one", "concept": [{"code": "a"}, {"code": "b"}]}
    excluded = {"system": BODY, "concept": [{"code": "hand"}]}
    made = {"resourceType": "ValueSet", "url": SET, "compose": {"include": [limbs, more], "exclude": [excluded]}}
    return terminology([system, made])


IN_SET = {(BODY, "limb"), (BODY, "arm"), (BODY, "leg"), ("http://one", "a"), ("http://one", "A"), ("http://one", "b")}


@pytest.fixture(scope="module")
def world(searched, naive, naive_world):
    drawn = Drawn(11)
    resources = [
        *(drawn.observation(number) for number in range(60)),
        *(drawn.patient(number) for number in range(24)),
        *(drawn.encounter(number) for number in range(16)),
        *(drawn.condition(number) for number in range(24)),
        *(drawn.care_plan(number) for number in range(24)),
    ]
    searched.put(resources)
    searched.terminology = loaded()
    return naive_world.World(naive, resources, NOW, below(), {SET: IN_SET})


KINDS = ("token", "date", "string", "number", "quantity", "reference", "uri", "composite", "across", "filter")


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("kind", KINDS)
def test_every_pair_is_a_hit_or_not_as_a_naive_reading_says(searched, world, kind):
    drawn, pairs, hits, asked = Drawn(kind), 0, 0, set()
    while pairs < PAIRS:
        question = getattr(drawn, f"asked_{kind}")()
        resource_type, name, written = question
        expected = world.found(*question)
        assert searched.held(resource_type, (name, written)) == expected, question
        assert searched.ids(resource_type, (name, written)) == expected, question
        if question not in asked and len(asked) % 7 == 0:
            assert searched.ids(resource_type, (name, written), kind="source") == expected, question
        asked.add(question)
        hits += len(expected)
        pairs += sum(each["resourceType"] == resource_type for each in world.resources)
    assert 0.01 < hits / pairs < 0.9, "the queries tell nothing apart"
