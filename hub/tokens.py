"""JSON Web Tokens: keys read, signatures checked, tokens signed. The only door to python-jose and joserfc.

python-jose does RS and ES, joserfc does PS256 and EdDSA; every other check is ours and the same for both.
Source: RFC 7515, RFC 7517, RFC 7519, RFC 8725 (best current practices).
"""

import binascii
import json
import math
import re
import warnings
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import joserfc.jws
from jose import jwk, jwt
from jose.exceptions import JOSEError, JWTClaimsError
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, Key, import_key

Jwk = Mapping[str, str]
"""A public key with its `kid`, as `keys` gives it."""
Claims = dict[str, Any]

KINDS = {"RS256": "RSA", "RS384": "RSA", "PS256": "RSA", "ES256": "EC", "ES384": "EC", "EdDSA": "OKP", "Ed25519": "OKP"}
"""Every algorithm taken -> the kind of key it needs. Nothing symmetric, never `none`."""
CURVES = {"ES256": "P-256", "ES384": "P-384", "EdDSA": "Ed25519", "Ed25519": "Ed25519"}
BY_JOSERFC = frozenset({"PS256", "EdDSA", "Ed25519"})
MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
MAX_LENGTH = 8192
MAX_LIFE = 8 * 3600
"""Seconds from `iat` to `exp` that a token may live."""
LEEWAY = 30
"""Seconds by which another machine's clock may differ."""
REFUSED_HEADERS = frozenset({"crit", "jwk", "jku", "x5u", "b64", "zip"})
TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})

_SEGMENT = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class TokenError(Exception):
    """A token or key does not hold; its argument is one of form, header, key, signature, claims, lifetime, expired."""

    @property
    def reason(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An ES256 key pair. `kid` is its thumbprint (RFC 7638)."""

    kid: str
    private: Mapping[str, str]
    public: Jwk

    def __repr__(self) -> str:
        return f"SigningKey(kid={self.kid!r})"


def signing_key(pem: bytes) -> SigningKey:
    """The key pair in a PEM file. Raises: ValueError: not a P-256 private key."""
    key = ECKey.import_key(pem)
    if not key.is_private or key.curve_name != "P-256":
        raise ValueError("not a P-256 private key")
    kid = key.thumbprint()
    described = {"kid": kid, "use": "sig", "alg": "ES256"}
    return SigningKey(kid, _strings(key.as_dict(private=True)) | described, _strings(key.as_dict(private=False)) | described)


def new_pem() -> bytes:
    """A new P-256 private key."""
    return bytes(ECKey.generate_key("P-256").as_pem(private=True))


def sign(claims: Mapping[str, Any], key: SigningKey, kind: str = "JWT") -> str:
    """A signed token; `kind` is its header `typ`."""
    return str(jwt.encode(dict(claims), dict(key.private), algorithm="ES256", headers={"kid": key.kid, "typ": kind}))


def keys(jwks: object) -> dict[str, Jwk]:
    """The keys of a JWKS that may verify, by `kid`; private parts, weak keys and keys for other uses are left out.

    Raises: TokenError: not a JWKS, or one `kid` twice.
    """
    rows = jwks.get("keys") if isinstance(jwks, Mapping) else None
    if not isinstance(rows, list):
        raise TokenError("key")
    sound = [key for key in map(_public, rows) if key]
    found = {key["kid"]: key for key in sound}
    if len(found) != len(sound):
        raise TokenError("key")
    return found


def issuer_of(token: str) -> str:
    """What an unverified token says of its issuer: good for choosing whose keys to try, for nothing else.

    Raises: TokenError: not a token.
    """
    said = _parts(token)[1].get("iss")
    if not isinstance(said, str):
        raise TokenError("claims")
    return said


def verify(
    token: str,
    keys: Mapping[str, Jwk],
    now: float,
    *,
    issuer: str,
    audience: str,
    max_life: float = MAX_LIFE,
    dated: bool = True,
) -> Claims:
    """The claims of a token that `issuer` signed with one of `keys` for `audience`, and that holds `now`.

    `dated`: it must say when it was issued; a client's assertion need not, and then counts as issued `now`.
    Raises: TokenError: it does not hold.
    """
    header, read = _parts(token)
    algorithm = _algorithm(header)
    key = keys.get(_kid(header))
    if key is None or not _fits(key, algorithm):
        raise TokenError("key")
    _check(read, issuer, audience)
    _check_time(read if dated else {"iat": now} | read, now, max_life)
    signed = _by_joserfc if algorithm in BY_JOSERFC else _by_jose
    try:
        claims = signed(token, key, algorithm, issuer, audience)
    except JWTClaimsError:
        raise TokenError("claims") from None
    except (JOSEError, JoseError, ValueError, TypeError, KeyError, ArithmeticError, RecursionError):
        raise TokenError("signature") from None
    if claims != read:
        raise TokenError("form")
    return claims


def _by_jose(token: str, key: Jwk, algorithm: str, issuer: str, audience: str) -> Claims:
    """The clock is ours (`_check_time`, which demands `exp`), so that both libraries and the tests share one: asked to require
    `exp`, python-jose holds it to the machine's clock whatever else it is told."""
    options = {
        **dict.fromkeys(("require_aud", "require_iss"), True),
        **dict.fromkeys(("verify_exp", "verify_nbf", "verify_iat", "verify_at_hash"), False),
    }
    built = _built(algorithm, tuple(sorted(key.items())))
    claims: Claims = jwt.decode(token, built, algorithms=[algorithm], audience=audience, issuer=issuer, options=options)
    return claims


@lru_cache(maxsize=256)
def _built(algorithm: str, members: tuple[tuple[str, str], ...]) -> Any:
    """python-jose's own form of a key, whose making costs more than its use."""
    return jwk.construct(dict(members), algorithm)


def _by_joserfc(token: str, key: Jwk, algorithm: str, issuer: str, audience: str) -> Claims:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # the name EdDSA gives way to Ed25519 (RFC 9864); issuers still use it
        found = joserfc.jws.deserialize_compact(token, _imported(key), algorithms=[algorithm])
    return _object(found.payload)


def _algorithm(header: Mapping[str, Any]) -> str:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in KINDS or REFUSED_HEADERS & header.keys():
        raise TokenError("header")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in TYPES:
        raise TokenError("header")
    return algorithm


def _kid(header: Mapping[str, Any]) -> str:
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise TokenError("header")
    return kid


def _fits(key: Jwk, algorithm: str) -> bool:
    return key["kty"] == KINDS[algorithm] and key.get("crv") == CURVES.get(algorithm) and key.get("alg", algorithm) == algorithm


def _check(claims: Claims, issuer: str, audience: str) -> None:
    said = claims.get("aud")
    audiences = [said] if isinstance(said, str) else said
    if not isinstance(audiences, list) or not all(isinstance(one, str) for one in audiences) or audience not in audiences:
        raise TokenError("claims")
    if not audience or not issuer or claims.get("iss") != issuer:
        raise TokenError("claims")
    if not all(isinstance(claims.get(name, ""), str) for name in ("sub", "jti")):
        raise TokenError("claims")


def _check_time(claims: Claims, now: float, max_life: float) -> None:
    issued, expires = _moment(claims.get("iat")), _moment(claims.get("exp"))
    if expires <= now - LEEWAY:
        raise TokenError("expired")
    starts = max(issued, _moment(claims.get("nbf", issued)))
    if starts > now + LEEWAY or not 0 < expires - issued <= max_life:
        raise TokenError("lifetime")


def _moment(said: object) -> float:
    if isinstance(said, bool) or not isinstance(said, int | float) or not math.isfinite(said) or abs(said) > 1e12:
        raise TokenError("claims")
    return float(said)


def _parts(token: str) -> tuple[Claims, Claims]:
    """Header and claims, read more strictly than the libraries do: one spelling, no name twice."""
    segments = token.split(".") if len(token) <= MAX_LENGTH else []
    if len(segments) != 3:
        raise TokenError("form")
    header, claims, _ = map(_bytes, segments)
    return _object(header), _object(claims)


def _bytes(segment: str) -> bytes:
    if not _SEGMENT.fullmatch(segment):
        raise TokenError("form")
    try:
        content = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except (binascii.Error, ValueError):
        raise TokenError("form") from None
    if urlsafe_b64encode(content).rstrip(b"=") != segment.encode():
        raise TokenError("form")
    return content


def _object(content: bytes) -> Claims:
    try:
        found = json.loads(content.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise TokenError("form") from None
    if not isinstance(found, dict):
        raise TokenError("form")
    return found


def _unique(pairs: list[tuple[str, Any]]) -> Claims:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise TokenError("form")
    return found


def _no_constant(_: str) -> Any:
    raise TokenError("form")


def _public(row: object) -> Jwk | None:
    """A JWK's public part; None: not for verifying, or not sound."""
    if not isinstance(row, Mapping) or not all(isinstance(row.get(name), str) and row[name] for name in ("kty", "kid")):
        return None
    if row["kty"] not in MEMBERS:
        return None
    if row.get("use", "sig") != "sig" or "verify" not in row.get("key_ops", ("verify",)):
        return None
    names = ("kty", *MEMBERS[row["kty"]])
    key = {name: row.get(name) for name in (*names, "kid")} | ({"alg": row["alg"]} if "alg" in row else {})
    if not all(isinstance(value, str) for value in key.values()):
        return None
    sound: Callable[[Jwk], bool] = _SOUND[row["kty"]]
    return _strings(key) if sound(_strings(key)) and _importable(_strings(key)) else None


def _sound_rsa(key: Jwk) -> bool:
    modulus, exponent = _number(key["n"]), _number(key["e"])
    return 2048 <= modulus.bit_length() <= 8192 and exponent % 2 == 1 and 65537 <= exponent < 2**32


def _sound_curve(key: Jwk) -> bool:
    return key["crv"] in CURVES.values()


_SOUND: Mapping[str, Callable[[Jwk], bool]] = {"RSA": _sound_rsa, "EC": _sound_curve, "OKP": _sound_curve}


def _number(written: str) -> int:
    try:
        return int.from_bytes(_bytes(written), "big")
    except TokenError:
        return 0


def _importable(key: Jwk) -> bool:
    try:
        _imported(key)
    except (JoseError, ValueError, TypeError, KeyError):
        return False
    return True


def _imported(key: Jwk) -> Key:
    return import_key({name: key[name] for name in ("kty", *MEMBERS[key["kty"]])})


def _strings(of: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in of.items() if isinstance(value, str)}
