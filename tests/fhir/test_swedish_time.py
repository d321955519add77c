"""Swedish local time: zones, the two odd hours of the year, and precision."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.fhir.swedish_time import LOCAL, from_dashes, from_digits, local, midnight


@pytest.mark.parametrize(
    ("written", "fhir", "doubt"),
    [
        ("2026", "2026", ""),
        ("202602", "2026-02", ""),
        ("202612", "2026-12", ""),
        ("20260228", "2026-02-28", ""),
        ("2026022813", "2026-02-28", "truncated"),
        ("202602281305", "2026-02-28T13:05:00+01:00", ""),
        ("20260701130501", "2026-07-01T13:05:01+02:00", ""),
        ("20260701130501.120", "2026-07-01T13:05:01.120+02:00", ""),
        ("20260701130501+0000", "2026-07-01T13:05:01+00:00", ""),
        ("20260701130501-0330", "2026-07-01T13:05:01-03:30", ""),
        ("20260701+0200", "2026-07-01", ""),
        ("20261025015959", "2026-10-25T01:59:59+02:00", ""),
        ("20261025023000", "2026-10-25T02:30:00+02:00", "ambiguous"),
        ("20261025023000+0100", "2026-10-25T02:30:00+01:00", ""),
        ("20261025030000", "2026-10-25T03:00:00+01:00", ""),
        ("20260329015959", "2026-03-29T01:59:59+01:00", ""),
        ("20260329023000", "2026-03-29T03:30:00+02:00", "shifted"),
        ("20260329030000", "2026-03-29T03:00:00+02:00", ""),
    ],
)
def test_a_time_in_digits_becomes_what_fhir_writes(written, fhir, doubt):
    moment = from_digits(written)
    assert (moment.written, moment.doubt) == (fhir, doubt)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "26",
        "20260230",
        "20261301",
        "20260101240000",
        "2026010112600",
        "20260101126000",
        "２０２６0101",
        "20260101\n",
        "20260701130501+1500",
        "20260701130501+0160",
        "20260701 1305",
        "18991231235959",
        "0000",
        "9999",
    ],
)
def test_what_is_no_time_is_refused_without_its_value(written):
    with pytest.raises(ValueError, match=r"^(not a time|no such time)$"):
        from_digits(written)


@pytest.mark.parametrize(
    ("written", "fhir"),
    [
        ("2026-02-28", "2026-02-28"),
        ("2026-07-01 13:05", "2026-07-01T13:05:00+02:00"),
        ("2026-07-01T13:05:01Z", "2026-07-01T13:05:01+00:00"),
        ("2026-07-01T13:05:01+02:00", "2026-07-01T13:05:01+02:00"),
        ("2026-10-25 02:10", "2026-10-25T02:10:00+02:00"),
    ],
)
def test_a_time_with_dashes_becomes_what_fhir_writes(written, fhir):
    assert from_dashes(written).written == fhir


@pytest.mark.parametrize("written", ["2026-2-28", "28/2 2026", "2026-02-28 25:00", "20260228", "2026-02-28 13"])
def test_another_form_with_dashes_is_refused(written):
    with pytest.raises(ValueError, match="time"):
        from_dashes(written)


def test_a_span_is_as_wide_as_the_source_was_vague():
    assert from_digits("20260329").ends - from_digits("20260329").begins == timedelta(hours=23)
    assert from_digits("20261025").ends - from_digits("20261025").begins == timedelta(hours=25)
    assert from_digits("202602281305").ends - from_digits("202602281305").begins == timedelta(minutes=1)
    assert from_digits("20260228130501.12").ends - from_digits("20260228130501.12").begins == timedelta(milliseconds=10)
    assert from_digits("20261025023000").ends - from_digits("20261025023000").begins == timedelta(hours=1, seconds=1)
    assert from_digits("202612").ends == from_digits("202701").begins == midnight(datetime(2027, 1, 1)).astimezone(UTC)


def test_doubt_is_marked_beside_the_element_with_what_the_source_wrote():
    element = from_digits("20261025023000").element("effectiveDateTime")
    assert element["effectiveDateTime"] == "2026-10-25T02:30:00+02:00"
    assert element["_effectiveDateTime"]["extension"] == [
        {"url": "https://samsyn.example/fhir/StructureDefinition/local-time-ambiguous", "valueString": "20261025023000"}
    ]
    assert from_digits("20260101").element("x") == {"x": "2026-01-01"}
    assert from_digits("20260101").instant is None


@given(st.datetimes(datetime(1980, 1, 1), datetime(2090, 1, 1)))
def test_a_local_time_is_on_the_wall_unless_it_never_was_there(wall):
    placed, doubt = local(wall)
    on_the_wall = placed.astimezone(UTC).astimezone(LOCAL).replace(tzinfo=None, fold=0) == wall
    assert on_the_wall is (doubt != "shifted")
