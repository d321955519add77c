"""Reference parameters: what a resource points at, by id, type and id, or URL. http://hl7.org/fhir/R4/search.html#reference"""

import re
from collections.abc import Iterable
from typing import Any

from hub.errors import InvalidRequest
from hub.fhir.comparisons import ReferenceIs
from hub.fhir.index_keys import ReferenceKey
from hub.fhir.parameters import Asking, ParameterKind
from hub.fhir.parameters._escapes import unescape
from hub.fhir.relinked import relative
from hub.fhir.types import TYPES, SearchParameter

ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
"""http://hl7.org/fhir/R4/datatypes.html#id"""
_LOCAL = re.compile(r"([A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?")
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:\S+", re.IGNORECASE)


def target(written: str, base: str = "") -> str | None:
    """The form in which references are compared: `Type/id`, or an absolute URL; both without version.

    Gives: None for what points at nothing outside the resource (`#contained`), or is not resolved yet (`Type?identifier=…`).
    """
    if base:
        written = relative(written, base)
    local = _LOCAL.fullmatch(written)
    if local:
        return local[1]
    return written.split("/_history/")[0] if _ABSOLUTE.fullmatch(written) else None


def keys(parameter: SearchParameter, element: Any) -> Iterable[ReferenceKey]:
    """Takes: Reference, uri, canonical. What a Reference says by identifier is in `hub.fhir.index`."""
    written = element.get("reference") if isinstance(element, dict) else element
    found = target(written) if isinstance(written, str) else None
    if not found:
        return ()
    if "|" not in found:
        return (ReferenceKey(found),)
    return ReferenceKey(found), ReferenceKey(found.partition("|")[0])  # of a canonical with its version


def parse(parameter: SearchParameter, written: str, asking: Asking) -> ReferenceIs:
    """Takes: `id` (of any type that the parameter points at), `Type/id`, or a URL."""
    value = unescape(written)
    if ID.fullmatch(value):
        return ReferenceIs(parameter.index, tuple(f"{name}/{value}" for name in parameter.targets or sorted(TYPES)))
    found = target(value, asking.base)
    if not found:
        raise InvalidRequest("not a reference: an id, Type/id or an absolute URL", parameter.name)
    if parameter.targets and _LOCAL.fullmatch(found) and found.split("/")[0] not in parameter.targets:
        raise InvalidRequest(f"points only at {', '.join(parameter.targets)}", parameter.name)
    return ReferenceIs(parameter.index, (found,))


REFERENCE = ParameterKind(name="reference", keys=keys, parse=parse)
