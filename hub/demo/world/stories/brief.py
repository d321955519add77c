"""Short forms for the shorter stories: a note of one line each."""

from datetime import datetime, timedelta

from hub.demo.world import organisations as o
from hub.demo.world.medication import Dose, Drug, Shape
from hub.demo.world.model import Booking, CareContact, CarePlan, Document, LaboratoryReport, Prescription, Specimen
from hub.demo.world.scribe import ENDED, PLASMA, Assay, Desk, dosage, result
from hub.demo.world.values import Code

JOURNAL = {
    unit: Desk(o.REGION_NORRDAL, o.NORRDAL, unit) for unit in (o.HEART, o.WARD, o.HEALTH_CENTRE, o.PSYCHIATRY, o.CHILDREN)
} | {unit: Desk(o.REGION_VASTVIK, o.VASTVIK, unit) for unit in (o.LILLHAMN, o.EMERGENCY, o.WOMEN, o.ADDICTION, o.GERIATRICS)}
"""The record system of a region, at a unit."""

HOSPITAL = {unit: Desk(o.HOSPITAL, o.NORRDAL, unit) for unit in (o.HEART, o.WARD, o.HEALTH_CENTRE, o.PSYCHIATRY, o.CHILDREN)}
"""The hospital's laboratory and booking system, by the unit that ordered or is visited."""

TOWN = {unit: Desk(o.MUNICIPALITY, o.AKERBY, unit) for unit in (o.HOME_HEALTH, o.HOME_CARE, o.SUPPORT)}

LABORATORY = {o.REGION_NORRDAL: o.CHEMISTRY, o.HOSPITAL: o.CHEMISTRY, o.REGION_VASTVIK: o.VASTVIK_LAB}


def plan(
    desk: Desk, key: str, person: str, author: str, when: datetime, kind: str, title: str, text: str = "", **more: object
) -> CarePlan:
    """A plan; with `text` it is a document."""
    released = bool(more.pop("released", True))
    return CarePlan(
        key=key,
        person=person,
        custody=desk.custody(author, when, released=released, signed=desk.system != o.MUNICIPALITY),
        title=title,
        kind=kind,
        start=when.date(),
        documents=(Document(text=text),) if text else (),
        **more,  # type: ignore[arg-type]  # names and values are checked where they are written
    )


def drug_ordered(
    desk: Desk,
    key: str,
    person: str,
    author: str,
    when: datetime,
    drug: Drug,
    text: str,
    shape: Shape | str,
    dose: Dose | None = None,
    *,
    purpose: str = "",
    reason: Code | None = None,
    end: datetime | None = None,
    as_needed: str = "",
    released: bool = True,
    self_medication: bool = False,
) -> Prescription:
    """One prescription decision with one dosage."""
    return Prescription(
        key=key,
        person=person,
        custody=desk.custody(author, when, released=released),
        drug=drug,
        dosages=(dosage(text, dose, shape, as_needed=as_needed),),
        start=when,
        end=end,
        purpose=purpose,
        reason=reason,
        prescriber="" if self_medication else author,
        prescribed=None if self_medication else when,
        self_medication=self_medication,
    )


def contact(
    desk: Desk, key: str, person: str, author: str, start: datetime, kind: Code, why: str, *, minutes: int = 30
) -> CareContact:
    """A visit that has ended; 0 minutes is a point in time."""
    end = start + timedelta(minutes=minutes)
    return CareContact(
        key=key,
        person=person,
        custody=desk.custody(author, end, signed=False),
        kind=kind,
        status=ENDED,
        reason=why,
        start=start,
        end=end,
    )


def booking(
    desk: Desk, key: str, person: str, author: str, noted: datetime, start: datetime, care_type: str, *, minutes: int = 30
) -> Booking:
    """A booked time with the employee who notes it."""
    return Booking(
        key=key,
        person=person,
        custody=desk.custody(author, noted, signed=False),
        start=start,
        end=start + timedelta(minutes=minutes),
        performer=author,
        care_type=care_type,
    )


def chemistry(
    desk: Desk,
    key: str,
    person: str,
    author: str,
    collected: datetime,
    values: dict[Assay, str],
    *,
    question: str = "",
    released: bool = True,
) -> LaboratoryReport:
    """A report on one specimen of plasma, answered the same day."""
    specimen = Specimen(key=f"{key}-P1", material=PLASMA, collected=collected)
    return LaboratoryReport(
        key=key,
        person=person,
        custody=desk.custody(author, collected + timedelta(hours=4), released=released),
        laboratory=LABORATORY[desk.system],
        laboratory_id=f"{key}-LID",
        referral_id=f"{key}-RID",
        ordered=collected - timedelta(minutes=25),
        requester=author,
        question=question,
        specimens=(specimen,),
        analyses=tuple(result(f"{key}-{n}", assay, specimen, value) for n, (assay, value) in enumerate(values.items(), start=1)),
    )
