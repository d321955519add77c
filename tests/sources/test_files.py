"""The folder watcher: whole files, once, and whatever else lies in a folder."""

import asyncio
import os

import pytest

from hub.config import SourceConfig
from hub.sources import Delivery, Verdict
from hub.sources.files import MAX_BYTES, FolderWatcher, check, mapper_of

PLANS, TEAM = "vardplaner_2026-11-21.csv", "vardteam_2026-11-21.csv"


def config(folder, contracts=("csv_care_plans", "csv_care_team")):
    return SourceConfig(
        name="kommun", title="", kind="files", owner="SE1", system="SE1-V", address=str(folder), contracts=contracts
    )


class Taker:
    def __init__(self, verdict=Verdict.ACCEPTED):
        self.taken = []
        self.verdict = verdict

    async def __call__(self, source, mapper, content, name):
        if isinstance(self.verdict, Exception):
            raise self.verdict
        self.taken.append((source, mapper, content, name))
        return Delivery(self.verdict)


def watcher(folder, taker, notes=None):
    said = [] if notes is None else notes
    return FolderWatcher(
        config(folder), taker, lambda *words, **fields: said.append((words[0], fields["source"], fields.get("error")))
    )


def looks(watching, times, between=lambda number: None):
    async def scenario():
        found = []
        for number in range(times):
            between(number)
            found.append(await watching.look())
        return found

    return asyncio.run(scenario())


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_each_file_is_handed_over_once_to_its_own_mapper_and_moved(tmp_path):
    (tmp_path / TEAM).write_bytes(b"team")
    (tmp_path / PLANS).write_bytes(b"planer")
    taker = Taker()
    assert looks(watcher(tmp_path, taker), 4) == [0, 2, 0, 0]
    assert taker.taken == [("kommun", "csv_care_plans", b"planer", PLANS), ("kommun", "csv_care_team", b"team", TEAM)]
    assert names(tmp_path) == ["done"]
    assert names(tmp_path / "done") == [PLANS, TEAM]


def test_a_file_that_still_grows_is_waited_for(tmp_path):
    taker = Taker()

    def grow(number):
        if number < 3:
            with (tmp_path / PLANS).open("ab") as file:
                file.write(b"rad\n")

    assert looks(watcher(tmp_path, taker), 5, grow) == [0, 0, 0, 1, 0]
    assert taker.taken[0][2] == b"rad\n" * 3


def test_files_being_written_and_folders_and_links_are_not_looked_at(tmp_path):
    (tmp_path / f".{PLANS}.part").write_bytes(b"x")
    (tmp_path / f"{PLANS}.part").write_bytes(b"x")
    (tmp_path / "arkiv").mkdir()
    (tmp_path / "hemligt.txt").write_bytes(b"x")
    os.symlink(tmp_path / "hemligt.txt", tmp_path / TEAM)
    taker = Taker()
    looks(watcher(tmp_path, taker), 3)
    assert [name for *_, name in taker.taken] == ["hemligt.txt"]


@pytest.mark.parametrize("verdict", [Verdict.ERROR, Verdict.REJECTED])
def test_a_file_with_faults_goes_to_the_problems(tmp_path, verdict):
    (tmp_path / PLANS).write_bytes(b"fel")
    looks(watcher(tmp_path, Taker(verdict)), 2)
    assert names(tmp_path / "problems") == [PLANS]


def test_a_file_that_could_not_be_stored_stays_and_is_tried_again(tmp_path):
    (tmp_path / PLANS).write_bytes(b"planer")
    taker, notes = Taker(RuntimeError("19500907-2553")), []
    watching = watcher(tmp_path, taker, notes)

    def recover(number):
        if number == 3:
            taker.verdict = Verdict.ACCEPTED

    assert looks(watching, 5, recover) == [0, 0, 0, 1, 0]
    assert notes == [("a file could not be taken", "kommun", "RuntimeError")]
    assert names(tmp_path / "done") == [PLANS]


def test_a_file_that_cannot_be_moved_is_still_handed_over_only_once(tmp_path):
    (tmp_path / PLANS).write_bytes(b"planer")
    (tmp_path / "done").write_bytes(b"in the way")
    taker, notes = Taker(), []
    looks(watcher(tmp_path, taker, notes), 5)
    assert [name for *_, name in taker.taken if name == PLANS] == [PLANS]
    assert ("a file could not be taken", "kommun", "FileExistsError") in notes


def test_the_same_name_another_day_is_handed_over_again_and_both_are_kept(tmp_path):
    (tmp_path / PLANS).write_bytes(b"1")
    taker = Taker()

    def again(number):
        if number == 2:
            (tmp_path / PLANS).write_bytes(b"2")

    looks(watcher(tmp_path, taker), 5, again)
    assert [content for _, _, content, _ in taker.taken] == [b"1", b"2"]
    assert len(names(tmp_path / "done")) == 2


def test_a_file_that_is_too_large_is_put_aside_and_noted(tmp_path):
    with (tmp_path / PLANS).open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    taker, notes = Taker(), []
    looks(watcher(tmp_path, taker, notes), 2)
    assert taker.taken == []
    assert notes == [("a file is larger than the hub reads", "kommun", None)]
    assert names(tmp_path / "problems") == [PLANS]


def test_the_watcher_lives_through_a_folder_that_is_not_there_yet(tmp_path):
    folder, taker, notes = tmp_path / "delat", Taker(), []

    async def scenario():
        said = lambda *words, **fields: notes.append((words[0], fields["error"]))  # noqa: E731
        watching = FolderWatcher(config(folder), taker, said, every=0.02)
        await watching.start()
        await asyncio.sleep(0.1)
        folder.mkdir()
        (folder / PLANS).write_bytes(b"planer")
        await asyncio.sleep(0.3)
        await watching.aclose()

    asyncio.run(scenario())
    assert notes == [("the folder cannot be read", "FileNotFoundError")]
    assert len(taker.taken) == 1


@pytest.mark.parametrize(
    ("name", "contracts", "mapper"),
    [
        (PLANS, ("csv_care_plans", "csv_care_team"), "csv_care_plans"),
        ("VARDTEAM_x.csv", ("csv_care_plans", "csv_care_team"), "csv_care_team"),
        ("annat.csv", ("csv_care_team",), "csv_care_team"),
        (TEAM, ("csv_care_plans",), "csv_care_plans"),
        (PLANS, (), "csv_care_plans"),
    ],
)
def test_a_name_tells_the_mapper_among_the_contracts(tmp_path, name, contracts, mapper):
    assert mapper_of(name, config(tmp_path, contracts)) == mapper


def test_the_check_tells_of_the_folder_and_of_the_last_file(tmp_path):
    async def steps(folder):
        return [(step.name, step.passed) async for step in check(config(folder))]

    assert asyncio.run(steps(tmp_path / "x")) == [("folder", False)]
    assert asyncio.run(steps(tmp_path)) == [("folder", True), ("access", True), ("last file", False)]
    (tmp_path / PLANS).write_bytes(b"planer")
    looks(watcher(tmp_path, Taker()), 2)
    assert asyncio.run(steps(tmp_path))[-1] == ("last file", True)
    (tmp_path / TEAM).write_bytes(b"team")
    looks(watcher(tmp_path, Taker(Verdict.ERROR)), 2)
    assert asyncio.run(steps(tmp_path))[-1] == ("last file", False)
