"""A client that proves itself with its own key, and everything that is no proof."""

import pytest
from joserfc.jwk import ECKey

pytestmark = pytest.mark.anyio

GRANT = {"grant_type": "client_credentials", "scope": "system/*.cruds"}


async def test_a_system_gets_a_short_token_for_its_key(site):
    answer = await site.browser.post("/auth/token", data=GRANT | site.assertion())
    assert answer.status_code == 200
    given = answer.json()
    assert (given["expires_in"], given["scope"]) == (300, "system/*.cruds")
    said = site.claims(given["access_token"])
    assert (said["sub"], said["client_id"]) == ("lab", "lab")
    assert "extensions" not in said


async def test_an_assertion_may_say_when_it_was_issued(site):
    answer = await site.browser.post("/auth/token", data=GRANT | site.assertion(iat=int(site.now) - 5))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("asked", "given"),
    [("system/Observation.rs", "system/Observation.rs"), ("system/*.read user/*.rs", "system/*.rs")],
)
async def test_its_scope_is_no_more_than_its_own(site, asked, given):
    answer = await site.browser.post("/auth/token", data=GRANT | {"scope": asked} | site.assertion())
    assert answer.json()["scope"] == given


@pytest.mark.parametrize("asked", ["", "user/*.rs", "patient/*.rs", "system/Observation.rs?code=x"])
async def test_a_scope_it_cannot_have_is_refused(site, asked):
    answer = await site.browser.post("/auth/token", data=GRANT | {"scope": asked} | site.assertion())
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_scope"})


@pytest.mark.parametrize(
    "changed",
    [
        {"key": ECKey.generate_key("P-384")},
        {"iss": "keyed"},
        {"iss": "app"},
        {"iss": "unheard-of"},
        {"sub": "keyed"},
        {"sub": None},
        {"aud": "http://hub.example.org/auth"},
        {"aud": None},
        {"jti": None},
        {"jti": ""},
        {"exp": None},
        {"exp": 1_800_000_000 + 331},
        {"exp": 1_800_000_000 - 31},
        {"header": {"kid": "other"}},
        {"header": {"jku": "https://keys.example.org"}},
    ],
    ids=lambda change: str(sorted(change)),
)
async def test_an_assertion_in_doubt_is_no_proof(site, changed):
    answer = await site.browser.post("/auth/token", data=GRANT | site.assertion(**changed))
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


async def test_an_assertion_serves_once(site):
    form = GRANT | site.assertion()
    assert (await site.browser.post("/auth/token", data=form)).status_code == 200
    assert (await site.browser.post("/auth/token", data=form)).json() == {"error": "invalid_client"}
    assert (await site.browser.post("/auth/token", data=GRANT | site.assertion(jti="a2"))).status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "keyed"},
        {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
        {"client_assertion_type": ""},
        {"client_assertion": "x.y.z"},
        {"client_assertion": ""},
    ],
    ids=str,
)
async def test_the_form_must_fit_the_assertion(site, changed):
    answer = await site.browser.post("/auth/token", data=GRANT | site.assertion() | changed)
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


async def test_a_keyed_client_needs_its_key_for_a_code_too(site):
    keyed = {"iss": "keyed", "sub": "keyed"}
    code = await site.code(client_id="keyed")
    bare = await site.exchange(code, client_id="keyed")
    assert (bare.status_code, bare.json()) == (401, {"error": "invalid_client"})
    proven = await site.exchange(code, client_id=None, **site.assertion(**keyed))
    assert proven.status_code == 200
