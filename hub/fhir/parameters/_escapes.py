"""Escapes in search values: `\\,` `\\|` `\\$` `\\\\` are the characters themselves. http://hl7.org/fhir/R4/search.html#escaping"""

import re

_ESCAPED = re.compile(r"\\([,|$\\])")


def split(written: str, separator: str) -> list[str]:
    """The parts of `written` between separators that are not escaped; the parts keep their escapes."""
    if "\\" not in written:
        return written.split(separator)
    parts, start, at = [], 0, 0
    while at < len(written):
        if written[at] == "\\":
            at += 2
            continue
        if written[at] == separator:
            parts.append(written[start:at])
            start = at + 1
        at += 1
    return [*parts, written[start:]]


def unescape(written: str) -> str:
    """The characters that were meant."""
    return _ESCAPED.sub(r"\1", written)


def escape(meant: str) -> str:
    """How a value is written so that it is one value."""
    return re.sub(r"([,|$\\])", r"\\\1", meant)
