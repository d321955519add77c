"""A hub as its operators start it, on a loopback port, and a source system's client that may write there."""

import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub import keys as key_files
from hub import tokens

ISSUER = "http://127.0.0.1/issuer"
OWNER, UNIT = "SE2321990018-P1", "SE2321990018-U1"
WAIT = 30.0
"""Seconds in which the hub must answer."""


@dataclass(frozen=True)
class Served:
    """A running hub: its FHIR base, and a token of the source's client."""

    base: str
    token: str


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    key = tokens.signing_key(tokens.new_pem())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    key_files.create(folder)
    (folder / "jwks.json").write_text(json.dumps({"keys": [dict(key.public)]}), "utf-8")
    (folder / "directory.toml").write_text(_directory(), "utf-8")
    (folder / "hub.toml").write_text(_hub(base, port, folder), "utf-8")
    command = [sys.executable, "-m", "hub.cli", "serve", "--config", str(folder / "hub.toml")]
    with (folder / "hub.log").open("ab") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            _await(port, process)
            yield Served(f"{base}/fhir", _token(base, key))
        finally:
            process.terminate()


def _directory() -> str:
    return f"""
[[provider]]
hsa_id = "{OWNER}"
name = "Region Ett"
kind = "region"

[[unit]]
hsa_id = "{UNIT}"
name = "Vårdcentralen Aspen"
provider = "{OWNER}"
"""


def _hub(base: str, port: int, folder: Path) -> str:
    return f"""
[hub]
base_url = "{base}"
port = {port}
data = "{folder}"
directory = "{folder / "directory.toml"}"
rate_per_minute = 1000000

[[issuer]]
issuer = "{ISSUER}"
audience = "{base}/fhir"
jwks_file = "{folder / "jwks.json"}"

[[client]]
client_id = "laboratory"
source = "laboratory"

[[source]]
name = "laboratory"
title = "Laboratoriet"
kind = "fhir"
owner = "{OWNER}"
unit = "{UNIT}"
system = "SE2321990018-SYS"
address = "http://127.0.0.1:9/"
"""


def _token(base: str, key: Any) -> str:
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": f"{base}/fhir", "iat": now, "exp": now + 3600, "jti": "laboratory", "sub": "laboratory"}
    more = {"client_id": "laboratory", "scope": "system/*.cruds", "acr": "http://id.sambi.se/loa/loa3"}
    return tokens.sign(claims | more, key, "at+jwt")


def _await(port: int, process: "subprocess.Popen[bytes]") -> None:
    began = time.monotonic()
    while time.monotonic() - began < WAIT and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/fhir/metadata")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise RuntimeError("the hub does not start")
