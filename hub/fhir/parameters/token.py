"""Token parameters: a code or identifier, with or without its system. http://hl7.org/fhir/R4/search.html#token"""

from collections.abc import Iterable
from typing import Any

from hub.errors import InvalidRequest
from hub.fhir.criteria import AnyOf, Criterion, IdIs, TokenIs, TokenKey
from hub.fhir.identifiers import HSA_ID, HSA_ID_OF_BASE_PROFILES
from hub.fhir.parameters import Asking, ParameterKind
from hub.fhir.parameters._escapes import split, unescape
from hub.fhir.types import SearchParameter

CONTACT_SYSTEMS = frozenset(("phone", "fax", "email", "pager", "url", "sms", "other"))
"""ContactPoint.system is a use, not a namespace: its keys have no system."""


def keys(parameter: SearchParameter, element: Any) -> Iterable[TokenKey]:
    """Takes: Identifier, CodeableConcept (its codings; its text is no token), Coding, ContactPoint, code, string, boolean."""
    if isinstance(element, bool):
        return (TokenKey("", str(element).lower()),)
    if isinstance(element, str):
        return (_key(parameter, "", element),) if element else ()
    if not isinstance(element, dict):
        return ()
    if isinstance(element.get("coding"), list):
        return tuple(key for coding in element["coding"] for key in keys(parameter, coding))
    code, system = element.get("code", element.get("value")), element.get("system", "")
    if not isinstance(code, str) or not isinstance(system, str) or not code:
        return ()
    return (_key(parameter, "" if system in CONTACT_SYSTEMS else system, code),)


def parse(parameter: SearchParameter, written: str, asking: Asking) -> Criterion:
    """Takes: `code` (any system), `system|code`, `|code` (no system), `system|` (any code)."""
    first, *rest = split(written, "|")
    code = unescape("|".join(rest)) if rest else unescape(first)
    system = unescape(first) if rest else None
    if not code and not system:
        raise InvalidRequest("a code to search for is missing", parameter.name)
    if parameter.name == "_id":
        return IdIs(code)
    if system and system == parameter.system:
        system = None
    if system is None and not code:
        raise InvalidRequest("a code to search for is missing", parameter.name)
    if system is None:
        return _in_any_system(parameter, code)
    key = _key(parameter, system, code)
    return TokenIs(parameter.index, key.system, key.code or None)


def _in_any_system(parameter: SearchParameter, code: str) -> Criterion:
    plain = TokenIs(parameter.index, None, _key(parameter, "", code).code)
    upper = code.upper()
    if not parameter.literal or upper == code:
        return plain
    return AnyOf((plain, TokenIs(parameter.index, HSA_ID, upper)))


def _key(parameter: SearchParameter, system: str, code: str) -> TokenKey:
    """Normal form: codes without case, identifiers with it; the two systems of HSA-ids are one, and its ids have no case."""
    if system in (HSA_ID, HSA_ID_OF_BASE_PROFILES):
        return TokenKey(HSA_ID, code.upper())
    return TokenKey(system, code if parameter.literal else code.casefold())


TOKEN = ParameterKind(name="token", keys=keys, parse=parse)
