"""The JoL header says who holds a record, and only in accessControlHeader: MAPPING 0.1, 0.2 and its traps."""

from datetime import UTC, datetime

import pytest

from hub.fhir.identifiers import PERSONNUMMER, Identifier
from hub.mappers import Entry, Keyed, Mapped, Place, Settings, SourceMessage
from hub.mappers._rivta import Contract, Scope, reader
from hub.mappers._rivta_access import access_header
from hub.mappers._tracked import Node

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
DOMAIN = "urn:riv:clinicalprocess:healthcond:actoutcome"
CONTRACT = Contract("GetLaboratoryOrderOutcome", DOMAIN, "laboratoryOrderOutcome", "und-kkm-ure")
HSA = "1.2.752.129.2.1.4.1"
ASKED = Identifier(PERSONNUMMER, "196101182803")


def build(record: Node, scope: Scope) -> Entry:
    header = access_header(record.one("header"), scope)
    return header.entry(Keyed(header.key, header.start("DiagnosticReport", header.author)))


def ii(name: str, root: str, extension: str, prefix: str = "c") -> str:
    inside = f"<c:root>{root}</c:root>" + (f"<c:extension>{extension}</c:extension>" if extension else "")
    return f"<{prefix}:{name}>{inside}</{prefix}:{name}>" if root else ""


def read(
    giver: str = ii("accountableCareGiver", HSA, "se2321990018-norr"),
    unit: str = ii("accountableCareUnit", HSA, "SE2321990018-LAB"),
    patient: str = ii("patientId", "1.2.752.129.2.1.3.1", "199002222397", "n"),
    record: str = ii("id", "SE2321990018-LIS", "R-1"),
    approved: str = "true",
    block: str = "20241027023000",
    rest: str = "",
    asked: Identifier | None = ASKED,
    settings: Settings | None = None,
) -> Mapped:
    access = (
        f"<c:accessControlHeader>{giver}{unit}<c:blockComparisonTime>{block}</c:blockComparisonTime>"
        f"<c:approvedForPatient>{approved}</c:approvedForPatient>{patient}</c:accessControlHeader>"
    )
    header = f"{access}{ii('sourceSystemId', HSA, 'SE2321990018-LIS')}<c:record>{record}</c:record>{rest}"
    content = (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:r="{DOMAIN}:GetLaboratoryOrderOutcomeResponder:4" xmlns:c="{DOMAIN}:4" '
        f'xmlns:n="{DOMAIN}:4.1"><s:Body><r:GetLaboratoryOrderOutcomeResponse><r:laboratoryOrderOutcome><c:header>{header}</c:header>'
        "</r:laboratoryOrderOutcome></r:GetLaboratoryOrderOutcomeResponse></s:Body></s:Envelope>"
    )
    message = SourceMessage("a", "x", content.encode(), datetime(2026, 11, 21, tzinfo=UTC), asked)
    return reader(CONTRACT, build)(message, settings or Settings("a", "SE-CONFIGURED"))


def one(mapped: Mapped) -> Entry:
    (entry,) = mapped.entries
    return entry


def test_custody_is_what_the_access_control_header_says() -> None:
    custody = one(read()).custody
    assert (custody.provider, custody.unit, custody.released) == ("SE2321990018-NORR", "SE2321990018-LAB", True)
    assert custody.time_from is not None
    assert custody.time_to is not None
    assert (custody.time_from.hour, custody.time_to.hour) == (0, 1), "both readings of the hour that comes twice"


def test_trap_01_a_missing_unit_stays_unknown_even_where_the_author_names_one() -> None:
    org = f"<n:orgUnit>{ii('id', HSA, 'SE2321990018-KEM')}<c:name>Kemlab</c:name></n:orgUnit>"
    author = f"<c:author><c:timestamp>20240115150000</c:timestamp>{org}</c:author>"
    entry = one(read(unit="", rest=author))
    assert entry.custody.unit is None
    assert entry.resources[0].resource["contained"][0]["organization"]["identifier"]["value"] == "SE2321990018-KEM"


def test_trap_12_the_patient_is_found_in_a_later_minor_namespace() -> None:
    assert one(read()).patient == Identifier(PERSONNUMMER, "199002222397")


def test_an_older_producer_without_patient_means_the_one_who_was_asked_about() -> None:
    assert one(read(patient="")).patient == ASKED
    nobody = read(patient="", asked=None)
    assert (nobody.entries, nobody.complete) == ((), False)
    assert [issue.severity for issue in nobody.issues] == ["error"]


def test_trap_28_a_care_giver_by_organisation_number_is_unknown_unless_the_configuration_places_it() -> None:
    number = ii("accountableCareGiver", "1.2.752.29.4.3", "5566778899")
    unplaced = read(giver=number)
    assert one(unplaced).custody.provider is None
    assert "5566778899" not in repr(unplaced.issues) + repr(unplaced.coverage)
    places = {"5566778899": Place("SE5566778899-VG", "SE5566778899-VE")}
    assert one(read(giver=number, settings=Settings("a", "S", places=places))).custody.provider == "SE5566778899-VG"


@pytest.mark.parametrize(("approved", "released"), [("true", True), ("false", False), ("maybe", None)])
def test_trap_03_only_a_plain_yes_releases_to_the_patient(approved: str, released: bool | None) -> None:
    entry = one(read(approved=approved))
    assert entry.custody.released is released
    assert ("security" in entry.resources[0].resource["meta"]) is (released is not True)


@pytest.mark.parametrize(
    ("record", "key"),
    [
        (ii("id", "SE2321990018-LIS", "R-1"), "urn:hub:rivta:SE2321990018-LIS:GetLaboratoryOrderOutcome|R-1"),
        (ii("id", "1.2.752.129.2.1.2.1", "se2321990018-lis:R-1"), "urn:hub:rivta:SE2321990018-LIS:GetLaboratoryOrderOutcome|R-1"),
        (ii("id", "1.2.752.999.7", "R-1"), "urn:oid:1.2.752.999.7|R-1"),
        (
            ii("id", "6f1c2a5e-7a1b-4c53-9a39-5a0d2a1f0001", ""),
            "urn:ietf:rfc:3986|urn:uuid:6f1c2a5e-7a1b-4c53-9a39-5a0d2a1f0001",
        ),
    ],
    ids=["the system's own", "the system's own under the OID for such", "an OID", "a UUID"],
)
def test_a_record_is_known_by_its_id_in_its_system(record: str, key: str) -> None:
    assert str(one(read(record=record)).key) == key


def test_a_record_without_an_id_is_kept_and_said() -> None:
    mapped = read(record="")
    assert (mapped.entries, [issue.place for issue in mapped.issues]) == ((), ["laboratoryOrderOutcome"])


def test_who_wrote_and_who_signed_are_two() -> None:
    author = f"<c:author>{ii('id', HSA, 'SE1-A')}<c:name>Per Ask</c:name><c:timestamp>20240115150000</c:timestamp></c:author>"
    signature = (
        f"<c:signature>{ii('id', HSA, 'SE1-B')}<c:name>Siv Ek</c:name><c:timestamp>20240115160000</c:timestamp></c:signature>"
    )
    held = one(read(rest=author + signature)).attribution
    assert held.author is not None
    assert held.verifier is not None
    assert (held.author["display"], held.written) == ("Per Ask", "2024-01-15T15:00:00+01:00")
    assert (held.verifier["display"], held.signed) == ("Siv Ek", "2024-01-15T16:00:00+01:00")
    unsigned = one(read(rest=author)).resources[0].resource
    assert unsigned["meta"]["tag"][0]["code"] == "unsigned"
