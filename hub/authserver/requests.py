"""An authorization request, read: either it holds, or it says how the client is told.

Source: RFC 6749 section 4.1.1, RFC 7636, OpenID Connect Core section 3.1.2.1, SMART App Launch 2.2.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from hub import scopes
from hub.authserver.people import Client
from hub.errors import Forbidden

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
MAX_STATE = 1024


class Unredirectable(Exception):
    """Client or address do not hold: the person is told on a page, and nothing is sent anywhere."""


class Refused(Exception):
    """The request does not hold: the client is told so at its own address."""

    def __init__(self, error: str, request: "Address") -> None:
        super().__init__(error)
        self.error = error
        self.address = request


@dataclass(frozen=True, slots=True)
class Address:
    """Where an answer goes: a registered address, and the client's state."""

    uri: str
    state: str
    issuer: str

    def with_answer(self, **answer: str) -> str:
        """The address with `answer`, the state as it came, and who answers (RFC 9207)."""
        rows = answer | ({"state": self.state} if self.state else {}) | {"iss": self.issuer}
        return f"{self.uri}{'&' if '?' in self.uri else '?'}{urlencode(rows)}"


@dataclass(frozen=True, slots=True)
class Request:
    """A request that holds."""

    client: Client
    address: Address
    challenge: str
    scope: str
    nonce: str


def read(rows: Sequence[tuple[str, str]], clients: Mapping[str, Client], issuer: str, audience: str) -> Request:
    """The request in the parameters `rows`.

    Raises: Unredirectable, Refused.
    """
    said = dict(rows)
    client = clients.get(said.get("client_id", ""))
    twice = {name for name, _ in rows if [other for other, _ in rows].count(name) > 1}
    if client is None or said.get("redirect_uri", "") not in client.redirect_uris or twice & {"client_id", "redirect_uri"}:
        raise Unredirectable
    address = Address(said["redirect_uri"], said.get("state", "") if "state" not in twice else "", issuer)
    error = "invalid_request" if twice else _fault(said, audience)
    if error:
        raise Refused(error, address)
    return Request(client, address, said["code_challenge"], said.get("scope", ""), said.get("nonce", "")[:MAX_STATE])


def _fault(said: Mapping[str, str], audience: str) -> str:
    """The error code of the first thing that is wrong; empty: nothing is."""
    faults = (
        ("request_not_supported", "request" in said),
        ("request_uri_not_supported", "request_uri" in said),
        ("unsupported_response_type", said.get("response_type") != "code"),
        ("invalid_request", said.get("response_mode", "query") != "query"),
        ("invalid_request", said.get("code_challenge_method") != "S256"),
        ("invalid_request", not CHALLENGE.fullmatch(said.get("code_challenge", ""))),
        ("invalid_request", not 0 < len(said.get("state", "")) <= MAX_STATE),
        ("invalid_request", said.get("aud", audience).rstrip("/") != audience.rstrip("/")),
        ("login_required", "none" in said.get("prompt", "").split()),
        ("invalid_scope", not _readable(said.get("scope", ""))),
    )
    return next((error for error, wrong in faults if wrong), "")


def _readable(scope: str) -> bool:
    try:
        scopes.parse(scope)
    except Forbidden:
        return False
    return True
