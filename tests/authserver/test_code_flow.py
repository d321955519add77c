"""The code flow from page to token, and every way in which it must fail."""

import pytest

from hub.authserver.codes import challenge_of
from hub.config import IssuerConfig
from hub.directory import Directory, Provider, Unit
from hub.smart import Verifier

pytestmark = pytest.mark.anyio


async def test_a_choice_on_the_page_becomes_a_token(site, reading):
    answer = await site.press(await site.page(), choice="physician-a1|SE2321990018-C1")
    assert answer.headers["location"].startswith(f"{site.redirect}?code=")
    back = reading.answered(answer)
    assert (back["state"], back["iss"]) == ("state & =?", site.issuer)
    given = (await site.exchange(back["code"])).json()
    assert (given["token_type"], given["expires_in"], given["scope"]) == ("Bearer", 3600, "openid fhirUser profile user/*.rs")
    said = site.claims(given["access_token"])
    assert (said["sub"], said["client_id"], said["acr"]) == ("SE2321990018-E1", "app", "http://id.sambi.se/loa/loa3")
    assert said["extensions"]["se_hsa"]["commissionHsaId"] == "SE2321990018-C1"
    assert said["extensions"]["se_hsa"]["commissionRights"] == ["Läsa;alla;SJF"]
    who = site.claims(given["id_token"], "app")
    assert (who["nonce"], who["name"], who["sub"]) == ("nonce-1", "Anna Alm", "SE2321990018-E1")


async def test_the_hub_takes_the_token(site):
    directory = Directory(
        {"SE2321990018-A": Provider("SE2321990018-A", "Region A")},
        {"SE2321990018-A1": Unit("SE2321990018-A1", "Björken", "SE2321990018-A")},
    )
    jwks = (await site.browser.get("/auth/jwks")).json()
    issuer = IssuerConfig(issuer=site.issuer, audience=site.audience)

    async def fetch(url):
        raise AssertionError("keys were given")

    verifier = Verifier([issuer], [], directory, fetch, given={site.issuer: jwks}, clock=lambda: site.now)
    token = (await site.exchange(await site.code())).json()["access_token"]
    found = await verifier.caller(f"Bearer {token}")
    assert (found.kind, found.unit, found.scope, found.role, found.loa) == ("clinician", "SE2321990018-A1", "SJF", "physician", 3)
    patient = (await site.exchange(await site.code("patient-1|", scope="patient/*.cruds"))).json()["access_token"]
    found = await verifier.caller(f"Bearer {patient}")
    assert (found.kind, found.subject, found.person) == ("patient", "patient-1", site.people[1].person_number)
    assert found.may("r", "Observation")
    assert not found.may("c", "Observation")


@pytest.mark.parametrize(
    ("choice", "asked", "given"),
    [
        ("physician-a1|SE2321990018-C1", "user/*.cruds", "user/*.rs"),
        ("physician-a1|SE2321990018-C1", "user/Observation.read", "user/Observation.rs"),
        ("physician-a1|SE2321990018-C1", "patient/*.rs", ""),
        ("physician-a1|SE2321990018-C1", "system/*.rs unheard-of", ""),
        ("patient-1|", "launch/patient patient/*.rs", "launch/patient patient/*.rs"),
        ("physician-a1|SE2321990018-C1", "launch/patient user/*.rs", "user/*.rs"),
        ("physician-a1|SE2321990018-C1", None, ""),
    ],
)
async def test_a_scope_is_no_more_than_client_and_person_may_have(site, choice, asked, given):
    answer = (await site.exchange(await site.code(choice, scope=asked))).json()
    assert answer["scope"] == given
    assert site.claims(answer["access_token"])["scope"] == given
    assert "id_token" not in answer
    assert answer.get("patient") == ("p1" if "launch" in given else None)


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": None},
        {"code_verifier": challenge_of("v" * 43)},
        {"code_verifier": "v" * 42},
        {"code_verifier": "v" * 43 + "é"},
        {"redirect_uri": "myapp:/back"},
        {"redirect_uri": None},
        {"redirect_uri": "https://app.example.org/callback/"},
        {"client_id": "portal"},
        {"code": "guessed"},
        {"code": None},
    ],
    ids=str,
)
async def test_a_code_serves_only_whom_it_was_made_for_and_is_used_up_by_trying(site, changed):
    code = await site.code()
    refused = await site.exchange(code, **changed)
    assert (refused.status_code, refused.json()) == (400, {"error": "invalid_grant"})
    if "code" not in changed:
        assert (await site.exchange(code)).status_code == 400


async def test_a_code_used_twice_ends_the_token_it_gave(site):
    code = await site.code()
    token = (await site.exchange(code)).json()["access_token"]
    assert site.revoked == []
    assert (await site.exchange(code)).json() == {"error": "invalid_grant"}
    said = site.claims(token)
    assert site.revoked == [(said["jti"], said["exp"])]


async def test_a_code_lives_sixty_seconds(site):
    first, second = await site.code(), await site.code()
    site.now += 59
    assert (await site.exchange(first)).status_code == 200
    site.now += 2
    assert (await site.exchange(second)).json() == {"error": "invalid_grant"}


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "v" * 44}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"state": None}, "invalid_request"),
        ({"state": "x" * 1025}, "invalid_request"),
        ({"aud": "https://elsewhere.example.org/fhir"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
        ({"scope": "user/Observation.rs?category=x"}, "invalid_scope"),
        ({"request": "x.y.z"}, "request_not_supported"),
        ({"request_uri": "https://elsewhere.example.org"}, "request_uri_not_supported"),
        ({"scope": ["openid", "user/*.rs"]}, "invalid_request"),
    ],
    ids=str,
)
async def test_a_request_that_does_not_hold_is_told_to_the_client(site, reading, changed, error):
    answer = await site.page(**changed)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{site.redirect}?error=")
    back = reading.answered(answer)
    assert back["error"] == error
    assert back.get("state") == site.asked(**changed).get("state")
    assert "code" not in back


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": "https://evil.example.org/"},
        {"redirect_uri": "https://app.example.org/callback?x=1"},
        {"redirect_uri": "https://app.example.org/callback/../../evil"},
        {"redirect_uri": "https://app.example.org.evil.example.org/callback"},
        {"redirect_uri": "https://app.example.org@evil.example.org/callback"},
        {"redirect_uri": "HTTPS://app.example.org/callback"},
        {"redirect_uri": "//evil.example.org"},
        {"redirect_uri": ""},
        {"redirect_uri": None},
        {"redirect_uri": ["https://app.example.org/callback", "https://evil.example.org/"]},
        {"redirect_uri": "http://hub.example.org/portal/callback"},
        {"client_id": "unheard-of"},
        {"client_id": None},
        {"client_id": ["app", "portal"]},
        {"client_id": "lab"},
        {"response_type": "token", "redirect_uri": "https://evil.example.org/"},
    ],
    ids=str,
)
async def test_nobody_is_sent_to_an_address_that_is_not_registered(site, changed):
    answer = await site.page(**changed)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "evil" not in answer.text
    forged = await site.browser.post("/auth/authorize", data={"request": f"redirect_uri={changed.get('redirect_uri')}"})
    assert forged.status_code == 400


async def test_a_public_clients_token_ends_on_its_own_wish_only(site):
    token = (await site.exchange(await site.code())).json()["access_token"]
    other = await site.browser.post("/auth/revoke", data={"token": token, "client_id": "portal"})
    nothing = await site.browser.post("/auth/revoke", data={"token": "guessed", "client_id": "app"})
    assert (other.status_code, nothing.status_code, site.revoked) == (200, 200, [])
    own = await site.browser.post("/auth/revoke", data={"token": token, "client_id": "app"})
    assert (own.status_code, own.json()) == (200, {})
    assert site.revoked == [(site.claims(token)["jti"], site.claims(token)["exp"])]


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, 400, "unsupported_grant_type"),
        ({"grant_type": "authorization_code", "code": "x"}, 401, "invalid_client"),
        ({"grant_type": "authorization_code", "code": "x", "client_id": "keyed"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "app"}, 400, "unauthorized_client"),
        ({"grant_type": ["authorization_code", "authorization_code"]}, 400, "invalid_request"),
    ],
    ids=str,
)
async def test_a_token_request_that_does_not_hold_is_refused(site, form, status, error):
    answer = await site.browser.post("/auth/token", data=form)
    assert (answer.status_code, answer.json()) == (status, {"error": error})
    assert answer.headers["cache-control"] == "no-store"


async def test_a_token_request_is_a_form(site):
    answer = await site.browser.post("/auth/token", json={"grant_type": "authorization_code"})
    assert answer.json() == {"error": "invalid_request"}


async def test_token_requests_are_limited(new_site):
    site = new_site(tries_per_minute=1)
    answers = [(await site.browser.post("/auth/token", data={"grant_type": "x"})).status_code for _ in range(12)]
    assert answers == [400] * 10 + [429] * 2


async def test_what_clients_read_first_names_what_is_there(site):
    for name in ("openid-configuration", "smart-configuration"):
        said = (await site.browser.get(f"/auth/.well-known/{name}")).json()
        assert said["issuer"] == site.issuer
        assert said["code_challenge_methods_supported"] == ["S256"]
        for place in ("authorization_endpoint", "token_endpoint", "jwks_uri", "revocation_endpoint"):
            path = said[place].removeprefix("http://hub.example.org")
            assert (await site.browser.request("OPTIONS", path)).status_code == 405
    published = (await site.browser.get("/auth/jwks")).json()["keys"]
    assert [row["kid"] for row in published] == [site.key.kid]
    assert all("d" not in row for row in published)
