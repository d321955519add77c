"""Persons' numbers in what is searched for: they name a patient, and no link or log repeats them."""

import re
from datetime import datetime

from hub.errors import InvalidRequest
from hub.fhir.identifiers import PERSONNUMMER, SAMORDNINGSNUMMER, Identifier, InvalidNumber, personal_number
from hub.fhir.parameters._escapes import split, unescape
from hub.fhir.types import ResourceType, SearchParameter

_NUMBERS = re.compile(r"(?<!\d)(?:\d{2})?\d{6}[-+]?\d{4}(?!\d)", re.ASCII)


def person(name: str, written: str, now: datetime) -> Identifier:
    """The identifier by which a patient is named; a personal number in its canonical form.

    Raises: InvalidRequest: no system or no value, or a personal number that cannot be one.
    """
    parts = split(written, "|")
    if len(parts) != 2 or not all(parts):
        raise InvalidRequest("a patient's identifier is written system|value", name)
    system, value = map(unescape, parts)
    if system not in (PERSONNUMMER, SAMORDNINGSNUMMER):
        return Identifier(system, value)
    try:
        return personal_number(value, now.date())
    except InvalidNumber as fault:
        raise InvalidRequest(f"not a personal number: {fault}", name) from None


def of_person(held: ResourceType, parameter: SearchParameter, own_source: bool) -> bool:
    """Whether the parameter finds identifiers of persons. Those of a source's own are names that it gave, and its client is told
    of them; personal numbers are personal all the same."""
    return parameter.name == "identifier" and held.name in ("Patient", "RelatedPerson") and not own_source


def is_personal(written: str, of_person: bool) -> bool:
    """Whether a token's value is a person's number. `of_person`: any identifier here is one."""
    *system, value = split(written, "|")
    if of_person:
        return bool(value)
    if system and system[0]:
        return unescape(system[0]) in (PERSONNUMMER, SAMORDNINGSNUMMER)
    return _is_number(unescape(value))


def _is_number(written: str) -> bool:
    try:
        personal_number(written, datetime.max.date())
    except InvalidNumber:
        return False
    return True


def holds_number(text: str) -> bool:
    """Whether something in a text may be a person's number."""
    return bool(_NUMBERS.search(text))
