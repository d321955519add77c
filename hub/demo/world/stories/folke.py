"""Folke Åström, 113, dementia: the geriatric clinic, the municipality's nurses and home care, a fall that went to Norrdal."""

from datetime import date

from hub.demo.world import organisations as o
from hub.demo.world.model import CareTeam, Fact, Member, Person
from hub.demo.world.scribe import CREATININE, HAEMOGLOBIN, HOME_VISIT, VISIT, Calendar, tablet, tablets
from hub.demo.world.stories.brief import HOSPITAL, JOURNAL, TOWN, chemistry, contact, drug_ordered, plan
from hub.demo.world.values import ICD_10_SE, Code

FOLKE = "191212121212"
INGER, YASMIN, MARIE, KERSTIN, RONJA = (
    "SE2321990026-2006",
    "SE2321990018-1004",
    "SE2120990011-4001",
    "SE2120990011-4003",
    "SE2120990011-4004",
)

DEMENTIA = Code("F00.1", "Demens vid Alzheimers sjukdom med sen debut", ICD_10_SE)
DONEPEZIL = tablet("Donepezil Nordlek", "donepezil", "N06DA02", "20990101000071", "10")
CALCIUM = tablet("Kalcipos Nordlek", "kalcium, kolekalciferol", "A12AX", "20990101000072", "500/800", "mg/IE", "Tuggtablett")

MEMORY_PLAN = """Vårdplan demens

Mål: Trygghet, god nattsömn, inga fler fall.
Åtgärder: Donepezil fortsätter. Rörelselarm. Anhörigstöd erbjuds dottern."""


def people(_: Calendar) -> tuple[Person, ...]:
    return (
        Person(
            numbers=(FOLKE,),
            given="Folke",
            family="Åström",
            born=date(1912, 12, 12),
            sex="male",
            street="Solgården, Kyrkvägen 9",
            postal_code="999 30",
            city="Åkerby",
            marital="Ä",
        ),
    )


def facts(c: Calendar) -> tuple[Fact, ...]:
    clinic, ward, bench = JOURNAL[o.GERIATRICS], JOURNAL[o.WARD], HOSPITAL[o.WARD]
    nurses, care = TOWN[o.HOME_HEALTH], TOWN[o.HOME_CARE]
    when = c.weekday(-28, "10:00")
    return (
        contact(clinic, "GER-0901", FOLKE, INGER, c.weekday(-150, "10:00"), VISIT, "Glömsk, orolig på nätterna", minutes=60),
        contact(clinic, "GER-0917", FOLKE, INGER, c.weekday(-41, "13:00"), HOME_VISIT, "Uppföljning i hemmet", minutes=45),
        plan(
            clinic,
            "GER-P-31",
            FOLKE,
            INGER,
            c.weekday(-41, "14:30"),
            "VP",
            "Vårdplan demens",
            MEMORY_PLAN,
            units=(o.GERIATRICS, o.HOME_HEALTH),
        ),
        drug_ordered(
            *(clinic, "V-793001", FOLKE, INGER, c.weekday(-150, "11:00"), DONEPEZIL),
            *("1 tablett till natten", "1", tablets("1")),
            purpose="Demens",
            reason=DEMENTIA,
        ),
        drug_ordered(
            *(ward, "NO-550001", FOLKE, YASMIN, c.weekday(-33, "11:00"), CALCIUM),
            "1 tuggtablett 2 gånger dagligen",
            "2",
            tablets("1", unit="tuggtablett"),
        ),
        chemistry(
            bench, "NL-40601", FOLKE, YASMIN, c.at(-35, "17:20"), {HAEMOGLOBIN: "119", CREATININE: "98"}, question="Fall i hemmet"
        ),
        plan(
            *(nurses, "HSV-1804", FOLKE, MARIE, when, "VP", "Hemsjukvårdsplan"),
            goals=("Inga fall",),
            activities=("Läkemedel delas i dosett", "Sårvård höger underben"),
        ),
        plan(
            *(care, "GP-0755", FOLKE, KERSTIN, c.weekday(-27, "10:00"), "GP", "Genomförandeplan hemtjänst"),
            goals=("Trygg hemma",),
            activities=("Tillsyn fyra gånger per dygn", "Måltider"),
        ),
        CareTeam(
            key="VT-0755",
            person=FOLKE,
            custody=care.custody(KERSTIN, when, signed=False),
            name="Hemtjänstgrupp Söder",
            members=(Member(staff=RONJA, role=Code("", "Kontaktperson"), unit=o.HOME_CARE, since=c.day(-27)),),
        ),
    )
