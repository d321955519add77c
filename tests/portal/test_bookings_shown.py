"""Booked times: what lies ahead and what it is, what was called off or missed, in words for staff and patients."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.interactions.overview import SECTIONS, Part, Row
from hub.portal.bookings import Bookings, bookings
from hub.portal.language import words
from tests.portal.test_results_shown import Badges
from tests.portal.test_states_shown import WELL, failing, rendered, with_part

pytestmark = pytest.mark.anyio
House = Any
"""As conftest makes it."""
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
SECTION = next(each for each in SECTIONS if each.name == "tider")
AHEAD, LATELY, LONG_AGO = "2026-11-24T09:30:00Z", "2026-11-11T09:00:00Z", "2026-10-01T09:00:00Z"


def appointment(status: str = "booked", start: str = AHEAD, **more: Any) -> dict[str, Any]:
    held = {"resourceType": "Appointment", "status": status, "serviceType": [{"text": "Återbesök"}]}
    return held | ({"start": start} if start else {}) | more


def part(*resources: dict[str, Any], **more: Any) -> Part:
    rows = tuple(Row(each, own=False) for each in resources)
    return Part(SECTION, rows=rows, reports=(WELL,), connected=True, **more)


def held(*resources: dict[str, Any], language: str = "sv") -> Bookings:
    return bookings(part(*resources), Badges(), words(language), NOW)


def shown(house: House, *resources: dict[str, Any], kind: str = "clinician", language: str = "sv") -> str:
    page = rendered(house, with_part(part(*resources)), language, kind)
    return page.split('id="tider"')[1].split("</section>")[0]


STATUSES = [
    ("booked", "", ""),
    ("pending", "Inte bekräftad", "Not confirmed"),
    ("proposed", "Förslag, inte bokad", "Proposed, not booked"),
    ("waitlist", "Väntelista, inte bokad", "On the waiting list, not booked"),
    ("arrived", "På plats", "Arrived"),
    ("checked-in", "Incheckad", "Checked in"),
    ("invented", "Oklart om tiden är bokad", "Unclear whether it is booked"),
    ("", "Oklart om tiden är bokad", "Unclear whether it is booked"),
]


@pytest.mark.parametrize(("status", "swedish", "english"), STATUSES)
def test_what_is_not_plainly_booked_says_what_it_is(status: str, swedish: str, english: str) -> None:
    assert [line.tag for line in held(appointment(status)).ahead] == [swedish]
    assert [line.tag for line in held(appointment(status), language="en").ahead] == [english]


@pytest.mark.parametrize(
    ("more", "lies_ahead"),
    [
        ({"minutesDuration": 60}, True),
        ({"minutesDuration": 20}, False),
        ({"end": "2026-11-21T09:15:00Z"}, True),
        ({"end": "2026-11-21T08:45:00Z", "minutesDuration": 60}, False),
        ({}, True),
        ({"start": "2026-11-20T22:59:00Z"}, False),
    ],
    ids=str,
)
def test_what_is_going_on_lies_ahead_until_it_ends_or_its_day_where_no_end_is_said(
    more: dict[str, Any], lies_ahead: bool
) -> None:
    assert bool(held(appointment(**({"start": "2026-11-21T08:30:00Z"} | more))).ahead) is lies_ahead


def test_what_the_patient_is_to_do_before_is_told() -> None:
    assert held(appointment(patientInstruction="Fasta i sex timmar")).ahead[0].detail == "Fasta i sex timmar"


@pytest.mark.parametrize("kind", ["clinician", "patient"])
async def test_the_page_says_it_beside_the_time(house: House, kind: str) -> None:
    assert '<span class="tag tag-w">Inte bekräftad</span>' in shown(house, appointment("pending"), kind=kind)
    assert "Not confirmed" in shown(house, appointment("pending"), kind=kind, language="en")
    assert "tag" not in shown(house, appointment(), kind=kind)


@pytest.mark.parametrize(("status", "tag"), [("cancelled", "Avbokad"), ("noshow", "Uteblivet besök")])
@pytest.mark.parametrize("start", [AHEAD, LATELY])
def test_what_was_called_off_or_missed_is_told_apart_from_what_lies_ahead(status: str, tag: str, start: str) -> None:
    found = held(appointment(status, start), appointment())
    assert [line.tag for line in found.called_off] == [tag]
    assert [line.tag for line in found.ahead] == [""]
    assert len(found) == 1


@pytest.mark.parametrize(
    ("status", "start"),
    [
        ("entered-in-error", AHEAD),
        ("fulfilled", LATELY),
        ("booked", LATELY),
        ("pending", LATELY),
        ("cancelled", LONG_AGO),
        ("noshow", LONG_AGO),
    ],
)
def test_what_never_was_or_is_over_is_left_out(status: str, start: str) -> None:
    assert not held(appointment(status, start))


def test_why_a_time_was_called_off_is_told() -> None:
    [line] = held(appointment("cancelled", cancelationReason={"text": "Läkaren är sjuk"})).called_off
    assert line.detail == "Läkaren är sjuk"


def test_what_is_going_on_stays_until_it_ends() -> None:
    assert held(appointment(start="2026-11-21T08:30:00Z", end="2026-11-21T09:30:00Z")).ahead
    assert not held(appointment(start="2026-11-21T08:00:00Z", end="2026-11-21T08:30:00Z"))


def test_the_next_stands_first_one_without_a_time_last_and_another_year_is_named() -> None:
    found = held(appointment("waitlist", ""), appointment(start="2027-01-15T08:00:00Z"), appointment())
    assert [line.day for line in found.ahead] == ["Tis 24 nov", "Fre 15 jan 2027", "Tid meddelas"]


async def test_what_was_called_off_is_folded_and_said_not_to_lie_ahead(house: House) -> None:
    html = shown(house, appointment("cancelled"))
    assert "Inga kommande tider. Källan svarade." in html
    assert "1 avbokad eller utebliven tid" in html
    assert "Avbokad" in html.split("<details>")[1]
    assert "Inga uppgifter. Källan svarade." in shown(house)
    both = shown(house, appointment("cancelled"), appointment("noshow"), appointment())
    assert "2 avbokade eller uteblivna tider" in both
    assert "Avbokad" not in re.sub(r"(?s)<details>.*?</details>", "", both)
    assert "Inga kommande tider" not in both


async def test_nothing_is_said_not_to_lie_ahead_where_a_source_did_not_answer(house: House) -> None:
    told = with_part(Part(SECTION, (Row(appointment("cancelled"), own=False),), (WELL, failing()), connected=True))
    html = rendered(house, told, "sv").split('id="tider"')[1].split("</section>")[0]
    assert "Går inte att avgöra. Åkerby kommun svarade inte." in html
    assert "Inga kommande tider" not in html
