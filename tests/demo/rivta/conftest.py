"""A small world with one record for every habit and trait, the contracts' schemas, and a caller that speaks SOAP."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from lxml import etree

from hub.demo.rivta.habits import STOCKHOLM, Habit, Trait
from hub.demo.rivta.regions import VASTVIK
from hub.demo.world import organisations as who
from hub.demo.world.medication import (
    Administration,
    Authorization,
    Dosage,
    Dose,
    Drug,
    Frequency,
    Occasions,
    Period,
    Ramp,
    Single,
    Unstructured,
)
from hub.demo.world.model import (
    Analysis,
    Booking,
    CareContact,
    CarePlan,
    Custody,
    Document,
    LaboratoryReport,
    Person,
    Prescription,
    Reference,
    Specimen,
    World,
)
from hub.demo.world.values import KV_CARE_CONTACT, NPU, SNOMED, Code, Interval, Quantity

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ADULT, OLDER, CHILD, HIDDEN, MARKED, DEAD = (
    "195009072553",
    "196109732393",
    "201402192387",
    "199002222397",
    "196101182803",
    "189002029800",
)
"""OLDER is an earlier number of ADULT."""

PLANS, MEDICATIONS = "GetCarePlans", "GetMedicationHistory"
LABORATORY, CONTACTS, BOOKINGS = "GetLaboratoryOrderOutcome", "GetCareContacts", "GetSubjectOfCareSchedule"

LOGISTICS = "urn:riv:clinicalprocess:logistics:logistics"
PRESCRIPTION = "urn:riv:clinicalprocess:activityprescription:actoutcome"
ACTOUTCOME = "urn:riv:clinicalprocess:healthcond:actoutcome"
PERSONS = "urn:riv:strategicresourcemanagement:persons:person"
NAMESPACES = {
    PLANS: (f"{LOGISTICS}:GetCarePlansResponder:2", f"{LOGISTICS}:3"),
    CONTACTS: (f"{LOGISTICS}:GetCareContactsResponder:3", f"{LOGISTICS}:3"),
    MEDICATIONS: (f"{PRESCRIPTION}:GetMedicationHistoryResponder:2", f"{PRESCRIPTION}:2"),
    LABORATORY: (f"{ACTOUTCOME}:GetLaboratoryOrderOutcomeResponder:4", f"{ACTOUTCOME}:4"),
    BOOKINGS: ("urn:riv:crm:scheduling:GetSubjectOfCareScheduleResponder:1", "urn:riv:crm:scheduling:1"),
    "GetPersonsForProfile": (f"{PERSONS}:GetPersonsForProfileResponder:3", f"{PERSONS}:3"),
}
"""Operation -> its own namespace, and that of its types."""


# Facts -----------------------------------------------------------------------------------------------------------------


def at(day: str, clock: str = "09:15") -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=STOCKHOLM)


MARCH = at("2024-03-04")


def custody(time: datetime = MARCH, **more: Any) -> Custody:
    held = {"system": VASTVIK, "provider": who.VASTVIK, "unit": who.LILLHAMN, "author": "SE2321990026-2001"}
    return Custody(**held, time=time, **{"signed": time, "signer": "SE2321990026-2001"} | more)


def plan(key: str = "plan-1", **more: Any) -> CarePlan:
    told = {"person": ADULT, "custody": custody(), "title": "Vårdplan <diabetes> & fot", "kind": "VP"}
    return CarePlan(
        **{"key": key, "start": date(2024, 3, 4), "goals": ("HbA1c under 52",), "units": (who.LILLHAMN,)} | told | more
    )


METOPROLOL = Drug(
    name="Metoprolol Exempel",
    substance="Metoprolol",
    atc="C07AB02",
    npl_id="20000101000012",
    npl_pack_id="20000101100012",
    form="Depottablett",
    strength="0.00005",
    strength_unit="kg",
    route="Oral användning",
)
TABLET = Dose("1", "1", "tablett")


def steps(*shapes: Any) -> tuple[Dosage, ...]:
    bare = (Occasions, Ramp, Unstructured)
    return tuple(Dosage(text="Enligt ordination", shape=s, dose=None if isinstance(s, bare) else TABLET) for s in shapes)


def decision(key: str = "O-1", **more: Any) -> Prescription:
    told = {
        "person": ADULT,
        "custody": custody(),
        "drug": METOPROLOL,
        "dosages": (Dosage(text="1 tablett två gånger per dag", shape=Frequency("2"), dose=TABLET, short="1x2"),),
        "start": at("2024-03-04"),
        "prescriber": "SE2321990026-2001",
    }
    return Prescription(key=key, **told | more)


def report(key: str = "L-1", *analyses: Analysis, **more: Any) -> LaboratoryReport:
    told = {
        "person": ADULT,
        "custody": custody(),
        "laboratory": who.VASTVIK_LAB,
        "laboratory_id": "LID-1",
        "referral_id": "RID-1",
        "ordered": at("2024-03-03"),
        "requester": "SE2321990026-2001",
        "specimens": (
            Specimen(key="P-1", material=Code("122555007", "Venöst blod", SNOMED), collected=at("2024-03-03", "08:00")),
        ),
        "analyses": analyses or (analysis(Quantity("7.20", "mmol/L")),),
    }
    return LaboratoryReport(key=key, **told | more)


def analysis(value: Any, **more: Any) -> Analysis:
    told = {"key": "A-1", "code": Code("NPU02192", "P-Glukos", NPU), "specimen": "P-1", "time": at("2024-03-04")}
    return Analysis(**told | {"value": value} | more)


def contact(key: str = "V-1", **more: Any) -> CareContact:
    told = {
        "person": ADULT,
        "custody": custody(),
        "kind": Code("1", "Besök", KV_CARE_CONTACT),
        "status": Code("53671000052101", "Avslutad", SNOMED),
        "start": at("2024-03-04"),
        "reason": "Ont i foten",
    }
    return CareContact(key=key, **told | more)


def booking(key: str = "B-1", **more: Any) -> Booking:
    told = {"person": ADULT, "custody": custody(), "start": at("2024-06-03"), "end": at("2024-06-03", "09:45")}
    spoken = {"performer": "SE2321990026-2001", "care_type": "Läkarbesök", "time_type": "Återbesök", "purpose": "Fot & kontroll"}
    return Booking(key=key, **told | spoken | more)


def everything() -> tuple[Any, ...]:
    """Records that use every branch of the serializers, whoever writes them."""
    relief = Dosage(text="Vid smärta", shape=Period("6", "h"), dose=TABLET, as_needed="vid smärta", maximum=(TABLET, "1"))
    course = Dosage(text="I 7 dagar", shape=Single(), dose=TABLET, days="7", days_are_maximum=True, maximum=(TABLET, "14"))
    authorization = Authorization(
        key="F-1",
        by="SE2321990026-2001",
        written=at("2024-03-04"),
        valid_until=date(2025, 3, 3),
        total="100",
        unit="styck",
        signature="1 tablett morgon och kväll",
        replaceable=False,
    )
    given = Administration(key="G-1", time=at("2024-03-05"), by="SE2321990026-2002", dose=TABLET, route="Oral användning")
    shapes = (Frequency("3", "wk"), Occasions((("08:00", TABLET), ("till natten", TABLET))), Single(at("2024-03-05")))
    readings = (
        analysis(Interval("1", "3", "")),
        analysis(Code("112283007", "Escherichia coli", SNOMED), group="Odling", accredited=True, method="Odling"),
        analysis("Ingen växt", group="Odling", interpretation="N", reference=Reference(text="Ingen växt", population="Kvinnor")),
        analysis(None, status="preliminary"),
        analysis(Quantity("5", "mg/L", "<="), interpretation="H", reference=Reference(text="3-9", low="3", high="9")),
        analysis(Quantity("omätbart", "g"), comment="Hemolys"),
    )
    sip = plan("p-sip", kind="SIP", start=date(2024, 3, 1), documents=(Document(text="<b>Plan</b>", media_type="text/html"),))
    return (
        plan("p-plain", contact="V-1"),
        sip,
        decision("o-plain", authorization=authorization, administrations=(given,), chain="K-1", contact="V-1"),
        decision("o-words", dosages=steps(*shapes, Unstructured()), reason=Code("", "Hjärtsvikt"), purpose="Mot tryck"),
        decision("o-relief", dosages=(relief, course), end=at("2024-03-11"), end_reason="Klar", note="Tas med mat"),
        decision("o-own", drug=Drug(name="Vitaminer"), prescriber="", self_medication=True, dosages=()),
        decision("o-generic", drug=Drug(name="Paracetamol", substance="Paracetamol", strength="500", strength_unit="mg")),
        report("l-all", *readings, question="Infektion?", conclusion="Se svar", custody=custody(signed=None)),
        contact("v-plain"),
        contact("v-stay", end=at("2024-03-06"), org_unit="Avdelning 4"),
        booking("b-plain", reason="Kallelse", resource="Rum 4"),
        booking("b-off", status="cancelled"),
    )


SAMPLES: dict[Habit | Trait, tuple[str, Any]] = {
    Habit.PREFIXES: (PLANS, plan()),
    Habit.MIGRATED: (PLANS, plan(custody=custody(at("2009-05-06")), start=date(2009, 5, 6))),
    Habit.NO_TITLE: (PLANS, plan()),
    Habit.MIDNIGHT: (MEDICATIONS, decision()),
    Habit.TEXT_ONLY: (LABORATORY, report()),
    Habit.LOCAL_CODES: (LABORATORY, report("L-1", analysis(Quantity("7.2", "mmol/L"), code=Code("GLUK-V", "Glukos")))),
    Habit.OTHER_ATC: (MEDICATIONS, decision()),
    Habit.COMMA: (LABORATORY, report()),
    Habit.COMPARATOR_TEXT: (LABORATORY, report("L-1", analysis(Quantity("5", "ng/L", "<")))),
    Habit.ONE_BOUND: (LABORATORY, report("L-1", analysis(Quantity("60", "mL/min", ">")))),
    Habit.DOUBLES: (MEDICATIONS, decision()),
    Habit.UNIT_WORDS: (MEDICATIONS, decision(dosages=steps(Frequency("3", "wk"), Period("8", "h")))),
    Habit.NULLIFIED: (MEDICATIONS, decision(custody=custody(nullified=True))),
    Habit.BARE_STATUS: (CONTACTS, contact(status=Code("53631000052103", "Tidbokad", SNOMED), start=at("2024-06-03"))),
    Habit.DOCBOOK: (BOOKINGS, booking()),
    Habit.NO_UNIT_DOSE: (MEDICATIONS, decision()),
    Trait.LINKED_NUMBER: (LABORATORY, report(person=OLDER)),
    Trait.EMPTY_UNIT: (LABORATORY, report("L-1", analysis(Quantity("1.012", ""), code=Code("NPU03434", "U-Densitet", NPU)))),
    Trait.TRAILING_ZEROS: (LABORATORY, report()),
    Trait.AMBIGUOUS_HOUR: (CONTACTS, contact(start=at("2024-10-27", "02:30"))),
    Trait.WITHHELD: (PLANS, plan(custody=custody(names_unit=False, names_provider=False))),
    Trait.NO_END: (BOOKINGS, booking(end=None)),
    Trait.NO_BOOKING_ID: (BOOKINGS, booking(numbered=False)),
    Trait.UNTIMED: (BOOKINGS, booking(status="invitation", timed=False)),
    Trait.STOPPED_ACTIVE: (MEDICATIONS, decision(decision="U", end=at("2024-03-04"), end_reason="Biverkning")),
    Trait.RAMPED: (MEDICATIONS, decision(dosages=steps(Ramp(Dose("1", "1", "tablett"), Dose("4", "4", "tablett"), "1", 7)))),
    Trait.SHARED_PRESCRIPTION: (MEDICATIONS, decision("O-7-1", prescription_id="O-7")),
    Trait.RELATED: (
        LABORATORY,
        report(
            "L-1",
            analysis(
                "Växt av 1 stam",
                code=Code("", "Urinodling"),
                related=(
                    analysis(
                        Code("112283007", "Escherichia coli", SNOMED),
                        key="A-1-1",
                        code=Code("", "Isolat 1"),
                        related=(analysis("Resistent", key="A-1-1-1", code=Code("", "Trimetoprim"), interpretation="R"),),
                    ),
                ),
            ),
            discipline="microbiology",
        ),
    ),
}


def people() -> tuple[Person, ...]:
    home = {"street": "Storgatan 1", "postal_code": "123 45", "city": "Norrdal"}
    born = {"born": date(1950, 9, 7), "sex": "male"}
    return (
        Person(numbers=(ADULT, OLDER), given="Bo", middle="Ek", family="Åström", marital="G", **born, **home),
        Person(
            numbers=(CHILD,), given="Ida", family="Åström", born=date(2014, 2, 19), sex="female", guardians=(ADULT, DEAD), **home
        ),
        Person(numbers=(HIDDEN,), given="Gömd", family="Hemlig", protected="skyddadFolkbokforing", **born, **home),
        Person(numbers=(MARKED,), given="Märkt", family="Person", protected="sekretessmarkering", **born, **home),
        Person(numbers=(DEAD,), given="Död", family="Åström", deceased=date(2001, 2, 3), **born, **home),
    )


def world(*facts: Any) -> World:
    """A world of these facts, with the organisations of the simulated one."""
    return World(
        today=date(2024, 5, 1),
        providers={p.hsa_id: p for p in who.PROVIDERS},
        units={u.hsa_id: u for u in who.UNITS},
        staff={s.hsa_id: s for s in who.STAFF},
        systems={s.name: s for s in who.SYSTEMS},
        persons={p.number: p for p in people()},
        held=facts,
    )


def moved(fact: Any, system: str) -> Any:
    """The same record at another system."""
    return replace(fact, custody=replace(fact.custody, system=system))


@dataclass(frozen=True)
class Samples:
    """What tests are given of the above."""

    world: Callable[..., World] = world
    moved: Callable[[Any, str], Any] = moved
    everything: tuple[Any, ...] = everything()
    plan: Callable[..., CarePlan] = plan
    decision: Callable[..., Prescription] = decision
    report: Callable[..., LaboratoryReport] = report
    custody: Callable[..., Custody] = custody
    at: Callable[..., datetime] = at

    def of(self, habit: Habit | Trait) -> tuple[str, Any]:
        return SAMPLES[habit]


@pytest.fixture(scope="session")
def samples() -> Samples:
    return Samples()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


# Calls -----------------------------------------------------------------------------------------------------------------


def envelope(operation: str, number: str, address: str | None, *more: str) -> str:
    """A request; `more` is parameters as XML, after the patient."""
    own, core = NAMESPACES[operation]
    told = {
        BOOKINGS: f"<r:healthcare_facility>{address}</r:healthcare_facility><r:subject_of_care>{number}</r:subject_of_care>",
        LABORATORY: _ii("patientId", number),
        "GetPersonsForProfile": _ii("personId", number),
    }.get(operation, f"<r:patientId><c:id>{number}</c:id><c:type>1.2.752.129.2.1.3.1</c:type></r:patientId>")
    to = f'<a:LogicalAddress xmlns:a="urn:riv:itintegration:registry:1">{address}</a:LogicalAddress>' if address else ""
    return (
        f'<e:Envelope xmlns:e="{SOAP}" xmlns:r="{own}" xmlns:c="{core}"><e:Header>{to}</e:Header>'
        f"<e:Body><r:{operation}>{told}{''.join(more)}</r:{operation}></e:Body></e:Envelope>"
    )


def _ii(name: str, number: str) -> str:
    return f"<r:{name}><c:root>1.2.752.129.2.1.3.1</c:root><c:extension>{number}</c:extension></r:{name}>"


@dataclass(frozen=True)
class Caller:
    """Speaks to one server as a consumer does."""

    client: httpx.AsyncClient
    address: str

    async def post(
        self, operation: str, number: str = ADULT, *more: str, address: str | None = "", **headers: str
    ) -> httpx.Response:
        to = self.address if address == "" else address
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post("/", content=envelope(operation, number, to, *more).encode(), headers=named)

    async def ask(self, operation: str, number: str = ADULT, *more: str) -> Any:
        """The response element of a call that must succeed."""
        response = await self.post(operation, number, *more)
        assert response.status_code == 200, response.text
        return body(response.content)


def body(content: bytes) -> Any:
    """What is in the envelope, as a document of its own."""
    inner = etree.fromstring(content).find(f"{{{SOAP}}}Body")[0]
    return etree.fromstring(etree.tostring(inner))


@asynccontextmanager
async def called(server: Any, system: str) -> AsyncIterator[Caller]:
    address = next(s.hsa_id for s in who.SYSTEMS if s.name == system)
    async with server.serve() as url, httpx.AsyncClient(base_url=url) as client:
        yield Caller(client, address)


@pytest.fixture(scope="session")
def calls() -> Callable[[Any, str], Any]:
    """`async with calls(server, system name) as caller`."""
    return called


# Schemas ---------------------------------------------------------------------------------------------------------------


class _Patched(etree.Resolver):
    """crm:scheduling writes a pattern with ^ and $, which in XML Schema are letters: out they go, in memory only."""

    def resolve(self, url: str, _id: str, context: Any) -> Any:
        if url.endswith("crm_scheduling_1.1.xsd"):
            text = Path(url.removeprefix("file://")).read_bytes().replace(b'"^[', b'"[').replace(b'}$"', b'}"')
            return self.resolve_string(text, context, base_url=url)
        return None


@pytest.fixture(scope="session")
def schemas(reference: Path) -> dict[str, etree.XMLSchema]:
    """Operation -> the schema of its messages."""
    parser = etree.XMLParser()
    parser.resolvers.add(_Patched())
    files = {o: next((reference / "rivta").glob(f"*/schemas/interactions/*/{o}Responder_*.xsd")) for o in NAMESPACES}
    return {o: etree.XMLSchema(etree.parse(str(file), parser)) for o, file in files.items()}
