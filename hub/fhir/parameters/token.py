"""Token parameters: a code or identifier, with or without its system. http://hl7.org/fhir/R4/search.html#token"""

from collections.abc import Iterable, Iterator
from typing import Any

from hub.errors import InvalidRequest, NotSupported
from hub.fhir.comparisons import IdIs, TextIs, TokenAmong, TokenIs
from hub.fhir.criteria import AnyOf, Criterion
from hub.fhir.identifiers import HSA_ID, HSA_ID_OF_BASE_PROFILES
from hub.fhir.index_keys import OF_TYPE, TEXT, Key, StringKey, TokenKey
from hub.fhir.parameters import Asking, ParameterKind
from hub.fhir.parameters._escapes import split, unescape
from hub.fhir.parameters.string import compare, normal
from hub.fhir.types import SearchParameter

CONTACT_SYSTEMS = frozenset(("phone", "fax", "email", "pager", "url", "sms", "other"))
"""ContactPoint.system is a use, not a namespace: its keys have no system."""
_BESIDE = frozenset(("type", "text", "display", "coding"))
"""Elements that hold what is written beside a code or an identifier."""


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


def more(parameter: SearchParameter, element: Any) -> list[tuple[str, Key]]:
    """What is written beside a code, as a text; an identifier with the types that it has."""
    if not isinstance(element, dict) or _BESIDE.isdisjoint(element):
        return []
    kinds = element.get("type")
    texts = [normal(text) for text in _texts(element, kinds) if isinstance(text, str)]
    found: list[tuple[str, Key]] = [(TEXT, StringKey(text)) for text in texts if text]
    if isinstance(kinds, dict) and isinstance(element.get("value"), str):
        for coding in _codings(kinds):
            if coding.get("code"):
                found.append((OF_TYPE, TokenKey(f"{coding.get('system', '')}|{coding['code']}", element["value"])))
    return found


def _texts(element: dict[str, Any], kinds: Any) -> Iterator[Any]:
    yield element.get("text")
    yield element.get("display")
    if isinstance(kinds, dict):
        yield kinds.get("text")
    for coding in _codings(element):
        yield coding.get("display")


def _codings(element: dict[str, Any]) -> list[dict[str, Any]]:
    held = element.get("coding")
    return [each for each in held if isinstance(each, dict)] if isinstance(held, list) else []


def text(parameter: SearchParameter, written: str, asking: Asking) -> TextIs:
    found = compare(parameter, written, "starts")
    return TextIs(parameter.index + TEXT, found.way, found.value)


def of_type(parameter: SearchParameter, written: str, asking: Asking) -> TokenIs:
    """Takes: `system|code|value`: of the identifier's type, and its value."""
    parts = [unescape(each) for each in split(written, "|")]
    if len(parts) != 3 or not all(parts):
        raise InvalidRequest("an identifier with its type is written system|code|value", parameter.name)
    system, code, value = parts
    return TokenIs(parameter.index + OF_TYPE, f"{system}|{code}", value)


def among(parameter: SearchParameter, written: str, asking: Asking) -> TokenAmong:
    """Takes: the URL of a value set."""
    codes = asking.terminology.value_set(unescape(written))
    if codes is None:
        raise NotSupported("the value set is not loaded here, or not all that it is made of", parameter.name)
    return _among(parameter, codes)


def below(parameter: SearchParameter, written: str, asking: Asking) -> TokenAmong:
    """The code and what it subsumes."""
    return _related(parameter, written, asking, down=True)


def above(parameter: SearchParameter, written: str, asking: Asking) -> TokenAmong:
    """The code and what subsumes it."""
    return _related(parameter, written, asking, down=False)


def _related(parameter: SearchParameter, written: str, asking: Asking, down: bool) -> TokenAmong:
    first, *rest = split(written, "|")
    system, code = (unescape(first), unescape("|".join(rest))) if rest else (parameter.system, unescape(first))
    if not system or not code:
        raise InvalidRequest("a code is written with its system: system|code", parameter.name)
    codes = asking.terminology.related(system, code, down)
    if codes is None:
        raise NotSupported("the code system is not loaded here, or the code is none of it", parameter.name)
    return _among(parameter, codes)


def _among(parameter: SearchParameter, codes: Iterable[tuple[str, str]]) -> TokenAmong:
    made = (_key(parameter, "" if system == parameter.system else system, code) for system, code in codes)
    return TokenAmong(parameter.index, tuple(dict.fromkeys(made)))


TOKEN = ParameterKind(
    name="token",
    keys=keys,
    parse=parse,
    more=more,
    modifiers={"text": text, "of-type": of_type, "in": among, "below": below, "above": above},
)
