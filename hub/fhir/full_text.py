"""Full text: the words of a resource, and what `_text` and `_content` ask of them.

Words are in normal form, as texts are; a word that is asked for finds every word that begins so. Words side by side must all be
there; AND, OR, NOT and parentheses are as one would think, and a minus is a NOT.
Source: http://hl7.org/fhir/R4/search.html#content
"""

import re
from collections.abc import Iterator
from typing import Any

from hub.errors import InvalidRequest, TooCostly
from hub.fhir.across import entry_of
from hub.fhir.comparisons import WordIs
from hub.fhir.criteria import AllOf, AnyOf, Criterion, Not
from hub.fhir.index_keys import WordsKey
from hub.fhir.parameters.string import folded, normal
from hub.fhir.resource import Resource

CONTENT, NARRATIVE = "_content", "_text"
BESIDE = "_content:beside"
"""The name of the words of references to other entries, which are `_content` for the source alone that wrote them."""
MAX_WORDS = 32
"""Words in one question."""
MAX_DEPTH = 16
"""Parentheses in each other."""
_WORD = re.compile(r"\w+")
_MARKUP = re.compile(r"<[^>]*>|&[#\w]+;")
_PARTS = re.compile(r"[()]|-?[^\s()]+")
_HOLDS_MORE = (dict, list)
WORDLESS = frozenset(
    ("data", "reference", "div", "resourceType", "id", "url", "system", "contentType", "hash", "versionId", "lastUpdated")
)
"""Elements that hold no words: names of things elsewhere, and encoded bytes. The narrative's `div` is read without its markup."""


def words(resource: Resource) -> Iterator[tuple[str, tuple[WordsKey, ...]]]:
    """The keys `_content` (all texts of the resource), `_text` (its narrative) and `BESIDE`; none where there is no word."""
    narrative = resource.get("text")
    div = narrative.get("div") if isinstance(narrative, dict) else None
    told = _MARKUP.sub(" ", div) if isinstance(div, str) else ""
    beside: list[str] = []
    every = " ".join(_texts(resource, [told] if told else [], beside))
    for name, text in ((CONTENT, every), (NARRATIVE, told), (BESIDE, " ".join(beside))):
        found = dict.fromkeys(_WORD.findall(folded(text))) if text else None
        if found:
            yield name, (WordsKey(" " + " ".join(found)),)


def _texts(element: Any, found: list[str], beside: list[str]) -> list[str]:
    """`found` with every text of an element after it; what is said of other entries goes to `beside`."""
    if isinstance(element, dict):
        if "reference" in element and len(element) > 1 and entry_of(element):
            found = beside
        for name, value in element.items():
            if name not in WORDLESS:
                if isinstance(value, str):
                    found.append(value)
                elif isinstance(value, _HOLDS_MORE):
                    _texts(value, found, beside)
    elif isinstance(element, list):
        for value in element:
            _texts(value, found, beside)
    elif isinstance(element, str):
        found.append(element)
    return found


def parse(name: str, written: str) -> Criterion:
    """Read a question.

    Takes: `name`: `_text` or `_content`.
    Raises: InvalidRequest: no word, or parentheses that do not close. TooCostly.
    """
    parts = _PARTS.findall(written)
    if len(parts) > MAX_WORDS * 4:
        raise TooCostly(f"more than {MAX_WORDS} words", name)
    reader = _Reader(name, parts)
    criterion = reader.alternatives(0)
    if reader.at < len(parts):
        raise InvalidRequest("parentheses do not match", name)
    return criterion


class _Reader:
    """State: how far the parts are read."""

    def __init__(self, name: str, parts: list[str]) -> None:
        self.name, self.parts, self.at = name, parts, 0
        self.words = 0

    def alternatives(self, depth: int) -> Criterion:
        if depth > MAX_DEPTH:
            raise TooCostly(f"more than {MAX_DEPTH} parentheses in each other", self.name)
        found = [self._together(depth)]
        while self._next().lower() == "or":
            self.at += 1
            found.append(self._together(depth))
        return found[0] if len(found) == 1 else AnyOf(tuple(found))

    def _together(self, depth: int) -> Criterion:
        found = [self._one(depth)]
        while self._next() not in ("", ")") and self._next().lower() != "or":
            self.at += self._next().lower() == "and"
            found.append(self._one(depth))
        return found[0] if len(found) == 1 else AllOf(tuple(found))

    def _one(self, depth: int) -> Criterion:
        part = self._next()
        self.at += 1
        if part.lower() == "not":
            if depth > MAX_DEPTH:
                raise TooCostly(f"more than {MAX_DEPTH} of NOT in each other", self.name)
            return Not(self._one(depth + 1))
        if part == "(":
            inner = self.alternatives(depth + 1)
            if self._next() != ")":
                raise InvalidRequest("parentheses do not match", self.name)
            self.at += 1
            return inner
        if part.startswith("-") and len(part) > 1:
            return Not(self._words(part[1:]))
        return self._words(part)

    def _words(self, written: str) -> Criterion:
        found = _WORD.findall(normal(written))
        self.words += len(found)
        if not found:
            raise InvalidRequest("a word to search for is missing", self.name)
        if self.words > MAX_WORDS:
            raise TooCostly(f"more than {MAX_WORDS} words", self.name)
        criteria = tuple(WordIs(self.name, each) for each in found)
        return criteria[0] if len(criteria) == 1 else AllOf(criteria)

    def _next(self) -> str:
        return self.parts[self.at] if self.at < len(self.parts) else ""
