"""Somebody pulls the plug: the hub is killed at a random moment, while it answers. No byte left without its entry being there."""

import os
import random
import signal
import socket
import threading
import time

import pytest

from bench import requests, server
from bench.load import load
from bench.site import site
from hub.checkpoint_keys import load as signing_keys
from hub.checkpointing import Checkpoints
from hub.checkpoints import read_all
from hub.store.audit_check import verify_all
from hub.store.audit_reading import every, heads
from hub.store.database import Database

KILLS = int(os.environ.get("HUB_KILLS", "5"))
CONNECTIONS = 8
FIRST = 10
"""Answers before the plug may be pulled."""


def _free() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


@pytest.fixture
def place(tmp_path):
    held = site(tmp_path / "site", _free())
    database = Database(f"sqlite:///{held.folder / 'hub.db'}")
    load(database, held.keys, 8, lambda _: None)
    yield held, database
    database.close()


def _ask(port: int, wires: list[bytes], chance: random.Random, answered: list[str]) -> None:
    """Send requests on one connection until it breaks; note the ids of the requests of which a first byte has come."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            while True:
                connection.sendall(chance.choice(wires))
                head = b""
                while b"\r\n\r\n" not in head:
                    more = connection.recv(65536)
                    if not more:
                        return
                    head += more
                fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n\r\n")[0].split(b"\r\n")[1:])
                answered.append(fields[b"x-request-id"].decode())
                left = int(fields[b"content-length"]) - len(head.split(b"\r\n\r\n", 1)[1])
                while left > 0:
                    more = connection.recv(65536)
                    if not more:
                        return
                    left -= len(more)
    except OSError:
        return


@pytest.mark.timeout(3600)
def test_whatever_reached_a_client_is_in_the_log_however_often_the_hub_is_killed(place):
    held, database = place
    chance = random.Random(9)
    asked = [*requests.reads(held, 8, 20), *requests.searches(held, 8, 20), *requests.creates(held, 8, 20, 8)]
    wires = [each.wire for each in asked]
    answered: list[str] = []
    for _ in range(KILLS):
        running = server.start(held)
        threads = [
            threading.Thread(target=_ask, args=(running.port, wires, random.Random(chance.random()), answered))
            for _ in range(CONNECTIONS)
        ]
        for each in threads:
            each.start()
        before, until = len(answered), time.monotonic() + 60
        while len(answered) < before + FIRST and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(chance.random() * 0.4)
        os.kill(running.process.pid, signal.SIGKILL)
        running.process.wait()
        for each in threads:
            each.join()
        [head] = heads(database.reader())
        logged = {entry.content.get("request") for entry in every(database.reader(), head.size)}
        assert set(answered) <= logged, "an answer left without its entry"
        row = read_all(Checkpoints(held.settings.checkpoint_file, held.folder).notes(), signing_keys(held.folder).keys)
        found = verify_all(database.reader(), row)
        assert (found.fault, found.entries) == ("", head.size)
    assert len(answered) >= FIRST * KILLS
