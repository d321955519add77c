"""Portal sessions: found by a digest of the cookie, kept encrypted, over after 30 idle minutes or 7 hours in all."""

import hashlib
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, replace
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, insert, select, update

from hub.fhir.json import dumps, loads
from hub.store.store import Store
from hub.store.tables import session

MINUTE = 60 * 1_000_000
IDLE = 30 * MINUTE
LONGEST = 7 * 60 * MINUTE
"""Microseconds."""


@dataclass(frozen=True, slots=True)
class Session:
    """One browser's session. `secret` is its cookie, which the store itself does not know."""

    secret: str
    began: int
    ends: int
    """Microseconds; moves on with use, never past `began` + LONGEST."""
    content: dict[str, Any]


def begin(store: Store, content: dict[str, Any], life: int = IDLE) -> Session:
    """A new session; sessions that are over are cleared away."""
    now = store.now()
    made = Session(secrets.token_urlsafe(32), now, now + life, content)
    with store.database.writing() as connection:
        connection.execute(delete(session).where(session.c.ends <= now))
        connection.execute(insert(session), {"id": _name(made.secret), "ends": made.ends, "content": _sealed(store, made)})
    return made


def resume(store: Store, secret: str) -> Session | None:
    """The session of a cookie, its end moved on; None: there is none, it is over, or it cannot be read."""
    now = store.now()
    name = _name(secret)
    row = store.reader().execute(select(session.c.ends, session.c.content).where(session.c.id == name)).one_or_none()
    if row is None or row.ends <= now:
        return None
    try:
        plain = AESGCM(store.keys.cursor).decrypt(row.content[:12], row.content[12:], name.encode())
    except InvalidTag:
        return None
    began, content = loads(plain)
    held = Session(secret, began, row.ends, content)
    return _moved_on(store, held, now)


def keep(store: Store, held: Session, content: dict[str, Any]) -> Session:
    """The session with other content."""
    kept = replace(held, content=content)
    with store.database.writing() as connection:
        where = session.c.id == _name(held.secret)
        connection.execute(update(session).where(where), {"ends": kept.ends, "content": _sealed(store, kept)})
    return kept


def end(store: Store, secret: str) -> None:
    """End a session, now."""
    with store.database.writing() as connection:
        connection.execute(delete(session).where(session.c.id == _name(secret)))


def carry(store: Store, content: dict[str, Any], life: int) -> str:
    """Content that a browser carries for us for `life` microseconds, unreadable and unchangeable there."""
    nonce = os.urandom(12)
    plain = dumps([store.now() + life, content])
    return urlsafe_b64encode(nonce + AESGCM(store.keys.cursor).encrypt(nonce, plain, b"carried")).decode().rstrip("=")


def carried(store: Store, written: str) -> dict[str, Any] | None:
    """What `carry` wrote; None: it is not ours, or too old."""
    try:
        held = urlsafe_b64decode(written + "=" * (-len(written) % 4))
        ends, content = loads(AESGCM(store.keys.cursor).decrypt(held[:12], held[12:], b"carried"))
    except (InvalidTag, ValueError):
        return None
    return content if store.now() < ends else None


def _moved_on(store: Store, held: Session, now: int) -> Session:
    """With its end moved on; written at most once a minute, since reading a page must not cost a commit."""
    ends = min(now + IDLE, held.began + LONGEST)
    if ends - held.ends < MINUTE:
        return held
    with store.database.writing() as connection:
        connection.execute(update(session).where(session.c.id == _name(held.secret)), {"ends": ends})
    return replace(held, ends=ends)


def _name(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _sealed(store: Store, held: Session) -> bytes:
    nonce = os.urandom(12)
    return nonce + AESGCM(store.keys.cursor).encrypt(nonce, dumps([held.began, held.content]), _name(held.secret).encode())
