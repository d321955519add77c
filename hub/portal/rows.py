"""Plans, teams and contacts as rows: what is read, when, from whom."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.fhir.resource import Resource
from hub.interactions.overview import Part, Row
from hub.portal.badges import Badge, Sources
from hub.portal.language import Words
from hub.portal.values import first_text, moment, text_of, when

MOST = 12
"""Rows of contacts on the overview."""
SHOWN = 4
"""Paragraphs of a plan, conclusions, and findings that stand open; the rest is folded."""
CONTACTS = {"AMB": "visit", "VR": "remote", "EMER": "emergency", "IMP": "inpatient", "ACUTE": "inpatient", "HH": "home"}
"""Class of an Encounter (v3-ActCode) -> a word of our own."""
_GONE = ("entered-in-error", "cancelled", "revoked")
STATES = {"completed": "plans.over", "draft": "plans.draft", "on-hold": "plans.on-hold"}
"""Status of a CarePlan that readers are told of -> a message id."""
_NO_GOAL = ("entered-in-error", "cancelled", "rejected")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of a list: `title` in bold, `detail` beside it, `paragraphs` beneath."""

    title: str
    badge: Badge
    detail: str = ""
    day: str = ""
    time: str = ""
    stamp: str = ""
    """Machine-readable time."""
    paragraphs: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    """Paragraphs that are folded."""
    tag: str = ""


def plans(part: Part, sources: Sources, words: Words) -> list[Line]:
    """Care plans with their goals, the newest first; those that are over last, then goals that are of no plan."""
    rows = [row for row in part.of("CarePlan") if row.resource.get("status") not in _GONE]
    rows.sort(key=lambda row: _stamp(_planned(row.resource)), reverse=True)
    rows.sort(key=lambda row: row.resource.get("status") == "completed")
    goals = {f"Goal/{row.resource.get('id')}": row for row in part.of("Goal")}
    placed = {str(each.get("reference", "")) for row in part.of("CarePlan") for each in row.resource.get("goal", ())}
    alone = [
        Line(title=said, badge=sources.badge(row))
        for name, row in goals.items()
        if name not in placed
        for said in _said([row.resource], words)
    ]
    return [*(_plan(row, goals, sources, words) for row in rows), *alone]


def _plan(row: Row, goals: Mapping[str, Row], sources: Sources, words: Words) -> Line:
    plan, begun = row.resource, _planned(row.resource)
    kind = first_text(plan.get("category"))
    title = str(plan.get("title") or kind or words("plans.unnamed"))
    said = [kind] if kind and kind.casefold() not in title.casefold() else []
    said += [words("plans.made", day=when(begun, words))] if begun else []
    described = [line for line in str(plan.get("description", "")).split("\n") if line.strip() not in ("", title, kind)]
    contained = [each for each in plan.get("contained", ()) if each.get("resourceType") == "Goal"]
    referred = [goals[name].resource for each in plan.get("goal", ()) if (name := str(each.get("reference", ""))) in goals]
    paragraphs = [*described, *_said([*contained, *referred], words), *_activities(plan)]
    status = STATES.get(str(plan.get("status", "")), "")
    return Line(
        title=title,
        badge=sources.badge(row),
        detail=", ".join(said),
        paragraphs=tuple(paragraphs[:SHOWN]),
        more=tuple(paragraphs[SHOWN:]),
        tag=words(status) if status else "",
    )


def _planned(plan: Resource) -> Any:
    return plan.get("created") or plan.get("period", {}).get("start")


def _said(goals: Iterable[Resource], words: Words) -> list[str]:
    said = (text_of(goal.get("description")) for goal in goals if goal.get("lifecycleStatus") not in _NO_GOAL)
    return [words("plans.goal", goal=each) for each in said if each]


def _activities(plan: Resource) -> list[str]:
    details = [each.get("detail", {}) for each in plan.get("activity", ())]
    return [said for each in details if (said := str(each.get("description") or text_of(each.get("code"))))]


def team(part: Part, sources: Sources, words: Words, now: datetime) -> list[Line]:
    """The members of every team now; somebody named in several stands once a source and role."""
    lines: dict[tuple[str, str, str], Line] = {}
    for row in part.of("CareTeam"):
        if row.resource.get("status") in (*_GONE, "inactive"):
            continue
        badge = sources.badge(row)
        for member in row.resource.get("participant", ()):
            left = moment(member.get("period", {}).get("end"))
            if left is not None and left.date() < now.astimezone(left.tzinfo).date():
                continue
            name = sources.name(member.get("member"), row.resource) or words("team.unnamed")
            role = first_text(member.get("role"))
            unit = sources.name(member.get("onBehalfOf"), row.resource)
            detail = ", ".join(part for part in (role, unit) if part and part != name)
            team_name = str(row.resource.get("name", ""))
            lines.setdefault(
                (name, detail, badge.title),
                Line(title=name, badge=badge, detail=detail, paragraphs=(team_name,) if team_name else ()),
            )
    return list(lines.values())


def contacts(part: Part, sources: Sources, words: Words) -> list[Line]:
    """Contacts with care, the newest first."""
    rows = [row for row in part.of("Encounter") if row.resource.get("status") not in _GONE]
    rows.sort(key=lambda row: _stamp(_period(row.resource).get("start") or _period(row.resource).get("end")), reverse=True)
    lines = []
    for row in rows:
        contact, period = row.resource, _period(row.resource)
        kind = CONTACTS.get(str(contact.get("class", {}).get("code", "")), "")
        own = first_text(contact.get("type"))
        reason = first_text(contact.get("reasonCode"))
        place = sources.name(contact.get("serviceProvider"), contact)
        lines.append(
            Line(
                title=own or (words(f"contact.{kind}") if kind else words("contact.other")),
                badge=sources.badge(row),
                detail=", ".join(each for each in (reason, place) if each),
                day=_span(period, words),
                stamp=str(period.get("start") or period.get("end") or ""),
                tag=words(f"contact.{status}") if (status := contact.get("status")) in ("in-progress", "planned") else "",
            )
        )
    return lines


def _period(contact: Resource) -> dict[str, Any]:
    held: dict[str, Any] = contact.get("period", {})
    return held


def _span(period: dict[str, Any], words: Words) -> str:
    start, end = when(period.get("start"), words), when(period.get("end"), words)
    return start if start == end or not end else f"{start}–{end}" if start else words("contact.until", day=end)


def _stamp(written: Any) -> float:
    found = moment(written)
    return found.timestamp() if found else 0.0
