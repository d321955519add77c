"""FHIR R4 from another server: each resource keeps its exact JSON; only its references and its custody become ours.

Takes a searchset or collection Bundle, or a batch-response of such pages as `hub.sources.fhir_rest` binds them.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from hub.errors import Issue, Unmappable
from hub.fhir.compiled import compiled
from hub.fhir.custody import Custody
from hub.fhir.identifiers import HSA_ID, Identifier, hsa_id
from hub.fhir.resource import Resource
from hub.fhir.swedish_time import Moment, from_dashes, from_digits
from hub.mappers import Attribution, Coverage, Entry, Keyed, Mapped, Mapper, Settings, SourceMessage
from hub.mappers._fhir_bundle import DIRECTORY_TYPES, Contents, Found, Terms, Unusable, hsa_of, patient_of, read
from hub.mappers._plain import APPOINTMENTS, CARE_PLANS, CARE_TEAMS, LABORATORY, NOPATIENT, OBSERVATIONS, custody, span

INFO_TYPES = {
    "CarePlan": CARE_PLANS,
    "Goal": CARE_PLANS,
    "CareTeam": CARE_TEAMS,
    "Appointment": APPOINTMENTS,
    "Observation": OBSERVATIONS,
}
"""The types that are taken; laboratory results have an information type of their own."""
TIMES = {
    "CarePlan": ("created",),
    "Goal": ("statusDate",),
    "Appointment": ("start", "end"),
    "Observation": ("effectiveDateTime", "effectiveInstant", "effectivePeriod.start", "effectivePeriod.end"),
}
"""Elements whose time is compared with a block's period; without them it is when the source last changed the record."""
AUTHORS = {"CarePlan": "author", "Observation": "performer", "Goal": "expressedBy"}
PROVENANCE_ROLES = ("custodian", "author")
NOT_OURS = "the population register says who a person is"
KEPT = {
    "Patient": NOT_OURS,
    "RelatedPerson": NOT_OURS,
    "Provenance": "read for custody",
    "OperationOutcome": "concerns the sending of the answer",
    **dict.fromkeys(DIRECTORY_TYPES, "read for its identifier and name; the directory knows it"),
}
KNOWN = frozenset(
    (
        *("AllergyIntolerance", "Communication", "Condition", "Consent", "DiagnosticReport", "DocumentReference", "Encounter"),
        *("Flag", "ImagingStudy", "Immunization", "List", "Medication", "MedicationAdministration", "MedicationDispense"),
        *("MedicationRequest", "MedicationStatement", "Procedure", "QuestionnaireResponse", "ServiceRequest", "Specimen", "Task"),
    )
)
"""Types that a report may name; whatever else a server calls its resources is not repeated."""
OWN_META = ("versionId", "lastUpdated", "source")


def read_bundle(message: SourceMessage, settings: Settings) -> Mapped:
    """Map a Bundle.

    Raises: Unmappable: not a Bundle, or nothing but the server's refusal.
    """
    contents, issues = read(message.content)
    if contents.found and all(each.name.startswith("OperationOutcome/") for each in contents.found):
        raise Unmappable("nothing but an OperationOutcome", "Bundle")
    provenances = _provenances(contents)
    entries: dict[Identifier, Entry] = {}
    count: Counter[str] = Counter()
    unmapped: Counter[str] = Counter()
    kept: dict[str, str] = {}
    for found in contents.found:
        kind = found.name.partition("/")[0]
        if kind not in INFO_TYPES:
            kept |= {kind: KEPT[kind]} if kind in KEPT else {}
            unmapped[kind if kind in KNOWN else "another type"] += kind not in KEPT
            continue
        try:
            entry = _entry(found, contents, settings, provenances.get(found.name), message.asked)
        except Unusable as fault:
            issues.append(Issue(found.place, str(fault), "error"))
            kept[kind] = "a resource that could not be used"
            continue
        if entries.get(entry.key, entry) != entry:
            issues.append(Issue(found.place, "the same resource twice, and not alike: the later one is used"))
        entries[entry.key] = entry
        count["mapped"] += _leaves(found.resource)
    whole = contents.complete and not any(issue.severity == "error" for issue in issues)
    coverage = Coverage(count["mapped"], kept, {kind: times for kind, times in unmapped.items() if times})
    return Mapped(tuple(entries.values()), issues=tuple(issues), complete=whole, coverage=coverage)


def _entry(found: Found, contents: Contents, settings: Settings, provenance: Resource | None, asked: Identifier | None) -> Entry:
    """Raises: Unusable: no patient that can be known, or rules that must be understood and are not."""
    source = found.resource
    if "implicitRules" in source:
        raise Unusable("has implicitRules, which must be understood")
    patient = patient_of(source, contents, asked)
    system = f"urn:hub:fhir:{settings.source}"
    key = Identifier(system, found.name)
    held = _custody(found, contents, settings, provenance)
    terms = Terms(contents, frozenset(INFO_TYPES), system, patient, asked)
    resource = {name: terms.rewritten(value) for name, value in source.items() if name not in ("id", "meta")}
    resource["meta"] = _meta(source, settings, held)
    return Entry(key, patient, held, (Keyed(key, resource),), _attribution(resource, source, provenance))


def _meta(source: Resource, settings: Settings, held: Custody) -> Resource:
    """Profiles, labels and tags as they were; who it comes from, and NOPATIENT unless it is known to be released, are ours."""
    given = source.get("meta") if isinstance(source.get("meta"), dict) else {}
    kept = {name: value for name, value in (given or {}).items() if name not in OWN_META}
    labels = list(compiled("security")(given))
    if not held.released and not any(_is_nopatient(label) for label in labels):
        labels.append(NOPATIENT)
    return kept | {"source": f"{HSA_ID}#{settings.system}"} | ({"security": labels} if labels else {})


def _is_nopatient(label: Any) -> bool:
    return isinstance(label, dict) and label.get("code") == NOPATIENT["code"]


def _custody(found: Found, contents: Contents, settings: Settings, provenance: Resource | None) -> Custody:
    """Provider and unit as a Provenance says; where it does not say, as the configuration does."""
    source = found.resource
    custodians, authors = (_agents(provenance, role, contents) for role in PROVENANCE_ROLES)
    provider = custodians[0] if custodians else hsa_id(settings.provider)
    at_owner = provider == hsa_id(settings.provider)
    unit = authors[0] if authors else hsa_id(settings.unit) if at_owner else None
    facts = span(*_moments(source, provenance))
    if any(_is_nopatient(label) for label in compiled("meta.security")(source)):
        facts["released"] = False
    if source.get("status") == "entered-in-error":
        facts["nullified"] = True
    return custody(settings, provider, unit, _info_type(source), **facts)


def _agents(provenance: Resource | None, role: str, contents: Contents) -> list[str | None]:
    """HSA-ids of the organizations that a Provenance names in this role; None for one that it does not name by HSA-id.

    A person is no organization: the one that they act for is.
    """
    found: list[str | None] = []
    for agent in compiled("agent")(provenance or {}):
        if isinstance(agent, dict) and role in compiled("type.coding.code")(agent):
            organization = agent.get("onBehalfOf") or agent.get("who")
            if role == "custodian" or contents.kind_of(organization) == "Organization":
                found.append(hsa_of(organization, contents))
    return found


def _provenances(contents: Contents) -> Mapping[str, Resource]:
    """name -> the Provenance that tells of it; of several the last."""
    found: dict[str, Resource] = {}
    for each in contents.found:
        if each.name.startswith("Provenance/"):
            for literal in compiled("target.reference")(each.resource):
                name = contents.name_of(literal) if isinstance(literal, str) else None
                found |= {name: each.resource} if name else {}
    return found


def _info_type(source: Resource) -> str:
    kind = source["resourceType"]
    if kind == "Observation" and "laboratory" in compiled("category.coding.code")(source):
        return LABORATORY
    return INFO_TYPES[kind]


def _moments(source: Resource, provenance: Resource | None) -> list[Moment]:
    paths = TIMES.get(source["resourceType"], ())
    changed = [*compiled("meta.lastUpdated")(source), *compiled("recorded")(provenance or {})]
    found = [moment for path in paths for written in compiled(path)(source) if (moment := _moment(written))]
    return found or [moment for written in changed if (moment := _moment(written))][:1]


def _moment(written: Any) -> Moment | None:
    """A FHIR date, dateTime or instant; one that is none says nothing."""
    if not isinstance(written, str):
        return None
    try:
        return from_dashes(written) if len(written) > 7 else from_digits(written.replace("-", ""))
    except ValueError:
        return None


def _attribution(resource: Resource, source: Resource, provenance: Resource | None) -> Attribution:
    """Who wrote it, and when it was recorded, as the resource or its Provenance says."""
    people = [each for each in compiled(AUTHORS.get(source["resourceType"], "author"))(resource) if isinstance(each, dict)]
    named = [each for each in people if "identifier" in each or "display" in each]
    times = [*compiled("recorded")(provenance or {}), *compiled("issued")(source), *compiled("created")(source)]
    times += compiled("meta.lastUpdated")(source)
    written = next((moment.written for each in times if (moment := _moment(each))), None)
    return Attribution(author=named[0] if named else None, written=written)


def _leaves(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(_leaves, value.values()))
    return sum(map(_leaves, value)) if isinstance(value, list) else 1


FHIR_R4 = Mapper(
    name="fhir_r4",
    family="fhir-r4",
    map=read_bundle,
    gives=frozenset({"CarePlan", "CareTeam", "Appointment", "Observation"}),
    passes_on=True,
)
