"""A resource put into JSON once, element by element: what is compared, judged, indexed and kept are the same bytes."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from hub.fhir.json import dumps, dumps_each
from hub.fhir.resource import Resource

STAMPED = frozenset(("versionId", "lastUpdated"))
"""What the store writes in `meta`, whatever the giver wrote there."""


class Encoded(NamedTuple):
    """A resource with its JSON."""

    resource: Resource
    elements: Mapping[str, bytes]
    """The JSON of each element, by name, in order."""
    written: bytes
    """The whole, just as `dumps` writes it."""

    @property
    def meta(self) -> bytes:
        """Its `meta` without what the store stamps in it; empty: it has none."""
        meta = self.resource.get("meta")
        if not isinstance(meta, dict) or STAMPED.isdisjoint(meta):
            return self.elements.get("meta", b"")
        return dumps({name: value for name, value in meta.items() if name not in STAMPED})


def encoded(resource: Resource) -> Encoded:
    """Put a resource into JSON."""
    return of_elements(resource, in_json(resource))


def in_json(resource: Resource) -> dict[str, bytes]:
    """The JSON of each element of a resource."""
    return dict(zip(resource, dumps_each(resource.values()), strict=True))


def of_elements(resource: Resource, elements: Mapping[str, bytes]) -> Encoded:
    """A resource whose elements are in JSON already."""
    return Encoded(resource, elements, whole(elements))


def whole(elements: Mapping[str, bytes]) -> bytes:
    """The object of these elements."""
    return _frame(tuple(elements)) % tuple(elements.values())


@lru_cache(1024)
def _frame(names: tuple[str, ...]) -> bytes:
    """An object of these members, a `%b` in place of each value."""
    return b"{" + b",".join([dumps(name).replace(b"%", b"%%") + b":%b" for name in names]) + b"}"
