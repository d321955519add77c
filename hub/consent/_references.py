"""What data are by what they refer to: who wrote them, in which encounter, what depends on what. Told by search keys.

Some references R4 has no search parameter for: of a type with one of these it is not known, so it lies in no permit, and in every
denial.
"""

from collections.abc import Iterator, Mapping
from functools import cache

from hub.consent.release import Expression, Refers, Untold, all_of, among, any_of, negation
from hub.fhir.elements import definition
from hub.fhir.expression_read import unnarrowed
from hub.fhir.index_plan import kept_under
from hub.fhir.types import TYPES

AUTHORS: Mapping[str, str] = {
    "AllergyIntolerance": "recorder",
    "Communication": "sender",
    "CommunicationRequest": "requester",
    "Composition": "author",
    "Condition": "asserter",
    "DeviceRequest": "requester",
    "DiagnosticReport": "performer",
    "DocumentReference": "author",
    "Flag": "author",
    "Immunization": "performer",
    "List": "source",
    "MedicationAdministration": "performer",
    "MedicationDispense": "performer",
    "MedicationRequest": "requester",
    "MedicationStatement": "source",
    "Observation": "performer",
    "Procedure": "performer",
    "QuestionnaireResponse": "author",
    "ServiceRequest": "requester",
    "Specimen": "collector",
    "Task": "requester",
}
"""The search parameter that finds who wrote it: R4's FiveWs.author, and where there is none, who did or said it."""
_WRITER_UNKNOWN = frozenset(("Condition", "Procedure"))
"""Their `recorder`, which is FiveWs.author, has no search parameter."""
WITHIN: Mapping[str, frozenset[str]] = {
    "CarePlan": frozenset(("basedOn", "partOf", "replaces")),
    "Encounter": frozenset(("encounter", "context", "partOf")),
    "EpisodeOfCare": frozenset(("encounter", "context", "episodeOfCare")),
}
"""The elements by which something lies within one of these (FiveWs.context)."""
Keys = tuple[tuple[str, str], ...]


def written_by(authors: tuple[str, ...], surely: bool) -> Expression:
    """Resources that one of these wrote. One of which some author is not named by reference may be anybody's."""
    keys = _author_keys()
    found = Refers(keys, authors)
    if surely:
        return found
    told = among("type", AUTHORS.keys() - _WRITER_UNKNOWN)
    return any_of(found, Untold(keys), negation(all_of(told, Refers(keys, ()))))


def is_masked(author: str) -> bool:
    """Whether the records of patients with protected identity do not refer to such an author (`hub.fhir.masking`)."""
    return author.partition("/")[0] in ("Organization", "Practitioner", "PractitionerRole")


def instances(references: tuple[str, ...]) -> Expression:
    """These resources."""
    return among("literal", references)


def around(references: tuple[str, ...], surely: bool, within: bool) -> Expression:
    """These resources, and those that refer to one of them; with `within` only those that lie within it."""
    found: list[Expression] = [instances(references)]
    for kind in sorted({each.partition("/")[0] for each in references}):
        its = tuple(each for each in references if each.startswith(f"{kind}/"))
        keys, untold = _pointing(kind, WITHIN[kind] if within else None)
        found += [Refers(keys, its)] if keys else []
        found += [] if surely else [among("type", untold)]
    return any_of(*found)


@cache
def _author_keys() -> Keys:
    return tuple((kind, name) for kind, each in AUTHORS.items() for name in kept_under(kind, TYPES[kind].named[each].index))


@cache
def _pointing(target: str, elements: frozenset[str] | None) -> tuple[Keys, tuple[str, ...]]:
    """By which keys a type is referred to, of elements of these names; and the types of which some such element has no key."""
    keys: dict[tuple[str, str], None] = {}
    untold = []
    for kind, held in TYPES.items():
        if held.shared:
            continue
        keyed = set()
        for each in held.search:
            paths = unnarrowed(each.expression) if each.kind == "reference" else ()
            keyed |= {path.removeprefix(f"{kind}.") for path in paths}
            named = elements is None or any(path.rpartition(".")[2] in elements for path in paths)
            if paths and named and (not each.targets or target in each.targets):
                keys |= {(kind, name): None for name in kept_under(kind, each.index)}
        if any(path not in keyed for path in _references(kind, "", target, elements)):
            untold.append(kind)
    return tuple(keys), tuple(untold)


def _references(kind: str, before: str, target: str, names: frozenset[str] | None, above: tuple[str, ...] = ()) -> Iterator[str]:
    """The paths of the elements of a type that may refer to a target."""
    for each in definition(kind).elements:
        path = before + each.name
        for of in each.types:
            wanted = (names is None or each.name in names) and (not each.targets or target in each.targets)
            if of == "Reference":
                yield from [path] if wanted else []
            elif of[0].isupper() and of not in (*above, *_APART):
                yield from _references(of, f"{path}.", target, names, (*above, kind, of))


_APART = ("Extension", "Identifier", "Meta", "Annotation", "Signature", "Resource", "Narrative")
"""Types of elements that refer to nothing that the resource is about."""
