"""SMART scopes: read, written, and what two sets have in common.

Source: http://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
"""

import re
from collections.abc import Collection, Iterable

from hub.caller import SmartScope
from hub.errors import Forbidden

ORDER = "cruds"
VERSION_1 = {"read": "rs", "write": "cud", "*": "cruds"}
"""Interactions of a SMART v1 scope: http://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-fhir-resources"""

_SCOPE = re.compile(r"(patient|user|system)/(\*|[A-Z][A-Za-z]{1,63})\.((?=[cruds])c?r?u?d?s?|read|write|\*)", re.ASCII)
_WITH_QUERY = re.compile(r"(patient|user|system)/[^ ?]*\?.*", re.ASCII)


def parse(text: str) -> frozenset[SmartScope]:
    """The scopes on data among the words of `text`; other words (`openid`, `launch`, …) grant nothing here.

    Raises: Forbidden: a scope has a query part (`?category=…`), which this hub does not narrow by and must not ignore.
    """
    words = text.split()
    if any(_WITH_QUERY.fullmatch(word) for word in words):
        raise Forbidden("a scope with a query part is not supported", "scope")
    return frozenset(_scope(found) for found in map(_SCOPE.fullmatch, words) if found)


def write(scopes: Iterable[SmartScope]) -> str:
    """The scopes in version 2 writing, in a fixed order."""
    return " ".join(
        sorted(f"{s.context}/{s.resource_type}.{''.join(filter(s.interactions.__contains__, ORDER))}" for s in scopes)
    )


def meet(asked: Collection[SmartScope], held: Collection[SmartScope]) -> frozenset[SmartScope]:
    """What both grant, one scope per context and type."""
    granted: dict[str, dict[str, frozenset[str]]] = {}
    for one in asked:
        for other in (scope for scope in held if scope.context == one.context):
            narrow = _narrower(one.resource_type, other.resource_type)
            types = granted.setdefault(one.context, {})
            types[narrow] = types.get(narrow, frozenset()) | (one.interactions & other.interactions)
    return frozenset(
        SmartScope(context, name, both)  # type: ignore[arg-type]  # a context of `asked`
        for context, types in granted.items()
        for name, both in types.items()
        if name and both
    )


def _scope(found: re.Match[str]) -> SmartScope:
    context, resource_type, written = found.groups()
    return SmartScope(context, resource_type, frozenset(VERSION_1.get(written, written)))  # type: ignore[arg-type]  # the pattern


def _narrower(one: str, other: str) -> str:
    if one == other or other == "*":
        return one
    return other if one == "*" else ""
