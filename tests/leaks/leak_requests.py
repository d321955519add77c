"""Requests by which a record leaks, made from templates: each family with the rows of LEAKS.md whose channel it is.

`OBS`, `ENC`, `CON`, `DOC` stand for the id of some entry of a type, seen or withheld; `NEVER` for one of nothing, `VERSION` for
the version of some entry; `PATIENT`, `CODE`, `DAY`, `WORD`, `NUMBER` for what their names say, `BESIDE` for a word by which
entries are spoken of where others refer to them.
"""

import itertools
import json
import random
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.leaks.twins import CALLERS, CODES, ENTRIES, Asked, Entry, World, entries

OF = {"OBS": "Observation", "ENC": "Encounter", "CON": "Condition", "DOC": "DocumentReference"}
FILTERS: Mapping[str, tuple[set[int], tuple[str, ...]]] = {
    "plain": ({1}, ("", "&code=CODE", "&date=geDAY", "&date=ltDAY", "&status=amended", "&identifier=urn:x|NUMBER")),
    "id": ({13, 32}, ("&_id=NEVER", "&_id=OBS", "&_id=OBS,OBS,NEVER")),
    "chain": (
        {4},
        (
            *("&has-member:Observation.code=CODE", "&has-member:Observation.status:not=amended", "&subject:Patient.name=person"),
            *("&has-member:Observation.has-member:Observation.status=final", "&has-member.identifier=urn:x|NUMBER"),
        ),
    ),
    "reverse": (
        {5},
        (
            *("&_has:Observation:has-member:code=CODE", "&_has:DiagnosticReport:result:status=amended"),
            "&_has:Observation:has-member:has-member:Observation.status=final",
        ),
    ),
    "complement": (
        {6},
        (
            *("&status:not=amended", "&has-member:missing=true", "&has-member:missing=false", "&code:not=CODE"),
            *(
                "&_filter=status ne final or has-member.status eq amended",
                "&_filter=not (has-member[status eq amended].code pr true)",
            ),
        ),
    ),
    "text": ({11}, ("&_content=WORD", "&_content=NOT WORD", "&code:text=WORD", "&_content=BESIDE")),
    "reference": (
        {10},
        (
            *("&has-member=Observation/OBS", "&encounter=Encounter/ENC", "&has-member=Observation/NEVER", "&encounter=ENC,NEVER"),
            *("&has-member:identifier=urn:x|NUMBER", "&encounter:identifier=urn:x|", "&has-member:Observation=OBS"),
            *("&encounter:missing=true", "&_filter=encounter pr true and not (has-member re Observation/OBS)"),
        ),
    ),
    "label": ({37}, ("&_security=http://terminology.hl7.org/CodeSystem/v3-Confidentiality|R", "&_tag=x")),
}
RESULTS: Mapping[str, tuple[set[int], tuple[str, ...]]] = {
    "whole": ({1}, ("",)),
    "total": ({2}, ("&_summary=count", "&_total=accurate&_count=1", "&_count=0", "&_total=none&_count=2")),
    "pages": ({3}, ("&_count=1", "&_count=3", "&_sort=-_lastUpdated&_count=2")),
    "sort": (
        {7},
        ("&_sort=code", "&_sort=-status,_id&_count=3", "&_sort=has-member&_count=2", "&_sort=-encounter,_id", "&_sort=_id"),
    ),
    "include": (
        {8},
        (
            *("&_include=Observation:has-member", "&_include=*&_count=2", "&_revinclude=Observation:has-member"),
            *("&_revinclude=*", "&_revinclude:iterate=Observation:has-member&_include:iterate=Observation:has-member&_count=1"),
        ),
    ),
    "shape": ({9}, ("&_elements=status", "&_summary=true", "&_summary=text")),
}
PATHS: Mapping[str, tuple[set[int], tuple[str, ...]]] = {
    "others": (
        {1, 4, 5},
        (
            *(
                "/fhir/Encounter?patient=PATIENT&diagnosis:Condition.code=CODE",
                "/fhir/Condition?patient=PATIENT&_sort=-onset-date",
            ),
            *("/fhir/Condition?patient=PATIENT&encounter.status=finished", "/fhir/MedicationRequest?patient=PATIENT&_include=*"),
            *("/fhir/DiagnosticReport?patient=PATIENT&result.code=CODE&_summary=count", "/fhir/CarePlan?patient=PATIENT"),
            *("/fhir/Encounter?patient=PATIENT&diagnosis=Condition/CON", "/fhir/Encounter?patient=PATIENT&_elements=diagnosis"),
            "/fhir/DocumentReference?patient=PATIENT&relationship=replaces$DocumentReference/DOC",
            *("/fhir/Encounter?patient=PATIENT&diagnosis:missing=false", "/fhir/MedicationRequest?patient=PATIENT"),
        ),
    ),
    "compartment": ({1, 8}, ("/fhir/Patient/PATIENT/Observation", "/fhir/Patient/PATIENT/*?_count=3", "/fhir/Encounter/ENC/*")),
    "several types": (
        {1, 8},
        (
            "/fhir?_type=Observation,Patient&patient=PATIENT&_include=Observation:has-member",
            "/fhir?_type=Observation,Encounter&_id=OBS,ENC",
        ),
    ),
    "person": (
        {31, 34},
        (
            *("/fhir/Patient?_id=PATIENT&_has:Observation:patient:status=amended", "/fhir/Patient/PATIENT"),
            *("/fhir/Patient?_id=PATIENT&_revinclude=Observation:patient", "/fhir/Patient?link=Patient/PATIENT"),
        ),
    ),
    "unnamed": (
        {1, 3},
        ("/fhir/Observation", "/fhir/Observation?_count=2", "/fhir/Condition?code=CODE", "/fhir/Observation?_id=OBS"),
    ),
    "read": (
        {10, 11, 13},
        ("/fhir/Observation/OBS", "/fhir/Encounter/ENC", "/fhir/Condition/CON", "/fhir/Observation/NEVER", "/fhir/Encounter/OBS"),
    ),
    "versions": (
        {14},
        (
            *(
                "/fhir/Observation/OBS/_history",
                "/fhir/Observation/OBS/_history/VERSION",
                "/fhir/Condition/CON/_history?_count=1",
            ),
            *(
                "/fhir/Observation/_history?_count=2",
                "/fhir/_history?_count=5",
                "/fhir/Observation/_history?_at=2040-11-21T09:00:20Z",
            ),
            "/fhir/Observation/_history?_since=2040-11-21T09:00:30Z",
        ),
    ),
    "operations": (
        {18},
        (
            *("/fhir/Patient/PATIENT/$everything", "/fhir/Patient/PATIENT/$everything?_type=Observation&_count=2"),
            *("/fhir/Patient/PATIENT/$everything?start=2040-10-02&end=DAY", "/fhir/Observation/OBS/$meta"),
        ),
    ),
    "provenance": (
        {29},
        ("/fhir/Provenance?patient=PATIENT", "/fhir/Provenance?target=Observation/OBS", "/fhir/Consent?patient=PATIENT"),
    ),
    "errors": (
        {30},
        ("/fhir/Observation?patient=PATIENT&nonsense=OBS", "/fhir/Observation/OBS/$validate", "/fhir/Observation/OBS/x"),
    ),
    "metadata": ({37}, ("/fhir/metadata", "/access/relations?patient=PATIENT", "/access/consents?patient=PATIENT")),
    "guessed": ({18}, ("/fhir/$export", "/fhir/Patient/PATIENT/$summary")),
}
IF_NONE_MATCH = ("/fhir/Observation/OBS", "/fhir/Condition/CON")
ROWS: dict[str, set[int]] = {
    **{f"{one} and {other}": FILTERS[one][0] | RESULTS[other][0] for one in FILTERS for other in RESULTS},
    **{name: rows for name, (rows, _) in PATHS.items()},
    "conditional read": {15},
    "post": {1, 21},
    "batch": {21},
}
"""Family -> the rows of LEAKS.md that it is a channel of."""


class Requests:
    """Makes requests about what lies in a world, and what would lie there. State: chance."""

    def __init__(self, world: World, versions: Mapping[str, str], seed: int) -> None:
        """`versions`: of each id, the version that is current where it is held."""
        self.world, self.versions = world, versions
        self.chance = random.Random(seed)
        self.held: dict[str, list[Entry]] = {}
        for each in entries():
            self.held.setdefault(each.type, []).append(each)

    def each_once(self, who: str) -> Iterator[Asked]:
        """One request of every template."""
        for (one, (_, filters)), (other, (_, results)) in itertools.product(FILTERS.items(), RESULTS.items()):
            longest = max(len(filters), len(results))
            for mine, its in itertools.islice(zip(itertools.cycle(filters), itertools.cycle(results)), longest):
                yield self._get(f"{one} and {other}", f"/fhir/Observation?patient=PATIENT{mine}{its}", who)
        for name, (_, paths) in PATHS.items():
            for path in paths:
                yield from (self._get(name, path, who) for _ in range(4 if "OBS" in path or "DOC" in path else 1))
        yield from (self._conditional(who), self._post(who), self._batch(who))

    def drawn(self, count: int, shapes: int) -> Iterator[Asked]:
        """So many by chance; of searches so many shapes. What costs the hub most is asked for now and then."""
        searches = [self._shape() for _ in range(shapes)]
        others = [(name, path) for name, (_, paths) in PATHS.items() for path in paths]
        light, heavy = (
            [each for each in searches + others if bool(_HEAVY.search(each[1])) is wanted] for wanted in (False, True)
        )
        makers = (self._conditional, self._post, self._batch)
        for _ in range(count):
            who, which = self.chance.choice(CALLERS), self.chance.random()
            if which < 0.1:
                yield self.chance.choice(makers)(who)
            else:
                yield self._get(*self.chance.choice(heavy if which < 0.15 else light), who=who)

    def _shape(self) -> tuple[str, str]:
        one, other = self.chance.choice(sorted(FILTERS)), self.chance.choice(sorted(RESULTS))
        mine, its = self.chance.choice(FILTERS[one][1]), self.chance.choice(RESULTS[other][1])
        return f"{one} and {other}", f"/fhir/Observation?patient=PATIENT{mine}{its}"

    def _get(self, family: str, path: str, who: str) -> Asked:
        return Asked(family, who, "GET", self._written(path))

    def _conditional(self, who: str) -> Asked:
        path = self._written(self.chance.choice(IF_NONE_MATCH))
        version = self.versions.get(path.rpartition("/")[2], "x")
        return Asked("conditional read", who, "GET", path, (("if-none-match", f'W/"{version}"'),))

    def _post(self, who: str) -> Asked:
        path = "/fhir/Observation?patient=PATIENT" + self.chance.choice(("&code=CODE&_count=2", "&_sort=code", "&date=geDAY"))
        form = self._written(path).partition("?")[2].translate({ord(" "): "%20", ord("|"): "%7C"})
        kind = (("content-type", "application/x-www-form-urlencoded"),)
        return Asked("post", who, "POST", "/fhir/Observation/_search", kind, form)

    def _batch(self, who: str) -> Asked:
        chained = "Observation?patient=PATIENT&_has:Observation:has-member:code=CODE"
        urls = ("Observation/OBS", "Observation?patient=PATIENT&_count=2", "Condition/CON/_history", chained)
        entry: list[Any] = [{"request": {"method": "GET", "url": self._written(each)}} for each in urls]
        return Asked("batch", who, "POST", "/fhir", (), json.dumps({"resourceType": "Bundle", "type": "batch", "entry": entry}))

    def _written(self, template: str) -> str:
        return _NAMES.sub(lambda found: self._value(found[0]), template)

    def _value(self, name: str) -> str:
        if name in OF:
            return self.chance.choice(self.held[OF[name]]).id
        number = self.chance.randrange(ENTRIES)
        return {
            "PATIENT": self.world.patient.id,
            "NEVER": "a" * 26,
            "CODE": CODES[number % 3],
            "DAY": f"2040-10-{number % 28 + 1:02}",
            "WORD": f"word{number}",
            "BESIDE": f"beside{number}",
            "NUMBER": str(number),
            "VERSION": self.chance.choice(["x", *self.versions.values()]),
        }[name]


_HEAVY = re.compile(r"_(?:rev)?include|\*|everything|_history\?|metadata|_type=")
_NAMES = re.compile(r"\b(?:OBS|ENC|CON|DOC|NEVER|PATIENT|CODE|DAY|WORD|BESIDE|NUMBER|VERSION)\b|(?<=[a-z])DAY\b")
