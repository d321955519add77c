"""The keys that checkpoints are signed with: a private file in the data folder, and a public one to be kept elsewhere.

A key that was followed by another still verifies what it signed while it was the one, and nothing later.
"""

import json
import os
import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.checkpoints import Invalid, PublicKey, check_keys, endorsement, public_of

PRIVATE_FILE = "audit-key.json"
PUBLIC_FILE = "audit-keys.json"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The key that signs now, and every public one there was."""

    origin: str
    """The log's name, as its checkpoints begin."""
    private: bytes
    keys: tuple[PublicKey, ...]


def load_or_create(folder: Path, now: int) -> SigningKey:
    """The keys in `folder`, made there if there are none. The public file is put right where a rotation was cut off before it.

    Takes: `now`: microseconds.
    Raises: Invalid: the file is not ours.
    """
    if not (folder / PRIVATE_FILE).exists():
        folder.mkdir(parents=True, exist_ok=True)
        private = secrets.token_bytes(32)
        _write(folder, f"samsyn/{secrets.token_hex(8)}", private, (PublicKey(public_of(private), now, None),))
    held, public = load(folder), folder / PUBLIC_FILE
    shown = public_json(held.origin, held.keys)
    if not public.exists() or public.read_text("ascii") != shown:
        _replace(public, shown)
    return held


def load(folder: Path) -> SigningKey:
    """Raises: FileNotFoundError: none were made there; Invalid: the file is not ours."""
    content = (folder / PRIVATE_FILE).read_text("ascii")
    origin, keys = read_public(content)
    private = bytes.fromhex(json.loads(content)["private"])
    if keys[-1].public != public_of(private) or keys[-1].until is not None:
        raise Invalid(f"{PRIVATE_FILE}: the private key is not the one that is named last")
    return SigningKey(origin, private, keys)


def rotate(folder: Path, now: int) -> SigningKey:
    """Make a key that follows the one there is. The former signs that it does, and then nothing more: it is gone."""
    held = load(folder)
    if now <= held.keys[-1].since:
        raise Invalid("the key is no older than the one that would follow it")
    private = secrets.token_bytes(32)
    public = public_of(private)
    endorsed = Ed25519PrivateKey.from_private_bytes(held.private).sign(endorsement(held.origin, public, now))
    former = replace(held.keys[-1], until=now)
    _write(folder, held.origin, private, (*held.keys[:-1], former, PublicKey(public, now, None, endorsed)))
    return load(folder)


def read_public(content: str) -> tuple[str, tuple[PublicKey, ...]]:
    """The log's name and its keys, oldest first, as the public file has them.

    Raises: Invalid: a key does not follow the one before it.
    """
    try:
        held = json.loads(content)
        keys = tuple(
            PublicKey(bytes.fromhex(row["public"]), row["since"], row["until"], bytes.fromhex(row["endorsed"]))
            for row in held["keys"]
        )
        origin = str(held["origin"])
    except (ValueError, KeyError, TypeError):
        raise Invalid("the file of public keys is not written as one") from None
    if not keys:
        raise Invalid("the file of public keys names none")
    check_keys(origin, keys)
    return origin, keys


def public_json(origin: str, keys: tuple[PublicKey, ...], **more: str) -> str:
    """The inverse of `read_public`."""
    rows = [
        {"public": each.public.hex(), "since": each.since, "until": each.until, "endorsed": each.endorsed.hex()} for each in keys
    ]
    return json.dumps({"origin": origin, "keys": rows, **more}, indent=1) + "\n"


def _write(folder: Path, origin: str, private: bytes, keys: tuple[PublicKey, ...]) -> None:
    """The private file holds everything; the public one is what of it may be shown, and written last."""
    for name, content in (
        (PRIVATE_FILE, public_json(origin, keys, private=private.hex())),
        (PUBLIC_FILE, public_json(origin, keys)),
    ):
        _replace(folder / name, content)


def _replace(path: Path, content: str) -> None:
    new = path.with_name(f".{path.name}.new")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
