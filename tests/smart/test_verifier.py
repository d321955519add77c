"""The verifier: keys are fetched sparingly, tokens verified once, revoked ones refused, and refusals tell no value."""

import json
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from joserfc.jwk import ECKey

from hub.config import ClientConfig, IssuerConfig
from hub.directory import Directory
from hub.errors import Forbidden, Unauthenticated
from hub.smart import Verifier
from hub.smart.verifier import REASONS, REFRESH

JWKS_URL = "https://idp.example.org/jwks"


class Issuer:
    """A JWKS endpoint that counts, and a clock that is turned by hand."""

    def __init__(self, forge: Any) -> None:
        self.forge, self.now, self.asked, self.content = forge, float(forge.now), 0, json.dumps(forge.jwks).encode()

    async def fetch(self, url: str) -> bytes | None:
        assert url == JWKS_URL
        self.asked += 1
        await anyio.lowlevel.checkpoint()
        return self.content

    def verifier(self, *more: IssuerConfig, **given: Any) -> Verifier:
        own = IssuerConfig(issuer=self.forge.issuer, audience=self.forge.audience, jwks_url=JWKS_URL)
        clients = [ClientConfig(client_id="lab", source="laboratory")]
        return Verifier([own, *more], clients, Directory(), self.fetch, clock=lambda: self.now, **given)

    def bearer(self, **changed: Any) -> str:
        changed = {"sub": "lab", "client_id": "lab"} | changed
        return "Bearer " + self.forge.token(**changed)


@pytest.fixture
def issuer(forge):
    return Issuer(forge)


@pytest.fixture
def anyio_backend():
    return "asyncio"


pytestmark = pytest.mark.anyio


async def test_a_token_gives_its_caller_and_keys_are_fetched_once(issuer):
    verifier = issuer.verifier()
    first = await verifier.caller(issuer.bearer())
    assert (first.kind, first.source) == ("system", "laboratory")
    await verifier.caller(issuer.bearer(jti="another"))
    assert issuer.asked == 1


async def test_the_same_token_is_verified_once(issuer):
    verifier = issuer.verifier()
    header = issuer.bearer()
    assert await verifier.caller(header) is await verifier.caller(header)


async def test_a_cached_token_ends_with_its_own_exp(issuer):
    verifier = issuer.verifier()
    header = issuer.bearer()
    await verifier.caller(header)
    issuer.now += 600 + 31
    with pytest.raises(Unauthenticated, match="expired"):
        await verifier.caller(header)


@pytest.mark.parametrize("seen", [True, False])
async def test_a_revoked_token_is_refused_whether_seen_before_or_not(issuer, seen):
    verifier = issuer.verifier()
    if seen:
        await verifier.caller(issuer.bearer())
    verifier.revoke(issuer.forge.issuer, "token-1", issuer.now + 600)
    with pytest.raises(Unauthenticated, match="revoked"):
        await verifier.caller(issuer.bearer())
    assert await verifier.caller(issuer.bearer(jti="another"))


async def test_a_revocation_is_remembered_until_the_token_has_expired(issuer):
    verifier = issuer.verifier()
    verifier.revoke(issuer.forge.issuer, "token-1", issuer.now + 600)
    issuer.now += 599
    verifier.revoke(issuer.forge.issuer, "token-2", issuer.now + 600)
    with pytest.raises(Unauthenticated, match="revoked"):
        await verifier.caller(issuer.bearer())
    issuer.now += 600
    verifier.revoke(issuer.forge.issuer, "token-3", issuer.now + 600)
    assert len(verifier._revoked) == 2


async def test_a_new_key_of_the_issuer_is_found_but_fetched_at_most_every_half_minute(issuer):
    verifier = issuer.verifier()
    await verifier.caller(issuer.bearer())
    new = ECKey.generate_key("P-256")
    header = "Bearer " + issuer.forge.signed(issuer.forge.good(), new, kid="new")
    issuer.content = json.dumps({"keys": [new.as_dict(private=False) | {"kid": "new"}]}).encode()
    for _ in range(5):
        with pytest.raises(Unauthenticated, match="unknown key"):
            await verifier.caller(header)
    assert issuer.asked == 1
    issuer.now += REFRESH
    assert await verifier.caller(header)
    assert issuer.asked == 2


async def test_a_withdrawn_key_also_ends_tokens_seen_before(issuer):
    verifier = issuer.verifier()
    header = issuer.bearer()
    await verifier.caller(header)
    issuer.content = json.dumps({"keys": []}).encode()
    issuer.now += REFRESH
    for one in (issuer.bearer(header={"kid": "unheard-of"}), header):
        with pytest.raises(Unauthenticated, match="unknown key"):
            await verifier.caller(one)


async def test_keys_are_fetched_anew_every_hour_and_outlive_an_outage_of_a_day(issuer):
    verifier = issuer.verifier()
    await verifier.caller(issuer.bearer())
    issuer.content = None
    issuer.now += 23 * 3600
    assert await verifier.caller(issuer.bearer(iat=issuer.now, exp=issuer.now + 60))
    assert issuer.asked == 2
    issuer.now += 2 * 3600
    with pytest.raises(Unauthenticated, match="unknown key"):
        await verifier.caller(issuer.bearer(iat=issuer.now, exp=issuer.now + 60))


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"x" * 1_000_001, b"[" * 100_000], ids=len)
async def test_what_is_no_key_set_changes_no_key(issuer, content):
    verifier = issuer.verifier()
    await verifier.caller(issuer.bearer())
    issuer.content = content
    issuer.now += 3601
    assert await verifier.caller(issuer.bearer(iat=issuer.now, exp=issuer.now + 60))


async def test_many_callers_at_once_share_one_fetch(issuer):
    verifier = issuer.verifier()
    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(verifier.caller, issuer.bearer(jti=str(number)))
    assert issuer.asked == 1


async def test_another_issuers_key_does_not_serve(issuer):
    other = ECKey.generate_key("P-256")
    jwks = {"keys": [other.as_dict(private=False) | {"kid": "other"}]}
    second = IssuerConfig(issuer="https://second.example.org", audience=issuer.forge.audience)
    verifier = issuer.verifier(second, given={"https://second.example.org": jwks})
    claims = issuer.forge.good(sub="lab", client_id="lab")
    own = issuer.forge.signed(claims | {"iss": "https://second.example.org"}, other, kid="other")
    assert (await verifier.caller("Bearer " + own)).issuer == "https://second.example.org"
    borrowed = issuer.forge.signed(claims, other, kid="other")
    with pytest.raises(Unauthenticated, match="unknown key"):
        await verifier.caller("Bearer " + borrowed)


async def test_keys_may_lie_in_a_file(issuer, tmp_path):
    path = tmp_path / "keys.json"
    row = IssuerConfig(issuer="https://file.example.org", audience=issuer.forge.audience, jwks_file=str(path))
    verifier = issuer.verifier(row)
    header = issuer.bearer(iss="https://file.example.org")
    with pytest.raises(Unauthenticated, match="unknown key"):
        await verifier.caller(header)
    path.write_text(json.dumps(issuer.forge.jwks))
    issuer.now += REFRESH
    assert await verifier.caller(header)


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Token x", "bearer\tx"], ids=repr)
async def test_without_a_bearer_token_nobody_calls(issuer, header):
    with pytest.raises(Unauthenticated, match="no bearer token"):
        await issuer.verifier().caller(header)


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://canary.example.org"},
        {"aud": "canary"},
        {"exp": 1},
        {"scope": ["canary"]},
        {"sub": ["canary"]},
        {"jti": None, "sub": "canary"},
    ],
    ids=str,
)
async def test_a_refusal_is_one_of_the_fixed_texts(issuer, changed):
    with pytest.raises(Unauthenticated) as refused:
        await issuer.verifier().caller(issuer.bearer(**changed))
    assert refused.value.problem in REASONS.values()
    assert refused.value.place == "Authorization"
    assert refused.value.__cause__ is None


async def test_a_token_that_holds_but_not_for_this_is_forbidden(issuer):
    verifier = issuer.verifier()
    for _ in range(2):
        with pytest.raises(Forbidden):
            await verifier.caller(issuer.bearer(scope="user/Flag.r?x=y"))


async def test_a_token_of_an_unknown_issuer_fetches_nothing(issuer):
    with pytest.raises(Unauthenticated):
        await issuer.verifier().caller(issuer.bearer(iss="https://canary.example.org"))
    assert issuer.asked == 0


async def test_a_refused_token_is_counted_under_a_configured_issuer_only(issuer):
    verifier = issuer.verifier()
    assert verifier.issuer_named(issuer.bearer(exp=1)) == issuer.forge.issuer
    assert verifier.issuer_named(issuer.bearer(iss="https://canary.example.org")) == ""
    assert verifier.issuer_named("Bearer canary") == ""
    assert verifier.issuer_named(None) == ""


async def test_an_issuer_needs_an_audience(issuer):
    with pytest.raises(ValueError, match="audience"):
        issuer.verifier(IssuerConfig(issuer="https://x.example.org", audience=""))
