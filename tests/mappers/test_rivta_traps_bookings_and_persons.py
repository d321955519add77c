"""The traps of RIV-TA that touch booked times and persons: MAPPING 12, by number."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.fhir.identifiers import PERSONNUMMER, SAMORDNINGSNUMMER, Identifier
from hub.mappers import Defaults, Entry, Mapped, Place, Settings, SourceMessage
from hub.mappers.rivta_persons import RIVTA_PERSONS
from hub.mappers.rivta_schedule import RIVTA_SCHEDULE

NUMBER = "196101182803"
ASKED = Identifier(PERSONNUMMER, NUMBER)
SETTINGS = Settings("region-a", "SE2321990018-JOURNAL")
UNIT, GIVER = "SE2321990018-MED", "SE2321990018-NORR"


def mapped(mapper: Any, content: str, settings: Settings = SETTINGS) -> Mapped:
    message = SourceMessage(settings.source, mapper.name, content.encode(), datetime(2026, 11, 21, 9, tzinfo=UTC), ASKED)
    result: Mapped = mapper.map(message, settings)
    return result


def soap(operation: str, domain: str, responder: int, core: int, body: str) -> str:
    return (
        f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:r="{domain}:{operation}Responder:{responder}" '
        f'xmlns:c="{domain}:{core}" xmlns:n="{domain}:{core}.1"><s:Body><r:{operation}Response>{body}</r:{operation}Response>'
        "</s:Body></s:Envelope>"
    )


def schedule(*slots: str) -> str:
    details = "".join(f"<r:timeslotDetail>{slot}</r:timeslotDetail>" for slot in slots)
    return soap("GetSubjectOfCareSchedule", "urn:riv:crm:scheduling", 1, 1, details)


def persons(record: str) -> str:
    number = f"<c:root>1.2.752.129.2.1.3.1</c:root><c:extension>{NUMBER}</c:extension>"
    head = f"<c:requestedPersonalIdentity>{number}</c:requestedPersonalIdentity>"
    body = f"<r:requestedPersonRecord>{head}<c:personRecord>{record}</c:personRecord></r:requestedPersonRecord>"
    return soap("GetPersonsForProfile", "urn:riv:strategicresourcemanagement:persons:person", 3, 3, body)


def one(result: Mapped) -> Entry:
    (entry,) = result.entries
    return entry


# --- 18: scheduling

SLOT = (
    "<c:startTimeInclusive>20240924160000</c:startTimeInclusive><c:healthcare_facility>SE2321990018-mott</c:healthcare_facility>"
)
PLACED = Settings(
    "region-a",
    "SE2321990018-TIDBOK",
    defaults=Defaults(released=True, purpose="care"),
    places={"SE2321990018-MOTT": Place(GIVER, UNIT)},
)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("199002222397", Identifier(PERSONNUMMER, "199002222397")),
        ("196109732393", Identifier(SAMORDNINGSNUMMER, "196109732393")),
        ("19610118p123", Identifier("urn:oid:1.2.752.129.2.1.2.1", "SE2321990018-TIDBOK:19610118p123")),
        (None, ASKED),
    ],
)
def test_trap_18_a_patient_number_without_oid_is_told_by_its_form(number: str | None, expected: Identifier) -> None:
    person = f"<c:subject_of_care>{number}</c:subject_of_care>" if number else ""
    assert one(mapped(RIVTA_SCHEDULE, schedule(SLOT + person), PLACED)).patient == expected


def test_trap_18_a_missing_end_is_said_to_be_unknown_and_no_organization_takes_part() -> None:
    appointment = one(mapped(RIVTA_SCHEDULE, schedule(SLOT), PLACED)).resources[0].resource
    assert appointment["_end"]["extension"][0]["valueCode"] == "unknown"
    assert "end" not in appointment
    actors = [part["actor"]["reference"].partition("?")[0] for part in appointment["participant"]]
    assert actors == ["Patient", "Location"]


@pytest.mark.parametrize(
    ("slot", "status", "answer"),
    [
        (SLOT, "booked", "accepted"),
        (SLOT + "<n:isInvitation>true</n:isInvitation>", "pending", "needs-action"),
        (SLOT.partition("</c:startTimeInclusive>")[2] + "<n:isInvitation>true</n:isInvitation>", "proposed", "needs-action"),
        (SLOT.replace("2024", "1999"), "booked", "accepted"),
    ],
    ids=["booked", "invitation with a time", "invitation without", "long ago is still booked"],
)
def test_an_appointments_status_says_no_more_than_the_contract(slot: str, status: str, answer: str) -> None:
    appointment = one(mapped(RIVTA_SCHEDULE, schedule(slot), PLACED)).resources[0].resource
    assert (appointment["status"], appointment["participant"][0]["status"]) == (status, answer)


def test_a_booking_has_the_custody_that_the_configuration_gives_its_facility() -> None:
    custody = one(mapped(RIVTA_SCHEDULE, schedule(SLOT), PLACED)).custody
    assert (custody.provider, custody.unit, custody.released, custody.purpose) == (GIVER, UNIT, True, "care")
    unplaced = one(mapped(RIVTA_SCHEDULE, schedule(SLOT), Settings("region-a", "SE2321990018-TIDBOK"))).custody
    assert (unplaced.provider, unplaced.unit, unplaced.released, unplaced.purpose) == (None, None, None, None)


def test_a_schedule_lists_all_that_holds_so_a_cancelled_booking_is_one_that_is_gone() -> None:
    assert mapped(RIVTA_SCHEDULE, schedule(), PLACED).complete
    assert not mapped(RIVTA_SCHEDULE, schedule("<c:bookingId>1</c:bookingId>"), PLACED).complete


def test_a_booking_without_a_number_shows_no_key_made_of_the_patients_number() -> None:
    entry = one(mapped(RIVTA_SCHEDULE, schedule(SLOT), PLACED))
    assert "identifier" not in entry.resources[0].resource


def test_trap_19_a_contract_without_result_needs_none() -> None:
    assert mapped(RIVTA_SCHEDULE, schedule(SLOT), PLACED).issues == ()


@pytest.mark.parametrize(
    "purpose",
    [
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><article><para>&x;</para></article>',
        "<article><para>trasig</article>",
        '<?xml version="1.0" encoding="UTF-16"?><article><?php x?></article>',
    ],
)
def test_trap_26_a_hostile_document_is_kept_as_it_came_and_never_read(purpose: str) -> None:
    result = mapped(RIVTA_SCHEDULE, schedule(f"{SLOT}<c:purpose><![CDATA[{purpose}]]></c:purpose>"), PLACED)
    appointment = one(result).resources[0].resource
    assert "description" not in appointment
    assert appointment["extension"][0]["valueAttachment"]["data"]
    assert len(result.issues) == 1


PERSON = (
    "<c:personalIdentity><c:root>1.2.752.129.2.1.3.1</c:root><c:extension>196101182803</c:extension></c:personalIdentity>"
    "<c:protectedPersonIndicator>{}</c:protectedPersonIndicator><c:testIndicator>{}</c:testIndicator>"
    "<c:primaryIdentity>true</c:primaryIdentity>{}"
)


@pytest.mark.parametrize(
    ("marked", "more", "protected", "labels"),
    [
        ("false", "", None, []),
        ("true", "", "sekretessmarkering", ["sekretessmarkering"]),
        ("kanske", "", "sekretessmarkering", ["sekretessmarkering"]),
        (
            "false",
            "<n:protectedPopulationRecord>true</n:protectedPopulationRecord>",
            "skyddadFolkbokforing",
            ["skyddadFolkbokforing"],
        ),
        (
            "true",
            "<n:protectedPopulationRecord>true</n:protectedPopulationRecord>",
            "skyddadFolkbokforing",
            ["sekretessmarkering", "skyddadFolkbokforing"],
        ),
    ],
)
def test_trap_29_a_protected_person_is_labelled_and_doubt_protects(
    marked: str, more: str, protected: str | None, labels: list[str]
) -> None:
    (person,) = mapped(RIVTA_PERSONS, persons(PERSON.format(marked, "false", more))).persons
    assert person.protected == protected
    assert [label["code"] for label in person.patient["meta"].get("security", [])] == labels


def test_trap_29_a_test_person_is_tagged() -> None:
    (person,) = mapped(RIVTA_PERSONS, persons(PERSON.format("false", "true", ""))).persons
    assert person.patient["meta"]["tag"][0]["code"] == "HTEST"
