"""A municipality's file of care plans, one row a plan: CarePlan with its Goals. The file is the whole list of all persons.

Columns: personnummer;plan_id;titel;typ;status;start;slut;mal;atgard;enhet_hsaid;ansvarig_hsaid;ansvarig_namn;ansvarig_roll;
uppdaterad. `mal` and `atgard` hold several with ` | ` between. Times are Swedish local time.
"""

from hub.fhir.identifiers import Identifier
from hub.fhir.resource import Resource
from hub.fhir.swedish_time import Moment
from hub.mappers import Attribution, Entry, Keyed, Mapped, Mapper, Settings, SourceMessage
from hub.mappers._csv import BadRow, Row, Table, table
from hub.mappers._plain import CARE_PLANS, custody, meta, own_system, responsible, span
from hub.mappers._rivta_types import logical, written
from hub.mappers.rivta_care_plans import TYPE_SYSTEMS, TYPES

COLUMNS = (
    *("personnummer", "plan_id", "titel", "typ", "status", "start", "slut", "mal", "atgard"),
    *("enhet_hsaid", "ansvarig_hsaid", "ansvarig_namn", "ansvarig_roll", "uppdaterad"),
)
STATUS = {"utkast": "draft", "aktiv": "active", "pausad": "on-hold", "avslutad": "completed", "makulerad": "revoked"}
ACTIVITY = {"draft": "not-started", "active": "in-progress", "on-hold": "on-hold", "completed": "completed", "revoked": "stopped"}
GOAL = {"draft": "proposed", "active": "active", "on-hold": "on-hold", "completed": "completed", "revoked": "cancelled"}
BETWEEN = " | "


def read_plans(message: SourceMessage, settings: Settings) -> Mapped:
    """Map a file of care plans.

    Raises: Unmappable: not in its encoding, or columns missing.
    """
    held, rows = table(message.content, settings.encoding, COLUMNS)
    found: dict[Identifier, list[tuple[Row, Entry]]] = {}
    for row in rows:
        try:
            entry = _entry(row, held, settings)
        except BadRow as fault:
            held.refuse(row, fault)
        else:
            found.setdefault(entry.key, []).append((row, entry))
    entries = tuple(entry for same in found.values() for entry in _one(same, held))
    return Mapped(entries, issues=tuple(held.issues), complete=held.is_whole, coverage=held.coverage(COLUMNS))


def _one(same: list[tuple[Row, Entry]], held: Table) -> list[Entry]:
    """Of the rows of one plan id the first; none, where they are of several persons: whose it is cannot be known."""
    several = len({entry.patient for _, entry in same}) > 1
    problem = "the same plan of several persons" if several else "the same plan twice: the first one is used"
    for row, _ in same if several else same[1:]:
        held.refuse(row, BadRow("plan_id", problem))
    if several:
        return []
    row, entry = same[0]
    held.used(row)
    return [entry]


def _entry(row: Row, held: Table, settings: Settings) -> Entry:
    """Raises: BadRow: no usable patient or id."""
    patient = row.patient("personnummer")
    key = Identifier(own_system("csv", settings, "care-plans"), row.demanded("plan_id"))
    updated, start, end = (held.moment(row, column) for column in ("uppdaterad", "start", "slut"))
    unit = row.text("enhet_hsaid") or settings.unit
    if not unit:
        held.warn(row, "enhet_hsaid", "no unit: withheld until there is one")
    access = custody(settings, settings.provider, unit, CARE_PLANS, **(span(updated) or span(start)))
    status = STATUS.get(row.text("status").lower(), "unknown")
    if status == "unknown":
        held.warn(row, "status", "not a status of the agreement")
    subject = logical("Patient", patient)
    author = responsible(unit, row.text("ansvarig_hsaid"), row.text("ansvarig_namn"), row.text("ansvarig_roll"))
    begun = {"meta": meta(settings, access.released), "subject": subject}
    goals = _goals(row, key, status, begun)
    plan = (
        {"resourceType": "CarePlan", **begun}
        | ({"contained": [author]} if author else {})
        | {"identifier": [written(key)], "status": status, "intent": "plan", "category": [_category(row, held)]}
        | {"title": row.text("titel") or TYPES.get(row.text("typ"), "Vårdplan")}
        | _period(start, end)
        | ({"author": {"reference": "#author"}} if author else {})
        | ({"goal": [logical("Goal", goal.key) for goal in goals]} if goals else {})
        | _activities(row, status)
    )
    attribution = Attribution(author=(author or {}).get("practitioner"), written=updated.written if updated else None)
    return Entry(key, patient, access, (Keyed(key, plan), *goals), attribution)


def _category(row: Row, held: Table) -> Resource:
    code = row.text("typ").upper()
    if code not in TYPES:
        held.warn(row, "typ", "not a code of KV typ av plan")
        return {"text": row.text("typ") or "Vårdplan"}
    return {"coding": [{"system": system, "code": code, "display": TYPES[code]} for system in TYPE_SYSTEMS], "text": TYPES[code]}


def _period(start: Moment | None, end: Moment | None) -> Resource:
    held = (start.element("start") if start else {}) | (end.element("end") if end else {})
    return {"period": held} if held else {}


def _goals(row: Row, key: Identifier, status: str, begun: Resource) -> list[Keyed]:
    return [
        Keyed(
            Identifier(key.system, f"{key.value}#goal-{number}"),
            {"resourceType": "Goal", **begun, "lifecycleStatus": GOAL.get(status, "active"), "description": {"text": text}},
        )
        for number, text in enumerate(_several(row, "mal"), 1)
    ]


def _activities(row: Row, status: str) -> Resource:
    done = [{"detail": {"status": ACTIVITY.get(status, "unknown"), "description": text}} for text in _several(row, "atgard")]
    return {"activity": done} if done else {}


def _several(row: Row, column: str) -> list[str]:
    return [text.strip() for text in row.text(column).split(BETWEEN) if text.strip()]


CSV_CARE_PLANS = Mapper("csv_care_plans", "csv-care-plans", read_plans, CARE_PLANS, frozenset({"CarePlan", "Goal"}))
