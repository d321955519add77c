"""Signing in through the real authorization server, and out again; what does not hold gives no session."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from hub.portal.signin import challenge, local

pytestmark = pytest.mark.anyio
House = Any
"""As conftest makes it."""


async def test_the_start_page_says_where_to_sign_in(house: House) -> None:
    page = await house.browser().get("/")
    assert page.status_code == 200
    assert 'href="/logga-in"' in page.text
    assert "<form" not in page.text


async def test_sign_in_is_a_link_that_leads_to_the_server_with_state_and_challenge(house: House) -> None:
    answer = await house.browser().http.get("/logga-in")
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert answer.status_code == 303
    assert (asked["response_type"], asked["code_challenge_method"]) == (["code"], ["S256"])
    assert asked["redirect_uri"] == ["http://hub.test/logga-in/svar"]
    assert len(asked["state"][0]) > 20


async def test_a_clinician_signs_in_and_sees_who_and_where_she_is(house: House) -> None:
    page = await house.browser().sign_in("lakare-norrdal-1")
    assert "Anna Lindqvist" in page.text
    assert "Hjärtmottagningen, Norrdals sjukhus" in page.text


@pytest.mark.parametrize("language", ["sv", "en"])
async def test_no_two_choices_read_alike(house: House, language: str) -> None:
    browser = house.browser()
    sent = await browser.http.get("/logga-in")
    page = await browser.get(f"{sent.headers['location']}&lang={language}")
    choices = re.findall(r"<li><button[^>]*><b>(.*?)</b>(?: <span>(.*?)</span>)?", page.text)
    assert len(choices) > 10
    assert len(set(choices)) == len(choices)
    assert all(detail for _, detail in choices)
    assert ("Petra Ek", "Sjuksköterska, Hjärtmottagningen – Vård och behandling") in choices


async def test_the_code_is_exchanged_with_the_verifier_that_made_the_challenge(house: House) -> None:
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    asked = parse_qs(urlsplit(browser.started).query)
    [sent] = house.posts
    assert sent["grant_type"] == "authorization_code"
    assert [challenge(sent["code_verifier"])] == asked["code_challenge"]


async def test_who_has_not_signed_in_is_sent_to_sign_in(house: House) -> None:
    page = await house.browser().get("/sok")
    assert "/auth/authorize" in str(page.url)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("code=x&state=", "Logga in igen"),
        ("code=x&state=forged", "Logga in igen"),
        ("error=access_denied&state={state}", "avbröts"),
        ("error=server_error&state={state}", "kunde inte bekräfta"),
        ("code=never-issued&state={state}", "kunde inte bekräfta"),
        ("code=x&state={state}&iss=https://other.example", "kunde inte bekräfta"),
    ],
)
async def test_an_answer_that_does_not_hold_gives_no_session(house: House, query: str, said: str) -> None:
    browser = house.browser()
    asked = parse_qs(urlsplit((await browser.http.get("/logga-in")).headers["location"]).query)
    page = await browser.http.get(f"/logga-in/svar?{query.format(state=asked['state'][0])}")
    assert page.status_code == 400
    assert said in page.text
    assert "session" not in browser.http.cookies


async def test_another_browsers_state_is_not_taken(house: House) -> None:
    mine, other = house.browser(), house.browser()
    await mine.http.get("/logga-in")
    asked = parse_qs(urlsplit((await other.http.get("/logga-in")).headers["location"]).query)
    page = await mine.http.get(f"/logga-in/svar?code=x&state={asked['state'][0]}")
    assert page.status_code == 400


async def test_the_session_cookie_is_for_this_site_alone(house: House) -> None:
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    assert len(browser.http.cookies["session"]) > 40
    [cookie] = [each for each in browser.http.cookies.jar if each.name == "session"]
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "lax"


async def test_signing_out_ends_the_session_for_good(house: House) -> None:
    browser = house.browser()
    page = await browser.sign_in("lakare-norrdal-1")
    secret = browser.http.cookies["session"]
    page = await browser.send(page, "/logga-ut")
    assert "Du är utloggad." in page.text
    assert page.headers["clear-site-data"] == '"cache", "storage"'
    browser.http.cookies.set("session", secret, "hub.test")
    assert (await browser.get("/sok")).status_code == 403


async def test_after_half_an_hour_the_page_says_why_and_where_to_go_on(house: House) -> None:
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    house.clock.now += timedelta(minutes=31)
    page = await browser.get("/sok")
    assert page.status_code == 403
    assert "Du loggades ut efter 30 minuter utan aktivitet." in page.text
    assert 'href="/logga-in?till=/sok"' in page.text


async def test_a_revoked_token_ends_its_session(house: House) -> None:
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    [(issuer, token)] = {(caller.issuer, caller.token_id) for _, caller in house.verifier._known.values()}
    house.verifier.revoke(issuer, token, 9e9)
    assert (await browser.get("/sok")).status_code == 403


async def test_a_form_without_this_sessions_token_is_refused(house: House) -> None:
    browser = house.browser()
    await browser.sign_in("lakare-norrdal-1")
    answer = await browser.http.post("/sok", data={"number": "19610118-2803"})
    assert answer.status_code == 400
    answer = await browser.http.post("/logga-ut", data={"csrf": "0" * 64})
    assert answer.status_code == 400


async def test_prolonging_says_how_long_there_is(house: House) -> None:
    browser = house.browser()
    page = await browser.sign_in("lakare-norrdal-1")
    house.clock.now += timedelta(minutes=29)
    answer = await browser.send(page, "/forlang")
    assert answer.json() == {"left": 1800}


@pytest.mark.parametrize(
    ("persona", "said"),
    [
        ("loggranskare-norrdal", "Granskning av åtkomstloggen"),
        ("sparradministrator-norrdal", "Ditt uppdrag ger inte åtkomst till patienter"),
        ("patient-ingrid", "Din egen översikt"),
        ("vardnadshavare-elin", "Översikten för dina barn"),
    ],
)
async def test_the_start_page_says_what_an_assignment_gives(house: House, persona: str, said: str) -> None:
    assert said in (await house.browser().sign_in(persona)).text


@pytest.mark.parametrize("persona", ["loggranskare-norrdal", "sparradministrator-norrdal", "patient-ingrid"])
async def test_who_may_not_search_is_told_so(house: House, persona: str) -> None:
    browser = house.browser()
    await browser.sign_in(persona)
    page = await browser.get("/sok")
    assert page.status_code == 403
    assert "Ditt uppdrag ger inte åtkomst till det här." in page.text


@pytest.mark.parametrize(
    ("asked", "place"),
    [("/sok", "/sok"), ("", "/"), ("//evil.example", "/"), ("https://evil.example", "/"), ("/\\evil", "/"), ("/logga-in", "/")],
)
def test_one_is_only_sent_on_inside_the_portal(asked: str, place: str) -> None:
    assert local(asked) == place
