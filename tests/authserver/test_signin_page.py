"""The sign-in page: strict policy, no script, two languages, and no way to finish another browser's sign-in."""

import re

import pytest

pytestmark = pytest.mark.anyio

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'{}; base-uri 'none'; frame-ancestors 'none'"
)


@pytest.mark.parametrize(
    ("changed", "target"),
    [
        ({}, " https://app.example.org"),
        ({"redirect_uri": "myapp:/back"}, " myapp:"),
        ({"client_id": "portal", "redirect_uri": "http://hub.example.org/portal/callback"}, ""),
        ({"client_id": "unheard-of"}, ""),
    ],
    ids=str,
)
async def test_the_policy_is_the_portals_and_lets_the_form_end_at_the_client(site, changed, target):
    page = await site.page(**changed)
    assert page.headers["content-security-policy"] == POLICY.format(target)
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("language", ["sv", "en"])
async def test_no_page_has_script_or_style_of_its_own(site, language):
    pages = [await site.page(lang=language), await site.page(lang=language, client_id="unheard-of")]
    pages.append(await site.press(pages[0], name="both-a1", password="ett annat"))
    pages.append(await site.press(pages[0], name="both-a1", password="fel"))
    for page in pages:
        assert f'<html lang="{language}">' in page.text
        assert not re.search(r"<script|<style|style=|javascript:|\son[a-z]+=", page.text, re.IGNORECASE)
        assert "1212" not in page.text


async def test_what_comes_from_outside_is_text_on_the_page(site):
    page = await site.page(state='"><script>alert(1)</script>')
    assert "<script" not in page.text
    assert "Appen &lt;&amp;&gt;" in page.text


async def test_the_style_is_a_file_of_ours(site):
    page = await site.page()
    address = re.search(r'rel="stylesheet" href="([^"]+)"', page.text)[1]
    style = await site.browser.get(address)
    assert (style.status_code, style.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "url(" not in style.text


@pytest.mark.parametrize(
    ("asked", "accepted", "heading"),
    [
        (None, "", "Logga in"),
        (None, "de", "Logga in"),
        (None, "en-GB,en;q=0.9", "Sign in"),
        (None, "sv;q=0.5,en;q=0.9", "Sign in"),
        (None, "en;q=0,sv", "Logga in"),
        ("sv", "en", "Logga in"),
        ("en", "sv", "Sign in"),
        ("xx", "x;q=y", "Logga in"),
    ],
)
async def test_the_page_speaks_the_readers_language(site, asked, accepted, heading):
    asked = site.asked(lang=asked)
    page = await site.browser.get("/auth/authorize", params=asked, headers={"accept-language": accepted})
    assert f"<h1>{heading}</h1>" in page.text


async def test_the_other_language_is_a_link_to_the_same_sign_in(site, reading):
    page = await site.page()
    link = re.search(r'href="([^"]+)" lang="en"', page.text)[1].replace("&amp;", "&")
    other = await site.browser.get(link)
    assert "<h1>Sign in</h1>" in other.text
    assert reading.hidden(other)["request"] == reading.hidden(page)["request"]
    assert (await site.press(other, choice="patient-1|")).status_code == 303


async def test_the_page_lists_each_commission_and_nobody_with_a_password(site):
    page = await site.page()
    values = re.findall(r'name="choice" value="([^"]*)"', page.text)
    assert values == ["physician-a1|SE2321990018-C1", "physician-a1|SE2321990018-C2", "patient-1|"]
    assert "Läkare, Björken" in page.text


async def test_every_control_is_a_native_one_with_a_name(site):
    page = await site.page()
    assert "tabindex" not in page.text
    for field in ("name", "password"):
        assert f'<label for="{field}">' in page.text
        assert f'<input id="{field}"' in page.text
    assert all(re.findall(r"<button[^>]*>\s*(?:<b>)?([^<]+)", page.text))


async def test_cancelling_tells_the_client(site):
    page = await site.page()
    cancel = re.search(r'href="(https://app[^"]+)"', page.text)[1].replace("&amp;", "&")
    assert cancel.startswith(f"{site.redirect}?error=access_denied&state=state")


@pytest.mark.parametrize(
    "choice",
    [
        "nurse-a1|SE2321990018-C1",
        "unheard-of|",
        "physician-a1|",
        "physician-a1|SE2321990018-C9",
        "patient-1|SE2321990018-C1",
        "technician-1|",
        "",
    ],
)
async def test_a_choice_that_was_not_offered_gives_no_code(site, choice):
    answer = await site.press(await site.page(), choice=choice)
    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_another_browser_cannot_finish_a_sign_in(site, reading):
    form = reading.hidden(await site.page()) | {"choice": "patient-1|"}
    async with site.new_browser() as other:
        assert (await other.post("/auth/authorize", data=form)).status_code == 400
        await other.get("/auth/authorize", params=site.asked())
        assert (await other.post("/auth/authorize", data=form)).status_code == 400
    assert (await site.browser.post("/auth/authorize", data=form)).status_code == 303


@pytest.mark.parametrize("changed", [{"state": "other"}, {"code_challenge": "w" * 43}, {"redirect_uri": "myapp:/back"}], ids=str)
async def test_a_request_cannot_be_exchanged_under_the_ticket(site, reading, changed):
    form = reading.hidden(await site.page()) | {"choice": "patient-1|", "request": reading.urlencode(site.asked(**changed))}
    assert (await site.browser.post("/auth/authorize", data=form)).status_code == 400


@pytest.mark.parametrize("ticket", ["", "0" * 64, "é"])
async def test_a_forged_ticket_gives_no_code(site, ticket):
    answer = await site.press(await site.page(), choice="patient-1|", ticket=ticket)
    assert answer.status_code == 400


async def test_a_password_signs_in_a_person_with_one_commission(site, reading):
    answer = await site.press(await site.page(), name="nurse-a1", password="rätt lösen")
    assert answer.status_code == 303
    said = site.claims((await site.exchange(reading.answered(answer)["code"])).json()["access_token"])
    assert said["sub"] == "SE2321990018-E2"


@pytest.mark.parametrize(
    ("name", "password"),
    [("nurse-a1", "fel"), ("nurse-a1", ""), ("unheard-of", "rätt lösen"), ("physician-a1", ""), ("patient-1", "x"), ("", "")],
)
async def test_a_wrong_password_and_an_unknown_name_look_alike(site, name, password):
    answer = await site.press(await site.page(), name=name, password=password)
    assert answer.status_code == 403
    assert 'role="alert">Användarnamnet eller lösenordet stämmer inte.' in answer.text
    assert "unheard-of" not in answer.text


async def test_after_the_password_comes_the_choice_of_commission(site, reading):
    page = await site.press(await site.page(), name="both-a1", password="ett annat")
    assert '<h2 id="choose">Välj uppdrag</h2>' in page.text
    answer = await site.press(page, choice="both-a1|SE2321990018-C2")
    said = site.claims((await site.exchange(reading.answered(answer)["code"])).json()["access_token"])
    assert said["extensions"]["se_hsa"]["commissionHsaId"] == "SE2321990018-C2"


async def test_the_proof_of_a_password_serves_its_person_for_five_minutes(site):
    page = await site.press(await site.page(), name="both-a1", password="ett annat")
    assert (await site.press(page, choice="nurse-a1|SE2321990018-C1")).status_code == 400
    site.now += 299
    assert (await site.press(page, choice="both-a1|SE2321990018-C1")).status_code == 303
    site.now += 2
    assert (await site.press(page, choice="both-a1|SE2321990018-C1")).status_code == 400
    assert (await site.press(page, choice="both-a1|SE2321990018-C1", proof="9999999999.x")).status_code == 400
    assert (await site.press(page, choice="both-a1|SE2321990018-C1", proof="")).status_code == 400


async def test_sign_in_is_limited_by_address_and_by_name(new_site):
    site = new_site(tries_per_minute=6)
    page = await site.page()
    wrong = [(await site.press(page, name="nurse-a1", password="fel")).status_code for _ in range(4)]
    assert wrong == [403, 403, 429, 429]
    rest = [(await site.press(page, choice="patient-1|")).status_code for _ in range(4)]
    assert rest == [303, 303, 429, 429]


async def test_a_right_password_does_not_help_once_a_name_is_limited(new_site):
    site = new_site(tries_per_minute=6)
    page = await site.page()
    for _ in range(2):
        await site.press(page, name="nurse-a1", password="fel")
    answer = await site.press(page, name="nurse-a1", password="rätt lösen")
    assert answer.status_code == 429
    assert "För många försök" in answer.text


@pytest.mark.parametrize(
    ("issuer", "cookie"), [("https://hub.example.org/auth", "__Host-signin"), ("http://hub.example.org/auth", "signin")]
)
async def test_the_cookie_is_bound_to_the_host_where_there_is_tls(new_site, issuer, cookie):
    site = new_site(issuer=issuer)
    held = (await site.page()).headers["set-cookie"]
    assert held.startswith(f"{cookie}=")
    assert "httponly" in held.lower()
    assert "samesite=lax" in held.lower()
    assert ("secure" in held.lower()) is issuer.startswith("https")
    assert (await site.press(await site.page(), choice="patient-1|")).status_code == 303
