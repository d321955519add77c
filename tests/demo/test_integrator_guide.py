"""Every line of docs/integrator.md works, in order, against a running demo, and answers what the guide says it answers."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

GUIDE = Path(__file__).parents[2] / "docs" / "integrator.md"
MARK = "@@@@ block"


class Block(NamedTuple):
    """Lines for a shell, and what the guide shows of their output."""

    lines: str
    shown: tuple[str, ...]


def blocks(guide: str) -> list[Block]:
    found: list[Block] = []
    for kind, content in re.findall(r"^```(\w*)\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL):
        match kind:
            case "bash":
                found.append(Block(content, ()))
            case "text":
                assert not found[-1].shown, "an output without lines of its own"
                found[-1] = found[-1]._replace(shown=tuple(content.splitlines()))
            case _:
                pytest.fail(f"a block of another kind: {kind!r}")
    return found


def pattern(line: str) -> "re.Pattern[str]":
    """A line of the guide, in which … stands for anything."""
    return re.compile(".*".join(map(re.escape, line.strip().split("…"))))


def unanswered(shown: tuple[str, ...], output: str) -> str | None:
    """The first shown line that does not come, in its order, as a whole line of the output; None: all do."""
    lines = iter(output.splitlines())
    return next((each for each in shown if not any(pattern(each).fullmatch(line.strip()) for line in lines)), None)


def test_a_shown_line_that_does_not_come_is_found():
    assert unanswered(("a …", "c"), "x\na b\nc\n") is None
    assert unanswered(("c", "a …"), "x\na b\nc\n") == "a …"
    assert unanswered(("15",), "150\n") == "15"


@pytest.mark.timeout(180)
def test_every_line_of_the_guide_works_and_answers_what_it_says(tmp_path, demo_process):
    told = blocks(GUIDE.read_text("utf-8"))
    assert len(told) > 15
    script = "".join(f"echo '{MARK}'\n{each.lines}" for each in told)
    with demo_process(tmp_path) as demo:
        done = demo.run("bash", "-euo", "pipefail", "-c", script, BASE=f"http://127.0.0.1:{demo.port}")
    given = done.stdout.split(f"{MARK}\n")[1:]
    assert done.returncode == 0, f"after: {told[len(given) - 1].lines}\n{given[-1]}\n{done.stderr}"
    for block, output in zip(told, given, strict=True):
        missing = unanswered(block.shown, output)
        assert missing is None, f"{missing!r} is not in the answer to:\n{block.lines}\n{output}"
    assert "Traceback" not in done.stderr
