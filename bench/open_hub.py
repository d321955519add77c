"""A hub that lets everything through: what consent costs is what the real one costs more. For the bench alone.

Run as `hub serve` is; the decision is a constant, all else is the hub's own.
"""

import sys
from pathlib import Path

import uvicorn

from hub import config
from hub.app import put_together
from hub.consent.release import TRUE, Outcome, Release, Row
from hub.interactions import view

EVERYTHING = Release((Row(TRUE, Outcome.PERMIT, "R00"),))


def main() -> None:
    held = config.read(Path(sys.argv[sys.argv.index("--config") + 1]), {})
    view.decide = lambda grounds: EVERYTHING  # type: ignore[attr-defined]  # the one place where the decision is made
    running = put_together(held)
    uvicorn.run(running.app, host=held.host, port=held.port, access_log=False, log_config=None, server_header=False)


if __name__ == "__main__":
    main()
