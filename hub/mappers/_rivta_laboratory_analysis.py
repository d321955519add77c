"""Analyses of a laboratory report as Observations: panels, several results, and analyses beneath a result. MAPPING 3."""

from dataclasses import dataclass, field
from typing import NamedTuple

from hub.fhir.canonical import EXTENSION
from hub.fhir.identifiers import Identifier
from hub.fhir.resource import Resource, reference
from hub.mappers import Keyed
from hub.mappers._rivta import Header, contained
from hub.mappers._rivta_access import actor
from hub.mappers._rivta_laboratory_result import RESULT_TYPE, interpretations, reference_range, value_of
from hub.mappers._rivta_laboratory_specimen import specimen
from hub.mappers._rivta_laboratory_status import absent, status_of, together
from hub.mappers._rivta_types import (
    business_identifier,
    concept,
    extension,
    flag,
    identifier,
    local,
    stamped,
    time,
    written,
)
from hub.mappers._tracked import Node

DEPTH = 10
"""Levels of analyses beneath a result that are read."""
NPU = {"1.2.752.108.1.1": "urn:oid:1.2.752.108.1"}
CATEGORY = [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]}]


@dataclass(slots=True)
class Collected:
    """What reading the analyses of one report gathers; it changes, so that a specimen told of twice is made once."""

    header: Header
    report: str
    """Status of the report."""
    specimens: dict[Identifier, Resource] = field(default_factory=dict)
    observations: list[Keyed] = field(default_factory=list)
    agents: list[tuple[str, Resource]] = field(default_factory=list)
    """For Provenance: who has seen a result."""
    names: dict[str, int] = field(default_factory=dict)

    def key(self, path: str) -> Identifier:
        """The key of an observation; a path that comes again (no identifier, the same code) is numbered."""
        again = self.names[path] = self.names.get(path, 0) + 1
        return self.header.child(path if again == 1 else f"{path}~{again}")


class _Sampled(NamedTuple):
    """The specimens of an analysis, which those beneath it inherit."""

    keys: tuple[Identifier, ...]
    effective: Resource


_NOT_SAMPLED = _Sampled((), {})


def group(node: Node, into: Collected) -> list[Resource]:
    """Read a group of analyses; gives References to its panel, or to its analyses where it is none."""
    name, comment = node.one("name").value, node.one("comment").value
    code = concept(node.one("code"), NPU)
    if not name and not code:
        notes = (comment,) if comment else ()
        return [_refer(_analysis(held, "", _NOT_SAMPLED, into, 0, notes)) for held in node.all("analysis")]
    path = f"group-{_name(code) or name}"
    key = into.key(path)
    members = [_analysis(held, f"{path}/", _NOT_SAMPLED, into, 0) for held in node.all("analysis")]
    said = {
        "status": together([member.resource["status"] for member in members]),
        "category": CATEGORY,
        "code": (code or {}) | ({"text": name} if name else {}),
        "subject": into.header.subject,
        **_effective(members),
        "note": [{"text": comment}] if comment else None,
        "hasMember": [_refer(member) for member in members],
    }
    panel = into.header.start("Observation") | {element: value for element, value in said.items() if value}
    into.observations.append(Keyed(key, panel))
    return [_refer(into.observations[-1])]


def _analysis(node: Node, path: str, above: _Sampled, into: Collected, depth: int, notes: tuple[str, ...] = ()) -> Keyed:
    """One analysis and all beneath it; gives its own observation."""
    sampled = _sampled(node, into) or above
    number, results = business_identifier(node.one("identifier")), node.all("result")
    code = concept(node.one("code"), NPU) or {"text": "uppgift saknas"}
    taken = node.one("specimen", "timestamp").peek()
    own = number.value if number else f"{_name(code)}{'@' if taken else ''}{taken}"
    path = own if number and not depth else path + own
    key, status = into.key(path), status_of(node.one("status"), into.report, bool(results))
    issued = local(node.one("timestamp"))
    base = {
        "status": status,
        "category": CATEGORY,
        "code": code,
        "subject": into.header.subject,
        **sampled.effective,
        **(issued.element("issued") if issued else {}),
        "specimen": _refer_to("Specimen", sampled.keys[0]) if sampled.keys else None,
    }
    said = base | _own(node, number, notes)
    if len(results) == 1:
        said = _joined(said, _outcome(results[0], said, path, sampled, into, depth, is_lone=True))
    elif results:
        parts = [_part(result, base, f"{path}/result", sampled, into, depth) for result in results]
        said["hasMember"] = [_refer(part) for part in parts]
    else:
        said["dataAbsentReason"] = absent(status)
    return _keep(key, said, into)


def _own(node: Node, number: Identifier | None, notes: tuple[str, ...]) -> Resource:
    """What belongs to the analysis, not to each of its results."""
    accredited, comment = flag(node.one("accredited")), node.one("comment").value
    devices = [found for held in node.all("device") if (found := identifier(held.one("identifier")))]
    extensions = [extension("accredited", "Boolean", accredited)] if accredited is not None else []
    extensions += [extension("device", "Identifier", device) for device in devices[1:]]
    return {
        "extension": extensions,
        "identifier": [written(number)] if number else None,
        "method": concept(node.one("method")),
        "device": {"identifier": devices[0]} if devices else None,
        "note": [{"text": text} for text in (*notes, comment) if text],
    }


def _part(node: Node, base: Resource, path: str, sampled: _Sampled, into: Collected, depth: int) -> Keyed:
    """One of several results, as an observation of its own."""
    kind = concept(node.one("type"), NPU)
    path = f"{path}-{_name(kind)}" if kind else path
    key = into.key(path)
    made = _outcome(node, base, path, sampled, into, depth, is_lone=False)
    return _keep(key, _joined(base | ({"code": kind} if kind else {}), made), into)


def _outcome(node: Node, base: Resource, path: str, sampled: _Sampled, into: Collected, depth: int, *, is_lone: bool) -> Resource:
    """Value, flags, range, signatures and what is beneath one result."""
    value, comment = value_of(node.one("value")), node.one("comment").value
    kind = concept(node.one("type"), NPU) if is_lone else None
    signature = node.one("performerSignature")
    performer, signed = actor(signature, "performer"), stamped(f"{EXTENSION}/performer-signed", signature.one("timestamp"))
    seen, who = seen_by(node.one("recipientSignature"), into)
    extensions: list[Resource] = [{"url": RESULT_TYPE, "valueCodeableConcept": kind}] if kind else []
    ranges = reference_range(node.one("reference"))
    return {
        "contained": [role for role in (performer, who) if role],
        "extension": [*extensions, *signed, *seen],
        "note": [{"text": comment}] if comment else [],
        "performer": [contained(performer)] if performer else None,
        "interpretation": interpretations(node),
        "referenceRange": [ranges] if ranges else None,
        "hasMember": _beneath(node, path, sampled, into, depth),
        **value,
        "dataAbsentReason": None if value else absent(base["status"]),
    }


def _beneath(node: Node, path: str, sampled: _Sampled, into: Collected, depth: int) -> list[Resource]:
    held = node.all("related")
    if held and depth >= DEPTH:
        for related in held:
            related.refuse(f"deeper than {DEPTH} levels of analyses")
        return []
    return [_refer(_analysis(related, f"{path}/", sampled, into, depth + 1)) for related in held]


def seen_by(node: Node, into: Collected) -> tuple[list[Resource], Resource | None]:
    """Who at the recipient has signed for having seen it (vidimering): an extension, and the role to be contained."""
    if not node:
        return [], None
    who = actor(node, "recipient")
    if who and "practitioner" in who:
        into.agents.append(("attester", who["practitioner"]))
    parts: list[Resource] = [{"url": "who", "valueReference": contained(who)}] * bool(who)
    parts += stamped("when", node.one("timestamp"))
    return [{"url": f"{EXTENSION}/recipient-signature", "extension": parts}] if parts else [], who


def _sampled(node: Node, into: Collected) -> _Sampled | None:
    """The specimens that an analysis names itself; None: it names none, and inherits."""
    held = node.all("specimen")
    if not held:
        return None
    keys = []
    for each in held:
        key, made = specimen(each, into.header)
        into.specimens[key] = made | into.specimens.get(key, {})
        keys.append(key)
    return _Sampled(tuple(keys), time("effectiveDateTime", held[0].one("timestamp")))


def _effective(members: list[Keyed]) -> Resource:
    """When the specimens of a panel were taken: one time, or none where they differ."""
    times = [member.resource.get("effectiveDateTime") for member in members]
    if not times or times[0] is None or any(other != times[0] for other in times):
        return {}
    first = members[0].resource
    return {name: first[name] for name in ("effectiveDateTime", "_effectiveDateTime") if name in first}


def _joined(own: Resource, more: Resource) -> Resource:
    """An analysis with its one result: lists add up."""
    lists = {name: [*own[name], *value] for name, value in more.items() if isinstance(value, list) and own.get(name)}
    return {**own, **more, **lists}


def _keep(key: Identifier, said: Resource, into: Collected) -> Keyed:
    elements = {name: value for name, value in said.items() if value}
    roles = elements.pop("contained", [])
    own = [*into.header.extensions, *elements.pop("extension", [])]
    made = {**into.header.start("Observation", *roles), **({"extension": own} if own else {}), **elements}
    into.observations.append(Keyed(key, made))
    return into.observations[-1]


def _name(code: Resource | None) -> str:
    """A code in short, for keys."""
    coding = ((code or {}).get("coding") or [{}])[0]
    return str(coding.get("code") or (code or {}).get("text", ""))


def _refer(made: Keyed) -> Resource:
    return _refer_to("Observation", made.key)


def _refer_to(resource_type: str, key: Identifier) -> Resource:
    return reference(resource_type, key.system, key.value)
