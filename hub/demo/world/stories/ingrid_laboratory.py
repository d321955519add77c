"""Ingrid Sandell's laboratory results: twenty dates over two years, three laboratories, and a change of unit for NT-proBNP."""

from datetime import datetime, timedelta

from hub.demo.world import organisations as o
from hub.demo.world.model import Analysis, Custody, Fact, LaboratoryReport, Person, Specimen
from hub.demo.world.scribe import (
    BLOOD,
    CREATININE,
    CRP,
    EGFR,
    HAEMOGLOBIN,
    HBA1C,
    LDL,
    LEUKOCYTES,
    NT_PROBNP,
    NT_PROBNP_OLD,
    PLASMA,
    POTASSIUM,
    SODIUM,
    TROPONIN,
    TSH,
    URINE,
    Assay,
    Calendar,
    Desk,
    result,
)
from hub.demo.world.stories.ingrid import (
    ANNA,
    INGRID,
    MIKAEL,
    NADIA,
    NORRDAL_HEALTH_CENTRE,
    SOFIA,
    VASTVIK_EMERGENCY,
    VASTVIK_HEALTH_CENTRE,
    YASMIN,
)
from hub.demo.world.values import SNOMED, Code, Quantity

HEART = Desk(o.HOSPITAL, o.NORRDAL, o.HEART)
WARD = Desk(o.HOSPITAL, o.NORRDAL, o.WARD)

HEART_PANEL = (POTASSIUM, SODIUM, CREATININE, EGFR)
HOSPITAL_DAYS: tuple[tuple[int, str, bool, str, str, str, str, str, dict[Assay, str]], ...] = (
    # days ago, clock, at the ward, potassium, sodium, creatinine, eGFR, NT-proBNP, more
    (-712, "08:05", False, "4.1", "141", "82", "63", "84", {}),
    (-640, "08:20", False, "4.2", "140", "85", "60", "91", {}),
    (-548, "07:55", False, "4.3", "141", "88", "57", "97", {}),
    (-430, "08:30", False, "4.2", "139", "91", "55", "118", {}),
    (-351, "08:15", False, "4.4", "140", "94", "53", "126", {}),
    (-260, "08:00", False, "4.3", "139", "97", "51", "1480", {}),
    (-150, "08:40", False, "4.5", "138", "101", "48", "1720", {}),
    (-96, "08:10", False, "4.7", "138", "104", "46", "2150", {}),
    (-23, "19:35", True, "5.6", "133", "128", "36", "5400", {CRP: "38", TROPONIN: "24", HAEMOGLOBIN: "121", LEUKOCYTES: "9.4"}),
    (-22, "06:30", True, "5.4", "134", "126", "37", "", {CRP: "42", TROPONIN: "22"}),
    (-20, "06:45", True, "5.0", "135", "121", "39", "", {CRP: "19"}),
    (-18, "06:40", True, "4.8", "137", "117", "41", "3100", {CRP: "<5"}),
    (-9, "09:15", False, "4.7", "138", "116", "41", "2300", {HAEMOGLOBIN: "124"}),
    (-4, "09:05", False, "4.6", "139", "113", "43", "2190", {}),
)

PRIMARY_DAYS: tuple[tuple[int, str, dict[Assay, str]], ...] = (
    # days ago, clock, results at Sjöstadens vårdcentral
    (-600, "07:50", {HBA1C: "49", LDL: "2.9", POTASSIUM: "4.2", CREATININE: "86"}),
    (-480, "08:05", {HBA1C: "51", LDL: "2.2", TSH: "1.9"}),
    (-300, "07:45", {HBA1C: "53", POTASSIUM: "4.4", CREATININE: "95"}),
    (-120, "08:00", {HBA1C: "56", LDL: "1.7", HAEMOGLOBIN: "126"}),
)


def people(_: Calendar) -> tuple[Person, ...]:
    return ()


def facts(c: Calendar) -> tuple[Fact, ...]:
    hospital = [_hospital(c, number, *row) for number, row in enumerate(HOSPITAL_DAYS, start=1)]
    primary = [_primary(c, number, *row) for number, row in enumerate(PRIMARY_DAYS, start=1)]
    return (*hospital, *primary, _culture(c), _emergency(c), _health_centre(c), _pending(c))


def _hospital(
    c: Calendar,
    number: int,
    offset: int,
    clock: str,
    ward: bool,
    potassium: str,
    sodium: str,
    creatinine: str,
    egfr: str,
    probnp: str,
    more: dict[Assay, str],
) -> Fact:
    """One referral from the heart clinic or the ward. NT-proBNP was in pmol/L until the analyser was replaced 300 days ago."""
    values = dict(zip(HEART_PANEL, (potassium, sodium, creatinine, egfr), strict=True))
    if probnp:
        values[NT_PROBNP_OLD if offset < -300 else NT_PROBNP] = probnp
    collected = c.at(offset, clock) if ward else c.weekday(offset, clock)
    custody = (WARD if ward else HEART).custody(YASMIN if ward else ANNA, collected + timedelta(hours=4))
    return report(
        f"NL-{40100 + number}",
        INGRID,
        custody,
        collected,
        values | more,
        question="Hjärtsvikt, kontroll" if not ward else "Andnöd, ödem",
    )


def _primary(c: Calendar, number: int, offset: int, clock: str, values: dict[Assay, str]) -> Fact:
    collected = c.weekday(offset, clock)
    custody = NORRDAL_HEALTH_CENTRE.custody(MIKAEL, collected + timedelta(hours=6))
    return report(f"SVC-{7300 + number}", INGRID, custody, collected, values, question="Diabetes, årskontroll")


def report(
    key: str,
    person: str,
    custody: Custody,
    collected: datetime,
    values: dict[Assay, str],
    *,
    question: str = "",
    laboratory: str = o.CHEMISTRY,
    conclusion: str = "",
) -> LaboratoryReport:
    """A chemistry report on one specimen of plasma."""
    specimen = Specimen(key=f"{key}-P1", material=PLASMA, collected=collected)
    return LaboratoryReport(
        key=key,
        person=person,
        custody=custody,
        laboratory=laboratory,
        laboratory_id=f"{key}-LID",
        referral_id=f"{key}-RID",
        ordered=collected - timedelta(minutes=25),
        requester=custody.author,
        question=question,
        specimens=(specimen,),
        analyses=tuple(result(f"{key}-{n}", assay, specimen, value) for n, (assay, value) in enumerate(values.items(), start=1)),
        conclusion=conclusion,
    )


def _emergency(c: Calendar) -> Fact:
    collected = c.at(-200, "23:10")
    values = {POTASSIUM: "4.4", CREATININE: "99", TROPONIN: "<5", HAEMOGLOBIN: "128"}
    return report(
        "VL-910022",
        INGRID,
        VASTVIK_EMERGENCY.custody(NADIA, collected + timedelta(hours=2)),
        collected,
        values,
        question="Hjärtklappning",
        laboratory=o.VASTVIK_LAB,
    )


def _health_centre(c: Calendar) -> Fact:
    collected = c.weekday(-61, "10:05")
    values = {HBA1C: "55", POTASSIUM: "4.6", CREATININE: "107", NT_PROBNP: "2480"}
    return report(
        "VL-918840",
        INGRID,
        VASTVIK_HEALTH_CENTRE.custody(SOFIA, collected + timedelta(hours=5)),
        collected,
        values,
        question="Tilltagande andfåddhet",
        laboratory=o.VASTVIK_LAB,
        conclusion="NT-proBNP förhöjt. Remiss till hjärtmottagning rekommenderas.",
    )


def _pending(c: Calendar) -> Fact:
    """Taken yesterday: creatinine is answered, HbA1c is not ready."""
    collected = c.at(-1, "08:20")
    specimen = Specimen(key="SVC-7399-P1", material=BLOOD, collected=collected)
    ready = result("SVC-7399-1", CREATININE, specimen, "112")
    waiting = Analysis(
        key="SVC-7399-2",
        code=HBA1C.code,
        specimen=specimen.key,
        value=None,
        reference=HBA1C.reference,
        status="registered",
        time=collected + timedelta(hours=3),
        group=HBA1C.group,
    )
    return LaboratoryReport(
        key="SVC-7399",
        person=INGRID,
        custody=NORRDAL_HEALTH_CENTRE.custody(MIKAEL, collected + timedelta(hours=3), released=False, signed=False),
        laboratory=o.CHEMISTRY,
        laboratory_id="SVC-7399-LID",
        referral_id="SVC-7399-RID",
        ordered=collected - timedelta(minutes=25),
        requester=MIKAEL,
        question="Kontroll efter sjukhusvistelse",
        status="partial",
        specimens=(specimen,),
        analyses=(ready, waiting),
    )


def _culture(c: Calendar) -> Fact:
    """Urine culture at the ward: one isolate with its susceptibility."""
    collected = c.at(-22, "07:15")
    specimen = Specimen(key="NM-20441-U1", material=URINE, collected=collected, site="Mittstråleurin")
    answered = collected + timedelta(days=2)

    def susceptibility(number: int, name: str, letter: str) -> Analysis:
        return Analysis(
            key=f"NM-20441-1-{number}",
            code=Code(f"RES-{name[:4].upper()}", name),
            specimen=specimen.key,
            value=Code(letter, {"S": "Känslig", "R": "Resistent"}[letter]),
            interpretation="S" if letter == "S" else "R",
            time=answered,
        )

    isolate = Analysis(
        key="NM-20441-1",
        code=Code("UODL", "Urinodling"),
        specimen=specimen.key,
        value=Code("112283007", "Escherichia coli", SNOMED),
        interpretation="A",
        time=answered,
        group="Odling",
        comment="Mer än 100 000 CFU/mL.",
        related=(
            susceptibility(1, "Nitrofurantoin", "S"),
            susceptibility(2, "Mecillinam", "S"),
            susceptibility(3, "Trimetoprim", "R"),
        ),
    )
    count = Analysis(
        key="NM-20441-2",
        code=Code("UBAKT", "U-Bakterier"),
        specimen=specimen.key,
        value=Quantity("100000", "CFU/mL", ">"),
        time=answered,
        group="Odling",
    )
    return LaboratoryReport(
        key="NM-20441",
        person=INGRID,
        custody=WARD.custody(YASMIN, answered),
        laboratory=o.MICROBIOLOGY,
        laboratory_id="NM-20441-LID",
        referral_id="NM-20441-RID",
        ordered=collected - timedelta(minutes=30),
        requester=YASMIN,
        question="Feber, misstänkt urinvägsinfektion",
        discipline="microbiology",
        specimens=(specimen,),
        analyses=(isolate, count),
        conclusion="Växt av E. coli.",
    )
