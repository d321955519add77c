"""The token and revocation endpoints: a code or a client's own key becomes a token.

Source: RFC 6749 sections 4.1.3, 4.4 and 5, RFC 7523 section 2.2, RFC 7009; SMART Backend Services 2.2.
"""

import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hub import scopes, tokens
from hub.authserver.codes import Codes, Grant, Spent, challenge_of
from hub.authserver.issue import LAUNCH, LIFE, LIFE_OF_SYSTEMS, Authority, claims, granted, id_token, patient_of, signed, subject
from hub.authserver.people import Client
from hub.errors import Forbidden, HubError, Throttled
from hub.limits import Limit, told
from hub.tokens import Claims, TokenError

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFE = 300

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)

Revoked = Callable[[str, float], None]
"""Told the `jti` and `exp` of a token that no longer counts."""


Logged = Callable[[str, str, Mapping[str, str]], Awaitable[None]]
"""Makes an entry of the access log durable: what was done, what came of it, who. Raises: HubError: it cannot."""


async def unlogged(_action: str, _outcome: str, _who: Mapping[str, str]) -> None:
    """For a server without a log: tests, and whoever has one of their own."""


class OAuthError(Exception):
    """An error code of RFC 6749 section 5.2."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


@dataclass(frozen=True, slots=True)
class Done:
    """An answer, and for the log what was done and by whom."""

    answer: dict[str, Any]
    did: str = ""
    who: Mapping[str, str] = field(default_factory=dict)


class Exchange:
    """The endpoints at `/token` and `/revoke`. Has state: assertions seen, so that none serves twice."""

    def __init__(
        self,
        authority: Authority,
        clients: Mapping[str, Client],
        codes: Codes,
        clock: Callable[[], float],
        revoked: Revoked,
        per_minute: int,
        logged: Logged = unlogged,
    ) -> None:
        self._authority, self._clients, self._codes, self._clock, self._revoked = authority, clients, codes, clock, revoked
        self._own_keys = tokens.keys({"keys": [dict(authority.key.public)]})
        self._assertions: dict[tuple[str, str], float] = {}
        self._limit = Limit("token requests", per_minute)
        self._logged = logged

    async def token(self, request: Request) -> Response:
        """A token for a code, or for a client's own key."""
        return await self._answered(request, self._token, "sign-in")

    async def revoke(self, request: Request) -> Response:
        """End one of the client's tokens; the answer never tells whether there was one."""
        return await self._answered(request, self._revoke, "sign-out")

    async def _answered(self, request: Request, act: Callable[[Mapping[str, str]], "Done"], action: str) -> Response:
        headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
        try:
            self._limit.take(request.client.host if request.client else "")
            form = await _form(request)
            try:
                done = act(form)
            except OAuthError as fault:
                named = form.get("client_id", "")
                await self._logged(action, "refuse", {"client": named} if named in self._clients else {})
                told(request.scope)
                return _refused(fault, headers)
            if done.did:
                await self._logged(done.did, "permit", done.who)  # durable before a token leaves
            return JSONResponse(done.answer, 200, headers)
        except Throttled:
            return JSONResponse({"error": "temporarily_unavailable"}, 429, headers | {"Retry-After": "60"})
        except HubError:  # the log cannot be written, so no token leaves
            return JSONResponse({"error": "temporarily_unavailable"}, 503, headers | {"Retry-After": "60"})
        except OAuthError as fault:  # what came was no form
            return _refused(fault, headers)

    def _token(self, form: Mapping[str, str]) -> Done:
        match form.get("grant_type", ""):
            case "authorization_code":
                return self._for_code(form)
            case "client_credentials":
                return self._for_key(form)
            case "":
                raise OAuthError("invalid_request")
            case _:
                raise OAuthError("unsupported_grant_type")

    def _for_code(self, form: Mapping[str, str]) -> Done:
        client, code = self._client(form), form.get("code", "")
        grant = self._codes.take(code)
        if grant is None:
            self._end(self._codes.spent(code))
            raise OAuthError("invalid_grant")
        if not _bound(grant, client, form):
            raise OAuthError("invalid_grant")
        return self._first_token(grant, client, code)

    def _first_token(self, grant: Grant, client: Client, code: str) -> Done:
        now, scope = self._clock(), grant.scope
        said = claims(grant.person, client, self._authority, grant.commission) | {"scope": scope}
        token = signed(said, client, self._authority, now, LIFE)
        own = self._own(token, client)
        self._codes.spend(code, Spent(own["jti"], own["exp"]))
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": LIFE, "scope": scope}
        if "openid" in scope.split():
            answer["id_token"] = id_token(grant.person, client, self._authority, now, grant.nonce, scope)
        if LAUNCH in scope.split():
            answer["patient"] = patient_of(grant.person)
        return Done(answer, "sign-in", _who(grant, client))

    def _for_key(self, form: Mapping[str, str]) -> Done:
        client = self._client(form)
        if not client.keys:
            raise OAuthError("unauthorized_client")
        try:
            found = scopes.parse(granted(form.get("scope", ""), client, None))
        except Forbidden:
            raise OAuthError("invalid_scope") from None
        scope = scopes.write(one for one in found if one.context == "system")
        if not scope:
            raise OAuthError("invalid_scope")
        said = {"sub": client.client_id, "scope": scope}
        token = signed(said, client, self._authority, self._clock(), LIFE_OF_SYSTEMS)
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": LIFE_OF_SYSTEMS, "scope": scope}
        return Done(answer, "sign-in", {"kind": "system", "subject": client.client_id, "client": client.client_id})

    def _revoke(self, form: Mapping[str, str]) -> Done:
        client = self._client(form)
        try:
            own = self._own(form.get("token", ""), client)
        except TokenError:
            return Done({})
        if own["client_id"] != client.client_id:
            return Done({})
        self._revoked(own["jti"], own["exp"])
        return Done({}, "sign-out", {"subject": str(own["sub"]), "client": client.client_id})

    def _end(self, spent: Spent | None) -> None:
        if spent:
            self._revoked(spent.token_id, spent.expires)

    def _own(self, token: str, client: Client) -> Claims:
        authority = self._authority
        return tokens.verify(token, self._own_keys, self._clock(), issuer=authority.issuer, audience=authority.audience)

    def _client(self, form: Mapping[str, str]) -> Client:
        """The client that asks: by assertion where it has keys, by name alone where it is public."""
        assertion = form.get("client_assertion", "")
        if form.get("client_assertion_type", ASSERTION if not assertion else "") != ASSERTION:
            raise OAuthError("invalid_client", 401)
        name = form.get("client_id", "")
        try:
            client = self._clients.get(tokens.issuer_of(assertion) if assertion else name)
            if client is None or name not in ("", client.client_id) or bool(assertion) != bool(client.keys):
                raise OAuthError("invalid_client", 401)
            if assertion:
                self._assert(assertion, client)
        except TokenError:
            raise OAuthError("invalid_client", 401) from None
        return client

    def _assert(self, assertion: str, client: Client) -> None:
        now = self._clock()
        said = tokens.verify(
            assertion,
            client.keys,
            now,
            issuer=client.client_id,
            audience=self._authority.token_endpoint,
            max_life=ASSERTION_LIFE + tokens.LEEWAY,
            dated=False,
        )
        seen = (client.client_id, said.get("jti", ""))
        if said.get("sub") != client.client_id or not seen[1]:
            raise TokenError("claims")
        self._assertions = {key: until for key, until in self._assertions.items() if until > now}
        if seen in self._assertions:
            raise TokenError("claims")
        self._assertions[seen] = float(said["exp"]) + tokens.LEEWAY


def _who(grant: Grant, client: Client) -> dict[str, str]:
    """Who a token is for, as the log names one: staff by name, others by an opaque id alone."""
    person, commission = grant.person, grant.commission
    held = {
        "kind": person.kind,
        "subject": subject(person, client),
        "name": person.display if person.employee else "",
        "client": client.client_id,
        "commission": commission.hsa_id if commission else "",
        "unit": commission.unit if commission else "",
        "provider": commission.provider if commission else "",
    }
    return {name: value for name, value in held.items() if value}


def _bound(grant: Grant, client: Client, form: Mapping[str, str]) -> bool:
    """Whether a code comes from the client, to the address and with the verifier that it was made for."""
    verifier = form.get("code_verifier", "")
    if not _VERIFIER.fullmatch(verifier):
        return False
    proven = hmac.compare_digest(challenge_of(verifier), grant.challenge)
    return proven and grant.client_id == client.client_id and grant.redirect_uri == form.get("redirect_uri")


async def _form(request: Request) -> Mapping[str, str]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise OAuthError("invalid_request")
    rows = (await request.form()).multi_items()
    form = {name: value for name, value in rows if isinstance(value, str)}
    if len(form) != len(rows):
        raise OAuthError("invalid_request")
    return form


def _refused(fault: OAuthError, headers: Mapping[str, str]) -> Response:
    more = {"WWW-Authenticate": "Bearer"} if fault.status == 401 else {}
    return JSONResponse({"error": fault.error}, fault.status, {**headers, **more})
