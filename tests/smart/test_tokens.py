"""A token holds only if every check holds; forged and malformed tokens are named by the deed."""

import json
import warnings
from base64 import urlsafe_b64encode
from typing import Any

import joserfc.jws
import joserfc.jwt
import pytest
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, RSAKey, import_key

from hub import tokens
from hub.tokens import TokenError

ALGORITHMS = ["RS256", "RS384", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"]

FORGED: dict[str, tuple[str, Any]] = {
    "alg-none": ("header", lambda f: f.signed(f.good(), None, "none")),
    "alg-none-and-no-signature": ("form", lambda f: f.signed(f.good(), None, "none").rpartition(".")[0] + "."),
    "hs256-with-the-public-key-as-secret": (
        "header",
        lambda f: f.signed(f.good(), f.private["rsa"].as_pem(private=False), "HS256", kid="rsa"),
    ),
    "no-kid": ("header", lambda f: f.token(header={"kid": None})),
    "kid-is-a-list": ("header", lambda f: f.token(header={"kid": ["p256"]})),
    "kid-of-a-key-never-published": ("key", lambda f: f.signed(f.good(), ECKey.generate_key("P-256"), kid="stranger")),
    "signed-by-a-stranger-under-a-known-kid": ("signature", lambda f: f.signed(f.good(), ECKey.generate_key("P-256"))),
    "kid-of-a-key-of-another-kind": ("key", lambda f: f.token("ES256", header={"kid": "rsa"})),
    "kid-of-a-key-on-another-curve": ("key", lambda f: f.token("ES256", header={"kid": "p384"})),
    "an-rsa-signature-under-another-hash": ("signature", lambda f: f.token("RS384", header={"alg": "RS256"})),
    "crit-in-the-header": ("header", lambda f: f.token(header={"crit": ["exp"]})),
    "jwk-in-the-header": ("header", lambda f: f.token(header={"jwk": f.private["p256"].as_dict(private=False)})),
    "jku-in-the-header": ("header", lambda f: f.token(header={"jku": "https://keys.example.org"})),
    "x5u-in-the-header": ("header", lambda f: f.token(header={"x5u": "https://keys.example.org"})),
    "another-kind-of-token": ("header", lambda f: f.token(header={"typ": "logout+jwt"})),
    "expired": ("expired", lambda f: f.token(iat=f.now - 700, exp=f.now - 31)),
    "issued-in-the-future": ("lifetime", lambda f: f.token(iat=f.now + 31, exp=f.now + 100)),
    "not-valid-yet": ("lifetime", lambda f: f.token(nbf=f.now + 31)),
    "lives-too-long": ("lifetime", lambda f: f.token(exp=f.now + tokens.MAX_LIFE + 1)),
    "expires-before-it-was-issued": ("lifetime", lambda f: f.token(exp=f.now - 1)),
    "no-exp": ("claims", lambda f: f.token(exp=None)),
    "no-iat": ("claims", lambda f: f.token(iat=None)),
    "no-aud": ("claims", lambda f: f.token(aud=None)),
    "no-iss": ("claims", lambda f: f.token(iss=None)),
    "another-audience": ("claims", lambda f: f.token(aud="https://elsewhere.example.org")),
    "an-audience-that-holds-a-number": ("claims", lambda f: f.token(aud=[f.audience, 7])),
    "another-issuer": ("claims", lambda f: f.token(iss="https://other.example.org")),
    "exp-is-text": ("claims", lambda f: f.token(exp=str(f.now + 600))),
    "exp-is-true": ("claims", lambda f: f.token(exp=True)),
    "exp-is-without-end": ("claims", lambda f: f.token(claims=_raw(f, b'"exp": 1e999'))),
    "sub-is-a-number": ("claims", lambda f: f.token(sub=7)),
    "a-claim-twice": ("form", lambda f: f.token(claims=_raw(f, b'"exp": 1, "exp": %d' % (f.now + 600)))),
    "the-issuer-twice": ("form", lambda f: f.token(claims=_raw(f, b'"iss": "https://idp.example.org"'))),
    "claims-are-a-list": ("form", lambda f: f.token(claims=b"[]")),
    "claims-hold-nan": ("form", lambda f: f.token(claims=_raw(f, b'"x": NaN'))),
    "claims-nest-without-end": ("form", lambda f: f.token(claims=b'{"x":' + b"[" * 5000)),
    "huge": ("form", lambda f: f.token(sub="x" * tokens.MAX_LENGTH)),
    "two-parts": ("form", lambda f: f.token().rpartition(".")[0]),
    "five-parts": ("form", lambda f: f.token() + ".a.b"),
    "padded": ("form", lambda f: f.token() + "="),
    "another-spelling-of-the-same-bytes": ("form", lambda f: _respelled(f.token())),
    "not-ascii": ("form", lambda f: f.token() + "é"),
    "empty": ("form", lambda f: ""),
}

BEYOND_THE_LIBRARY = frozenset(
    {
        "a-claim-twice",
        "the-issuer-twice",
        "another-spelling-of-the-same-bytes",
        "padded",
        "sub-is-a-number",
        "an-audience-that-holds-a-number",
        "exp-is-without-end",
        "exp-is-true",
        "claims-hold-nan",
        "another-kind-of-token",
        "huge",
        "jwk-in-the-header",
        "jku-in-the-header",
        "x5u-in-the-header",
    }
)
"""What joserfc lets through, so that only our own checks refuse it."""


def _raw(forge: Any, extra: bytes) -> bytes:
    claims = {name: value for name, value in forge.good().items() if name != "exp" or b'"exp"' not in extra}
    return json.dumps(claims).encode()[:-1] + b", " + extra + b"}"


def _respelled(token: str) -> str:
    """The last character of a 64-byte signature carries four bits that mean nothing."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]


def _holds(forge: Any, token: str, keys: Any = None, now: float | None = None) -> dict[str, Any]:
    keys = tokens.keys(forge.jwks) if keys is None else keys
    return tokens.verify(token, keys, now or forge.now, issuer=forge.issuer, audience=forge.audience)


def _second_opinion(forge: Any, token: str) -> dict[str, Any]:
    """The same question put to joserfc alone."""
    algorithms = ALGORITHMS
    published = {row["kid"]: row for row in forge.jwks["keys"]}
    rules = joserfc.jwt.JWTClaimsRegistry(
        now=forge.now,
        leeway=30,
        iss={"essential": True, "value": forge.issuer},
        aud={"essential": True, "value": forge.audience},
        exp={"essential": True},
        iat={"essential": True},
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        header = json.loads(tokens._bytes(token.split(".")[0]))
        found = joserfc.jwt.decode(token, import_key(published[header["kid"]]), algorithms=algorithms)
    rules.validate(found.claims)
    if not 0 < found.claims["exp"] - found.claims["iat"] <= tokens.MAX_LIFE:
        raise ValueError("lifetime")
    return dict(found.claims)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_good_token_holds_for_both_libraries(forge, algorithm):
    token = forge.token(algorithm)
    assert _holds(forge, token) == forge.good() == _second_opinion(forge, token)


@pytest.mark.parametrize("deed", FORGED)
def test_a_forged_token_does_not_hold(forge, deed):
    reason, make = FORGED[deed]
    with pytest.raises(TokenError) as refused:
        _holds(forge, make(forge))
    assert refused.value.reason == reason
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize("deed", sorted(FORGED.keys() - BEYOND_THE_LIBRARY))
def test_joserfc_refuses_the_same_forgery(forge, deed):
    with pytest.raises((JoseError, TokenError, ValueError, KeyError, TypeError, AssertionError, RecursionError)):
        _second_opinion(forge, FORGED[deed][1](forge))


@pytest.mark.parametrize("deed", sorted(BEYOND_THE_LIBRARY - {"padded", "another-spelling-of-the-same-bytes"}))
def test_what_our_own_checks_refuse_has_a_sound_signature(forge, deed):
    """So that the refusal is for the deed, and not for a vector that was broken anyway."""
    token = FORGED[deed][1](forge)
    content, _, signature = token.rpartition(".")
    key = forge.private["p256"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        model = joserfc.jws.JWSRegistry().get_alg("ES256")
        assert model.verify(content.encode(), tokens._bytes(signature), key)


@pytest.mark.parametrize("changed", [{"iat": 29}, {"exp": -29, "iat": -100}, {"nbf": 29}, {"exp": tokens.MAX_LIFE}], ids=str)
def test_clocks_may_differ_a_little(forge, changed):
    moved = {name: forge.now + seconds for name, seconds in changed.items()}
    assert _holds(forge, forge.token(**moved))


def test_an_audience_may_be_one_of_several(forge):
    assert _holds(forge, forge.token(aud=["https://elsewhere.example.org", forge.audience]))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_changed_character_of_a_signature_is_noticed(forge, algorithm):
    token = forge.token(algorithm)
    start = token.rindex(".") + 1
    for place in range(start, len(token), 17):
        other = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(TokenError):
            _holds(forge, other)


def test_a_weak_rsa_key_is_not_imported():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        weak = RSAKey.generate_key(1024).as_dict(private=False) | {"kid": "weak"}
    assert tokens.keys({"keys": [weak]}) == {}


@pytest.mark.parametrize(
    "change",
    [
        {"kty": "oct", "k": "c2VjcmV0"},
        {"use": "enc"},
        {"key_ops": ["sign"]},
        {"kid": ""},
        {"kid": 7},
        {"crv": "P-521"},
        {"crv": "secp256k1"},
        {"x": "AAAA"},
        {"x": 7},
        {"kty": ["EC"]},
    ],
    ids=str,
)
def test_a_key_that_is_not_for_verifying_or_not_sound_is_left_out(forge, change):
    row = forge.private["p256"].as_dict(private=False) | {"kid": "p256"}
    assert tokens.keys({"keys": [row]}).keys() == {"p256"}
    assert tokens.keys({"keys": [row | change]}) == {}


def test_an_exponent_of_one_is_not_imported(forge):
    row = forge.private["rsa"].as_dict(private=False) | {"kid": "rsa", "e": urlsafe_b64encode(b"\x01").decode().rstrip("=")}
    assert tokens.keys({"keys": [row]}) == {}


@pytest.mark.parametrize("jwks", [None, [], {}, {"keys": {}}, "keys"], ids=str)
def test_what_is_no_key_set_is_refused(jwks):
    with pytest.raises(TokenError):
        tokens.keys(jwks)


def test_one_kid_twice_is_refused(forge):
    row = forge.jwks["keys"][0]
    with pytest.raises(TokenError):
        tokens.keys({"keys": [row, row]})


def test_a_published_private_key_is_kept_without_its_private_part(forge):
    row = forge.private["p256"].as_dict(private=True) | {"kid": "p256"}
    assert "d" in row
    assert "d" not in tokens.keys({"keys": [row]})["p256"]


def test_a_key_bound_to_one_algorithm_serves_no_other(forge):
    row = forge.private["rsa"].as_dict(private=False) | {"kid": "rsa", "alg": "RS256"}
    keys = tokens.keys({"keys": [row]})
    assert _holds(forge, forge.token("RS256"), keys)
    with pytest.raises(TokenError, match="key"):
        _holds(forge, forge.token("PS256"), keys)


def test_a_token_of_our_own_holds_for_both_libraries(forge):
    key = tokens.signing_key(tokens.new_pem())
    token = tokens.sign(forge.good(), key, "at+jwt")
    keys = tokens.keys({"keys": [dict(key.public)]})
    assert _holds(forge, token, keys) == forge.good()
    assert dict(joserfc.jwt.decode(token, import_key(dict(key.public)), algorithms=["ES256"]).claims) == forge.good()
    assert key.kid == import_key(dict(key.public)).thumbprint()
    assert "d" not in key.public
    assert key.private["d"] not in repr(key)


@pytest.mark.parametrize(
    "pem", [b"", b"nothing", ECKey.generate_key("P-384").as_pem(), ECKey.generate_key("P-256").as_pem(private=False)]
)
def test_only_a_private_p256_key_signs(pem):
    with pytest.raises((ValueError, JoseError)):
        tokens.signing_key(pem)


@pytest.mark.parametrize("late", [0, 29])
def test_a_token_is_held_to_the_given_clock_and_its_leeway_alone(late):
    """In the past of the machine's clock, where a library that looks at that clock would refuse."""
    pair = tokens.signing_key(tokens.new_pem())
    said = {"iss": "https://issuer.example", "aud": "https://hub.example", "iat": 1_000_000, "exp": 1_000_600, "jti": "1"}
    keys = {pair.kid: dict(pair.public)}
    held = tokens.verify(tokens.sign(said, pair), keys, 1_000_600 + late, issuer=said["iss"], audience=said["aud"])
    assert held["jti"] == "1"
