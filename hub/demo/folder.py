"""Where the demo on a port keeps what it needs while it runs, and whether one does."""

import os
import socket
from collections.abc import Mapping
from pathlib import Path

from hub import config as configuration
from hub.config import Config

PORT = 8000
LOOPBACK = "127.0.0.1"
ROOT = Path("var")


class NotRunning(Exception):
    """No demo runs on the port; the text says what to do about it."""


def port_of(environment: Mapping[str, str] = os.environ) -> int:
    """HUB_PORT, or 8000.

    Raises: ValueError: HUB_PORT is not a port.
    """
    written = environment.get("HUB_PORT") or str(PORT)
    if not (written.isascii() and written.isdigit() and 0 < int(written) < 65536):
        raise ValueError("HUB_PORT is not a port number")
    return int(written)


def folder_of(port: int) -> Path:
    """The folder of the demo on this port: database, keys, configuration and log; removed when the demo ends."""
    return ROOT / f"demo-{port}"


def configuration_file(port: int) -> Path:
    """Its `hub.toml`. Raises: NotRunning."""
    path = folder_of(port) / "hub.toml"
    if path.is_file() and answers(port):
        return path
    others = [found for found in _ports() if found != port and answers(found)]
    if others:
        raise NotRunning(f"no demo runs here on port {port}, but one on {others[0]}: set HUB_PORT={others[0]}")
    raise NotRunning(f"no demo runs here on port {port}: start it with `hub demo`, in this folder")


def running(port: int) -> Config:
    """The configuration of the demo that runs on this port. Raises: NotRunning."""
    return configuration.read(configuration_file(port), {})


def answers(port: int) -> bool:
    """Whether anybody listens on a loopback port."""
    with socket.socket() as trial:
        trial.settimeout(2)
        return trial.connect_ex((LOOPBACK, port)) == 0


def _ports() -> list[int]:
    names = (path.parent.name.removeprefix("demo-") for path in ROOT.glob("demo-*/hub.toml"))
    return sorted(int(name) for name in names if name.isdigit())
