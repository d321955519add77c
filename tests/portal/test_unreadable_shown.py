"""What no source should write: numbers and times beyond all measure, rows that break; and a fault of ours, told without data."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

import hub.portal.pages as pages
from hub.demo.world.stories.ingrid import INGRID
from hub.interactions.overview import SECTIONS, Part, Row
from hub.portal.badges import Badge, Sources
from hub.portal.bookings import bookings
from hub.portal.gaps import state
from hub.portal.language import LANGUAGES, words
from hub.portal.medicines import medicines
from hub.portal.rows import contacts, plans
from hub.portal.sections import made
from hub.portal.trends import results
from hub.store.audit_reading import entries

House = Any
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
NUMBERS = [
    "1e308",
    "-1e308",
    "1e-308",
    "1e999999",
    "1e-999999",
    "9" * 400,
    "0." + "0" * 60 + "1",
    "123456789012345678901234567890",
    "1e27",
]
TIMES = [
    "9999-12-31T23:59:59+14:00",
    "9999-12-31T23:59:59-14:00",
    "9999-12-31",
    "0001-01-01",
    "0001-01-01T00:00:00+14:00",
    "9999",
]


class Badges(Sources):
    """No hub behind."""

    def __init__(self) -> None:
        pass

    def badge(self, row: Row) -> Badge:
        return Badge("Norrdal", "")


def observation(value: str, time: str = "2026-01-01", unit: str = "mmol/L") -> dict[str, Any]:
    quantity = {"value": Decimal(value), "unit": unit}
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "urn:npu", "code": "X"}], "text": "Analys"},
        "effectiveDateTime": time,
        "valueQuantity": quantity,
        "referenceRange": [{"low": quantity, "high": quantity}],
    }


def part(*resources: dict[str, Any]) -> Part:
    return Part(SECTIONS[0], rows=tuple(Row(each, False) for each in resources), connected=True)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("value", NUMBERS)
def test_a_number_beyond_measure_is_told_as_it_was_written(language: str, value: str) -> None:
    said = words(language).number(Decimal(value))
    assert Decimal(said.replace("\u2212", "-").replace("\u202f", "").replace(",", "." if language == "sv" else "")) == Decimal(
        value
    )


def test_every_pair_of_values_and_times_makes_a_section() -> None:
    for (one, other), (first, last) in itertools.product(
        itertools.product(NUMBERS, [*NUMBERS, "4.1", "0", "999999999999", "0.000000000001"]), itertools.pairwise(TIMES)
    ):
        held = results(
            part(observation(one, first), observation(other, last, "kmol/L"), observation("5.0")), Badges(), words("sv")
        )
        assert sum(len(each.values) for each in (*held.care, *held.vital, *held.others)) == 3


def test_one_such_number_takes_no_place_in_the_chart_of_the_others() -> None:
    held = results(
        part(observation("4.1"), observation("4.2", "2026-02-01"), observation("1e308", "2026-03-01")), Badges(), words("sv")
    )
    [trend] = held.care
    assert trend.svg.count("mark ") == 2
    assert [value.text for value in trend.values] == ["1E+308 mmol/L", "4,2 mmol/L", "4,1 mmol/L"]


@pytest.mark.parametrize("time", TIMES)
def test_no_time_is_too_far_off_for_any_section(time: str) -> None:
    drug = {"medicationCodeableConcept": {"text": "x"}, "status": "active"}
    statement = drug | {"resourceType": "MedicationStatement", "dateAsserted": time, "effectivePeriod": {"start": time}}
    request = drug | {"resourceType": "MedicationRequest", "intent": "order", "authoredOn": time}
    assert medicines(part(statement, request), Badges(), words("sv"), NOW)
    booked = {"resourceType": "Appointment", "status": "booked", "start": time}
    bookings(part(booked, booked | {"minutesDuration": 10**12}), Badges(), words("sv"), NOW)
    assert plans(part({"resourceType": "CarePlan", "status": "active", "created": time}), Badges(), words("sv"))
    assert contacts(
        part({"resourceType": "Encounter", "status": "finished", "period": {"start": time, "end": time}}), Badges(), words("sv")
    )


def test_a_row_that_breaks_takes_no_other_with_it_and_readers_are_told() -> None:
    noted: list[Exception] = []

    def make(held: Part) -> list[str]:
        return [row.resource["title"].upper() for row in held.rows]

    section = made(make, part({"title": "a"}, {}, {"title": 3}, {"title": "b"}), noted.append)
    assert (section.shown, section.unread, len(noted)) == (["A", "B"], 2, 1)
    told = state(replace(part(), reports=()), True, "Provsvar", words("sv"), lambda source, contract: False, 2)
    assert told.notes == ("2 uppgifter kan inte visas här.",)
    assert made(make, part({"title": "a"}), noted.append).unread == 0
    assert len(noted) == 1


@pytest.mark.anyio
@pytest.mark.parametrize(("language", "said"), [("sv", "Något gick fel hos oss"), ("en", "Something went wrong at our end")])
async def test_a_fault_of_ours_is_a_page_without_data_and_an_entry(
    house: House, monkeypatch: pytest.MonkeyPatch, language: str, said: str
) -> None:
    def breaks(*_: Any) -> None:
        raise RuntimeError(INGRID)

    browser = house.browser()
    await browser.sign_in("patient-ingrid")
    monkeypatch.setattr(pages, "view", breaks)
    page = await browser.get(f"/min?lang={language}")
    assert page.status_code == 500
    assert said in page.text
    assert INGRID not in page.text
    assert page.headers["content-security-policy"]
    last = entries(house.hub.store.reader())[-1].content
    assert (last["action"], last["outcome"], last["who"]["kind"]) == ("fail", "error", "patient")
    assert last["request"] in page.text
    assert INGRID not in str(last)
