"""RIV-TA GetPersonsForProfile 3.1 -> Person: HL7 Sweden's SEBasePatient, linked numbers, guardians.

The population register alone says who a person is. Nothing is masked here: masking is release's.
Relation codes are Skatteverket's (`V`: the related person is guardian of this one); the contract prints no list.
"""

from datetime import date

from hub.fhir.identifiers import HSA_ID, Identifier, sex
from hub.fhir.resource import Resource
from hub.fhir.swedish_time import LOCAL
from hub.mappers import Mapped, Mapper, Person, Settings, SourceMessage
from hub.mappers._rivta import Contract, open_answer
from hub.mappers._rivta_person_parts import addresses, contacts, full_name, marital_status, partial_day, telecoms
from hub.mappers._rivta_types import business_identifier, flag, patient_number, written
from hub.mappers._tracked import Node

CONTRACT = Contract(
    "GetPersonsForProfile", "urn:riv:strategicresourcemanagement:persons:person", "requestedPersonRecord", "population-register"
)
PROFILE = "http://hl7.se/fhir/ig/base/StructureDefinition/SEBasePatient"
LABELS = "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel"
TEST_DATA = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}
DECEASED = "AV"
GUARDIAN = {"V", "vårdnadshavare"}
GENDERS = {"1": "male", "M": "male", "2": "female", "K": "female"}

_NOT_SHOWN = (
    "version",
    "populationRegistrationLocality",
    "populationRegistrationRecord",
    "confirmedIdentity",
    "administrativeInformation",
    "immigration",
    "citizenship",
    "updatePersonActor",
    "updatePersonContactInformationActor",
    "attachment",
    "optoutPaperNotification",
)


def read(message: SourceMessage, settings: Settings) -> Mapped:
    """Every person that the answer tells of."""
    root, issues, _ = open_answer(CONTRACT, message)
    today = message.received.astimezone(LOCAL).date()
    persons = []
    for record in root.all(CONTRACT.record):
        record.one("requestedPersonalIdentity").keep("the number of the question")
        found = _person(record.one("personRecord"), settings, today)
        if found:
            persons.append(found)
        else:
            record.problem("the register has no person with this number", "information")
    mapped = Mapped(persons=tuple(persons), issues=tuple(issues), coverage=root.coverage())
    root.release()
    return mapped


def _person(node: Node, settings: Settings, today: date) -> Person | None:
    main = _number(node.one("personalIdentity"))
    if main is None:
        node.keep("a person without a number")
        return None
    numbers = _numbers(node, main)
    protected = _protections(node)
    born = _born(node, numbers[0])
    deceased, died = _death(node, today)
    guardians = [(number, link) for link in node.all("relationship") if (number := _guardian(link, today))]
    for hidden in _NOT_SHOWN:
        for part in node.all(hidden):
            part.keep("the hub shows no more of a person than care needs")
    patient: Resource = {
        "resourceType": "Patient",
        "meta": _meta(node, protected, settings),
        "identifier": [written(number) for number in _first_of_each_system(numbers)],
        "name": [name] if (name := full_name(node.one("name"))) else None,
        "telecom": telecoms(node.all("contactInformation")),
        "gender": _gender(node.one("gender"), numbers[0]),
        "birthDate": born,
        **deceased,
        "address": addresses(node.one("addressInformation")),
        "maritalStatus": marital_status(node.one("maritalStatus")),
        "contact": contacts(node.all("contactPerson")),
    }
    node.one("birth").keep("where a person was born is not shown")
    return Person(
        numbers=numbers,
        patient={name: value for name, value in patient.items() if value},
        related=tuple(_related(number, link) for number, link in guardians),
        guardians=tuple(number for number, _ in guardians),
        protected=protected[-1] if protected else None,
        born=date.fromisoformat(born) if born and len(born) == 10 else None,
        deceased=died,
    )


def _gender(node: Node, number: Identifier) -> str:
    """What the register says; else what the number tells."""
    said = GENDERS.get(node.value or "")
    if node and not said:
        node.refuse("not a code for gender that the hub knows")
    return said or sex(number)


def _number(node: Node) -> Identifier | None:
    root, value = node.one("root").value, node.one("extension").value
    return patient_number(root, value) if root and value else business_identifier(node)


def _numbers(node: Node, own: Identifier) -> tuple[Identifier, ...]:
    """Every number of the person; the one that the register calls primary first."""
    linked = [
        (bool(flag(link.one("primaryIdentity"))), number)
        for link in node.all("linkedIdentity")
        if (number := _number(link.one("referredPersonalIdentity")))
    ]
    for link in node.all("linkedIdentity"):
        link.one("assuranceLevel").keep("how sure a link is does not change whose the records are")
    held = [(bool(flag(node.one("primaryIdentity"))), own), *linked]
    return tuple(dict.fromkeys(number for _, number in sorted(held, key=lambda row: not row[0])))


def _first_of_each_system(numbers: tuple[Identifier, ...]) -> list[Identifier]:
    """SEBasePatient takes one number of each kind."""
    return list({number.system: number for number in reversed(numbers)}.values())[::-1]


def _protections(node: Node) -> list[str]:
    """Which protections hold, the stronger last. A mark that cannot be read protects."""
    marks = (("protectedPersonIndicator", "sekretessmarkering"), ("protectedPopulationRecord", "skyddadFolkbokforing"))
    return [name for element, name in marks if node.one(element) and flag(node.one(element)) is not False]


def _meta(node: Node, protected: list[str], settings: Settings) -> Resource:
    said: Resource = {"source": f"{HSA_ID}#{settings.system}", "profile": [PROFILE]}
    said |= {"security": [{"system": LABELS, "code": name} for name in protected]} if protected else {}
    return said | ({"tag": [TEST_DATA]} if flag(node.one("testIndicator")) else {})


def _born(node: Node, number: Identifier) -> str | None:
    """The day of birth that the register says; else the one that a personal number shows."""
    said = partial_day(node.one("birth", "dateOfBirth"))
    if said or sex(number) == "unknown":
        return said
    day = int(number.value[6:8])
    return f"{number.value[:4]}-{number.value[4:6]}-{day - 60 if day > 60 else day:02d}"


def _death(node: Node, today: date) -> tuple[Resource, date | None]:
    """`deceased[x]`, and the first day on which the person may have been dead."""
    gone = node.one("deregistration")
    reason = gone.one("deregistrationReasonCode").value
    found, left = partial_day(gone.one("foundDeadAtDate")), partial_day(gone.one("deregistrationDate"))
    if reason != DECEASED and not found:
        gone.keep("moved, or registered under another number")
        return {}, None
    day = left if reason == DECEASED and left else found
    if not day:
        return {"deceasedBoolean": True}, today
    return {"deceasedDateTime": day}, date.fromisoformat(f"{day}-01-01"[:10] if len(day) < 10 else day)


def _guardian(link: Node, today: date) -> Identifier | None:
    """The number of one who is guardian today; other relatives give no right here and are not shown."""
    kind = link.one("relationshipType").peek()
    start, end = partial_day(link.one("relationshipFromDate")), partial_day(link.one("relationshipToDate"))
    now = today.isoformat()
    gone = link.one("deregistration", "deregistrationReasonCode").peek() or link.one("status").peek() in ("AV", "AS")
    if (kind not in GUARDIAN and kind.lower() not in GUARDIAN) or gone or (end and end <= now) or (start and start > now):
        link.keep("a relative who is not guardian today")
        return None
    number = _number(link.one("relationshipId", "personalIdentity"))
    if number is None:
        link.keep("a guardian without a number cannot sign in")
        return None
    link.one("relationshipType").value  # noqa: B018  # read: it says that this is a guardian
    return number


def _related(number: Identifier, link: Node) -> Resource:
    name, born = full_name(link.one("name")), partial_day(link.one("relationshipId", "dateOfBirth"))
    start, end = partial_day(link.one("relationshipFromDate")), partial_day(link.one("relationshipToDate"))
    role = {"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "GUARD", "display": "guardian"}
    period = {element: day for element, day in (("start", start), ("end", end)) if day}
    link.one("status").keep("the register's own mark")
    related: Resource = {
        "resourceType": "RelatedPerson",
        "identifier": [written(number)],
        "active": True,
        "relationship": [{"coding": [role], "text": "Vårdnadshavare"}],
        "name": [name] if name else None,
        "birthDate": born,
        "period": period,
    }
    return {element: value for element, value in related.items() if value}


RIVTA_PERSONS = Mapper("rivta_persons", CONTRACT.operation, read, CONTRACT.info_type, frozenset({"Patient", "RelatedPerson"}))
