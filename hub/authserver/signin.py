"""The sign-in page: GET shows it, POST takes the choice and sends the browser back with a code.

Nothing of a sign-in under way is kept on the server: the page carries the request and a ticket that binds it to the
browser's cookie, so that no other site can finish it.
"""

import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import anyio.to_thread
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hub.authserver import pages, passwords, requests
from hub.authserver.codes import Codes, Grant
from hub.authserver.exchange import Logged
from hub.authserver.issue import Authority, granted
from hub.authserver.pages import WORDS
from hub.authserver.people import Client, Commission, Person, origin
from hub.authserver.requests import Refused, Request, Unredirectable
from hub.errors import HubError, Throttled
from hub.limits import Limit, told

PROOF_LIFE = 300
"""Seconds from the password to the choice of a commission."""
MAX_CARRIED = 8192
MAX_PASSWORD = 1024

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Choice:
    """One button of the page."""

    value: str
    title: str
    detail: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page about to be shown, or just sent in: the request as carried, whose browser, in what language."""

    carried: str
    request: Request
    browser: str
    language: str


class SignIn:
    """The two endpoints at `/authorize`. Has state: a secret of its own, and how often sign-in was tried."""

    def __init__(
        self,
        authority: Authority,
        people: Mapping[str, Person],
        clients: Mapping[str, Client],
        codes: Codes,
        clock: Callable[[], float],
        tries_per_minute: int,
        logged: Logged,
    ) -> None:
        self._authority, self._people, self._clients, self._codes, self._clock = authority, people, clients, codes, clock
        self._logged = logged
        self._secret = secrets.token_bytes(32)
        self._by_address = Limit("sign-ins", tries_per_minute)
        self._by_name = Limit("sign-ins by one name", max(1, tries_per_minute // 3))
        self._root = urlsplit(authority.issuer).path
        secure = authority.issuer.startswith("https:")
        self._cookie = "__Host-signin" if secure else "signin"
        self._secure = secure

    async def show(self, request: HttpRequest) -> Response:
        """The page for an authorization request."""
        rows = request.query_params.multi_items()
        language = _language(request, dict(rows).get("lang", "") or dict(rows).get("ui_locales", ""))
        return self._opened(request, urlencode([row for row in rows if row[0] != "lang"]), language, self._first)

    async def answer(self, request: HttpRequest) -> Response:
        """What the person chose or wrote."""
        form = {name: value for name, value in (await request.form()).multi_items() if isinstance(value, str)}
        language = _language(request, form.get("lang", ""))
        try:
            self._by_address.take(request.client.host if request.client else "")
            name = form.get("name", "")[:64]
            correct = "name" in form and await self._known(name, form.get("password", ""))
            if "name" in form and not correct:
                await self._logged("sign-in", "refuse", {"subject": name} if name in self._people else {})
                told(request.scope)
        except Throttled:
            return self._opened(request, form.get("request", ""), language, self._first, "throttled", 429)
        except HubError:  # the log cannot be written: nothing goes on
            return self._page("problem", language, 503)

        def decided(sheet: Sheet) -> Response:
            if not self._same(form.get("ticket", ""), self._ticket(sheet)):
                return self._first(sheet, "stale", 400)
            if "name" in form:
                return self._signed_in(sheet, self._people[name]) if correct else self._first(sheet, "wrong", 403)
            return self._chosen(sheet, form.get("choice", ""), form.get("proof", ""))

        return self._opened(request, form.get("request", ""), language, decided)

    def _opened(self, request: HttpRequest, carried: str, language: str, then: Callable[..., Response], *more: Any) -> Response:
        """What `then` makes of the carried request, or how it is refused."""
        try:
            rows = parse_qsl(carried[:MAX_CARRIED], keep_blank_values=True)
            read = requests.read(rows, self._clients, self._authority.issuer, self._authority.audience)
        except Unredirectable:
            return self._page("problem", language, 400)
        except Refused as fault:
            return _sent(fault.address.with_answer(error=fault.error))
        held = request.cookies.get(self._cookie, "")
        browser = held if _SECRET.fullmatch(held) else secrets.token_urlsafe(32)
        answer = then(Sheet(carried, read, browser, language), *more)
        if browser != held and answer.status_code != 303:
            answer.set_cookie(self._cookie, browser, path="/", secure=self._secure, httponly=True, samesite="lax")
        return answer

    def _first(self, sheet: Sheet, problem: str = "", status: int = 200) -> Response:
        listed = [
            person for person in self._people.values() if not person.password and person.kind not in ("system", "technician")
        ]
        choices = [choice for person in listed for choice in _choices(person, sheet.language)]
        return self._form(sheet, choices, any(person.password for person in self._people.values()), "", problem, status)

    def _signed_in(self, sheet: Sheet, person: Person) -> Response:
        if len(person.commissions) > 1:
            return self._form(sheet, _choices(person, sheet.language), False, self._proof(sheet, person))
        return self._granted(sheet, person, next(iter(person.commissions), None))

    def _chosen(self, sheet: Sheet, choice: str, proof: str) -> Response:
        name, _, hsa_id = choice.partition("|")
        person = self._people.get(name)
        if person is None or person.kind in ("system", "technician"):
            return self._first(sheet, "stale", 400)
        if person.password and not self._proven(sheet, person, proof):
            return self._first(sheet, "stale", 400)
        commission = person.commission(hsa_id)
        if commission is None and (hsa_id or person.commissions):
            return self._first(sheet, "stale", 400)
        return self._granted(sheet, person, commission)

    def _granted(self, sheet: Sheet, person: Person, commission: Commission | None) -> Response:
        request = sheet.request
        grant = Grant(
            client_id=request.client.client_id,
            redirect_uri=request.address.uri,
            challenge=request.challenge,
            person=person,
            commission=commission,
            scope=granted(request.scope, request.client, person),
            nonce=request.nonce,
        )
        return _sent(request.address.with_answer(code=self._codes.issue(grant)))

    async def _known(self, name: str, password: str) -> bool:
        self._by_name.take(name)
        person = self._people.get(name)
        held = person.password if person else ""
        fits = await anyio.to_thread.run_sync(passwords.matches, password[:MAX_PASSWORD], held)
        return fits and bool(held)

    def _form(
        self, sheet: Sheet, choices: list[Choice], with_password: bool, proof: str, problem: str = "", status: int = 200
    ) -> Response:
        other = "en" if sheet.language == "sv" else "sv"
        return self._page(
            "signin",
            sheet.language,
            status,
            sheet.request.address.uri,
            client=sheet.request.client.name,
            request=sheet.carried,
            ticket=self._ticket(sheet),
            proof=proof,
            choices=choices,
            with_password=with_password,
            problem=WORDS[sheet.language][problem] if problem else "",
            cancel=sheet.request.address.with_answer(error="access_denied"),
            other_language=f"{self._root}/authorize?{sheet.carried}&lang={other}",
        )

    def _page(self, name: str, language: str, status: int, target: str = "", **values: Any) -> Response:
        html = pages.page(name, language, root=self._root, **values)
        return HTMLResponse(html, status, _headers(target, origin(self._authority.issuer)))

    def _ticket(self, sheet: Sheet) -> str:
        return self._mac("ticket", sheet.browser, sheet.carried)

    def _proof(self, sheet: Sheet, person: Person) -> str:
        expires = str(int(self._clock()) + PROOF_LIFE)
        return f"{expires}.{self._mac('proof', sheet.browser, sheet.carried, person.name, expires)}"

    def _proven(self, sheet: Sheet, person: Person, proof: str) -> bool:
        expires, _, mac = proof.partition(".")
        if not self._same(mac, self._mac("proof", sheet.browser, sheet.carried, person.name, expires)):
            return False
        return int(expires) > self._clock()

    def _mac(self, *parts: str) -> str:
        return hmac.digest(self._secret, "\n".join(parts).encode(), "sha256").hex()

    @staticmethod
    def _same(one: str, other: str) -> bool:
        return hmac.compare_digest(one.encode(), other.encode())


def _choices(person: Person, language: str) -> list[Choice]:
    """Beside the name stands what tells one choice from another: the commission, or as whom somebody without one reads."""
    if not person.commissions:
        return [Choice(f"{person.name}|", person.display, pages.WORDS[language].get(person.kind, ""))]
    return [
        Choice(f"{person.name}|{one.hsa_id}", person.display, f"{one.name or one.unit} – {one.purpose}")
        for one in person.commissions
    ]


def _language(request: HttpRequest, asked: str) -> str:
    return pages.language(asked, request.headers.get("accept-language", ""))


def _sent(address: str) -> Response:
    return RedirectResponse(address, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


def _headers(target: str, own: str) -> dict[str, str]:
    """The portal's policy; the client's own address is added, since Chromium holds a form's redirect to `form-action` too."""
    other = f" {origin(target)}" if target and origin(target) != own else ""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        f"form-action 'self'{other}; base-uri 'none'; frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
