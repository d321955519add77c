"""What an operator looks at from another terminal: sources, messages and log of a hub that runs."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hub.cli import main

Hub = Callable[..., Result]


@pytest.fixture(scope="module")
def demo(tmp_path_factory, demo_process) -> Iterator[object]:
    with demo_process(tmp_path_factory.mktemp("demo")) as running:
        yield running
        assert running.end() == 0


@pytest.fixture
def hub(demo, monkeypatch) -> Hub:
    """Runs a command as if typed in the demo's folder. Its exit code must be as said, and nothing may be raised."""
    monkeypatch.chdir(demo.folder)
    monkeypatch.setenv("HUB_PORT", str(demo.port))

    def run(*arguments: str, code: int = 0) -> Result:
        done = CliRunner().invoke(main, list(arguments))
        assert done.exit_code == code, done.output
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    return run


def ids(told: str) -> list[str]:
    return re.findall(r"│ ([0-9a-f]{12}) ", told)


def test_sources_are_listed_by_name(hub):
    told = hub("source", "list").stdout
    for name in ("region-norrdal", "region-vastvik", "norrdal-hospital", "hjartgarden", "akerby", "population-register"):
        assert f" {name} " in told


@pytest.mark.parametrize("name", ["region-norrdal", "region-vastvik", "hjartgarden", "population-register", "akerby"])
def test_a_source_that_works_passes_every_step(hub, name):
    told = hub("source", "check", name).stdout
    assert "ok " in told
    assert "FAIL" not in told


@pytest.mark.parametrize(("name", "kind"), [("region-vastvik", "html"), ("region-norrdal", "fault"), ("hjartgarden", "error")])
def test_a_source_that_misbehaves_fails_a_step_and_says_what_to_do(hub, name, kind):
    hub("demo", "trouble", name, kind)
    try:
        told = hub("source", "check", name, code=1).stdout
    finally:
        hub("demo", "mend", name)
    assert "FAIL" in told
    assert "→" in told
    assert "FAIL" not in hub("source", "check", name).stdout


def test_what_lacks_custody_is_kept_shown_and_tried_again(hub):
    hub_token = hub("token", "lakare-vastvik")
    assert hub_token.stdout.count(".") == 2
    everything, withheld = ids(hub("message", "list", "--all").stdout), ids(hub("message", "list", "--withheld").stdout)
    assert everything
    assert set(withheld) <= set(everything)
    told = hub("message", "show", everything[0]).stdout
    assert everything[0] in told
    content = hub("message", "show", everything[0], "--content").stdout_bytes
    assert content.startswith((b"MSH", b"<", b"{")) or b";" in content
    assert '"status": "' in hub("message", "retry", everything[0]).stdout


def test_the_log_is_listed_and_holds(hub):
    assert "register-relation" in hub("audit", "list", "--count", "300").stdout
    assert hub("audit", "list", "--json", "--count", "3").stdout.count("\n") == 3
    assert hub("audit", "verify").stdout.startswith("unbroken: ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("source", "check", "no-such"), "hub source list"),
        (("source", "check", "region-norrdal", "--patient", "196101182804"), "not a personal number"),
        (("message", "show", "ffffffffffff"), "no message has that id"),
        (("message", "retry", "ffffffffffff"), "no message has that id"),
        (("token", "no-such"), "no persona no-such"),
        (("demo", "trouble", "akerby", "hang"), "region-norrdal"),
        (("demo", "trouble", "region-norrdal", "explode"), "truncated"),
        (("demo", "mend", "no-such"), "region-norrdal"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_not_there_is_said_in_one_line(hub, arguments, said):
    done = hub(*arguments, code=1)
    assert re.fullmatch(r"hub: [^\n]+\n", done.stderr), done.stderr
    assert said in done.stderr
    assert "196101182804" not in done.stderr
    assert Path("var").is_dir()
