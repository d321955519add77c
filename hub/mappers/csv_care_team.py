"""A municipality's file of care teams, one row a member: CareTeam. The file is the whole list of all persons.

Columns: personnummer;team_id;team_namn;medlem_hsaid;medlem_namn;medlem_roll;enhet_hsaid;fran;till;uppdaterad.
Times are Swedish local time.
"""

from hub.fhir.identifiers import Identifier, hsa_id
from hub.fhir.resource import Resource
from hub.mappers import Attribution, Entry, Keyed, Mapped, Mapper, Settings, SourceMessage
from hub.mappers._csv import BadRow, Row, Table, table
from hub.mappers._plain import CARE_TEAMS, custody, meta, own_system, span
from hub.mappers._rivta_types import logical, named, written

COLUMNS = (
    *("personnummer", "team_id", "team_namn", "medlem_hsaid", "medlem_namn", "medlem_roll"),
    *("enhet_hsaid", "fran", "till", "uppdaterad"),
)


def read_teams(message: SourceMessage, settings: Settings) -> Mapped:
    """Map a file of care teams.

    Raises: Unmappable: not in its encoding, or columns missing.
    """
    held, rows = table(message.content, settings.encoding, COLUMNS)
    teams: dict[str, list[Row]] = {}
    for row in rows:
        try:
            row.patient("personnummer")
            teams.setdefault(row.demanded("team_id"), []).append(row)
        except BadRow as fault:
            held.refuse(row, fault)
    entries = [entry for name, members in teams.items() if (entry := _team(name, members, held, settings))]
    return Mapped(tuple(entries), issues=tuple(held.issues), complete=held.is_whole, coverage=held.coverage(COLUMNS))


def _team(name: str, rows: list[Row], held: Table, settings: Settings) -> Entry | None:
    """One team; None, with issues, where its rows are of several persons: whose it is cannot be known."""
    patients = {row.patient("personnummer") for row in rows}
    if len(patients) > 1:
        for row in rows:
            held.refuse(row, BadRow("team_id", "the same team of several persons"))
        return None
    (patient,) = patients
    key = Identifier(own_system("csv", settings, "care-team"), name)
    unit = _unit(rows, held, settings)
    updated = [moment for row in rows if (moment := held.moment(row, "uppdaterad"))]
    access = custody(settings, settings.provider, unit, CARE_TEAMS, **span(*updated))
    members = [member for row in rows if (member := _member(row, held))]
    ongoing = any(not row.text("till") for row in rows)
    team = (
        {"resourceType": "CareTeam", "meta": meta(settings, access.released), "identifier": [written(key)]}
        | ({"status": "active"} if ongoing else {})
        | {"name": rows[0].text("team_namn") or "Vårdteam", "subject": logical("Patient", patient)}
        | ({"participant": members} if members else {})
        | ({"managingOrganization": [owner]} if (owner := named("Organization", hsa_id(unit), None)) else {})
    )
    for row in rows:
        held.used(row)
    last = max(updated, key=lambda moment: moment.begins, default=None)
    return Entry(key, patient, access, (Keyed(key, team),), Attribution(written=last.written if last else None))


def _unit(rows: list[Row], held: Table, settings: Settings) -> str | None:
    """The one unit that answers for the team; None, with an issue, where its rows name several or none."""
    units = {hsa_id(row.text("enhet_hsaid") or settings.unit) for row in rows}
    if len(units) == 1 and None not in units:
        return units.pop()
    held.warn(rows[0], "enhet_hsaid", "no unit, or several for one team: withheld until there is one")
    return None


def _member(row: Row, held: Table) -> Resource | None:
    """Who, in what role, from when until when."""
    who = named("Practitioner", hsa_id(row.text("medlem_hsaid")), row.text("medlem_namn") or None)
    role = row.text("medlem_roll")
    if not who and not role:
        held.warn(row, "medlem_namn", "names nobody and no role")
        return None
    start, end = held.moment(row, "fran"), held.moment(row, "till")
    period = (start.element("start") if start else {}) | (end.element("end") if end else {})
    return (
        ({"role": [{"text": role}]} if role else {}) | ({"member": who} if who else {}) | ({"period": period} if period else {})
    )


CSV_CARE_TEAM = Mapper("csv_care_team", "csv-care-team", read_teams, CARE_TEAMS, frozenset({"CareTeam"}))
