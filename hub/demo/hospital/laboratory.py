"""Laboratory reports as ORU^R01: one OBR a report, its specimens in SPM, answers beneath an answer by OBX-4.

OBR-3 is the report's key. NPU codes are `NPU`, the laboratory's own codes `L`. Where it sends a local alternate of an NPU code,
it stands in components 4 to 6.
"""

from collections.abc import Iterator

from hub.demo.hospital.er7 import LATIN_1, UTF_8, Composite, Field, Message, composite, message, segment, time
from hub.demo.hospital.parts import FACILITY, coded, employee, organization, patient, visit
from hub.demo.world.model import Analysis, LaboratoryReport, Reference, Specimen, World
from hub.demo.world.values import NPU, Code, Interval, Quantity, Value

SERVICE = {"chemistry": ("KEM", "Klinisk kemi", "L"), "microbiology": ("ODL", "Bakteriologisk odling", "L")}
SECTION = {"chemistry": "CH", "microbiology": "MB"}
"""Table 0074."""
REPORT_STATUS = {"final": "F", "partial": "A", "preliminary": "P"}
RESULT_STATUS = {"final": "F", "preliminary": "P", "corrected": "C", "registered": "I", "cancelled": "X"}


def report(world: World, held: LaboratoryReport) -> Message:
    """The ORU^R01 of a report. Chemistry goes out in ISO-8859-1, microbiology's newer system in UTF-8."""
    person = world.person(held.person)
    assert person
    unit = world.units[held.custody.unit]
    body = [patient(person, held.person), visit(unit), _order(world, held), _request(world, held)]
    body += [segment("NTE", {1: "1", 2: "L", 3: held.conclusion})] if held.conclusion else []
    body += [
        line
        for number, (path, analysis) in enumerate(_numbered(held.analyses), start=1)
        for line in _answer(held, number, path, analysis)
    ]
    body += [_specimen(number, specimen) for number, specimen in enumerate(held.specimens, start=1)]
    return message(
        control=f"ORU-{held.key}",
        trigger=("ORU", "R01", "ORU_R01"),
        application="LABBOK",
        facility=FACILITY,
        sent=held.custody.time,
        charset=UTF_8 if held.discipline == "microbiology" else LATIN_1,
        body=body,
    )


def _order(world: World, held: LaboratoryReport) -> str:
    unit = world.units[held.custody.unit]
    return segment(
        "ORC",
        {
            1: "RE",
            2: composite(held.referral_id, "NSJH-REM"),
            3: composite(held.key, "NSJH-LAB"),
            9: time(held.ordered),
            12: employee(world.staff[held.requester]),
            21: organization(unit),
        },
    )


def _request(world: World, held: LaboratoryReport) -> str:
    signed: dict[int, Field] = {}
    if held.custody.signer:
        signer = world.staff[held.custody.signer]
        signed = {32: Composite(((signer.hsa_id, signer.family, signer.given),))}
    known: dict[int, Field] = {
        1: "1",
        2: composite(held.referral_id, "NSJH-REM"),
        3: composite(held.key, "NSJH-LAB"),
        4: composite(*SERVICE[held.discipline]),
        7: time(min(specimen.collected for specimen in held.specimens)),
        16: employee(world.staff[held.requester]),
        22: time(held.custody.time),
        24: SECTION[held.discipline],
        25: REPORT_STATUS[held.status],
    }
    question: dict[int, Field] = {31: composite("", held.question)} if held.question else {}
    return segment("OBR", known | question | signed)


def _numbered(analyses: tuple[Analysis, ...], above: str = "") -> Iterator[tuple[str, Analysis]]:
    """Each analysis with its OBX-4; those beneath another have its number and a point before their own."""
    for number, analysis in enumerate(analyses, start=1):
        path = f"{above}{number}"
        yield path, analysis
        yield from _numbered(analysis.related, f"{path}.")


def _answer(held: LaboratoryReport, number: int, path: str, analysis: Analysis) -> list[str]:
    kind, value, unit = _value(analysis.value)
    collected = next(s.collected for s in held.specimens if s.key == analysis.specimen)
    fields: dict[int, Field] = {
        1: str(number),
        2: kind,
        3: composite(*coded(analysis.code), *_alternate(analysis.code)),
        4: path,
        5: value,
        6: composite(unit) if unit else "",
        7: _range(analysis.reference),
        8: analysis.interpretation,
        11: RESULT_STATUS[analysis.status],
        14: time(collected),
        19: time(analysis.time),
    }
    lines = [segment("OBX", fields)]
    return lines + ([segment("NTE", {1: "1", 2: "L", 3: analysis.comment})] if analysis.comment else [])


def _value(value: Value | None) -> tuple[str, Field, str]:
    """OBX-2, OBX-5 and OBX-6."""
    match value:
        case None:
            return "", "", ""
        case Quantity(number, unit, ""):
            return "NM", number, unit
        case Quantity(number, unit, comparator):
            return "SN", composite(comparator, number), unit
        case Interval(low, high, unit):
            return "SN", composite("", low, "-", high), unit
        case Code():
            return "CE", composite(*coded(value)), ""
        case str():
            return ("TX" if "\n" in value else "ST"), value, ""


def _alternate(code: Code) -> tuple[str, ...]:
    """The laboratory's own short name of what has an NPU code."""
    return (code.text.split("-", 1)[-1].upper().replace(" ", ""), code.text, "L") if code.system == NPU else ()


def _range(reference: Reference | None) -> str:
    if reference is None:
        return ""
    if reference.low and reference.high:
        return f"{reference.low}-{reference.high}"
    return f">{reference.low}" if reference.low else f"<{reference.high}" if reference.high else reference.text


def _specimen(number: int, specimen: Specimen) -> str:
    known: dict[int, Field] = {
        1: str(number),
        2: composite("", specimen.key),
        4: composite(*coded(specimen.material)),
        17: time(specimen.collected),
    }
    site: dict[int, Field] = {8: composite("", specimen.site, "L")} if specimen.site else {}
    note: dict[int, Field] = {14: specimen.note} if specimen.note else {}
    return segment("SPM", known | site | note)
