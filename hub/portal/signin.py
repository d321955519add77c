"""Sign-in through the real authorization server: authorization code with PKCE, and a session of our own. Sign-out.

Source: RFC 6749 section 4.1, RFC 7636, RFC 9207; http://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html
"""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from urllib.parse import urlencode

from starlette.responses import Response

from hub.config import IssuerConfig
from hub.errors import HubError, NotSupported
from hub.interactions import logbook
from hub.limits import Limit, network, told
from hub.portal.site import HEADERS, Portal
from hub.portal.visit import Visit, caller_to
from hub.store import sessions
from hub.store.tables import NO_PATIENT

SCOPE = "fhirUser user/*.cruds patient/*.cruds"
"""All that the person may have: the portal is a caller as any other, and asks as who signs in."""
LIFE = 10 * sessions.MINUTE
FAILED_PER_MINUTE = 60
"""Sign-ins that failed, of one network: each is an entry of the log."""
CALLBACK = "/logga-in/svar"


@dataclass(frozen=True, slots=True)
class SignIn:
    """The pages `/logga-in`, `/logga-in/svar`, `/logga-ut` and `/forlang`."""

    portal: Portal
    tries: Limit = field(default_factory=lambda: Limit("sign-ins that failed", FAILED_PER_MINUTE))

    async def start(self, visit: Visit) -> Response:
        """Send the browser to the authorization server, with a state and a challenge that only this browser can answer for."""
        portal, issuer = self.portal, self._issuer()
        state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        asked = {
            "response_type": "code",
            "client_id": portal.client_id,
            "redirect_uri": self._callback,
            "scope": SCOPE,
            "state": state,
            "aud": issuer.audience,
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
            "ui_locales": visit.words.language,
        }
        answer = portal.away(f"{issuer.authorize_url}?{urlencode(asked)}")
        kept = {"state": state, "verifier": verifier, "till": local(visit.request.query_params.get("till", ""))}
        portal.set_cookie(answer, "portal-signin", sessions.carry(portal.hub.store, kept, LIFE), 600)
        return answer

    async def answer(self, visit: Visit) -> Response:
        """What the authorization server sent the browser back with: a code becomes a token, the token a session."""
        portal, query = self.portal, visit.request.query_params
        kept = sessions.carried(portal.hub.store, visit.request.cookies.get(portal.cookie("portal-signin"), ""))
        state = query.get("state", "")
        if kept is None or not secrets.compare_digest(state.encode(), str(kept["state"]).encode()):
            return await self._failed(visit, "signin.stale")
        if query.get("iss", self._issuer().issuer) != self._issuer().issuer:
            return await self._failed(visit, "signin.failed")
        if "code" not in query:
            return await self._failed(visit, "signin.cancelled" if query.get("error") == "access_denied" else "signin.failed")
        token = await self._token(query["code"], str(kept["verifier"]))
        if token is None:
            return await self._failed(visit, "signin.failed")
        return await self._begun(visit, token, str(kept["till"]))

    async def out(self, visit: Visit) -> Response:
        """End the session."""
        if visit.held:
            await self.portal.hub.store(sessions.end, visit.held.secret)
        if visit.caller:
            leaf = logbook.administered(visit.caller, "sign-out", NO_PATIENT, "", self.portal.request_id(visit))
            await self.portal.hub.store.commit(leaf)
        visit.held = visit.caller = None
        answer = self.portal.show(visit, "home", said=visit.words("signed-out.done"), opened=[], sign_in="/logga-in")
        answer.headers["Clear-Site-Data"] = '"cache", "storage"'
        self.portal.drop_cookie(answer, "session")
        return answer

    async def prolong(self, visit: Visit) -> Response:
        """The session goes on: coming here was enough. Says how many seconds there are."""
        return Response(json.dumps({"left": self.portal.left(visit)}), 200, HEADERS, "application/json")

    async def _begun(self, visit: Visit, token: str, till: str) -> Response:
        portal = self.portal
        try:
            caller = await portal.verifier.caller(f"Bearer {token}")
        except HubError:
            return await self._failed(visit, "signin.refused")
        if visit.held:
            await portal.hub.store(sessions.end, visit.held.secret)
        await portal.hub.store.commit(logbook.administered(caller, "sign-in", NO_PATIENT, "", portal.request_id(visit)))
        held = await portal.hub.store(sessions.begin, {"caller": caller_to(caller), "patients": {}})
        answer = portal.away(till)
        portal.set_cookie(answer, "session", held.secret)
        portal.drop_cookie(answer, "portal-signin")
        return answer

    async def _token(self, code: str, verifier: str) -> str | None:
        status, body = await self.portal.post(
            self._issuer().token_url,
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self._callback,
                "client_id": self.portal.client_id,
                "code_verifier": verifier,
            },
        )
        try:
            said = json.loads(body) if status == 200 else {}
        except ValueError:
            return None
        token = said.get("access_token") if isinstance(said, dict) else None
        return token if isinstance(token, str) else None

    async def _failed(self, visit: Visit, key: str) -> Response:
        """The page that says why nobody is signed in; it is in the log by then.

        Raises: Throttled: too often from one network; AuditUnavailable.
        """
        client = visit.request.client
        self.tries.take(network(client.host if client else ""))
        leaf = logbook.not_signed_in(self.portal.client_id, key.partition(".")[2], self.portal.request_id(visit))
        await self.portal.hub.store.commit(leaf)
        told(visit.request.scope)
        answer = self.portal.show(visit, "home", 400, said=visit.words(key), opened=[], sign_in="/logga-in")
        self.portal.drop_cookie(answer, "portal-signin")
        return answer

    def _issuer(self) -> IssuerConfig:
        config = self.portal.hub.config
        found = next((each for each in config.issuers if each.issuer == config.portal_issuer), None)
        if found is None or not found.authorize_url or not found.token_url:
            raise NotSupported("no issuer is configured for the portal")
        return found

    @property
    def _callback(self) -> str:
        return f"{self.portal.hub.config.base_url}{CALLBACK}"


def challenge(verifier: str) -> str:
    """S256 of a code verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def local(place: str) -> str:
    """A place in the portal to come back to; the start page for anything that could lead elsewhere."""
    plain = place.startswith("/") and not place.startswith("//") and place.isprintable() and "\\" not in place
    return place if plain and not place.startswith("/logga-") else "/"
