"""Keys and tokens for the tests of `hub.smart`, made with joserfc alone: what is tested never makes its own vectors."""

import hmac
import json
import warnings
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import joserfc.jws
import pytest
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey

NOW = 1_800_000_000
ISSUER = "https://idp.example.org"
AUDIENCE = "https://hub.example.org/fhir"

MAKERS: dict[str, Callable[[], Any]] = {
    "rsa": lambda: RSAKey.generate_key(2048),
    "p256": lambda: ECKey.generate_key("P-256"),
    "p384": lambda: ECKey.generate_key("P-384"),
    "ed": lambda: OKPKey.generate_key("Ed25519"),
}
KEY_OF = {
    "RS256": "rsa",
    "RS384": "rsa",
    "PS256": "rsa",
    "ES256": "p256",
    "ES384": "p384",
    "EdDSA": "ed",
    "Ed25519": "ed",
}


def good(**changed: Any) -> dict[str, Any]:
    """Claims that hold; a change of None leaves the claim out."""
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": NOW,
        "exp": NOW + 600,
        "jti": "token-1",
        "sub": "someone",
        "client_id": "app",
        "scope": "openid user/*.rs",
        "acr": "http://id.sambi.se/loa/loa3",
    } | changed
    return {name: value for name, value in claims.items() if value is not None}


def signed(claims: dict[str, Any] | bytes, key: Any, algorithm: str = "ES256", **header: Any) -> str:
    """A compact JWS over `claims`, with whatever header is asked for."""
    content = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    head = {"alg": algorithm, "kid": KEY_OF.get(algorithm), "typ": "at+jwt"} | header
    head = {name: value for name, value in head.items() if value is not None}
    parts = [_written(json.dumps(head).encode()), _written(content)]
    return ".".join([*parts, _signature(".".join(parts), key, algorithm)])


def _signature(content: str, key: Any, algorithm: str) -> str:
    if algorithm == "none":
        return "AA"
    if isinstance(key, bytes):
        return _written(hmac.digest(key, content.encode(), "sha256"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        plain = joserfc.jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
        model = plain.get_alg(algorithm)
        return _written(model.sign(content.encode(), key))


def _written(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


class Forge:
    """What a test needs to make a token, honest or forged."""

    now = NOW
    issuer = ISSUER
    audience = AUDIENCE
    key_of = KEY_OF

    def __init__(self, private: dict[str, Any]) -> None:
        self.private = private
        self.jwks = {"keys": [key.as_dict(private=False) | {"kid": name} for name, key in private.items()]}

    def token(
        self, algorithm: str = "ES256", *, claims: bytes | None = None, header: dict[str, Any] | None = None, **changed: Any
    ) -> str:
        """A token that holds, but for what is changed."""
        key = self.private[KEY_OF[algorithm]]
        return signed(claims or good(**changed), key, algorithm, **(header or {}))

    good = staticmethod(good)
    signed = staticmethod(signed)


@pytest.fixture(scope="session")
def forge() -> Forge:
    return Forge({name: make() for name, make in MAKERS.items()})
