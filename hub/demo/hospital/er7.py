"""HL7 v2 in its pipe form (ER7), written. Source: HL7 v2.5.1 chapter 2."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

MARKS = "|^~\\&"
ESCAPES = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "~": "\\R\\", "&": "\\T\\", "\n": "\\.br\\"}

LATIN_1, UTF_8 = ("8859/1", "iso-8859-1"), ("UNICODE UTF-8", "utf-8")
"""MSH-18 (table 0211) and Python's name of it."""

Component = str | tuple[str, ...]
"""A component, or its subcomponents."""


@dataclass(frozen=True, slots=True)
class Composite:
    """A field of several components."""

    components: tuple[Component, ...]


Field = str | Composite


def composite(*components: Component) -> Composite:
    return Composite(components)


def escaped(text: str) -> str:
    """Text with the marks of the message escaped."""
    return "".join(ESCAPES.get(character, character) for character in text)


def field(value: Field) -> str:
    """One field, without trailing empty components."""
    if isinstance(value, str):
        return escaped(value)
    return "^".join(_component(component) for component in value.components).rstrip("^")


def _component(value: Component) -> str:
    return escaped(value) if isinstance(value, str) else "&".join(escaped(part) for part in value)


def segment(name: str, fields: dict[int, Field]) -> str:
    """A segment of the numbered fields; what is between them is empty."""
    last = max(fields, default=0)
    return "|".join([name, *(field(fields[number]) if number in fields else "" for number in range(1, last + 1))])


def time(moment: datetime) -> str:
    """A DTM with its offset."""
    return moment.strftime("%Y%m%d%H%M%S%z")


@dataclass(frozen=True, slots=True)
class Message:
    """A message ready to be sent. `control` is its MSH-10."""

    control: str
    structure: str
    content: bytes


def message(
    *,
    control: str,
    trigger: tuple[str, str, str],
    application: str,
    facility: str,
    sent: datetime,
    charset: tuple[str, str],
    body: Sequence[str],
) -> Message:
    """A message with its header; text that the wished charset cannot hold goes out as UTF-8 instead."""
    rest = "\r".join(body)
    name, codec = charset
    try:
        rest.encode(codec)
    except UnicodeEncodeError:
        name, codec = UTF_8
    header = [
        *(MARKS[1:], application, facility, "SAMSYN", "HUB", time(sent), "", "^".join(trigger), control, "P", "2.5.1"),
        *("", "", "AL", "NE", "SWE", name),
    ]
    return Message(control, trigger[2], ("MSH|" + "|".join(header) + "\r" + rest + "\r").encode(codec))
