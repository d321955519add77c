"""A file of semicolon-separated rows under a header, read row by row: one bad row costs no other.

Source: RFC 4180, with a semicolon as Swedish spreadsheets write it.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from hub.errors import Issue, Unmappable
from hub.fhir.identifiers import PERSONNUMMER, ROOTS, Identifier, is_sound
from hub.fhir.swedish_time import Moment, from_dashes
from hub.mappers import Coverage
from hub.mappers._rivta_types import patient_number

MAX_BYTES = 20_000_000
MAX_ROWS = 200_000
LINES_OF_A_ROW = 40
"""A quoted cell may hold line ends; a row that is longer than this has a quote too many."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_OID = next(oid for oid, uri in ROOTS.items() if uri == PERSONNUMMER)


class BadRow(ValueError):
    """The row cannot be used; `column` and why, without values."""

    def __init__(self, column: str, problem: str) -> None:
        super().__init__(problem)
        self.column = column
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `number` is its first line in the file, the header being 1."""

    number: int
    cells: dict[str, str]

    def text(self, column: str) -> str:
        """A cell without surrounding space."""
        return self.cells[column]

    def demanded(self, column: str) -> str:
        """A cell that must have a value. Raises: BadRow."""
        if not self.cells[column]:
            raise BadRow(column, "is empty")
        return self.cells[column]

    def place(self, column: str = "") -> str:
        return f"row[{self.number}]{'.' * bool(column)}{column}"

    def patient(self, column: str) -> Identifier:
        """A personal number of twelve digits, with or without hyphen. Raises: BadRow: form or check digit."""
        number = patient_number(_OID, self.demanded(column))
        if not is_sound(number):
            raise BadRow(column, "not a personal number with its right check digit")
        return number


@dataclass(slots=True)
class Table:
    """A file being mapped, and what is found wrong on the way."""

    columns: Sequence[str]
    """As the header has them."""
    issues: list[Issue] = field(default_factory=list)
    filled: Counter[str] = field(default_factory=Counter)
    """How often each column had a value in a row that was used."""
    refused: dict[str, str] = field(default_factory=dict)

    def refuse(self, row: Row, fault: BadRow) -> None:
        """The row is left in the source bytes."""
        self.issues.append(Issue(row.place(fault.column), fault.problem, "error"))
        self.refused[fault.column or "row"] = "a row that could not be used"

    def warn(self, row: Row, column: str, problem: str) -> None:
        """The cell is left in the source bytes; the row is used."""
        self.issues.append(Issue(row.place(column), problem))
        self.refused[column] = problem

    def moment(self, row: Row, column: str) -> Moment | None:
        """A day, or a Swedish local time; None, with an issue, for another form."""
        if not row.cells[column]:
            return None
        try:
            return from_dashes(row.cells[column])
        except ValueError as fault:
            self.warn(row, column, str(fault))
            return None

    def used(self, row: Row) -> None:
        self.filled.update(column for column, value in row.cells.items() if value)

    @property
    def is_whole(self) -> bool:
        """Every row was used."""
        return not any(issue.severity == "error" for issue in self.issues)

    def coverage(self, known: Sequence[str]) -> Coverage:
        mapped = sum(times for column, times in self.filled.items() if column in known)
        unmapped = {f"column[{self.columns.index(c) + 1}]": times for c, times in self.filled.items() if c not in known}
        return Coverage(mapped, dict(self.refused), unmapped)


def table(content: bytes, encoding: str, known: Sequence[str]) -> tuple[Table, Iterator[Row]]:
    """A file's table, and its rows as they are read.

    Takes: the configured encoding; a byte order mark overrules it. Columns are known by name, in any order.
    Raises: Unmappable: too large, another encoding, or columns missing.
    """
    lines = _lines(_text(content, encoding))
    try:
        header = [name.strip().lower() for name in _record(lines, 0)[0]]
    except csv.Error:
        raise Unmappable("a header that cannot be read", "row[1]") from None
    missing = [name for name in known if name not in header]
    if missing or len(set(header)) != len(header):
        raise Unmappable(f"columns missing: {', '.join(missing)}" if missing else "two columns have one name", "row[1]")
    if len(lines) > MAX_ROWS:
        raise Unmappable(f"more than {MAX_ROWS} lines", "row")
    held = Table(header)
    return held, _rows(lines, held)


def _text(content: bytes, encoding: str) -> str:
    if len(content) > MAX_BYTES:
        raise Unmappable(f"larger than {MAX_BYTES} bytes", "file")
    if b"\x00" in content or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Unmappable("in an encoding that is not read (NUL bytes, UTF-16 or UTF-32)", "file")
    if content.startswith(BYTE_ORDER_MARK):
        encoding = "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as fault:
        row = content.count(b"\n", 0, fault.start) + 1
        raise Unmappable("bytes that are not in the configured encoding", f"row[{row}]") from None


def _lines(text: str) -> list[str]:
    """Lines with their ends: LF or CR LF, or CR alone; nothing else ends a line."""
    text = text if "\n" in text else text.replace("\r", "\n")
    return [line + "\n" for line in text.split("\n")]


def _rows(lines: list[str], held: Table) -> Iterator[Row]:
    """Each row that has as many cells as the header. After a quoting fault, reading goes on at the next line."""
    at = _record(lines, 0)[1]
    while at < len(lines):
        number = at + 1
        try:
            cells, at = _record(lines, at)
        except csv.Error:
            held.issues.append(Issue(f"row[{number}]", "a fault of quoting, or a cell that is too long", "error", "structure"))
            held.refused["row"] = "a row that could not be used"
            at += 1
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(held.columns):
            held.issues.append(Issue(f"row[{number}]", "has not as many cells as the header", "error", "structure"))
            held.refused["row"] = "a row that could not be used"
            continue
        yield Row(number, dict(zip(held.columns, (cell.strip() for cell in cells), strict=True)))


def _record(lines: list[str], at: int) -> tuple[list[str], int]:
    """The record that begins at line `at`, and the line after it. Raises: csv.Error."""
    reader = csv.reader(islice(lines, at, at + LINES_OF_A_ROW), delimiter=";", strict=True)
    cells = next(reader, [])
    return cells, at + max(1, reader.line_num)
