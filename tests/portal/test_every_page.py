"""No page and no token leaves past the log: every route leaves an entry, or is known to hold nothing of anybody."""

from typing import Any

import pytest
from starlette.routing import Mount, Route

from hub.demo.world.stories.ingrid import INGRID
from hub.portal.signin import FAILED_PER_MINUTE
from hub.store.audit_reading import every, head_of

pytestmark = pytest.mark.anyio
House = Any
"""As conftest makes it."""
HOLDS_NOTHING = {
    ("GET", "/favicon.ico"): "an image",
    ("GET", "/portal/{name}"): "style, script and images",
    ("GET", "/"): "who is signed in, and where to go on; no patient",
    ("GET", "/logga-in"): "leads to the authorization server",
    ("POST", "/forlang"): "seconds that the session lasts",
    ("GET", "/sok"): "an empty field",
    ("POST", "/patient/{handle}/stang"): "closes what was open",
    ("GET", "/auth/authorize"): "the page to sign in on",
    ("GET", "/auth/jwks"): "public keys",
    ("GET", "/auth/.well-known/openid-configuration"): "where to sign in",
    ("GET", "/auth/.well-known/smart-configuration"): "where to sign in",
    ("GET", "/auth/signin.css"): "style",
}
FORMS = {
    "/auth/authorize": {"name": "x", "password": "y"},
    "/patient/{handle}/atkomst": {"step": "none"},
    "/sok": {"number": "x"},
}


def log(house: House) -> list[dict[str, Any]]:
    connection = house.hub.store.reader()
    return [each.content for each in every(connection, head_of(connection).size)]


def routes(house: House):
    for route in house.app.routes:
        for each in route.routes if isinstance(route, Mount) else [route]:
            assert isinstance(each, Route)
            path = f"{route.path}{each.path}" if isinstance(route, Mount) else each.path
            plain = "/portal/{name}" if path.startswith("/portal/") else path
            for method in sorted((each.methods or set()) - {"HEAD"}):
                yield method, plain, path


async def test_every_page_leaves_an_entry_or_is_known_to_hold_nothing(house: House) -> None:
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    handle, _ = await browser.open(INGRID)
    csrf = (await browser.get("/sok")).text.split('name="csrf" value="')[1].split('"')[0]
    found, silent = set(), []
    for method, plain, path in sorted(set(routes(house)), key=lambda each: each[1] == "/logga-ut"):  # the way out last
        found.add((method, plain))
        if (method, plain) in HOLDS_NOTHING:
            continue
        before = len(log(house))
        data = {"csrf": csrf} | FORMS.get(plain, {})
        answer = await browser.http.request(method, path.format(handle=handle), **({"data": data} if method == "POST" else {}))
        if len(log(house)) == before and answer.status_code != 303:
            silent.append((method, plain, answer.status_code))
    assert silent == [("POST", "/sok", 400)]  # what is no number is looked up nowhere
    assert HOLDS_NOTHING.keys() <= found
    assert len(found) > 20


async def test_a_sign_in_that_failed_is_in_the_log(house: House) -> None:
    browser = house.browser()
    for query, reason in (("", "stale"), ("state=x&code=y", "stale")):
        assert (await browser.http.get(f"/logga-in/svar?{query}")).status_code == 400
        entry = log(house)[-1]
        assert (entry["action"], entry["outcome"], entry["reason"]) == ("sign-in", "refuse", reason)
        assert entry["who"] == {"kind": "anonymous", "client": "portal"}
    for more, reason in (
        ("error=access_denied", "cancelled"),
        ("code=stolen", "failed"),
        ("iss=https://other.example", "failed"),
    ):
        sent = await browser.http.get("/logga-in")
        state = sent.headers["location"].split("state=")[1].split("&")[0]
        assert (await browser.http.get(f"/logga-in/svar?state={state}&{more}")).status_code == 400
        assert (log(house)[-1]["action"], log(house)[-1]["reason"]) == ("sign-in", reason)
    assert [entry["who"] for entry in log(house) if entry["outcome"] == "refuse" and "reason" not in entry] == [
        {"client": "portal"}
    ]


async def test_where_nothing_is_a_browser_is_shown_a_page(house: House) -> None:
    browser = house.browser()
    for who in ("", "lakare-norrdal-1"):
        if who:
            await browser.sign_in(who)
        answer = await browser.http.get("/oversikt", headers={"accept": "text/html,*/*;q=0.8"})
        assert answer.status_code == 404
        assert "Sidan finns inte" in answer.text
        assert 'href="/"' in answer.text
        assert ("Logga ut" in answer.text) is bool(who)
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        plain = await browser.http.get("/oversikt", headers={"accept": "application/json"})
        assert (plain.status_code, plain.json()) == (404, {"detail": "Not Found"})


async def test_a_flood_of_failed_sign_ins_is_stopped_before_it_fills_the_log(house: House) -> None:
    browser = house.browser()
    answers = [(await browser.http.get("/logga-in/svar")).status_code for _ in range(FAILED_PER_MINUTE + 5)]
    assert answers.count(429) >= 4
    assert len([each for each in log(house) if each["action"] == "sign-in"]) <= FAILED_PER_MINUTE + 1


async def test_a_page_that_is_refused_to_somebody_is_in_the_log(house: House) -> None:
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    assert (await browser.http.post("/sok", data={"number": "x"})).status_code == 400  # no form of this session
    entry = log(house)[-1]
    assert (entry["action"], entry["outcome"], entry["reason"], entry["who"]["kind"]) == (
        "open-page",
        "refuse",
        "conflict",
        "clinician",
    )
    other = house.browser()
    await other.sign_in("patient-ingrid")
    assert (await other.get("/sok")).status_code == 403
    assert (log(house)[-1]["action"], log(house)[-1]["who"]["kind"]) == ("open-page", "patient")
