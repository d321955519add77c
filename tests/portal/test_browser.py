"""The portal in a real browser: accessible at every width, whole by keyboard and without scripts, and on paper."""

import re
import shutil
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.demo.rivta.serving import served
from hub.demo.world.stories.ingrid import INGRID

pytestmark = [pytest.mark.anyio, pytest.mark.browser]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
WIDTHS = (1440, 1024, 390, 320)
HIDDEN = """() => {
  const at = document.activeElement;
  if (at === document.body || at.closest('.skip, .banner, .banner2, .top')) return '';
  const box = at.getBoundingClientRect(), below = document.querySelector('.banner2').getBoundingClientRect().bottom;
  return box.height && box.bottom > below && box.top < innerHeight ? '' : at.outerHTML.slice(0, 120);
}"""
"""What has the focus, if it cannot be seen."""


@pytest.fixture
async def live(made_house: Any) -> AsyncIterator[Any]:
    """A house on a loopback port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with made_house(f"http://127.0.0.1:{port}") as house:
        await house.measure()
        async with served(house.app, port):
            yield house


@pytest.fixture
async def chromium() -> AsyncIterator[Any]:
    playwright = pytest.importorskip("playwright.async_api", reason="the e2e extra is not installed")
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine")
    async with playwright.async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


async def violations(page: Any) -> list[str]:
    axe = pytest.importorskip("axe_playwright_python.async_playwright", reason="the e2e extra is not installed")
    found = (await axe.Axe().run(page, options=RULES)).response["violations"]
    return [f"{each['id']}: {node['html'][:120]}" for each in found for node in each["nodes"]]


async def sign_in(page: Any, base: str) -> None:
    await page.goto(base + "/")
    await page.click("main a.btn-main")
    await page.click("button:has-text('Anna Lindqvist')")
    await page.wait_for_url(base + "/")


async def to_overview(page: Any, base: str) -> None:
    await sign_in(page, base)
    await page.goto(base + "/sok")
    await page.fill("#number", INGRID)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/atkomst")
    await page.check("[name=relation]")
    await page.click("button:has-text('Registrera patientrelation')")
    await page.check("[name=need][value=treatment]")
    await page.click("button:has-text('Registrera behov')")
    await page.check("[name=consent][value=unit]")
    await page.click("button:has-text('Spara och öppna')")
    await page.wait_for_selector("#lakemedel")


async def test_every_page_is_accessible_at_every_width_and_calls_nobody_else(live: Any, chromium: Any) -> None:
    base = live.hub.config.base_url
    page = await chromium.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda fault: said.append(str(fault)))
    page.on("request", lambda request: asked.append(request.url))
    await to_overview(page, base)
    overview = page.url
    places = (overview, f"{overview}/atkomst", f"{overview}/nod", base + "/sok", base + "/")
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 900})
        for place in places:
            await page.goto(place)
            assert await violations(page) == [], (width, place)
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (width, place)
    assert said == []
    assert [each for each in asked if not each.startswith(base)] == []


async def test_a_refused_form_is_accessible_and_has_the_focus(live: Any, chromium: Any) -> None:
    base = live.hub.config.base_url
    page = await chromium.new_page()
    await sign_in(page, base)
    await page.goto(base + "/sok")
    await page.fill("#number", "196101182804")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#errors")
    assert await violations(page) == []
    assert await page.evaluate("document.activeElement.id") == "errors"
    assert await page.input_value("#number") == "196101182804"


async def test_a_page_broken_on_purpose_is_found(live: Any, chromium: Any) -> None:
    page = await chromium.new_page()
    await page.goto(live.hub.config.base_url + "/")
    await page.evaluate("document.documentElement.removeAttribute('lang')")
    assert await violations(page) != []


async def test_the_overview_takes_three_requests(live: Any, chromium: Any) -> None:
    context = await chromium.new_context()
    page = await context.new_page()
    await to_overview(page, live.hub.config.base_url)
    asked: list[str] = []
    other = await context.new_page()
    other.on("request", lambda request: asked.append(request.url))
    await other.goto(page.url)
    assert len([each for each in asked if not each.endswith("icon.svg")]) <= 3


async def test_the_whole_way_goes_without_scripts(live: Any, chromium: Any) -> None:
    context = await chromium.new_context(java_script_enabled=False)
    page = await context.new_page()
    await to_overview(page, live.hub.config.base_url)
    assert await page.locator("#provsvar svg.chart").count() >= 8


async def test_every_tab_stop_is_seen_and_not_beneath_the_banner(live: Any, chromium: Any) -> None:
    page = await chromium.new_page(viewport={"width": 1440, "height": 900})
    await to_overview(page, live.hub.config.base_url)
    await page.keyboard.press("Tab")
    assert "Hoppa till innehållet" in await page.evaluate("document.activeElement.textContent")
    for _ in range(60):
        await page.keyboard.press("Tab")
        hidden = await page.evaluate(HIDDEN)
        assert hidden == ""


async def test_before_the_session_ends_one_press_prolongs_it(live: Any, chromium: Any) -> None:
    page = await chromium.new_page()
    await sign_in(page, live.hub.config.base_url)
    html = re.sub(r'data-left="\d+"', 'data-left="100"', await page.content())
    assert 'data-left="100"' in html
    await page.route("**/", lambda route: route.fulfill(body=html, content_type="text/html"))
    await page.goto(live.hub.config.base_url + "/")
    await page.wait_for_selector("dialog[open]")
    assert await violations(page) == []
    await page.click("dialog button")
    await page.wait_for_selector("dialog:not([open])", state="attached")
    assert "fortfarande inloggad" in await page.text_content("#status")


async def test_on_paper_patient_and_what_is_missing_are_there_and_menus_are_not(live: Any, chromium: Any) -> None:
    page = await chromium.new_page()
    await to_overview(page, live.hub.config.base_url)
    await page.emulate_media(media="print")
    assert await page.is_visible(".print-run")
    assert await page.is_visible(".gaps")
    assert not await page.is_visible(".top")
    assert not await page.is_visible(".side")
    assert len(await page.pdf()) > 10_000
