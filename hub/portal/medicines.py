"""The medicines of an overview: derived from the decisions that the reader may see, in groups, disagreement shown."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hub.fhir.medication_list import medication_list
from hub.fhir.resource import Resource
from hub.interactions.overview import Part, Row
from hub.portal.badges import Badge, Sources
from hub.portal.doses import dose, to_patient
from hub.portal.language import Words
from hub.portal.values import extension, moment, text_of, when

ATC = ("http://www.whocc.no/atc", "urn:oid:1.2.752.129.2.2.3.1.1")
RECENT = timedelta(days=30)
GROUPS = ("changed", "standing", "needed", "ended")
_GONE = ("completed", "stopped", "not-taken", "entered-in-error")
_PURPOSE = "Ändamål: "
_STRENGTH = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,12})?)((?: [^.,]*)?)", re.ASCII)
"""A lone number, as our mappers write it, and its unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Medicine:
    """One row. `substance`: code and words; merged only on the same code, form, strength and dose."""

    code: str
    substance: str
    form: str
    strength: str
    """Where none is said apart, what the source calls the product, which may hold it."""
    dose: str
    purpose: str
    ordered: str
    note: str
    status: str
    group: str
    is_new: bool
    own: bool
    badges: tuple[Badge, ...]
    conflict: bool = False
    continued: bool = False
    """The row above has the same substance and disagrees: one name stands over both."""


def medicines(part: Part, sources: Sources, words: Words, now: datetime) -> dict[str, list[Medicine]]:
    """Rows by group, in the order of `GROUPS`; empty groups are left out."""
    requests = part.of("MedicationRequest")
    named = {f"MedicationRequest/{row.resource.get('id')}": row for row in requests}
    derived = []
    for each in medication_list((row.resource for row in requests), now):
        behind = [named[name] for its in each.get("derivedFrom", ()) if (name := its["reference"]) in named]
        opened, pushed = any(row.emergency for row in behind), next((row.source for row in behind), "")
        derived.append(Row(each, own=False, emergency=opened, source=pushed))
    rows = [_medicine(row, sources, words, now) for row in (*derived, *part.of("MedicationStatement"))]
    found: dict[str, list[Medicine]] = {}
    for group in GROUPS:
        held = _merged(row for row in rows if row.group == group and row.status != "entered-in-error")
        if held:
            found[group] = _compared(sorted(held, key=lambda row: (row.substance.casefold(), row.strength)), group)
    return found


def _medicine(row: Row, sources: Sources, words: Words, now: datetime) -> Medicine:
    resource = row.resource
    drug = _drug(resource, sources)
    atc: Resource = next((each for each in drug.get("coding", ()) if each.get("system") in ATC), {})
    status = str(resource.get("status", ""))
    dosage = resource.get("dosage", [])
    substance = str(atc.get("display") or text_of(drug) or words("medicines.unnamed"))
    asserted, purpose, taken = resource.get("dateAsserted"), _purpose(resource), dose(dosage, words)
    began = resource.get("effectivePeriod", {}).get("start") or resource.get("effectiveDateTime")
    return Medicine(
        code=str(atc.get("code", "")),
        substance=_capital(substance),
        form=extension(drug, "drug-form"),
        strength=strength(extension(drug, "drug-strength"), words) or _product(drug, substance),
        dose=taken,
        purpose=purpose,
        ordered=when(asserted, words),
        note=_together(". ", _note(resource), to_patient(dosage, f"{taken}\n{purpose}", words)),
        status=status,
        group=_group(row, status, dosage, _is_recent(asserted, now)),
        is_new=_is_recent(began, now) and status == "active",
        own=row.own,
        badges=(sources.badge(row),),
    )


def _drug(resource: Resource, sources: Sources) -> Resource:
    """The code of a medicine, or of the Medication that is contained, or what the reference to it is called."""
    if "medicationCodeableConcept" in resource:
        return dict(resource["medicationCodeableConcept"])
    reference = resource.get("medicationReference", {})
    inside = (each for each in resource.get("contained", ()) if f"#{each.get('id')}" == reference.get("reference"))
    return next((dict(each["code"]) for each in inside if "code" in each), {"text": sources.name(reference, resource)})


def strength(written: str, words: Words) -> str:
    """A number with its unit as readers write it, `2,5 mg`, never parted by a new line; anything else as the source wrote it."""
    found = _STRENGTH.fullmatch(written)
    return f"{words.number(Decimal(found[1]))}{found[2]}".replace(" ", "\N{NO-BREAK SPACE}") if found else written


def _product(drug: Resource, substance: str) -> str:
    """What the source calls a medicine, where that is not its substance alone."""
    said = text_of(drug)
    return "" if said.casefold() == substance.casefold() else said


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _group(row: Row, status: str, dosage: Sequence[Any], changed: bool) -> str:
    if status in _GONE:
        return "ended"
    if row.own or any(part.get("asNeededBoolean") or part.get("asNeededCodeableConcept") for part in dosage):
        return "needed"
    return "changed" if changed or status == "on-hold" else "standing"


def _purpose(resource: Resource) -> str:
    notes = (str(note.get("text", "")) for note in resource.get("note", ()))
    said = [text_of(each) for each in resource.get("reasonCode", ())]
    return "; ".join([*filter(None, said), *(note.removeprefix(_PURPOSE) for note in notes if note.startswith(_PURPOSE))])


def _note(resource: Resource) -> str:
    notes = [str(note.get("text", "")) for note in resource.get("note", ())]
    reasons = [text_of(each) for each in resource.get("statusReason", ())]
    return ". ".join([*filter(None, reasons), *(note for note in notes if note and not note.startswith(_PURPOSE))])


def _is_recent(written: Any, now: datetime) -> bool:
    found = moment(written)
    return found is not None and timedelta(0) <= now - found <= RECENT


def _merged(rows: Iterable[Medicine]) -> list[Medicine]:
    """One row for what is said alike several times: the same code, form, strength, dose and state; purposes and notes of all."""
    found: dict[tuple[str, ...], Medicine] = {}
    for number, row in enumerate(rows):
        same = (
            (row.code, *(each.casefold() for each in (row.form, row.strength, row.dose)), row.status)
            if row.code and not row.own
            else (str(number),)
        )
        held = found.get(same, row)
        found[same] = replace(
            held,
            badges=tuple(dict.fromkeys((*held.badges, *row.badges))),
            purpose=_together("; ", held.purpose, row.purpose),
            note=_together(". ", held.note, row.note),
        )
    return list(found.values())


def _together(between: str, *said: str) -> str:
    *before, last = dict.fromkeys(each for each in said if each) or ("",)
    return between.join([*(each.removesuffix(".") for each in before), last])


def _compared(rows: list[Medicine], group: str) -> list[Medicine]:
    """The rows, those of one substance that different sources tell differently marked and under one name."""
    if group == "ended":
        return rows
    sources: dict[str, set[Badge]] = defaultdict(set)
    for row in rows:
        if row.code:
            sources[row.code] |= set(row.badges)
    marked: list[Medicine] = []
    for row in rows:
        others = [other for other in rows if other.code == row.code and other is not row]
        differs = bool(row.code and others and len(sources[row.code]) > 1)
        continued = differs and bool(marked) and marked[-1].code == row.code
        marked.append(replace(row, conflict=differs, continued=continued))
    return marked
