"""The server's signing key: one file that only its owner may read, made at the first start."""

import os
import stat
from pathlib import Path

from hub import tokens
from hub.tokens import SigningKey

FILE = "authserver-key.pem"


def load_or_create(folder: Path) -> SigningKey:
    """The key in `folder`, made there if there is none.

    Raises: ValueError: the file is not a P-256 private key, or others than its owner may read it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _load(path)
    with os.fdopen(handle, "wb") as file:
        file.write(tokens.new_pem())
    return _load(path)


def _load(path: Path) -> SigningKey:
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ValueError(f"{FILE}: others than its owner may use the file")
    return tokens.signing_key(path.read_bytes())
