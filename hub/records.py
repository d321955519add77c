"""A mapped entry as it is deposited: references resolved, a protected person's places taken out, judged, with its Provenance."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hub.config import SourceConfig
from hub.directory import Directory
from hub.errors import Issue
from hub.fhir.custody import Custody
from hub.fhir.encoded import Encoded, encoded
from hub.fhir.identifiers import Identifier
from hub.fhir.identity import Ids, logical_id, rid
from hub.fhir.masking import without_places
from hub.fhir.provenance import provenance
from hub.fhir.resource import Resource
from hub.fhir.types import TYPES
from hub.mappers import Entry, Keyed
from hub.references import Resolve, resolved, resolver, settled
from hub.store.deposit import Record
from hub.store.patients import Facts
from hub.store.values import instant

Judge = Callable[[Resource, Mapping[str, bytes]], Sequence[Issue]]
NUL = b"\\u0000"
FOREIGN = "a care provider that the source is not configured to hold data of: withheld until `providers` names it"


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes records of one source's entries about one patient."""

    key: bytes
    directory: Directory
    source: SourceConfig
    family: str
    patient_id: str
    facts: Facts
    judge: Judge
    """What finds fault with a resource: both judges with what others wrote as FHIR, our own with what our mappers make."""

    def record(self, entry: Entry, held: Mapping[int, str]) -> tuple[Record | None, tuple[Issue, ...]]:
        """The record of an entry, and what is wrong with it. None: nothing of it may be kept.

        Takes: `held`: digests of the records that are there, by number: what was judged before is not judged again.
        """
        number = entry_number(self.key, self.source.name, self.family, entry.key)
        named, twice = self._named(entry)
        resolve = resolver(entry.patient, self.patient_id, {at: id for at, (id, _) in named.items()}, self.directory, self.key)
        met: dict[bytes, tuple[Any, bytes]] = {}
        made = [self._clean(settled(each.resource | {"id": id}, resolve, met)) for id, each in named.values()]
        custody = bounded(placed(entry.custody, self.directory), self.source)
        issues = (*twice, *_unbelieved(entry.custody, self.source))
        whole = self._whole(number, entry, custody, made, resolve)
        if held.get(number) == whole.digest:
            return whole, issues
        faults = [list(_faults(each, self.judge)) for each in made]
        good = [each for each, its in zip(made, faults, strict=True) if not its]
        issues = (*issues, *(fault for its in faults for fault in its))
        if not good:
            return None, issues
        return (whole if len(good) == len(made) else self._whole(number, entry, custody, good, resolve)), issues

    def _named(self, entry: Entry) -> tuple[dict[tuple[str, Identifier], tuple[str, Keyed]], tuple[Issue, ...]]:
        """The resources of an entry with their ids; of two with one key the first."""
        found: dict[tuple[str, Identifier], tuple[str, Keyed]] = {}
        twice = []
        of_parts: dict[str, Ids] = {}
        for each in entry.resources:
            kind, key = at = (each.resource["resourceType"], each.key)
            if at in found:
                twice.append(Issue(kind, "told twice in one record: the first is used", "error", "duplicate"))
            elif key == entry.key:
                found[at] = (logical_id(self.key, kind, self.source.name, self.family, str(key)), each)
            else:  # a part belongs to its record alone: two may both hold one specimen, under different custody
                if kind not in of_parts:
                    of_parts[kind] = Ids(self.key, kind, self.source.name, self.family, str(entry.key))
                found[at] = (of_parts[kind].of(str(key)), each)
        return found, tuple(twice)

    def _clean(self, given: Encoded) -> Encoded:
        return encoded(without_places(given.resource)) if self.facts.protected else given

    def _whole(self, number: int, entry: Entry, custody: Custody, made: Sequence[Encoded], resolve: Resolve) -> Record:
        origin = self._provenance(entry, custody, [each.resource for each in made], resolve)
        return Record(number, self.family, custody, (*made, self._clean(encoded(origin))))

    def _provenance(self, entry: Entry, custody: Custody, made: Sequence[Resource], resolve: Resolve) -> Resource:
        told, key, at = entry.attribution, self.key, (self.source.name, self.family, str(entry.key))
        written = provenance(
            targets=[f"{each['resourceType']}/{each['id']}" for each in made],
            custody=custody,
            names=dict(_names(custody, self.directory)),
            recorded=instant(0),
            written=told.written,
            author=resolved(told.author, resolve) if told.author else None,
            verifier=resolved(told.verifier, resolve) if told.verifier else None,
            signed=told.signed,
            others=[(code, who) for code, each in told.others if (who := resolved(each, resolve))],
            message=Identifier(f"urn:hub:message:{self.source.name}", logical_id(key, "message", *at)),
        )
        unsigned = {name: value for name, value in written.items() if name != "recorded" or told.signed}
        return {"id": provenance_id(key, self.source.name, self.family, entry.key)} | unsigned


def entry_number(key: bytes, source: str, family: str, identifier: Identifier) -> int:
    """The number of an entry: the same for the same record of the same source, whatever the contract's version."""
    return rid(key, "entry", f"{source}\0{family}\0{identifier}")


def provenance_id(key: bytes, source: str, family: str, identifier: Identifier) -> str:
    """The id of an entry's Provenance: every entry that came in a message has one, so it is how an entry is found."""
    return logical_id(key, "Provenance", source, family, str(identifier))


def placed(custody: Custody, directory: Directory) -> Custody:
    """Custody as the directory has it: it says what is social care, and a provider that the unit is not of is not believed."""
    provider, unit = _written(custody.provider), _written(custody.unit)
    known = directory.provider_of(unit) if unit else None
    believed = None if known is not None and provider and known != provider else provider
    return replace(custody, provider=believed, unit=unit, social=directory.is_social(unit))


def bounded(custody: Custody, source: SourceConfig) -> Custody:
    """Custody as the configuration lets the source claim it: whose data may lie there is the operator's to say."""
    return custody if custody.provider is None or custody.provider in source.holders else replace(custody, provider=None)


def _unbelieved(custody: Custody, source: SourceConfig) -> Iterator[Issue]:
    if custody.provider and _written(custody.provider) and custody.provider not in source.holders:
        yield Issue("custody.provider", FOREIGN, "warning", "business-rule")


def lacks_custody(record: Record) -> bool:
    """Whether nobody can see a record, since it is not known whose it is."""
    held = record.custody
    return held.regime != "OWN" and not (held.provider and held.unit)


def _written(hsa_id: str | None) -> str | None:
    """An id with a character that no text may hold is no id."""
    return None if hsa_id and "\0" in hsa_id else hsa_id


def _names(custody: Custody, directory: Directory) -> Iterator[tuple[str, str]]:
    provider = directory.providers.get(custody.provider or "")
    unit = directory.units.get(custody.unit or "")
    yield from ((each.hsa_id, each.name) for each in (provider, unit) if each)


def _faults(given: Encoded, judge: Judge) -> Iterator[Issue]:
    kind = given.resource["resourceType"]
    if kind not in TYPES:
        yield Issue(kind, "the hub does not hold this resource type", "error", "not-supported")
        return
    if NUL in given.written:
        yield Issue(kind, "holds a character that no text may hold", "error", "invalid")
    for fault in judge(given.resource, given.elements):
        if fault.severity in ("error", "fatal"):
            yield Issue(f"{kind}: {fault.place}", fault.problem, fault.severity, fault.code)
