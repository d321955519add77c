"""Municipal files: encodings, columns, quoting faults, and rows that try to take time or another's place."""

import csv
import io
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import Unmappable
from hub.mappers import Defaults, Settings, SourceMessage
from hub.mappers.csv_care_plans import COLUMNS, CSV_CARE_PLANS
from hub.mappers.csv_care_team import COLUMNS as TEAM_COLUMNS
from hub.mappers.csv_care_team import CSV_CARE_TEAM

HEADER = ";".join(COLUMNS)
PERSON, OTHER = "195009072553", "199002222397"
UNIT = "SE2120990011-HSVARD"


def row(key="P1", person=PERSON, title="Plan", unit=UNIT, **cells):
    known = {"personnummer": person, "plan_id": key, "titel": title, "typ": "VP", "status": "aktiv", "enhet_hsaid": unit} | cells
    return ";".join(known.get(column, "") for column in COLUMNS)


def mapped(content, encoding="utf-8", mapper=CSV_CARE_PLANS, **more):
    known = Settings("kommun", "SE1-V", "SE1-K", defaults=Defaults(released=True), encoding=encoding, **more)
    return mapper.map(SourceMessage("kommun", mapper.name, content, datetime(2026, 11, 21, tzinfo=UTC)), known)


def plans(*rows, **more):
    return mapped("\n".join([HEADER, *rows, ""]).encode(), **more)


def titles(found):
    return [entry.resources[0].resource["title"] for entry in found.entries]


@pytest.mark.parametrize(
    ("encoded", "configured"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-8-sig", "iso-8859-1"), ("iso-8859-1", "iso-8859-1")],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_byte_order_mark_overrules_the_configured_encoding(encoded, configured, end):
    content = end.join([HEADER, row(title="Åtgärder för räkan"), ""]).encode(encoded)
    assert titles(mapped(content, configured)) == ["Åtgärder för räkan"]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"", "row[1]"),
        (b"\x00\x01\x02", "file"),
        (f"{HEADER}\n{row()}\n".encode("utf-16"), "file"),
        (f"{HEADER}\n{row()}\n".encode("utf-16-le"), "file"),
        (f"{HEADER}\n{row()}\n{row(title='Å')}\n".encode("iso-8859-1"), "row[3]"),
        (f"{HEADER.replace(';plan_id', '')}\n{row()}\n".encode(), "row[1]"),
        (f"{row()}\n{row()}\n".encode(), "row[1]"),
        (HEADER.replace(";", ",").encode(), "row[1]"),
        (f"{HEADER};plan_id\n".encode(), "row[1]"),
        (f'"{HEADER}\n{row()}\n'.encode(), "row[1]"),
        (b"<html><body>Logga in</body></html>", "row[1]"),
        (b";" * 2_000_000, "row[1]"),
        (HEADER.encode() + b"\n" * 300_000, "row"),
        (b"x" * 20_000_001, "file"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value[:12]!r}",
)
def test_a_file_that_cannot_be_read_is_refused_with_its_place_and_no_value(content, place):
    with pytest.raises(Unmappable) as refused:
        mapped(content)
    assert refused.value.place == place
    assert PERSON not in refused.value.problem


@pytest.mark.parametrize(
    ("bad", "place"),
    [
        (row("P2", person="195009072554"), "row[3].personnummer"),
        (row("P2", person="5009072553"), "row[3].personnummer"),
        (row("P2", person="１９５００９０７２５５３"), "row[3].personnummer"),
        (row("P2", person=""), "row[3].personnummer"),
        (row(""), "row[3].plan_id"),
        (row("P2") + ";en till", "row[3]"),
        (row("P2", title='"öppet citat'), "row[3]"),
        (row("P2", title='"citat"efter'), "row[3]"),
        (row("P2", title="x" * 200_000), "row[3]"),
    ],
    ids=lambda value: value[-40:],
)
def test_a_bad_row_costs_no_other_and_the_list_is_no_longer_whole(bad, place):
    found = plans(row("P1", title="före"), bad, row("P3", title="efter"))
    assert titles(found) == ["före", "efter"]
    assert [issue.place for issue in found.issues if issue.severity == "error"] == [place]
    assert found.complete is False
    assert not any("9072" in issue.problem for issue in found.issues)


def test_a_line_of_ten_megabytes_is_one_bad_row():
    begun = time.process_time()
    found = plans(row("P1", title="före"), row("P2", title="x" * 10_000_000), row("P3", title="efter"))
    assert titles(found) == ["före", "efter"]
    assert time.process_time() - begun < 5


def test_quotes_that_never_end_take_time_by_the_length_of_the_file():
    def cost(rows):
        begun = time.process_time()
        found = plans(*[f'"{row(f"P{n}")}' for n in range(rows)])
        assert found.entries == ()
        return time.process_time() - begun

    cost(10)
    assert cost(4000) < 40 * max(cost(400), 0.01)


def test_the_first_of_two_rows_for_one_plan_is_used():
    found = plans(row("P1", title="första"), row("P1", title="andra"))
    assert titles(found) == ["första"]
    assert [issue.place for issue in found.issues] == ["row[3].plan_id"]


def test_a_plan_named_for_two_persons_is_nobodys():
    found = plans(row("P1"), row("P2", title="annan"), row("P1", person=OTHER))
    assert titles(found) == ["annan"]
    assert [issue.place for issue in found.issues] == ["row[2].plan_id", "row[4].plan_id"]
    assert found.complete is False


def test_a_row_without_unit_takes_the_configured_one_and_is_else_withheld():
    assert plans(row(unit=""), unit="SE1-u").entries[0].custody.unit == "SE1-U"
    found = plans(row(unit=""))
    assert (found.entries[0].custody.unit, found.entries[0].custody.provider) == (None, "SE1-K")
    assert found.issues[0].place == "row[2].enhet_hsaid"


def test_an_empty_list_is_whole():
    found = mapped(HEADER.encode())
    assert (found.entries, found.complete) == ((), True)


def test_a_team_named_for_two_persons_is_nobodys():
    rows = [f"{person};T1;Team;S1;Namn;Roll;{UNIT};2026-01-01;;2026-01-01 08:00" for person in (PERSON, OTHER)]
    found = mapped("\n".join([";".join(TEAM_COLUMNS), *rows]).encode(), mapper=CSV_CARE_TEAM)
    assert found.entries == ()
    assert {issue.place for issue in found.issues} == {"row[2].team_id", "row[3].team_id"}
    assert found.complete is False


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20), max_size=8))
def test_whatever_a_spreadsheet_writes_in_a_cell_is_read_again(texts):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for number, text in enumerate(texts):
        cells = {"personnummer": PERSON, "plan_id": f"P{number}", "titel": text, "typ": "VP", "enhet_hsaid": UNIT}
        writer.writerow([cells.get(column, "") for column in COLUMNS])
    found = mapped(out.getvalue().encode("utf-8-sig"))
    assert titles(found) == [text.strip() or "Vårdplan" for text in texts]
