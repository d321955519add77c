"""The bench's world: fictional providers and units, persons born 1800 to 1839, and the records that they have.

Everything follows from a person's number in the row, so that two runs with the same keys hold the same record.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hub.caller import Caller, SmartScope
from hub.consent.grounds import AnyGround, Block, Consent, Need, Relation
from hub.fhir.custody import Custody
from hub.fhir.encoded import encoded
from hub.fhir.identifiers import PERSONNUMMER, Identifier
from hub.fhir.identity import logical_id, rid
from hub.fhir.resource import Resource
from hub.store.deposit import Record

REGION = "SE2321990018"
UNITS = tuple((f"{REGION}-{provider}", f"{REGION}-{provider}{number}") for provider in "ABC" for number in range(1, 5))
"""(provider, unit): three providers of four units."""
HOME = UNITS[0]
"""Where the physician who asks works."""
PHYSICIAN = f"{REGION}-PHYS"
SOURCES = {f"{REGION}-A": "norr", f"{REGION}-B": "vast", f"{REGION}-C": "sjo"}
CONTRACTS = ("rivta_laboratory", "rivta_care_plans", "rivta_medication_history")
FAMILY = "bench"
REPORTS, RESULTS = 5, 10
"""Laboratory reports a patient has, and Observations in each: fifty."""
LATEST = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)
_DAYS = (date(1840, 1, 1) - date(1800, 1, 1)).days
ANALYSES = (
    ("NPU02319", "B-Hemoglobin", "g/L", "117", "153"),
    ("NPU03230", "P-Kalium", "mmol/L", "3.5", "4.4"),
    ("NPU03429", "P-Natrium", "mmol/L", "137", "145"),
    ("NPU04998", "P-Kreatinin", "umol/L", "45", "90"),
    ("NPU19748", "P-CRP", "mg/L", "0", "5"),
    ("NPU27300", "B-HbA1c", "mmol/mol", "27", "42"),
    ("NPU03568", "P-TSH", "mIU/L", "0.4", "4.0"),
    ("NPU02593", "B-Leukocyter", "10*9/L", "3.5", "8.8"),
    ("NPU03404", "B-Trombocyter", "10*9/L", "165", "387"),
    ("NPU19651", "P-ALAT", "ukat/L", "0.15", "0.75"),
)


@dataclass(frozen=True, slots=True)
class Person:
    """One person of the bench."""

    row: int
    number: Identifier
    born: date


def person(row: int) -> Person:
    """The person in this row; nobody now living was born so long ago."""
    born = date(1800, 1, 1) + timedelta(days=row * 37 % _DAYS)
    ten = f"{born:%y%m%d}{100 + row // _DAYS:03d}"
    return Person(row, Identifier(PERSONNUMMER, f"{born:%Y%m%d}{ten[6:]}{_check_digit(ten)}"), born)


def records(key: bytes, one: Person, patient_id: str) -> Iterator[Record]:
    """All entries of a person."""
    subject = {"reference": f"Patient/{patient_id}"}
    yield _record(key, one, "Patient", 0, [_patient(one, patient_id)])
    for report in range(REPORTS):
        yield _record(key, one, "lab", report, _laboratory(key, one, report, subject))
    for number in range(3):
        yield _record(key, one, "MedicationRequest", number, [_medication(key, one, number, subject)])
    yield _record(key, one, "CarePlan", 0, [_plan(key, one, subject)])
    yield _record(key, one, "Encounter", 0, [_encounter(key, one, subject)])


def physician() -> Caller:
    """The reader of all requests, about whom `grounds` are."""
    return Caller(
        kind="clinician",
        subject=PHYSICIAN,
        client="bench",
        issuer="bench",
        loa=3,
        purpose="care",
        scope="SJF",
        commission="bench",
        provider=HOME[0],
        unit=HOME[1],
        social_unit=False,
        smart=frozenset({SmartScope("user", "*", frozenset("rs"))}),
    )


def grounds(one: Person, now: datetime) -> Iterator[AnyGround]:
    """What lets the physician read everything of a person: relation, need, consent. And three blocks, two inner and one outer,
    of years of which nothing is held: they are asked of every entry, and cost, but withhold nothing, so that an answer is as
    long as it is without them. Every eighth person has one block that withholds."""
    common: dict[str, Any] = {
        "start": now - timedelta(hours=1),
        "end": now + timedelta(hours=12),
        "state": "active",
        "recorded": now,
        "recorded_by": PHYSICIAN,
    }
    mine = {"provider": HOME[0], "unit": HOME[1], "employee": PHYSICIAN}
    yield Relation(id=f"relation-{one.row}", **common, **mine)
    yield Need(id=f"need-{one.row}", **common, **mine, type="relevance", reason="care")
    yield Consent(id=f"consent-{one.row}", **common, **mine | {"employee": ""}, regime="SVOD", represented_by="")
    past = {"information_start": datetime(1990, 1, 1, tzinfo=UTC), "information_end": datetime(1991, 1, 1, tzinfo=UTC)}
    for number, (kind, place) in enumerate((("inner", 1), ("inner", 5), ("outer", 9))):
        provider, unit = UNITS[place]
        period = {"information_start": None, "information_end": None} if withholding(one.row) and number == 2 else past
        yield Block(
            id=f"block-{one.row}-{number}",
            **common | {"end": None},
            type=kind,  # type: ignore[arg-type]  # one of the two
            regime="SVOD",
            provider=provider,
            unit=unit if kind == "inner" else "",
            excluded=(),
            **period,
        )


def withholding(row: int) -> bool:
    """Whether a block of this person's withholds anything."""
    return row % 8 == 7


def observation_id(key: bytes, row: int, report: int, number: int) -> str:
    """The logical id of an Observation."""
    return logical_id(key, "Observation", FAMILY, str(row), str(report), str(number))


def _record(key: bytes, one: Person, kind: str, number: int, resources: list[Resource]) -> Record:
    provider, unit = UNITS[(one.row + number) % len(UNITS)]
    at = _at(one, number)
    custody = Custody(
        source=SOURCES[provider],
        provider=provider,
        unit=unit,
        info_type="und-kkm-ure" if kind == "lab" else kind.lower(),
        regime="SVOD",
        social=False,
        time_from=at,
        time_to=at,
        released=True,
        secret=False,
        nullified=False,
        insurance=False,
        purpose="care",
        incapacity=False,
    )
    origin = _provenance(key, one, kind, number, resources, custody)
    return Record(rid(key, "entry", f"{kind}/{one.row}/{number}"), FAMILY, custody, tuple(map(encoded, (*resources, origin))))


def _at(one: Person, number: int) -> datetime:
    return LATEST - timedelta(days=180 * number + one.row % 90, minutes=one.row % 600)


def _laboratory(key: bytes, one: Person, report: int, subject: Resource) -> list[Resource]:
    results = [_observation(key, one, report, number, subject) for number in range(RESULTS)]
    answer = {
        "resourceType": "DiagnosticReport",
        "id": logical_id(key, "DiagnosticReport", FAMILY, str(one.row), str(report)),
        "identifier": [{"system": "urn:oid:1.2.752.129.2.1.2.1", "value": f"{REGION}-LAB:{one.row}-{report}"}],
        "status": "final",
        "code": {"text": "Klinisk kemi"},
        "subject": subject,
        "effectiveDateTime": _at(one, report).isoformat(),
        "issued": _at(one, report).isoformat(),
        "result": [{"reference": f"Observation/{each['id']}"} for each in results],
    }
    return [answer, *results]


def _observation(key: bytes, one: Person, report: int, number: int, subject: Resource) -> Resource:
    code, name, unit, low, high = ANALYSES[number]
    value = f"{float(low) + (one.row * 7 + report * 3 + number) % 40 / 10:.1f}"
    at = _at(one, report).isoformat()
    quantity = {"unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    return {
        "resourceType": "Observation",
        "id": observation_id(key, one.row, report, number),
        "meta": {"source": f"urn:oid:1.2.752.129.2.1.4.1#{REGION}-LAB"},
        "identifier": [{"system": "urn:oid:1.2.752.129.2.1.2.1", "value": f"{REGION}-LAB:{one.row}-{report}-{number}"}],
        "status": "final",
        "category": [
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]}
        ],
        "code": {"coding": [{"system": "urn:oid:1.2.752.108.1", "code": code, "display": name}], "text": name},
        "subject": subject,
        "effectiveDateTime": at,
        "issued": at,
        "performer": [
            {
                "identifier": {"system": "urn:oid:1.2.752.129.2.1.4.1", "value": f"{REGION}-LABCHEM"},
                "display": "Klinisk kemi, Centrallasarettet",
            }
        ],
        "valueQuantity": {"value": Decimal(value)} | quantity,
        "interpretation": [
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "code": "N"}]}
        ],
        "referenceRange": [
            {"low": {"value": Decimal(low)} | quantity, "high": {"value": Decimal(high)} | quantity, "text": f"{low}-{high}"}
        ],
    }


def _patient(one: Person, patient_id: str) -> Resource:
    return {
        "resourceType": "Patient",
        "id": patient_id,
        "identifier": [{"system": one.number.system, "value": one.number.value}],
        "name": [{"family": f"Provperson{one.row}", "given": ["Bänk"]}],
        "birthDate": one.born.isoformat(),
    }


def _medication(key: bytes, one: Person, number: int, subject: Resource) -> Resource:
    return {
        "resourceType": "MedicationRequest",
        "id": logical_id(key, "MedicationRequest", FAMILY, str(one.row), str(number)),
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"coding": [{"system": "http://www.whocc.no/atc", "code": "C07AB02"}], "text": "Metoprolol"},
        "subject": subject,
        "authoredOn": _at(one, number).isoformat(),
        "dosageInstruction": [{"text": "1 tablett på morgonen"}],
    }


def _plan(key: bytes, one: Person, subject: Resource) -> Resource:
    return {
        "resourceType": "CarePlan",
        "id": logical_id(key, "CarePlan", FAMILY, str(one.row)),
        "status": "active",
        "intent": "plan",
        "title": "Vårdplan",
        "subject": subject,
        "period": {"start": _at(one, 0).date().isoformat()},
    }


def _encounter(key: bytes, one: Person, subject: Resource) -> Resource:
    return {
        "resourceType": "Encounter",
        "id": logical_id(key, "Encounter", FAMILY, str(one.row)),
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": subject,
        "period": {"start": _at(one, 0).isoformat(), "end": (_at(one, 0) + timedelta(minutes=30)).isoformat()},
    }


def _provenance(key: bytes, one: Person, kind: str, number: int, made: list[Resource], custody: Custody) -> Resource:
    return {
        "resourceType": "Provenance",
        "id": logical_id(key, "Provenance", FAMILY, kind, str(one.row), str(number)),
        "target": [{"reference": f"{each['resourceType']}/{each['id']}"} for each in made],
        "recorded": _at(one, number).isoformat(),
        "agent": [
            {
                "type": {
                    "coding": [
                        {"system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type", "code": "custodian"}
                    ]
                },
                "who": {"identifier": {"system": "urn:oid:1.2.752.129.2.1.4.1", "value": custody.provider}},
            }
        ],
    }


def _check_digit(nine: str) -> int:
    products = (int(digit) * (2 - place % 2) for place, digit in enumerate(nine))
    return -sum(product // 10 + product % 10 for product in products) % 10
