"""Ingrid Sandell's medication: eleven drugs in two regions; one stopped, one lowered, one held by both, one of her own."""

from hub.demo.world.medication import Administration, Authorization, Dose, Drug, Occasions, Period, Ramp, Single, Unstructured
from hub.demo.world.model import Fact, Person, Prescription
from hub.demo.world.scribe import Calendar, dosage, tablet, tablets
from hub.demo.world.stories.ingrid import (
    ANNA,
    INGRID,
    NADIA,
    NORRDAL_HEART,
    NORRDAL_WARD,
    PETRA,
    SOFIA,
    VASTVIK_EMERGENCY,
    VASTVIK_HEALTH_CENTRE,
    YASMIN,
)
from hub.demo.world.values import ICD_10_SE, Code

HEART_FAILURE = Code("I50.9", "Hjärtsvikt, ospecificerad", ICD_10_SE)
FIBRILLATION = Code("I48.9", "Förmaksflimmer och förmaksfladder, ospecificerat", ICD_10_SE)
DIABETES = Code("E11.9", "Diabetes mellitus typ 2 utan komplikationer", ICD_10_SE)
GOUT = Code("M10.9", "Gikt, ospecificerad", ICD_10_SE)

RAMIPRIL = tablet("Ramipril Nordlek", "ramipril", "C09AA05", "20990101000011", "2,5")
RAMIPRIL_5 = tablet("Ramipril Nordlek", "ramipril", "C09AA05", "20990101000012", "5")
METOPROLOL = tablet("Metoprolol Nordlek", "metoprolol", "C07AB02", "20990101000013", "100", form="Depottablett")
METOPROLOL_OTHER = tablet("Metodura", "metoprolol", "C07AB02", "20990101000014", "100", form="Depottablett")
FUROSEMIDE = tablet("Furosemid Nordlek", "furosemid", "C03CA01", "20990101000015", "40")
SPIRONOLACTONE = tablet("Spironolakton Nordlek", "spironolakton", "C03DA01", "20990101000016", "25")
DAPAGLIFLOZIN = tablet("Dapaxa", "dapagliflozin", "A10BK01", "20990101000017", "10")
APIXABAN = tablet("Apixanor", "apixaban", "B01AF02", "20990101000018", "5")
ATORVASTATIN = tablet("Atorvastatin Nordlek", "atorvastatin", "C10AA05", "20990101000019", "40")
METFORMIN = tablet("Metformin Nordlek", "metformin", "A10BA02", "20990101000020", "500")
PARACETAMOL = tablet("Paracet Nordlek", "paracetamol", "N02BE01", "20990101000021", "500")
PREDNISOLONE = tablet("Prednisolon Nordlek", "prednisolon", "H02AB06", "20990101000022", "5")
FUROSEMIDE_INJECTION = Drug(
    name="Furosemid Nordlek",
    substance="furosemid",
    atc="C03CA01",
    npl_id="20990101000023",
    form="Injektionsvätska, lösning",
    strength="10",
    strength_unit="mg/ml",
    route="Intravenös användning",
)
IBUPROFEN = Drug(
    name="Ibuprofen 400 mg, receptfritt", substance="ibuprofen", atc="M01AE01", form="Tablett", strength="400", strength_unit="mg"
)

MORNING = "1 tablett på morgonen"


def people(_: Calendar) -> tuple[Person, ...]:
    return ()


def facts(c: Calendar) -> tuple[Fact, ...]:
    return (*_norrdal(c), *_given(c), *_vastvik(c), *_own(c))


def _norrdal(c: Calendar) -> list[Fact]:
    home, admitted, earlier = c.weekday(-17, "13:30"), c.at(-22, "10:15"), c.weekday(-290, "11:00")
    return [
        Prescription(
            key="NO-500101",
            person=INGRID,
            custody=NORRDAL_HEART.custody(ANNA, earlier),
            active=False,
            drug=RAMIPRIL_5,
            dosages=(dosage("1 tablett på morgonen", None, Occasions((("08:00", tablets("1")),)), short="1+0+0"),),
            start=earlier,
            end=home,
            first_start=earlier,
            purpose="Hjärtsvikt",
            reason=HEART_FAILURE,
            chain="NO-KEDJA-5001",
            succeeding="NO-500102",
            prescriber=ANNA,
            prescribed=earlier,
        ),
        Prescription(
            key="NO-500102",
            person=INGRID,
            custody=NORRDAL_HEART.custody(ANNA, home),
            drug=RAMIPRIL,
            dosages=(
                dosage("1 tablett på morgonen. Sänkt dos på grund av högt kalium.", None, Occasions((("08:00", tablets("1")),))),
            ),
            start=home,
            first_start=earlier,
            purpose="Hjärtsvikt",
            reason=HEART_FAILURE,
            chain="NO-KEDJA-5001",
            preceding="NO-500101",
            prescriber=ANNA,
            prescribed=home,
            authorization=_authorization(c, "NO-F-88102", ANNA, -17, "98", MORNING + " mot hjärtsvikt"),
        ),
        Prescription(
            key="NO-500103",
            person=INGRID,
            custody=NORRDAL_HEART.custody(ANNA, home),
            drug=FUROSEMIDE,
            dosages=(dosage("1 tablett på morgonen", tablets("1"), "1", short="1x1"),),
            start=home,
            first_start=home,
            purpose="Vätskeansamling",
            reason=HEART_FAILURE,
            prescriber=ANNA,
            prescribed=home,
            note="Extra tablett vid viktuppgång över 2 kg på 3 dagar efter kontakt med mottagningen.",
            authorization=_authorization(c, "NO-F-88103", ANNA, -17, "100", MORNING + ", vattendrivande"),
        ),
        Prescription(
            key="NO-500104",
            person=INGRID,
            custody=NORRDAL_HEART.custody(ANNA, c.weekday(-96, "10:00")),
            active=False,
            drug=SPIRONOLACTONE,
            dosages=(dosage("1 tablett dagligen", tablets("1"), "1", short="1x1"),),
            start=c.weekday(-96, "10:00"),
            end=admitted,
            purpose="Hjärtsvikt",
            reason=HEART_FAILURE,
            chain="NO-KEDJA-5004",
            succeeding="NO-500105",
            prescriber=ANNA,
            prescribed=c.weekday(-96, "10:00"),
        ),
        Prescription(
            key="NO-500105",
            person=INGRID,
            custody=NORRDAL_WARD.custody(YASMIN, admitted),
            decision="U",
            drug=SPIRONOLACTONE,
            dosages=(dosage("Utsatt", None, Unstructured()),),
            start=c.weekday(-96, "10:00"),
            end=admitted,
            end_reason="Högt kalium, 5,6 mmol/L. Ny bedömning vid återbesök.",
            purpose="Hjärtsvikt",
            chain="NO-KEDJA-5004",
            preceding="NO-500104",
            prescriber=YASMIN,
            prescribed=admitted,
        ),
        Prescription(
            key="NO-500106",
            person=INGRID,
            custody=NORRDAL_HEART.custody(ANNA, c.weekday(-260, "09:40")),
            drug=DAPAGLIFLOZIN,
            dosages=(dosage("1 tablett dagligen", tablets("1"), "1", short="1x1"),),
            start=c.weekday(-260, "09:40"),
            purpose="Hjärtsvikt, diabetes",
            reason=HEART_FAILURE,
            prescriber=ANNA,
            prescribed=c.weekday(-260, "09:40"),
        ),
        Prescription(
            key="NO-500107",
            person=INGRID,
            custody=NORRDAL_HEART.custody(ANNA, c.weekday(-311, "14:20")),
            drug=APIXABAN,
            dosages=(dosage("1 tablett morgon och kväll", tablets("1"), "2", short="1x2"),),
            start=c.weekday(-311, "14:20"),
            purpose="Förmaksflimmer, förebyggande mot blodpropp",
            reason=FIBRILLATION,
            prescriber=ANNA,
            prescribed=c.weekday(-311, "14:20"),
        ),
        Prescription(
            key="NO-500108",
            person=INGRID,
            custody=NORRDAL_HEART.custody(ANNA, c.weekday(-311, "14:25")),
            drug=METOPROLOL,
            dosages=(dosage("1 depottablett dagligen", tablets("1", unit="depottablett"), "1", short="1x1"),),
            start=c.weekday(-311, "14:25"),
            purpose="Förmaksflimmer",
            reason=FIBRILLATION,
            prescriber=ANNA,
            prescribed=c.weekday(-311, "14:25"),
        ),
    ]


def _given(c: Calendar) -> list[Fact]:
    """Furosemide into a vein on the ward, three doses given."""
    first = c.at(-23, "20:30")
    doses = tuple(
        Administration(
            key=f"NO-ADM-{n}", time=when, by="SE2321990018-1005", dose=Dose(amount, amount, "mg"), route="Intravenös användning"
        )
        for n, (when, amount) in enumerate(((first, "40"), (c.at(-22, "08:00"), "40"), (c.at(-22, "20:00"), "20")), start=1)
    )
    return [
        Prescription(
            key="NO-500109",
            person=INGRID,
            custody=NORRDAL_WARD.custody(YASMIN, first),
            drug=FUROSEMIDE_INJECTION,
            dosages=(
                dosage("40 mg intravenöst omgående", Dose("40", "40", "mg"), Single(first)),
                dosage("20–40 mg var 12:e timme", Dose("20", "40", "mg"), Period("12", "h"), days="1"),
            ),
            start=first,
            end=c.at(-21, "08:00"),
            end_reason="Övergång till tablett",
            purpose="Lungödem",
            reason=HEART_FAILURE,
            prescriber=YASMIN,
            prescribed=first,
            administrations=doses,
        )
    ]


def _vastvik(c: Calendar) -> list[Fact]:
    gout = c.weekday(-186, "09:00")
    return [
        Prescription(
            key="V-771001",
            person=INGRID,
            custody=VASTVIK_HEALTH_CENTRE.custody(SOFIA, c.weekday(-344, "10:40")),
            drug=ATORVASTATIN,
            dosages=(dosage("1 tablett till kvällen", None, Occasions((("till kvällen", tablets("1")),)), short="0+0+1"),),
            start=c.weekday(-344, "10:40"),
            purpose="Höga blodfetter",
            prescriber=SOFIA,
            prescribed=c.weekday(-344, "10:40"),
        ),
        Prescription(
            key="V-771002",
            person=INGRID,
            custody=VASTVIK_HEALTH_CENTRE.custody(SOFIA, c.weekday(-344, "10:42")),
            drug=METFORMIN,
            dosages=(dosage("1 tablett 2 gånger dagligen till måltid", tablets("1"), "2", short="1x2"),),
            start=c.weekday(-344, "10:42"),
            purpose="Diabetes",
            reason=DIABETES,
            prescriber=SOFIA,
            prescribed=c.weekday(-344, "10:42"),
        ),
        Prescription(
            key="V-771003",
            person=INGRID,
            custody=VASTVIK_HEALTH_CENTRE.custody(SOFIA, c.weekday(-344, "10:45")),
            drug=METOPROLOL_OTHER,
            dosages=(dosage("1 depottablett på morgonen", tablets("1", unit="depottablett"), "1", short="1+0+0"),),
            start=c.weekday(-344, "10:45"),
            purpose="Högt blodtryck",
            prescriber=SOFIA,
            prescribed=c.weekday(-344, "10:45"),
        ),
        Prescription(
            key="V-771004",
            person=INGRID,
            custody=VASTVIK_HEALTH_CENTRE.custody(SOFIA, c.weekday(-141, "14:50")),
            drug=PARACETAMOL,
            dosages=(
                dosage(
                    "1–2 tabletter vid behov mot smärta, högst 6 tabletter per dygn",
                    tablets("1", "2"),
                    "3",
                    as_needed="vid smärta",
                    maximum=(tablets("6"), "1"),
                ),
            ),
            start=c.weekday(-141, "14:50"),
            purpose="Smärta",
            prescriber=SOFIA,
            prescribed=c.weekday(-141, "14:50"),
        ),
        Prescription(
            key="V-771005",
            person=INGRID,
            custody=VASTVIK_HEALTH_CENTRE.custody(SOFIA, gout),
            drug=PREDNISOLONE,
            dosages=(
                dosage(
                    "6 tabletter första dagen, minska med 1 tablett per dag tills 1 tablett",
                    None,
                    Ramp(tablets("6"), tablets("1"), "1", 1),
                    days="6",
                ),
            ),
            start=gout,
            end=c.weekday(-179, "09:00"),
            purpose="Giktanfall",
            reason=GOUT,
            prescriber=SOFIA,
            prescribed=gout,
        ),
        Prescription(
            key="V-771006",
            person=INGRID,
            custody=VASTVIK_EMERGENCY.custody(NADIA, c.at(-199, "00:20")),
            drug=METOPROLOL_OTHER,
            dosages=(dosage("En extra depottablett omgående", tablets("1", unit="depottablett"), Single()),),
            start=c.at(-199, "00:20"),
            end=c.at(-199, "02:50"),
            purpose="Hjärtklappning",
            prescriber=NADIA,
            prescribed=c.at(-199, "00:20"),
        ),
    ]


def _own(c: Calendar) -> list[Fact]:
    """What she takes of her own accord, as told at the heart clinic when she was sent home."""
    told = c.weekday(-17, "11:20")
    return [
        Prescription(
            key="NO-500110",
            person=INGRID,
            custody=NORRDAL_HEART.custody(PETRA, told, signed=False),
            drug=IBUPROFEN,
            dosages=(dosage("Ungefär 2 gånger i veckan vid knäsmärta", None, Unstructured(), as_needed="vid knäsmärta"),),
            start=c.weekday(-60, "12:00"),
            purpose="Knäsmärta",
            self_medication=True,
            note="Patientens egen uppgift. Avråds på grund av hjärtsvikt och njurfunktion.",
        )
    ]


def _authorization(c: Calendar, key: str, by: str, offset: int, total: str, label: str) -> Authorization:
    return Authorization(
        key=key,
        by=by,
        written=c.weekday(offset, "13:40"),
        valid_until=c.day(offset + 365),
        total=total,
        unit="tablett",
        signature=label,
    )
