"""HL7 v2 in its vertical-bar encoding (ER7): read, and written. Capped, and linear in the length of the message.

Only segments and fields are split when a message is read; components are split when they are asked for.
Source: HL7 v2.5.1 chapter 2, sections 2.5 to 2.7.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from typing import NamedTuple

from hub.errors import Issue, Unmappable

MAX_BYTES = 4_000_000
MAX_SEGMENTS = 5_000
MAX_FIELDS = 200
"""In one segment."""
MAX_SEPARATORS = 4_000
"""Of components, subcomponents and repetitions together, in one segment."""

CHARSETS = {
    "": "",
    "ASCII": "ascii",
    "8859/1": "iso-8859-1",
    "8859/15": "iso-8859-15",
    "UNICODE UTF-8": "utf-8",
}
"""HL7 table 0211, those that Swedish systems write; the empty one is the source's own."""

Component = Sequence[str]
"""Subcomponents."""
Repetition = Sequence[Component]
Field = Sequence[Repetition]

_NUMBERS = tuple(range(MAX_FIELDS + 3))
_NAME = re.compile(r"[A-Z][A-Z0-9]{2}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_LAYOUT = {".br": "\n", ".ce": "\n", "H": "", "N": "", ".fi": "", ".nf": ""}


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """The encoding characters of a message, and the charset of its hexadecimal escapes; equal ones are one object."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    charset: str = "utf-8"

    @property
    def encoding_characters(self) -> str:
        """MSH-2."""
        return self.component + self.repetition + self.escape + self.subcomponent


class Segment(NamedTuple):
    """One line of a message. Fields and components are numbered from 1, as HL7 numbers them. (A tuple, for it is made often.)"""

    name: str
    number: int
    """Which of its name in the message, from 1."""
    raw: Sequence[str]
    """Field n as it was sent, escapes and all; MSH-1 is the separator itself."""
    filled: tuple[int, ...]
    """Numbers of the fields that are not empty."""
    marks: Marks

    def place(self, field: int | None = None) -> str:
        """Where this is, for an Issue: `OBX[3]-5`."""
        where = self.name if self.name in ("MSH", "PID") and self.number == 1 else f"{self.name}[{self.number}]"
        return where if field is None else f"{where}-{field}"

    def field(self, n: int) -> str:
        """Field n as it was sent; empty where it is absent or the explicit null."""
        if n >= len(self.raw):
            return ""
        raw = self.raw[n]
        return "" if raw == '""' else raw

    def text(self, n: int, component: int = 1, subcomponent: int = 1) -> str:
        """A subcomponent of the first repetition of field n, unescaped, without surrounding space."""
        fields = self.raw
        raw = fields[n] if n < len(fields) else ""
        if not raw:
            return ""
        if raw.isalnum():  # holds no separator, and most fields are like that
            return raw if component == subcomponent == 1 else ""
        return part(raw.split(self.marks.repetition, 1)[0], self.marks, component, subcomponent).strip()

    def repetitions(self, n: int) -> list[str]:
        """Each repetition of field n as it was sent, empty ones left out."""
        raw = self.field(n)
        if self.marks.repetition not in raw:
            return [raw] if raw else []
        return [one for one in raw.split(self.marks.repetition) if one and one != '""']

    def first(self, n: int) -> str:
        """The first repetition of field n that is not empty, as it was sent."""
        raw = self.field(n)
        return raw if not raw or self.marks.repetition not in raw else next(iter(self.repetitions(n)), "")

    def whole(self, n: int) -> str:
        """Field n as one text: what other separators it holds are part of the text; repetitions become lines."""
        raw = self.field(n)
        text = unescape(raw.replace(self.marks.repetition, "\n"), self.marks) if raw else ""
        return "" if text.isspace() else text


@dataclass(frozen=True, slots=True)
class Message:
    """A message, read."""

    segments: tuple[Segment, ...]
    marks: Marks
    issues: tuple[Issue, ...] = ()
    """Lines that are no segments."""

    @property
    def header(self) -> Segment:
        return self.segments[0]

    def first(self, name: str) -> Segment | None:
        """The first segment of that name."""
        return next((segment for segment in self.segments if segment.name == name), None)


def read(content: bytes, charset: str = "utf-8") -> Message:
    """Read a message.

    Takes: its bytes, and the charset that holds where MSH-18 names none. Segments end with CR; LF and CR LF are taken.
    Raises: Unmappable: no MSH, no such encoding characters or charset, or over a cap.
    """
    if len(content) > MAX_BYTES:
        raise Unmappable(f"larger than {MAX_BYTES} bytes", "MSH")
    content = content.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if not content.startswith(b"MSH") or len(content) < 8:
        raise Unmappable("does not begin with MSH", "MSH")
    marks = _marks(content, charset)
    try:
        text = content.decode(marks.charset)
    except UnicodeDecodeError:
        raise Unmappable("the bytes are not in the charset of the message", "MSH-18") from None
    return _message(text, marks)


def write(segments: Sequence[tuple[str, Sequence[Field]]], marks: Marks | None = None) -> bytes:
    """Write a message of segments (name, fields 1 …); those of MSH begin with MSH-3. The inverse of `read` and `tree`."""
    marks = marks or Marks()
    lines = []
    for name, fields in segments:
        head = [name, marks.encoding_characters] if name == "MSH" else [name]
        lines.append(marks.field.join(head + [_field(field, marks) for field in fields]))
    return ("\r".join(lines) + "\r").encode(marks.charset, "replace")


def value(text: str) -> Field:
    """A field with one plain value, for `write`."""
    return (((text,),),)


def tree(segment: Segment) -> tuple[str, list[list[list[list[str]]]]]:
    """A segment wholly taken apart: name, and its fields as `write` takes them."""
    marks, first = segment.marks, 3 if segment.name == "MSH" else 1
    return segment.name, [
        [
            [[unescape(sub, marks) for sub in component.split(marks.subcomponent)] for component in one.split(marks.component)]
            for one in raw.split(marks.repetition)
        ]
        for raw in segment.raw[first:]
    ]


def part(repetition: str, marks: Marks, component: int = 1, subcomponent: int = 1) -> str:
    """One subcomponent of a repetition, unescaped; empty where it is absent."""
    found = repetition.split(marks.component, component)
    raw = found[component - 1] if component <= len(found) else ""
    if raw and (subcomponent > 1 or marks.subcomponent in raw):
        subs = raw.split(marks.subcomponent, subcomponent)
        raw = subs[subcomponent - 1] if subcomponent <= len(subs) else ""
    return unescape(raw, marks) if raw and raw != '""' else ""


def components(repetition: str, marks: Marks, least: int = 1) -> list[str]:
    """The components of a repetition, unescaped, the first subcomponent of each; filled with empty ones to `least`."""
    found = [
        unescape(raw.split(marks.subcomponent, 1)[0], marks) if raw and raw != '""' else ""
        for raw in repetition.split(marks.component)
    ]
    return found + [""] * (least - len(found))


def inside(repetition: str, marks: Marks, component: int) -> str:
    """A component whose subcomponents are to be read as components: a repetition of its own."""
    held = repetition.split(marks.component)
    return held[component - 1].replace(marks.subcomponent, marks.component) if component <= len(held) else ""


def unescape(raw: str, marks: Marks) -> str:
    """Text as it was meant. An escape we do not know stays as it was sent; what FHIR cannot hold becomes U+FFFD."""
    if marks.escape in raw:
        raw = _escapes(marks.escape).sub(lambda found: _meant(found[1], found[0], marks), raw)
    return raw if raw.isprintable() else _CONTROL.sub("\N{REPLACEMENT CHARACTER}", raw)


def escaped(text: str, marks: Marks) -> str:
    """Text as a field may hold it."""
    return "".join(_written(character, marks) for character in text)


@lru_cache(maxsize=16)
def _escapes(mark: str) -> "re.Pattern[str]":
    e = re.escape(mark)
    return re.compile(rf"{e}([FSTREHN]|X(?:[0-9A-Fa-f]{{2}})+|\.(?:br|ce|fi|nf|sp|in|ti|sk)[+-]?[0-9]{{0,2}}){e}")


def _meant(code: str, sent: str, marks: Marks) -> str:
    letters = {
        "F": marks.field,
        "S": marks.component,
        "T": marks.subcomponent,
        "R": marks.repetition,
        "E": marks.escape,
    }
    if code in letters:
        return letters[code]
    if code[0] == "X":
        try:
            return bytes.fromhex(code[1:]).decode(marks.charset)
        except UnicodeDecodeError:
            return sent
    if code[:3] in (".sp", ".sk"):
        return ("\n" if code[:3] == ".sp" else " ") * int(code[3:].lstrip("+-") or 1)
    return _LAYOUT.get(code, "")


def _written(character: str, marks: Marks) -> str:
    names = {
        marks.field: "F",
        marks.component: "S",
        marks.subcomponent: "T",
        marks.repetition: "R",
        marks.escape: "E",
    }
    if character in names:
        return marks.escape + names[character] + marks.escape
    if character == "\n":
        return f"{marks.escape}.br{marks.escape}"
    if character < " ":
        return f"{marks.escape}X{ord(character):02X}{marks.escape}"
    return character


def _marks(content: bytes, charset: str) -> Marks:
    head = re.split(rb"[\r\n]", content, maxsplit=1)[0].decode("latin-1")
    separator = head[3:4]
    fields = head.split(separator, 19) if separator else []
    written = fields[1] if len(fields) > 1 else ""
    characters = separator + written
    if len(characters) not in (5, 6) or len(set(characters)) != len(characters) or re.search(r"[\w\s\"]", characters):
        raise Unmappable("not five different encoding characters", "MSH-2")
    named = fields[17].split(characters[2])[0].strip().upper() if len(fields) > 17 else ""
    if named not in CHARSETS:
        raise Unmappable("a charset that this hub does not read", "MSH-18")
    field, component, repetition, escape, subcomponent = tuple(characters[:5])
    return _marked(field, component, repetition, escape, subcomponent, CHARSETS[named] or charset)


_marked = lru_cache(maxsize=64)(Marks)


def _message(text: str, marks: Marks) -> Message:
    lines = text.split("\r" if "\r" in text else "\n")
    if len(lines) > MAX_SEGMENTS:
        raise Unmappable(f"more than {MAX_SEGMENTS} segments", "MSH")
    _cap(text, lines, marks)
    segments: list[Segment] = []
    issues: list[Issue] = []
    counts: dict[str, int] = {}
    for row, line in enumerate(lines, 1):
        raw = line.strip("\n").split(marks.field)
        name = raw[0]
        if name not in counts and not _NAME.fullmatch(name):
            if raw != [""]:
                issues.append(Issue(f"line[{row}]", "is not a segment", "error", "structure"))
            continue
        number = counts[name] = counts.get(name, 0) + 1
        if name == "MSH":
            if number > 1:
                raise Unmappable("two messages in one", "MSH[2]")
            raw.insert(1, marks.field)
        segments.append(Segment(name, number, raw, tuple(compress(_NUMBERS, raw))[1:], marks))
    return Message(tuple(segments), marks, tuple(issues))


def _cap(text: str, lines: list[str], marks: Marks) -> None:
    """Raises: Unmappable: a segment has more fields or separators than any real one."""
    inner = (marks.component, marks.repetition, marks.subcomponent)
    if text.count(marks.field) <= MAX_FIELDS and sum(map(text.count, inner)) <= MAX_SEPARATORS:
        return
    for row, line in enumerate(lines, 1):
        if line.count(marks.field) > MAX_FIELDS:
            raise Unmappable(f"more than {MAX_FIELDS} fields", f"line[{row}]")
        if sum(map(line.count, inner)) > MAX_SEPARATORS:
            raise Unmappable(f"more than {MAX_SEPARATORS} separators", f"line[{row}]")


def _field(field: Field, marks: Marks) -> str:
    return marks.repetition.join(
        marks.component.join(marks.subcomponent.join(escaped(sub, marks) for sub in component) for component in repetition)
        for repetition in field
    )
