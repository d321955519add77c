"""The sign-in page in a real browser: by keyboard, with scripts off, to a client elsewhere, and no fault for axe."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from hub import authserver
from hub.authserver import Client

CHROMIUM = Path("/usr/bin/chromium")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]

pytestmark = pytest.mark.browser


@pytest.fixture
def browser():
    api = pytest.importorskip("playwright.sync_api", reason="needs the e2e extra")
    if not CHROMIUM.exists():
        pytest.skip("needs Chromium")
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def served(site) -> Iterator[tuple[str, str]]:
    """Issuer and redirect address, each at a port of its own."""
    own, other = _listening(), _listening()
    issuer, redirect = f"http://127.0.0.1:{own.getsockname()[1]}/auth", f"http://127.0.0.1:{other.getsockname()[1]}/callback"
    clients = [Client(client_id="app", name="Appen", redirect_uris=(redirect,))]
    server = authserver.authorization_server(issuer, site.people, clients, site.key, audience=site.audience)

    async def callback(request):
        return PlainTextResponse("tillbaka" if "code" in request.query_params else "utan kod")

    running = [
        _Server(Starlette(routes=[Mount("/auth", server)]), own),
        _Server(Starlette(routes=[Route("/callback", callback)]), other),
    ]
    yield issuer, redirect
    for one in running:
        one.stop()


class _Server:
    """uvicorn in a thread, on a socket that already listens."""

    def __init__(self, app: Starlette, held: socket.socket) -> None:
        config = uvicorn.Config(app, lifespan="off", ws="none", access_log=False, log_level="error")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [held]}, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)


def _listening() -> socket.socket:
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    return held


def _address(site, served, **more):
    issuer, redirect = served
    return f"{issuer}/authorize?{urlencode(site.asked(redirect_uri=redirect, **more))}"


@pytest.mark.parametrize("scripts", [True, False])
def test_one_signs_in_by_keyboard_and_comes_back_to_the_client(browser, served, site, scripts):
    page = browser.new_context(java_script_enabled=scripts, locale="sv-SE").new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(_address(site, served))
    assert page.locator("h1").inner_text() == "Logga in"
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{served[1]}?*")
    assert page.locator("body").inner_text() == "tillbaka"
    assert [text for text in said if "favicon" not in text and "404" not in text] == []


def test_a_password_and_a_commission_by_keyboard(browser, served, site):
    page = browser.new_context(locale="en-GB").new_page()
    page.goto(_address(site, served))
    page.locator("#name").focus()
    page.keyboard.type("both-a1")
    page.keyboard.press("Tab")
    page.keyboard.type("ett annat")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Choose a commission")
    page.locator("button").nth(1).press("Enter")
    page.wait_for_url(f"{served[1]}?*")
    assert page.locator("body").inner_text() == "tillbaka"


@pytest.mark.parametrize("width", [1440, 320])
def test_the_page_has_no_fault_for_axe_and_fits(browser, served, site, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs the e2e extra").Axe()
    page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
    page.goto(_address(site, served))
    page.locator("#name").fill("x")
    page.locator("#password").fill("y")
    page.locator("button.main").click()
    page.wait_for_selector("[role=alert]")
    found = axe.run(page, options={"runOnly": RULES})
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
