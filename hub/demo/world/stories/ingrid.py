"""The main story: Ingrid Sandell, 65, heart failure. Plans, team, contacts and booked times; data in all systems.

Atrial fibrillation and diabetes for years at Lillhamns vårdcentral (Västvik), a heart specialist at Hjärtgården, heart failure
since a stay on Medicinavdelning 3 (Norrdal) that ended 17 days ago, home care in Åkerby since then.
"""

from datetime import date

from hub.demo.world import organisations as o
from hub.demo.world.model import Booking, CareContact, CarePlan, CareTeam, Document, Fact, Member, Person
from hub.demo.world.scribe import BOOKED, CALL, CALLED_OFF, EMERGENCY_VISIT, ENDED, VIDEO, VISIT, Calendar, Desk
from hub.demo.world.values import Code

INGRID = "196101182803"

NORRDAL_HEART = Desk(o.REGION_NORRDAL, o.NORRDAL, o.HEART)
NORRDAL_WARD = Desk(o.REGION_NORRDAL, o.NORRDAL, o.WARD)
NORRDAL_HEALTH_CENTRE = Desk(o.REGION_NORRDAL, o.NORRDAL, o.HEALTH_CENTRE)
VASTVIK_HEALTH_CENTRE = Desk(o.REGION_VASTVIK, o.VASTVIK, o.LILLHAMN)
VASTVIK_EMERGENCY = Desk(o.REGION_VASTVIK, o.VASTVIK, o.EMERGENCY)
HOSPITAL_HEART = Desk(o.HOSPITAL, o.NORRDAL, o.HEART)
CLINIC = Desk(o.PRIVATE, o.HJARTGARDEN, o.PRIVATE_CLINIC)
HOME_HEALTH = Desk(o.MUNICIPALITY, o.AKERBY, o.HOME_HEALTH)
HOME_CARE = Desk(o.MUNICIPALITY, o.AKERBY, o.HOME_CARE)

ANNA, PETRA, MIKAEL, YASMIN, EVA = (f"SE2321990018-{n}" for n in ("1001", "1002", "1003", "1004", "1013"))
SOFIA, JOHAN, NADIA = (f"SE2321990026-{n}" for n in ("2001", "2002", "2003"))
SAMIR, LISA = "SE5599990016-3001", "SE5599990016-3002"
MARIE, AHMED, KERSTIN, RONJA = (f"SE2120990011-{n}" for n in ("4001", "4002", "4003", "4004"))

PHYSICIAN, NURSE = Code("", "Ansvarig läkare"), Code("", "Ansvarig sjuksköterska")
CONTACT, RELATIVE = Code("", "Fast vårdkontakt"), Code("", "Närstående")


def people(_: Calendar) -> tuple[Person, ...]:
    return (
        Person(
            numbers=(INGRID,),
            given="Ingrid",
            middle="Maria",
            family="Sandell",
            born=date(1961, 1, 18),
            sex="female",
            street="Björkvägen 7",
            postal_code="999 31",
            city="Åkerby",
            marital="G",
        ),
    )


def facts(c: Calendar) -> tuple[Fact, ...]:
    return (*_plans(c), *_teams(c), *_contacts(c), *_bookings(c))


HEART_PLAN = """Vårdplan hjärtsvikt

Bakgrund: Hjärtsvikt med nedsatt ejektionsfraktion, förmaksflimmer, diabetes typ 2, njurfunktionsnedsättning.
Vårdad på Medicinavdelning 3 för andnöd och viktuppgång.
Mål: Vikt 77–78 kg. Blodtryck under 130/80. Klarar en promenad på 20 minuter utan andnöd.
Åtgärder: Daglig vägning. Kontakt med Hjärtmottagningen vid viktuppgång över 2 kg på 3 dagar.
Kontroll av kalium och kreatinin en gång i veckan under upptrappning.
Läkemedel: Furosemid 40 mg. Ramipril sänkt till 2,5 mg. Spironolakton utsatt på grund av högt kalium.
Uppföljning: Sjuksköterska på Hjärtmottagningen inom 14 dagar."""

COORDINATED_PLAN = """Samordnad individuell plan

Deltagare: Ingrid Sandell, Erik Sandell (make), Petra Ek (Hjärtmottagningen),
Marie Öst (kommunal hälso- och sjukvård), Sofia Wallin (Lillhamns vårdcentral).
Vad är viktigt för mig: Att kunna bo kvar hemma och orka med trädgården.
Överenskommet: Kommunens sjuksköterska delar läkemedel i dosett och kontrollerar vikt och ödem två gånger i veckan.
Hemtjänsten hjälper till med inköp och dusch.
Vårdcentralen ansvarar för diabetes och blodfetter.
Uppföljning: Efter sex veckor, Petra Ek kallar."""

DIABETES_PLAN = """Individuell vårdplan diabetes

Mål: HbA1c under 55 mmol/mol. LDL under 1,8 mmol/L.
Åtgärder: Årskontroll hos diabetessköterska, ögonbottenfoto vartannat år, fotstatus en gång per år.
Egenvård: Fysisk aktivitet efter ork. Kostråd givna."""


def _plans(c: Calendar) -> list[Fact]:
    discharge, coordinated, diabetes = c.weekday(-17, "14:10"), c.weekday(-13, "10:30"), c.weekday(-231, "11:15")
    return [
        CarePlan(
            key="VP-2026-004711",
            person=INGRID,
            custody=NORRDAL_HEART.custody(ANNA, discharge),
            title="Vårdplan hjärtsvikt",
            kind="VP",
            start=discharge.date(),
            goals=("Vikt 77–78 kg", "Blodtryck under 130/80", "Promenad 20 minuter utan andnöd"),
            activities=("Daglig vägning", "Kalium och kreatinin varje vecka", "Återbesök inom 14 dagar"),
            documents=(Document(text=HEART_PLAN),),
            units=(o.HEART, o.WARD),
        ),
        CarePlan(
            key="SIP-2026-000318",
            person=INGRID,
            custody=NORRDAL_HEART.custody(PETRA, coordinated),
            title="Samordnad individuell plan",
            kind="SIP",
            start=coordinated.date(),
            goals=("Bo kvar hemma",),
            documents=(Document(text=COORDINATED_PLAN),),
            units=(o.HEART, o.HOME_HEALTH, o.LILLHAMN),
        ),
        CarePlan(
            key="LVC-88120",
            person=INGRID,
            custody=VASTVIK_HEALTH_CENTRE.custody(JOHAN, diabetes),
            title="Individuell vårdplan diabetes",
            kind="VP",
            start=diabetes.date(),
            documents=(Document(text=DIABETES_PLAN),),
            units=(o.LILLHAMN,),
        ),
        CarePlan(
            key="cp-flimmer-1",
            person=INGRID,
            custody=CLINIC.custody(SAMIR, c.weekday(-190, "15:40")),
            title="Behandlingsplan förmaksflimmer",
            kind="VP",
            status="active",
            start=c.day(-190),
            goals=("Vilopuls under 80 slag per minut", "Inga blödningar under antikoagulantia"),
            activities=("Frekvensreglering med metoprolol", "Apixaban 5 mg två gånger dagligen", "Ekokardiografi en gång per år"),
        ),
        CarePlan(
            key="cp-rehab-1",
            person=INGRID,
            custody=CLINIC.custody(LISA, c.weekday(-520, "09:20")),
            title="Fysisk träning på recept",
            kind="RP",
            status="completed",
            start=c.day(-520),
            end=c.day(-340),
            goals=("Träna två gånger i veckan",),
            activities=("Ledarledd träning i grupp", "Utvärdering med sex minuters gångtest"),
        ),
        CarePlan(
            key="HSV-2201",
            person=INGRID,
            custody=HOME_HEALTH.custody(MARIE, c.weekday(-12, "13:00"), signed=False),
            title="Hemsjukvårdsplan hjärtsvikt",
            kind="VP",
            start=c.day(-12),
            goals=("Stabil vikt 77–78 kg", "Läkemedel tas som ordinerat"),
            activities=("Dosettdelning varannan vecka", "Vikt och ödemkontroll tisdag och fredag"),
        ),
        CarePlan(
            key="HSV-2207",
            person=INGRID,
            custody=HOME_HEALTH.custody(AHMED, c.weekday(-10, "09:45"), signed=False),
            title="Rehabiliteringsplan i hemmet",
            kind="RP",
            start=c.day(-10),
            end=c.day(50),
            goals=("Dusch utan hjälp",),
            activities=("Duschstol utprovas", "Energisparande arbetssätt tränas"),
        ),
        CarePlan(
            key="GP-0931",
            person=INGRID,
            custody=HOME_CARE.custody(KERSTIN, c.weekday(-11, "10:15"), signed=False),
            title="Genomförandeplan hemtjänst",
            kind="GP",
            start=c.day(-11),
            goals=("Klara vardagen hemma",),
            activities=("Inköp en gång i veckan", "Hjälp vid dusch två gånger i veckan"),
        ),
    ]


def _teams(c: Calendar) -> list[Fact]:
    since = c.day(-190)
    return [
        CareTeam(
            key="team-hjarta-1",
            person=INGRID,
            custody=CLINIC.custody(SAMIR, c.weekday(-190, "15:45")),
            name="Hjärtteam Hjärtgården",
            members=(
                Member(staff=SAMIR, role=PHYSICIAN, unit=o.PRIVATE_CLINIC, since=since),
                Member(staff=LISA, role=NURSE, unit=o.PRIVATE_CLINIC, since=since),
                Member(name="Erik Sandell", role=RELATIVE, since=since),
            ),
        ),
        CareTeam(
            key="VT-2201",
            person=INGRID,
            custody=HOME_HEALTH.custody(MARIE, c.weekday(-12, "13:10"), signed=False),
            name="Hemsjukvårdsteam Ingrid",
            members=(
                Member(staff=MARIE, role=CONTACT, unit=o.HOME_HEALTH, since=c.day(-12)),
                Member(staff=AHMED, role=Code("", "Arbetsterapeut"), unit=o.HOME_HEALTH, since=c.day(-10), until=c.day(50)),
            ),
        ),
        CareTeam(
            key="VT-0931",
            person=INGRID,
            custody=HOME_CARE.custody(KERSTIN, c.weekday(-11, "10:20"), signed=False),
            name="Hemtjänstgrupp Söder",
            members=(
                Member(staff=KERSTIN, role=Code("", "Handläggare"), unit=o.HOME_CARE, since=c.day(-11)),
                Member(staff=RONJA, role=Code("", "Kontaktperson"), unit=o.HOME_CARE, since=c.day(-11)),
            ),
        ),
    ]


def _contacts(c: Calendar) -> list[Fact]:
    """Twelve months at Region Västvik: (days ago, time, kind, staff, the patient's words, minutes; 0 = a point in time)."""
    rows = (
        (-352, "08:20", VISIT, JOHAN, "Provtagning inför årskontroll", 0),
        (-344, "10:00", VISIT, SOFIA, "Årskontroll diabetes och blodtryck", 45),
        (-301, "13:15", CALL, JOHAN, "Svar på prover", 0),
        (-262, "09:30", VISIT, JOHAN, "Fotkontroll", 30),
        (-231, "11:00", VISIT, JOHAN, "Vårdplan diabetes", 30),
        (-187, "15:00", CALL, SOFIA, "Fråga om värk i stortån", 0),
        (-186, "08:40", VISIT, SOFIA, "Röd och svullen stortå", 20),
        (-141, "14:30", VIDEO, SOFIA, "Uppföljning gikt", 15),
        (-98, "08:10", VISIT, JOHAN, "Provtagning", 0),
        (-61, "09:50", VISIT, SOFIA, "Trött och andfådd i trappor", 30),
        (-33, "16:05", CALL, JOHAN, "Viktuppgång", 0),
        (-8, "13:30", CALL, SOFIA, "Avstämning efter sjukhusvistelse", 0),
    )
    ordinary: list[Fact] = [_contact(c, number, VASTVIK_HEALTH_CENTRE, *row) for number, row in enumerate(rows, start=1)]
    night = c.at(-200, "22:40")
    return [
        *ordinary,
        CareContact(
            key="AKM-55121",
            person=INGRID,
            custody=VASTVIK_EMERGENCY.custody(NADIA, c.at(-199, "03:05"), signed=False),
            kind=EMERGENCY_VISIT,
            status=ENDED,
            reason="Hjärtklappning och tryck över bröstet",
            start=night,
            end=c.at(-199, "02:50"),
            org_unit="Medicinakuten",
        ),
        CareContact(
            key="LVC-K-0113",
            person=INGRID,
            custody=VASTVIK_HEALTH_CENTRE.custody(JOHAN, c.weekday(-20, "08:00"), signed=False),
            kind=VISIT,
            status=CALLED_OFF,
            reason="Blodtryckskontroll, inlagd på sjukhus",
            start=c.weekday(-19, "09:00"),
        ),
        CareContact(
            key="LVC-K-0114",
            person=INGRID,
            custody=VASTVIK_HEALTH_CENTRE.custody(JOHAN, c.weekday(-8, "13:40"), signed=False),
            kind=VISIT,
            status=BOOKED,
            reason="Läkemedelsgenomgång",
            start=c.weekday(12, "10:30"),
        ),
    ]


def _contact(
    c: Calendar, number: int, desk: Desk, offset: int, clock: str, kind: Code, who: str, why: str, minutes: int
) -> CareContact:
    start = c.weekday(offset, clock)
    end = start.replace(hour=start.hour + (start.minute + minutes) // 60, minute=(start.minute + minutes) % 60)
    return CareContact(
        key=f"LVC-K-{number:04d}",
        person=INGRID,
        custody=desk.custody(who, end, signed=False),
        kind=kind,
        status=ENDED,
        reason=why,
        start=start,
        end=end,
    )


def _bookings(c: Calendar) -> list[Fact]:
    return [
        Booking(
            key="NB-70012",
            person=INGRID,
            custody=HOSPITAL_HEART.custody(PETRA, c.weekday(-16, "10:00"), signed=False),
            start=c.weekday(3, "10:30"),
            end=c.weekday(3, "11:15"),
            performer=PETRA,
            care_type="Hjärtsviktsmottagning, sjuksköterska",
            reason="Uppföljning efter vårdtillfälle",
        ),
        Booking(
            key="NB-70044",
            person=INGRID,
            custody=HOSPITAL_HEART.custody(ANNA, c.weekday(-6, "15:20"), signed=False),
            moved_from=c.weekday(24, "13:00"),
            start=c.weekday(31, "08:40"),
            end=c.weekday(31, "09:20"),
            performer=ANNA,
            care_type="Läkarbesök hjärtmottagningen",
            reason="Ställningstagande till spironolakton",
            resource="Rum 12",
        ),
        Booking(
            key="NB-69871",
            person=INGRID,
            custody=HOSPITAL_HEART.custody(PETRA, c.weekday(-9, "09:05"), signed=False),
            status="cancelled",
            start=c.weekday(5, "14:00"),
            end=c.weekday(5, "14:30"),
            performer=PETRA,
            care_type="Telefonuppföljning",
            reason="Inställd, patienten kommer på besök i stället",
        ),
        Booking(
            key="B-31907",
            person=INGRID,
            custody=VASTVIK_HEALTH_CENTRE.custody(JOHAN, c.weekday(-8, "13:40"), signed=False),
            start=c.weekday(12, "10:30"),
            end=c.weekday(12, "11:15"),
            performer=SOFIA,
            care_type="Läkarbesök",
            time_type="Nybesök 45 min",
            purpose="Läkemedelsgenomgång",
            reason="Ta med aktuell läkemedelslista",
            cancel_allowed=True,
            rebook_allowed=True,
        ),
        Booking(
            key="B-31966",
            person=INGRID,
            custody=VASTVIK_HEALTH_CENTRE.custody(JOHAN, c.weekday(-5, "08:15"), signed=False),
            start=c.weekday(5, "08:10"),
            end=None,
            status="invitation",
            care_type="Provtagning",
            time_type="Laboratoriet",
            purpose="Kalium och kreatinin",
        ),
        Booking(
            key="appt-eko-1",
            person=INGRID,
            custody=CLINIC.custody(LISA, c.weekday(-30, "11:00")),
            start=c.weekday(17, "14:15"),
            end=c.weekday(17, "15:00"),
            performer=SAMIR,
            care_type="Ekokardiografi",
            reason="Årlig kontroll",
        ),
        Booking(
            key="appt-uppf-1",
            person=INGRID,
            custody=CLINIC.custody(LISA, c.weekday(-198, "11:00")),
            start=c.weekday(-190, "15:00"),
            end=c.weekday(-190, "15:45"),
            performer=SAMIR,
            care_type="Återbesök",
            reason="Förmaksflimmer",
        ),
    ]
