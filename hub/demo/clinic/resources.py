"""Hjärtgården's facts as this provider's own FHIR R4 JSON, and the people and places that they refer to."""

from collections.abc import Iterator
from typing import Any

from hub.demo.world.model import Booking, CarePlan, CareTeam, Fact, Measurement, Member, Person, World
from hub.demo.world.organisations import HJARTGARDEN, PRIVATE, PRIVATE_CLINIC
from hub.demo.world.values import LOINC, Code, Quantity

Json = dict[str, Any]

OWN = "https://hjartgarden.example/fhir/id/"
"""Root of its identifier systems: what it is, in lower case, follows."""
PERSONNUMMER = "http://electronichealth.se/identifier/personnummer"
SAMORDNINGSNUMMER = "http://electronichealth.se/identifier/samordningsnummer"
HSA_ID = "urn:oid:1.2.752.29.4.19"
UCUM = "http://unitsofmeasure.org"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"


def number_system(number: str) -> str:
    return SAMORDNINGSNUMMER if int(number[6:8]) > 60 else PERSONNUMMER


def held(world: World, kind: str, number: str) -> tuple[Json, ...]:
    """Everything of a resource type that the server holds of a person, newest first."""
    facts = [fact for fact in world.facts(PRIVATE, number, Fact) if type_of(fact) == kind]
    return tuple(_resource(world, fact) for fact in reversed(facts))


def type_of(fact: Fact) -> str:
    match fact:
        case CarePlan():
            return "CarePlan"
        case CareTeam():
            return "CareTeam"
        case Booking():
            return "Appointment"
        case Measurement():
            return "Observation"
        case _:
            raise TypeError(f"Hjärtgården holds no {type(fact).__name__}")


def _resource(world: World, fact: Fact) -> Json:
    person = world.person(fact.person)
    assert person
    kind = type_of(fact)
    start = {
        "resourceType": kind,
        "id": fact.key,
        "meta": {"versionId": "1", "lastUpdated": fact.custody.time.isoformat()},
        "identifier": [{"system": OWN + kind.lower(), "value": fact.key}],
    }
    match fact:
        case CarePlan():
            return start | _plan(world, fact, person)
        case CareTeam():
            return start | _team(world, fact, person)
        case Booking():
            return start | _appointment(world, fact, person)
        case Measurement():
            return start | _observation(world, fact, person)
        case _:
            raise TypeError(kind)


def _plan(world: World, fact: CarePlan, person: Person) -> Json:
    return {
        "status": fact.status,
        "intent": "plan",
        "category": [{"text": {"VP": "Vårdplan", "RP": "Rehabiliteringsplan"}[fact.kind]}],
        "title": fact.title,
        "subject": patient_reference(world, person, fact.person),
        "period": {"start": fact.start.isoformat()} | ({"end": fact.end.isoformat()} if fact.end else {}),
        "created": fact.custody.time.isoformat(),
        "author": practitioner_reference(world, fact.custody.author),
        "contained": [
            {
                "resourceType": "Goal",
                "id": f"mal-{number}",
                "lifecycleStatus": "completed" if fact.status == "completed" else "active",
                "description": {"text": goal},
                "subject": patient_reference(world, person, fact.person),
            }
            for number, goal in enumerate(fact.goals, start=1)
        ],
        "goal": [{"reference": f"#mal-{number}"} for number in range(1, len(fact.goals) + 1)],
        "activity": [
            {"detail": {"status": "completed" if fact.status == "completed" else "in-progress", "description": activity}}
            for activity in fact.activities
        ],
    }


def _team(world: World, fact: CareTeam, person: Person) -> Json:
    return {
        "status": "active",
        "name": fact.name,
        "subject": patient_reference(world, person, fact.person),
        "participant": [_participant(world, member) for member in fact.members],
        "managingOrganization": [organization_reference(world, PRIVATE_CLINIC)],
    }


def _participant(world: World, member: Member) -> Json:
    who = practitioner_reference(world, member.staff) if member.staff else {"type": "RelatedPerson", "display": member.name}
    period = {"start": member.since.isoformat()} | ({"end": member.until.isoformat()} if member.until else {})
    return {"role": [{"text": member.role.text}], "member": who, "period": period} | (
        {"onBehalfOf": organization_reference(world, member.unit)} if member.unit else {}
    )


def _appointment(world: World, fact: Booking, person: Person) -> Json:
    over = fact.start.date() < world.today
    actors = [
        patient_reference(world, person, fact.person),
        practitioner_reference(world, fact.performer),
        location_reference(world),
    ]
    return {
        "status": "cancelled" if fact.status == "cancelled" else "fulfilled" if over else "booked",
        "serviceType": [{"text": fact.care_type}],
        "reasonCode": [{"text": fact.reason}],
        "start": fact.start.isoformat(),
        "created": fact.custody.time.isoformat(),
        "participant": [{"actor": actor, "status": "accepted"} for actor in actors],
    } | ({"end": fact.end.isoformat()} if fact.end else {})


def _observation(world: World, fact: Measurement, person: Person) -> Json:
    return {
        "status": "final",
        "category": [{"coding": [{"system": CATEGORY, "code": fact.category}]}],
        "code": concept(fact.code),
        "subject": patient_reference(world, person, fact.person),
        "effectiveDateTime": fact.time.isoformat(),
        "issued": fact.custody.time.isoformat(),
        "performer": [practitioner_reference(world, fact.custody.author), organization_reference(world, PRIVATE_CLINIC)],
    } | measured(fact)


def measured(fact: Measurement) -> Json:
    """The value of a measurement, its parts and its note."""
    value = {"valueQuantity": _quantity(fact.value)} if fact.value else {}
    parts = [{"code": concept(code), "valueQuantity": _quantity(quantity)} for code, quantity in fact.parts]
    return value | ({"component": parts} if parts else {}) | ({"note": [{"text": fact.note}]} if fact.note else {})


def _quantity(quantity: Quantity) -> Json:
    number = float(quantity.value) if "." in quantity.value else int(quantity.value)
    return {"value": number, "unit": quantity.unit, "system": UCUM, "code": quantity.unit}


def concept(code: Code) -> Json:
    """A LOINC code with its text."""
    return {"coding": [{"system": LOINC, "code": code.code, "display": code.text}], "text": code.text}


# People and places ----------------------------------------------------------------------------------------------------


def patient_id(world: World, person: Person) -> str:
    return f"pat-{list(world.persons).index(person.number) + 501}"


def patient_reference(world: World, person: Person, number: str) -> Json:
    return {"reference": f"Patient/{patient_id(world, person)}", "identifier": {"system": number_system(number), "value": number}}


def practitioner_reference(world: World, hsa_id: str) -> Json:
    return {"reference": f"Practitioner/{_suffix(hsa_id)}", "display": world.staff[hsa_id].name}


def organization_reference(world: World, hsa_id: str) -> Json:
    return {"reference": f"Organization/{_suffix(hsa_id)}", "display": world.units[hsa_id].name}


def location_reference(world: World) -> Json:
    return {"reference": f"Location/{_suffix(PRIVATE_CLINIC)}", "display": world.units[PRIVATE_CLINIC].name}


def directory(world: World) -> Iterator[Json]:
    """Every Patient, Practitioner, Organization and Location that the server's resources refer to."""
    known = {fact.person for fact in world.held if fact.custody.system == PRIVATE}
    for person in world.persons.values():
        if known & set(person.numbers):
            yield _patient(world, person)
    for staff in world.staff.values():
        if PRIVATE_CLINIC in staff.units:
            yield {
                "resourceType": "Practitioner",
                "id": _suffix(staff.hsa_id),
                "identifier": [{"system": HSA_ID, "value": staff.hsa_id}],
                "name": [{"family": staff.family, "given": [staff.given]}],
                "qualification": [{"code": {"text": staff.title}}],
            }
    provider, unit = world.providers[HJARTGARDEN], world.units[PRIVATE_CLINIC]
    yield _organization(provider.hsa_id, provider.name)
    yield _organization(unit.hsa_id, unit.name) | {"partOf": {"reference": f"Organization/{_suffix(provider.hsa_id)}"}}
    yield {
        "resourceType": "Location",
        "id": _suffix(unit.hsa_id),
        "name": unit.name,
        "address": {"city": unit.city, "line": [unit.street]},
    }


def _patient(world: World, person: Person) -> Json:
    return {
        "resourceType": "Patient",
        "id": patient_id(world, person),
        "identifier": [{"system": number_system(number), "value": number} for number in person.numbers],
        "name": [{"family": person.family, "given": [person.given]}],
        "birthDate": person.born.isoformat(),
        "gender": person.sex,
    }


def _organization(hsa_id: str, name: str) -> Json:
    return {
        "resourceType": "Organization",
        "id": _suffix(hsa_id),
        "identifier": [{"system": HSA_ID, "value": hsa_id}],
        "name": name,
    }


def _suffix(hsa_id: str) -> str:
    return hsa_id.rsplit("-", 1)[1]
