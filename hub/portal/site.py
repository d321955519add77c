"""What every page is given, and the way in and out of each: session, language, form, headers, and what went wrong."""

import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hub import errors
from hub.caller import Caller
from hub.errors import HubError
from hub.hub import Hub
from hub.interactions import logbook
from hub.interactions.context import Context
from hub.limits import Limits, is_told, told
from hub.portal import templates
from hub.portal.language import LANGUAGES, words
from hub.portal.visit import Closed, Visit, caller_from, known, searches
from hub.refresh import Refresher
from hub.smart import Verifier
from hub.store import sessions
from hub.store.sessions import Session
from hub.store.values import moment

Post = Callable[[str, Mapping[str, str]], Awaitable[tuple[int, bytes]]]
"""Sends a form to an address. Gives: status and body."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}
FAULTS: tuple[tuple[type[HubError], int, str], ...] = (
    (errors.AuditUnavailable, 503, "fault.audit"),
    (errors.Throttled, 429, "fault.throttled"),
    (errors.NotFound, 404, "fault.not-found"),
    (errors.Forbidden, 403, "fault.forbidden"),
)
"""What a page says of what went wrong; anything else could not be read."""
A_YEAR = 365 * 24 * 3600


Handler = Callable[[Visit], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """The hub as pages need it."""

    hub: Hub
    refresher: Refresher
    verifier: Verifier
    limits: Limits
    post: Post
    """Sends the form of the code exchange to the token address."""
    client_id: str = "portal"
    """How the authorization server knows the portal: a public client with the redirect address `base_url`/logga-in/svar."""
    note: Callable[[Exception], None] = lambda fault: None
    """Tells the operator of a fault of ours: class and place, no data."""
    count: Callable[[Request, HubError, Caller | None], None] = lambda request, fault, caller: None
    """Counts what somebody who has signed in was refused, unless the log has an entry of it."""

    @property
    def secure(self) -> bool:
        return self.hub.config.base_url.startswith("https:")

    def cookie(self, name: str) -> str:
        """A cookie's name; browsers hold `__Host-` to this host and to https."""
        return f"__Host-{name}" if self.secure else name

    def set_cookie(self, answer: Response, name: str, value: str, life: int | None = None) -> None:
        answer.set_cookie(self.cookie(name), value, max_age=life, path="/", secure=self.secure, httponly=True, samesite="lax")

    def drop_cookie(self, answer: Response, name: str) -> None:
        answer.delete_cookie(self.cookie(name), path="/", secure=self.secure, httponly=True, samesite="lax")

    def open_page(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """A page for anybody."""
        return partial(self._answered, handler, False)

    def page(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """A page for who has signed in; others are sent to sign in, and come back."""
        return partial(self._answered, handler, True)

    def context(self, visit: Visit) -> Context:
        """What interactions are given. Raises: Throttled."""
        caller = known(visit)
        self.limits.request(caller)
        name = self.request_id(visit)
        return Context(self.hub, self.refresher, caller, name, self.hub.store.now(), partial(self.limits.identifier, caller))

    def request_id(self, visit: Visit) -> str:
        """The id that this request has in logs and in the access log."""
        return str(visit.request.scope.setdefault("state", {}).setdefault("request_id", secrets.token_hex(16)))

    def left(self, visit: Visit) -> int:
        """Seconds until the session ends; told instead of a time, since browsers' clocks differ from ours."""
        return max(0, visit.held.ends - self.hub.store.now()) // 1_000_000 if visit.held else 0

    async def keep(self, visit: Visit, **content: Any) -> None:
        """Change what the session holds."""
        assert visit.held
        visit.held = await self.hub.store(sessions.keep, visit.held, visit.held.content | content)

    def patient(self, visit: Visit) -> tuple[str, str]:
        """The handle in the address, and the patient's id. Raises: Closed."""
        handle = str(visit.request.path_params["handle"])
        found = visit.content.get("patients", {}).get(handle)
        if not found:
            raise Closed("the patient is not open in this session")
        return handle, str(found)

    def show(self, visit: Visit, name: str, status: int = 200, **values: Any) -> Response:
        """The page `name`."""
        html = templates.page(name, **self._common(visit), path=_again(visit, name), **values)
        return HTMLResponse(html, status, HEADERS)

    def away(self, place: str) -> Response:
        """On to another page, by GET."""
        return RedirectResponse(place, 303, HEADERS)

    def _common(self, visit: Visit) -> dict[str, Any]:
        caller = visit.caller
        language = visit.words.language
        unit = self.hub.directory.units.get(caller.unit) if caller else None
        return {
            "t": visit.words,
            "lang": language,
            "other": next(each for each in LANGUAGES if each != language),
            "who": caller,
            "unit": unit.name if unit else "",
            "staff": bool(caller and caller.staff),
            "searches": bool(caller and searches(caller)),
            "logged": _logged(caller),
            "csrf": self.csrf(visit.held) if visit.held else "",
            "session_left": self.left(visit),
            "session_ends_at": visit.words.time(moment(visit.held.ends)) if visit.held else "",
            "now": visit.words.moment(self.hub.clock()),
        }

    def csrf(self, held: Session) -> str:
        """The token that a session's forms carry."""
        return hmac.digest(self.hub.store.keys.cursor, f"csrf\0{held.secret}".encode(), "sha256").hex()

    async def _answered(self, handler: Handler, signed_in: bool, request: Request) -> Response:
        visit = Visit(request, words(_language(request)))
        try:
            await self._recognise(visit)
            if signed_in and visit.caller is None:
                return self._to_sign_in(visit)
            if request.method == "POST":
                await self._read_form(visit)
            answer = await handler(visit)
        except HubError as fault:
            answer = await self._refused(visit, fault)
        except Exception as fault:  # the last resort: a fault of ours, told to the operator and to the reader without data
            self.note(fault)
            name = self.request_id(visit)
            if await logbook.log_failure(self.hub.store, visit.caller, name):
                told(request.scope)
            said = visit.words("fault.ours", id=name)
            answer = self.show(visit, "said", 500, title=visit.words("fault.title"), said=said)
        if visit.caller and 400 <= answer.status_code < 500 and not is_told(request.scope):
            self.count(request, errors.InvalidRequest("the form was filled in wrongly"), visit.caller)
        if request.query_params.get("lang") in LANGUAGES:
            answer.set_cookie("lang", visit.words.language, A_YEAR, path="/", secure=self.secure, httponly=True, samesite="lax")
        return answer

    async def _recognise(self, visit: Visit) -> None:
        """The session of the browser's cookie, unless the token it began with has been revoked."""
        secret = visit.request.cookies.get(self.cookie("session"), "")
        held = await self.hub.store(sessions.resume, secret) if secret else None
        if held is None:
            return
        caller = caller_from(held.content["caller"])
        if self.verifier.stands(caller):
            visit.held, visit.caller = held, caller
        else:
            await self.hub.store(sessions.end, secret)

    async def _read_form(self, visit: Visit) -> None:
        form = await visit.request.form()
        visit.form = {name: value for name, value in form.items() if isinstance(value, str)}
        if visit.held and not hmac.compare_digest(visit.form.get("csrf", "").encode(), self.csrf(visit.held).encode()):
            raise errors.Conflict("the form was not made for this session")

    def _to_sign_in(self, visit: Visit) -> Response:
        ended = bool(visit.request.cookies.get(self.cookie("session")))
        if visit.request.method != "GET":
            return self.show(visit, "home", 403, said=visit.words("signed-out.idle"), opened=[], sign_in="/logga-in")
        place = f"/logga-in?till={visit.request.url.path}"
        if ended:
            answer = self.show(visit, "home", 403, said=visit.words("signed-out.idle"), opened=[], sign_in=place)
            self.drop_cookie(answer, "session")
            return answer
        return self.away(place)

    async def _refused(self, visit: Visit, fault: HubError) -> Response:
        """The page of a refusal; one to somebody who has signed in is in the log before, or the page says that it cannot be."""
        if visit.caller and not fault.logged and not isinstance(fault, errors.Throttled | errors.AuditUnavailable):
            try:
                await self.hub.store.commit(logbook.refused(visit.caller, "open-page", "", fault, self.request_id(visit)))
                fault.in_log()
            except errors.AuditUnavailable as unavailable:
                fault = unavailable
        if visit.caller:
            self.count(visit.request, fault, visit.caller)
        return self._fault(visit, fault)

    def _fault(self, visit: Visit, fault: HubError) -> Response:
        if isinstance(fault, Closed):
            return self.show(visit, "said", 410, title=visit.words("closed.title"), said=visit.words("closed.said"))
        status, key = next(((s, k) for kind, s, k in FAULTS if isinstance(fault, kind)), (400, "fault.request"))
        return self.show(visit, "said", status, title=visit.words("fault.title"), said=visit.words(key))


def _again(visit: Visit, name: str) -> str:
    """Where a link leads to the page `name` anew, on this host whatever was asked for (`//elsewhere/`); to the start page, where
    only a form or the way back from signing in does."""
    only_by_form = name == "said" and visit.request.method != "GET"
    return "/" if name == "home" or only_by_form else "/" + visit.request.url.path.lstrip("/\\")


def _logged(caller: Caller | None) -> str:
    """The message that tells somebody what is logged, in words that fit who it is; empty: nobody has signed in."""
    if caller is None:
        return ""
    return f"logged.{'care' if caller.staff else caller.kind if caller.kind in ('patient', 'guardian') else 'other'}"


def _language(request: Request) -> str:
    """Asked for in the address, else as chosen before, else Swedish."""
    asked = request.query_params.get("lang") or request.cookies.get("lang") or LANGUAGES[0]
    return asked if asked in LANGUAGES else LANGUAGES[0]
