"""What a resource says of itself that a consent may turn on: its labels and what it refers to, as its search keys have them."""

from hub.fhir.custody import Said
from hub.fhir.index import keys_of, parts
from hub.fhir.index_keys import PRESENT, ReferenceKey, TokenKey
from hub.fhir.resource import Resource

LABELS = "_security"
"""The name that the keys of security labels are kept under."""


def said(resource: Resource) -> Said:
    """The facts of one resource, from its content."""
    kind = resource["resourceType"]
    alone, together = parts(kind, tuple(resource))
    found = [keys_of(kind, {name: resource[name]}, together=False) for name in alone]
    found += [keys_of(kind, {name: resource[name] for name in names}, together=True) for names in together]
    keys = [each for its in found for each in its.items()]
    return Said(
        type=kind,
        id=resource["id"],
        references=frozenset((name, key.target) for name, its in keys for key in its if isinstance(key, ReferenceKey)),
        untold=frozenset(name.removesuffix(PRESENT) for name, _ in keys if name.endswith(PRESENT)),
        labels=frozenset(
            (key.system, key.code) for name, its in keys for key in its if name == LABELS and isinstance(key, TokenKey)
        ),
    )
