"""Who may sign in, under which commissions, through which clients."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from hub import scopes, tokens
from hub.caller import Kind
from hub.errors import Forbidden
from hub.tokens import Jwk

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII)
_REDIRECT = re.compile(r"[a-z][a-z0-9.+-]*:[!-~]{1,500}", re.ASCII)
_NOT_IN_POLICY = re.compile(r"[\s;,'\"#\\]", re.ASCII)
_RUN_BY_BROWSERS = frozenset({"javascript", "data", "vbscript", "blob", "file", "about"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Commission:
    """Medarbetaruppdrag: what a person does at a unit, as the HSA catalogue has it."""

    hsa_id: str
    unit: str
    provider: str
    name: str = ""
    """As the sign-in page shows it."""
    purpose: str = "Vård och behandling"
    rights: tuple[str, ...] = ("Läsa;alla;VE",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person, or for kinds system and technician whoever speaks without one."""

    name: str
    """Short and telling nothing, such as `physician-a1`: it is the subject of tokens where there is no employee HSA-id."""
    display: str
    kind: Kind
    employee: str = ""
    person_number: str = ""
    """Own number as `system|value`; patients, guardians and agents."""
    commissions: tuple[Commission, ...] = ()
    roles: tuple[str, ...] = ()
    """System roles, such as `BIF;Loggadministratör`."""
    licences: tuple[str, ...] = ()
    prescription_code: str = ""
    subject_role: str = ""
    """Title, or for a RelatedPerson what it is (`GUARD`, `AGNT`: set by kind where empty)."""
    loa: int = 3
    scopes: str = "user/*.rs"
    """The most that any token of this person grants."""
    password: str = field(default="", repr=False)
    """As `hub.authserver.passwords.hashed` gives it; empty: chosen from a list, for demo and tests."""
    fhir_user: str = ""
    """`Type/id` of this person in the hub, where known."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError("person: name is lower-case letters, digits and hyphens")
        _check_scopes("person", self.scopes)

    def commission(self, hsa_id: str) -> Commission | None:
        """The commission of that HSA-id, if it is this person's."""
        return next((one for one in self.commissions if one.hsa_id == hsa_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """An application: public (no keys, PKCE alone) or with keys of its own (`private_key_jwt`)."""

    client_id: str
    name: str
    redirect_uris: tuple[str, ...] = ()
    scopes: str = "user/*.cruds patient/*.cruds"
    jwks: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.jwks is not None and not self.keys:
            raise ValueError("client: jwks holds no key that may verify")
        if not all(map(_sound, self.redirect_uris)):
            raise ValueError("client: a redirect address is not one")
        _check_scopes("client", self.scopes)

    @property
    def keys(self) -> Mapping[str, Jwk]:
        return tokens.keys(self.jwks) if self.jwks is not None else {}


def origin(address: str) -> str:
    """Scheme, host and port of an address; for a scheme without hosts the scheme alone. As a policy header writes it."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def _check_scopes(place: str, written: str) -> None:
    try:
        scopes.parse(written)
    except Forbidden as fault:
        raise ValueError(f"{place}: {fault}") from None


def _sound(address: str) -> bool:
    if not _REDIRECT.fullmatch(address) or _NOT_IN_POLICY.search(address):
        return False
    parts = urlsplit(address)
    return parts.scheme not in _RUN_BY_BROWSERS and (bool(parts.hostname) or parts.scheme not in ("http", "https"))
