"""How the stories are written down: days and clock times around `today`, desks where records are made, short forms."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.demo.world.medication import Dosage, Dose, Drug, Frequency, Shape
from hub.demo.world.model import Analysis, Custody, Reference, Specimen
from hub.demo.world.values import NPU, SNOMED, Code, Quantity, Value

STOCKHOLM = ZoneInfo("Europe/Stockholm")


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days counted from `today`: -7 is a week ago, 3 is in three days."""

    today: date

    def day(self, offset: int) -> date:
        return self.today + timedelta(days=offset)

    def at(self, offset: int, clock: str = "09:00") -> datetime:
        return datetime.combine(self.day(offset), time.fromisoformat(clock), STOCKHOLM)

    def weekday(self, offset: int, clock: str = "09:00") -> datetime:
        """The same, moved off a Saturday or Sunday: back when it is past, on when it is to come."""
        late = self.day(offset).weekday() - 4
        if late <= 0:
            return self.at(offset, clock)
        return self.at(offset - late if offset <= 0 else offset + 3 - late, clock)


@dataclass(frozen=True, slots=True)
class Desk:
    """A unit at a system: what is recorded there has this custody."""

    system: str
    provider: str
    unit: str

    def custody(self, author: str, when: datetime, *, released: bool = True, signed: bool = True) -> Custody:
        return Custody(
            system=self.system,
            provider=self.provider,
            unit=self.unit,
            author=author,
            time=when,
            released=released,
            signed=when + timedelta(hours=1) if signed else None,
            signer=author if signed else "",
        )


# Codes -----------------------------------------------------------------------------------------------------------------

BOOKED = Code("53631000052103", "Tidbokad", SNOMED)
ONGOING = Code("53651000052107", "Pågående", SNOMED)
ENDED = Code("53671000052101", "Avslutad", SNOMED)
CALLED_OFF = Code("53641000052109", "Inställd", SNOMED)

VISIT = Code("", "Mottagningsbesök")
CALL = Code("", "Telefonkontakt")
VIDEO = Code("", "Videobesök")
HOME_VISIT = Code("", "Hembesök")
EMERGENCY_VISIT = Code("", "Akutbesök")
INPATIENT = Code("", "Slutenvårdstillfälle")

PLASMA = Code("119361006", "Plasma", SNOMED)
BLOOD = Code("119297000", "Blod", SNOMED)
URINE = Code("122575003", "Urin", SNOMED)
THROAT = Code("258529004", "Svalgsekret", SNOMED)


@dataclass(frozen=True, slots=True)
class Assay:
    """An analysis that a laboratory offers, with the interval it reports."""

    code: Code
    unit: str
    low: str = ""
    high: str = ""
    group: str = ""

    @property
    def reference(self) -> Reference | None:
        if not self.low and not self.high:
            return None
        text = f"{self.low}–{self.high}" if self.low and self.high else f">{self.low}" if self.low else f"<{self.high}"
        return Reference(text=text.replace(".", ","), low=self.low, high=self.high)

    def flag(self, value: str) -> str:
        """What the laboratory marks: outside its interval or not."""
        number = float(value)
        if self.low and number < float(self.low):
            return "L"
        return "H" if self.high and number > float(self.high) else ""


POTASSIUM = Assay(Code("NPU03230", "P-Kalium", NPU), "mmol/L", "3.5", "4.6", "Elektrolyter")
SODIUM = Assay(Code("NPU03429", "P-Natrium", NPU), "mmol/L", "137", "145", "Elektrolyter")
CREATININE = Assay(Code("NPU18016", "P-Kreatinin", NPU), "umol/L", "45", "90", "Njurfunktion")
EGFR = Assay(Code("EGFR", "eGFR(Krea) relativt"), "mL/min/{1.73_m2}", "60", "", "Njurfunktion")
HAEMOGLOBIN = Assay(Code("NPU28309", "B-Hemoglobin", NPU), "g/L", "117", "153", "Blodstatus")
CRP = Assay(Code("NPU19748", "P-CRP", NPU), "mg/L", "", "5", "Inflammation")
HBA1C = Assay(Code("NPU27300", "B-HbA1c", NPU), "mmol/mol", "31", "46", "Diabetes")
LDL = Assay(Code("NPU01568", "P-LDL-kolesterol", NPU), "mmol/L", "1.4", "4.7", "Lipider")
NT_PROBNP_OLD = Assay(Code("NTPBNP", "P-NT-proBNP"), "pmol/L", "", "35", "Hjärta")
NT_PROBNP = Assay(Code("NTPBNP", "P-NT-proBNP"), "ng/L", "", "300", "Hjärta")
TROPONIN = Assay(Code("TNT", "P-Troponin T"), "ng/L", "", "15", "Hjärta")
TSH = Assay(Code("NPU03577", "P-TSH", NPU), "mIE/L", "0.4", "3.7", "Tyreoidea")
LEUKOCYTES = Assay(Code("NPU02593", "B-Leukocyter", NPU), "10*9/L", "3.5", "8.8", "Blodstatus")


def result(
    key: str, assay: Assay, specimen: Specimen, written: str, *, after: timedelta = timedelta(hours=3), **more: str
) -> Analysis:
    """One result; `written` may begin with a comparator: `<5`."""
    comparator = written[0] if written[0] in "<>" else ""
    number = written.lstrip("<>")
    value: Value = Quantity(number, assay.unit, comparator)  # type: ignore[arg-type]  # one of the comparators, see the line above
    flag = "" if comparator else assay.flag(number)
    return Analysis(
        key=key,
        code=assay.code,
        specimen=specimen.key,
        value=value,
        reference=assay.reference,
        interpretation=flag,  # type: ignore[arg-type]  # "", "L" or "H"
        time=specimen.collected + after,
        group=assay.group,
        comment=more.get("comment", ""),
        method=more.get("method", ""),
    )


# Dosage ----------------------------------------------------------------------------------------------------------------


def tablets(low: str, high: str = "", unit: str = "tablett") -> Dose:
    return Dose(low, high or low, unit)


def dosage(
    text: str,
    dose: Dose | None,
    shape: Shape | str,
    *,
    short: str = "",
    days: str = "",
    as_needed: str = "",
    maximum: tuple[Dose, str] | None = None,
) -> Dosage:
    """A dosage; a shape given as text is so many times a day."""
    form = Frequency(shape) if isinstance(shape, str) else shape
    return Dosage(text=text, dose=dose, shape=form, short=short, days=days, as_needed=as_needed, maximum=maximum)


def tablet(name: str, substance: str, atc: str, npl_id: str, strength: str, unit: str = "mg", form: str = "Tablett") -> Drug:
    return Drug(
        name=name,
        substance=substance,
        atc=atc,
        npl_id=npl_id,
        form=form,
        strength=strength,
        strength_unit=unit,
        route="Oral användning",
    )
