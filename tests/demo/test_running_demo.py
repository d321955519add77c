"""`hub demo` stays until it is asked to end, says where everything is, and leaves nothing behind."""

import json
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from hub.demo.folder import NotRunning, configuration_file, folder_of, port_of
from hub.demo.running import demo
from hub.demo.systems import free_port


def commands(output: str) -> list[str]:
    """The lines that a newcomer copies."""
    return [line for line in output.splitlines() if line.startswith("curl ")]


def is_free(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) != 0


def ports_of(output: str) -> set[int]:
    """Every loopback port that the demo named."""
    found = output.replace("/", " ").replace('"', " ").split()
    return {int(word.rpartition(":")[2]) for word in found if word.startswith("127.0.0.1:")}


def total(answer: "subprocess.CompletedProcess[str]") -> int:
    assert answer.returncode == 0, answer.stderr
    held = json.loads(answer.stdout)
    assert held["resourceType"] == "Bundle", held
    return int(held["total"])


@pytest.mark.timeout(180)
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_printed_lines_work_as_printed_and_an_asked_end_leaves_nothing(tmp_path, demo_process, how):
    with demo_process(tmp_path) as running:
        lines = commands(running.output)
        assert len(lines) == 3
        asked = lines if how == signal.SIGINT else lines[:1]
        assert all(total(running.run("bash", "-c", line)) > 0 for line in asked)
        assert (tmp_path / "var" / f"demo-{running.port}").is_dir()
        assert len(ports_of(running.output)) == 9
        assert running.end(how) == 0
    assert "Stopping" in running.output
    assert "Traceback" not in running.output
    assert "Warning" not in running.output
    assert list((tmp_path / "var").iterdir()) == []
    assert all(map(is_free, ports_of(running.output)))


@pytest.mark.timeout(180)
def test_two_demos_in_one_folder_leave_each_other_alone(tmp_path, demo_process):
    with demo_process(tmp_path) as one, demo_process(tmp_path) as other:
        with demo_process(tmp_path, port=one.port, wait=False) as third:
            assert third.process.wait(60) == 1
        problem = [line for line in third.output.splitlines() if line.startswith("hub: ")]
        assert len(problem) == 1
        assert f":{one.port}" in problem[0]
        assert "HUB_PORT" in problem[0]
        assert "Traceback" not in third.output
        for running in (one, other):
            assert total(running.run("bash", "-c", commands(running.output)[1])) > 0
        elsewhere = free_port()
        lost = one.run(".venv/bin/hub", "token", "lakare-norrdal-1", HUB_PORT=str(elsewhere))
        assert (lost.returncode, lost.stdout) == (1, "")
        assert f"HUB_PORT={min(one.port, other.port)}" in lost.stderr
        assert one.end() == 0
        assert total(other.run("bash", "-c", commands(other.output)[1])) > 0


@pytest.mark.timeout(180)
def test_a_lent_database_is_used_and_given_back_empty(tmp_path, demo_process, empty_database):
    from hub.store.database import Database

    def tables() -> list[str]:
        database = Database(empty_database)
        found = database.reader().exec_driver_sql("SELECT relname FROM pg_class WHERE relname IN ('resource', 'alembic_version')")
        names = [name for (name,) in found]
        database.close()
        return names

    with demo_process(tmp_path, HUB_DATABASE_URL=empty_database) as running:
        assert len(tables()) == 2
        assert not (tmp_path / "var" / f"demo-{running.port}" / "hub.db").exists()
        with demo_process(tmp_path, wait=False, HUB_DATABASE_URL=empty_database) as second:
            assert second.process.wait(60) == 1
        assert "hub: HUB_DATABASE_URL: another demo uses this database" in second.output
        assert total(running.run("bash", "-c", commands(running.output)[1])) > 0
        assert running.run(".venv/bin/hub", "audit", "verify").stdout.startswith("unbroken")
        running.process.kill()
        running.process.wait(20)
    assert len(tables()) == 2
    with demo_process(tmp_path, HUB_DATABASE_URL=empty_database) as running:
        assert running.end() == 0
    assert tables() == []


@pytest.mark.anyio
async def test_a_database_that_holds_a_hub_is_left_as_it_is(tmp_path, database_url):
    with pytest.raises(OSError, match=r"no PostgreSQL database|there is a hub in this database already"):
        async with demo(free_port(), tmp_path / "demo", database_url):
            pytest.fail("it started")
    assert not (tmp_path / "demo").exists()


@pytest.mark.parametrize("written", ["0", "65536", "-1", "http", "８０００", " 8000"])
def test_a_port_that_is_none_is_refused(written):
    with pytest.raises(ValueError, match="HUB_PORT"):
        port_of({"HUB_PORT": written})


def test_the_folder_of_a_demo_that_was_killed_is_not_taken_for_a_running_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    port = free_port()
    folder_of(port).mkdir(parents=True)
    (folder_of(port) / "hub.toml").write_text("")
    with pytest.raises(NotRunning, match="no demo runs here"):
        configuration_file(port)
    with socket.create_server(("127.0.0.1", port)):
        assert configuration_file(port) == Path("var") / f"demo-{port}" / "hub.toml"
