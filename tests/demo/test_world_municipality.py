"""The municipality's files: their columns, charsets, and that nobody sees half of one."""

import csv
import io
from pathlib import Path

from hub.demo.municipality.files import PLAN_COLUMNS, TEAM_COLUMNS, drop
from hub.demo.world import organisations as o
from hub.demo.world.model import CarePlan, CareTeam, World


def rows(path: Path, encoding: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(encoding), newline=""), delimiter=";"))


def test_the_plan_file_holds_every_plan_in_utf_8_with_a_byte_order_mark(world: World, tmp_path: Path) -> None:
    path, _ = drop(world, tmp_path)
    assert path.name == "vardplaner_2026-11-21.csv"
    assert path.read_bytes().startswith(b"\xef\xbb\xbf" + ";".join(PLAN_COLUMNS).encode() + b"\r\n")
    held = {f.key: f for f in world.held if isinstance(f, CarePlan) and f.custody.system == o.MUNICIPALITY}
    found = rows(path, "utf-8-sig")
    assert {row["plan_id"] for row in found} == held.keys()
    for row in found:
        plan = held[row["plan_id"]]
        assert (row["personnummer"], row["titel"], row["enhet_hsaid"]) == (plan.person, plan.title, plan.custody.unit)
        assert tuple(row["mal"].split(" | ")) == plan.goals
        assert row["slut"] == (plan.end.isoformat() if plan.end else "")


def test_the_team_file_holds_every_member_in_latin_1(world: World, tmp_path: Path) -> None:
    _, path = drop(world, tmp_path)
    held = [f for f in world.held if isinstance(f, CareTeam) and f.custody.system == o.MUNICIPALITY]
    found = rows(path, "iso-8859-1")
    assert list(found[0]) == list(TEAM_COLUMNS)
    assert len(found) == sum(len(team.members) for team in held)
    assert {row["team_namn"] for row in found} == {team.name for team in held}
    assert "Kontaktperson" in {row["medlem_roll"] for row in found}


def test_what_is_withdrawn_is_gone_and_no_half_file_is_left_behind(world: World, tmp_path: Path) -> None:
    before, _ = drop(world, tmp_path)
    all_plans = rows(before, "utf-8-sig")
    after, _ = drop(world, tmp_path, without=frozenset(["GP-0931"]))
    assert before == after
    assert {row["plan_id"] for row in all_plans} - {row["plan_id"] for row in rows(after, "utf-8-sig")} == {"GP-0931"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["vardplaner_2026-11-21.csv", "vardteam_2026-11-21.csv"]
