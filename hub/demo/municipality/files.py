"""The municipality's two files, each a full list as it stands: a row that is gone is withdrawn.

`vardplaner_<date>.csv`, UTF-8 with a byte order mark:
    personnummer;plan_id;titel;typ;status;start;slut;mal;atgard;enhet_hsaid;ansvarig_hsaid;ansvarig_namn;ansvarig_roll;uppdaterad
`vardteam_<date>.csv`, ISO-8859-1, one row a member:
    personnummer;team_id;team_namn;medlem_hsaid;medlem_namn;medlem_roll;enhet_hsaid;fran;till;uppdaterad

`personnummer` has 12 digits, with a hyphen in the team file. `typ` is a code of KV typ av plan (VP, RP, GP). `status` is
`utkast`, `aktiv`, `avslutad` or `makulerad`. Several goals or measures stand in one cell, ` | ` between them. Dates are
YYYY-MM-DD, `uppdaterad` is Swedish local time YYYY-MM-DD HH:MM. The unit is the HSA-id of the care unit that answers for the row.
"""

import csv
import io
import os
from collections.abc import Iterable
from pathlib import Path

from hub.demo.world.model import CarePlan, CareTeam, World
from hub.demo.world.organisations import MUNICIPALITY

PLAN_COLUMNS = (
    *("personnummer", "plan_id", "titel", "typ", "status", "start", "slut", "mal", "atgard"),
    *("enhet_hsaid", "ansvarig_hsaid", "ansvarig_namn", "ansvarig_roll", "uppdaterad"),
)
TEAM_COLUMNS = (
    *("personnummer", "team_id", "team_namn", "medlem_hsaid", "medlem_namn", "medlem_roll"),
    *("enhet_hsaid", "fran", "till", "uppdaterad"),
)
STATUS = {"draft": "utkast", "active": "aktiv", "completed": "avslutad", "revoked": "makulerad"}
UPDATED = "%Y-%m-%d %H:%M"


def drop(world: World, folder: Path, without: frozenset[str] = frozenset()) -> tuple[Path, Path]:
    """Put today's two files in the folder, each under its name only once it is whole.

    `without` names plans and teams (by key) that are left out, as when they have been withdrawn.
    """
    plans, teams = _plans(world, without), _teams(world, without)
    return (
        _placed(folder / f"vardplaner_{world.today.isoformat()}.csv", plans.encode("utf-8-sig")),
        _placed(folder / f"vardteam_{world.today.isoformat()}.csv", teams.encode("iso-8859-1")),
    )


def _plans(world: World, without: frozenset[str]) -> str:
    rows = []
    for plan in world.held:
        if isinstance(plan, CarePlan) and plan.custody.system == MUNICIPALITY and plan.key not in without:
            author = world.staff[plan.custody.author]
            rows.append(
                (
                    *(plan.person, plan.key, plan.title, plan.kind, STATUS[plan.status], plan.start.isoformat()),
                    *(plan.end.isoformat() if plan.end else "", " | ".join(plan.goals), " | ".join(plan.activities)),
                    *(plan.custody.unit, author.hsa_id, author.name, author.title, plan.custody.time.strftime(UPDATED)),
                )
            )
    return _written(PLAN_COLUMNS, rows)


def _teams(world: World, without: frozenset[str]) -> str:
    rows = []
    for team in world.held:
        if isinstance(team, CareTeam) and team.custody.system == MUNICIPALITY and team.key not in without:
            for member in team.members:
                name = world.staff[member.staff].name if member.staff else member.name
                rows.append(
                    (
                        *(f"{team.person[:8]}-{team.person[8:]}", team.key, team.name, member.staff, name, member.role.text),
                        *(team.custody.unit, member.since.isoformat(), member.until.isoformat() if member.until else ""),
                        team.custody.time.strftime(UPDATED),
                    )
                )
    return _written(TEAM_COLUMNS, rows)


def _written(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _placed(path: Path, content: bytes) -> Path:
    """Write beside, then rename: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    return path
