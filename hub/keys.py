"""The hub's secret keys: one file in the data folder, made once, never rotated silently.

identity: ids and patient keys are keyed hashes with it, so losing it orphans every id.
cursor: encrypts page cursors and sessions.
"""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "hub-keys.json"


@dataclass(frozen=True, slots=True)
class Keys:
    """Two keys of 32 bytes."""

    identity: bytes
    cursor: bytes


def load(folder: Path) -> Keys:
    """The keys in `folder`.

    Raises: FileNotFoundError: none were made there; ValueError: the file is not ours.
    """
    held = json.loads((folder / FILE).read_text("ascii"))
    keys = Keys(bytes.fromhex(held["identity"]), bytes.fromhex(held["cursor"]))
    if len(keys.identity) != 32 or len(keys.cursor) != 32:
        raise ValueError(f"{FILE}: a key does not have 32 bytes")
    return keys


def create(folder: Path) -> Keys:
    """Make keys in `folder`, readable by the owner alone, as is the folder if it is made here.

    Raises: FileExistsError: there are keys already; they are never replaced.
    """
    folder.mkdir(0o700, parents=True, exist_ok=True)
    keys = Keys(secrets.token_bytes(32), secrets.token_bytes(32))
    handle = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump({name: value.hex() for name, value in asdict(keys).items()}, file)
    return keys
