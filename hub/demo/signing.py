"""Who may sign in at the demo's issuer, and access tokens of theirs."""

import os
import time
from pathlib import Path

from hub import tokens
from hub.authserver import Authority, Client, Person, issue_token, load_or_create
from hub.config import Config
from hub.demo import personas
from hub.demo.personas import SYSTEM_CLIENT
from hub.demo.world.model import World

CALLBACK = "http://127.0.0.1/callback"
"""Where whoever tries the authorization code flow by hand has the code sent; nobody listens there."""
LIFE = 8 * 3600.0
"""Seconds."""
SYSTEM_KEY = f"{SYSTEM_CLIENT}.pem"
"""The private key of the demo's source system, in the demo's folder: its owner would have it, and tell the hub the public one."""


def accounts(world: World, base: str, folder: Path) -> tuple[tuple[Person, ...], tuple[Client, ...]]:
    """Everybody who may sign in, and through what.

    Takes: the hub's base URL; the folder in which the source system's key lies, or is made.
    """
    return personas.accounts(world), personas.clients((f"{base}/logga-in/svar", CALLBACK), _public(folder / SYSTEM_KEY))


def token(config: Config, world: World, name: str) -> str:
    """An access token for a persona, signed with the key of the demo that is configured so.

    Raises: KeyError: no such persona.
    """
    persona = personas.persona(name)
    people, clients = accounts(world, config.base_url, config.data)
    person = next(each for each in people if each.name == name)
    machine = persona.kind in ("system", "technician")
    client = next(each for each in clients if each.client_id == (name if machine else "demo"))
    issuer = config.issuers[0]
    authority = Authority(issuer.issuer, issuer.audience, load_or_create(config.data))
    return issue_token(person, client, authority, time.time(), LIFE)


def _public(path: Path) -> dict[str, object]:
    """The public half of the key in a file, as a JWKS; the file is made where it is not there."""
    if not path.exists():
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(tokens.new_pem())
    return {"keys": [dict(tokens.signing_key(path.read_bytes()).public)]}
