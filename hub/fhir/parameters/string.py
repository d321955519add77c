"""String parameters: a text that begins so, whatever its case and accents. http://hl7.org/fhir/R4/search.html#string"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

from hub.errors import InvalidRequest
from hub.fhir.comparisons import TextIs, Way
from hub.fhir.index_keys import EXACT, Key, StringKey
from hub.fhir.parameters import Asking, ParameterKind
from hub.fhir.parameters._escapes import unescape
from hub.fhir.types import SearchParameter

_ACCENTED = re.compile("[^\x00-\x7fåäö]")
"""Letters that are written plainly; å, ä and ö are letters of their own, not accented a and o."""
_PARTS = ("text", "family", "given", "prefix", "suffix", "line", "city", "district", "state", "postalCode", "country")
"""Of HumanName and Address."""


def normal(text: str) -> str:
    """The form in which texts are compared: no case, no accents (but å, ä, ö), one space between words."""
    return " ".join(folded(text).split())


def folded(text: str) -> str:
    """A text without case and accents, its spaces as they are."""
    plain = text.casefold()
    return plain if plain.isascii() else _ACCENTED.sub(_plain, unicodedata.normalize("NFC", plain))


def _plain(found: re.Match[str]) -> str:
    return "".join(part for part in unicodedata.normalize("NFKD", found[0]) if not unicodedata.combining(part))


def keys(parameter: SearchParameter, element: Any) -> Iterable[StringKey]:
    """Takes: string, HumanName, Address (each of their parts has a key)."""
    return (StringKey(text) for text in map(normal, _texts(element)) if text)


def _texts(element: Any) -> Iterator[str]:
    if isinstance(element, str):
        yield element
    elif isinstance(element, list):
        for each in element:
            yield from _texts(each)
    elif isinstance(element, dict):
        for part in _PARTS:
            yield from _texts(element.get(part))


def more(parameter: SearchParameter, element: Any) -> Iterable[tuple[str, Key]]:
    """The texts letter for letter."""
    return ((EXACT, StringKey(text)) for text in _texts(element) if text)


def compare(parameter: SearchParameter, written: str, way: Way) -> TextIs:
    """A text in normal form, compared so."""
    value = normal(unescape(written))
    if not value:
        raise InvalidRequest("a text to search for is missing", parameter.name)
    return TextIs(parameter.index, way, value)


def parse(parameter: SearchParameter, written: str, asking: Asking) -> TextIs:
    return compare(parameter, written, "starts")


def contains(parameter: SearchParameter, written: str, asking: Asking) -> TextIs:
    return compare(parameter, written, "contains")


def exact(parameter: SearchParameter, written: str, asking: Asking) -> TextIs:
    if not written:
        raise InvalidRequest("a text to search for is missing", parameter.name)
    return TextIs(parameter.index + EXACT, "is", unescape(written))


STRING = ParameterKind(name="string", keys=keys, parse=parse, more=more, modifiers={"contains": contains, "exact": exact})
