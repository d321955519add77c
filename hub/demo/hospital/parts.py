"""What the hospital's messages share: its codes for places, the patient, people."""

from hub.demo.hospital.er7 import Component, Field, composite, segment
from hub.demo.world.model import Person, Staff, Unit, World
from hub.demo.world.values import KV_BEFATTNING, NPU, SNOMED, Code

FACILITY = "NSJH"
"""MSH-4: the hospital itself."""
HSA = ("", "1.2.752.129.2.1.4.1", "ISO")
SYSTEMS = {NPU: "NPU", SNOMED: "SCT", KV_BEFATTNING: KV_BEFATTNING, "": "L"}


def places(world: World) -> dict[str, tuple[str, str]]:
    """Code of a place in the hospital's messages -> HSA-ids of provider and unit."""
    return {unit.code: (unit.provider, unit.hsa_id) for unit in world.units.values() if unit.code}


def patient(person: Person, number: str) -> str:
    """PID, with the number's authority by OID. Of a protected person no name and no address is sent."""
    root, kind = ("1.2.752.129.2.1.3.3", "") if int(number[6:8]) > 60 else ("1.2.752.129.2.1.3.1", "NNSWE")
    known: dict[int, Field] = {
        1: "1",
        3: composite(number, "", "", ("", root, "ISO"), kind),
        7: person.born.strftime("%Y%m%d"),
        8: {"male": "M", "female": "F"}[person.sex],
    }
    if person.protected:
        return segment("PID", known | {5: composite("Skyddad uppgift")})
    name = composite(person.family, person.given, person.middle)
    return segment("PID", known | {5: name, 11: composite(person.street, "", person.city, "", person.postal_code, "SWE")})


def visit(unit: Unit) -> str:
    """PV1: an outpatient at a unit, named by the hospital's own code."""
    return segment("PV1", {1: "1", 2: "I" if unit.code.startswith("AVD") else "O", 3: composite(unit.code, "", "", FACILITY)})


def employee(staff: Staff) -> Field:
    """XCN with the HSA-id and its authority."""
    return composite(staff.hsa_id, staff.family, staff.given, "", "", "", "", "", HSA)


def organization(unit: Unit) -> Field:
    """XON: the name, and the hospital's own code as its identifier."""
    return composite(unit.name, "", "", "", "", "", "", "", "", unit.code)


def coded(code: Code) -> tuple[Component, Component, Component]:
    """Code, text and coding system; the hospital's own codes are `L`."""
    return code.code, code.text, SYSTEMS.get(code.system, code.system)
