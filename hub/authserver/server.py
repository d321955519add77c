"""The authorization server as an application of its own, to be mounted where its issuer address says."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.authserver import metadata
from hub.authserver.codes import Codes
from hub.authserver.exchange import Exchange, Logged, Revoked, unlogged
from hub.authserver.issue import Authority
from hub.authserver.pages import STYLE
from hub.authserver.people import Client, Person
from hub.authserver.signin import SignIn
from hub.tokens import SigningKey

Named = TypeVar("Named", Person, Client)


def authorization_server(
    issuer_url: str,
    people: Sequence[Person],
    clients: Sequence[Client],
    key: SigningKey,
    *,
    audience: str,
    revoked: Revoked = lambda token_id, expires: None,
    clock: Callable[[], float] = time.time,
    tries_per_minute: int = 60,
    logged: Logged = unlogged,
) -> Starlette:
    """The server at `issuer_url`, for the FHIR base `audience`; `revoked` is told of tokens that no longer count, `logged` of
    every sign-in, tried or done, before it takes effect.

    Raises: ValueError: two persons or two clients have one name.
    """
    authority = Authority(issuer_url, audience, key)
    held = _by_name({client.client_id: client for client in clients}, clients)
    codes = Codes(clock)
    signin = SignIn(authority, _by_name({one.name: one for one in people}, people), held, codes, clock, tries_per_minute, logged)
    exchange = Exchange(authority, held, codes, clock, revoked, tries_per_minute * 10, logged)
    return Starlette(
        routes=[
            Route("/authorize", signin.show, methods=["GET"]),
            Route("/authorize", signin.answer, methods=["POST"]),
            Route("/token", exchange.token, methods=["POST"]),
            Route("/revoke", exchange.revoke, methods=["POST"]),
            Route("/jwks", _constant({"keys": [dict(key.public)]})),
            Route("/.well-known/openid-configuration", _constant(metadata.openid_configuration(issuer_url))),
            Route("/.well-known/smart-configuration", _constant(metadata.smart_configuration(issuer_url))),
            Route("/signin.css", _style),
        ]
    )


def _by_name(named: Mapping[str, Named], rows: Sequence[Named]) -> Mapping[str, Named]:
    if len(named) != len(rows):
        raise ValueError("authserver: two persons or two clients have one name")
    return named


def _constant(content: object) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_: Request) -> Response:
        return JSONResponse(content, headers={"Cache-Control": "public, max-age=300"})

    return answer


async def _style(_: Request) -> Response:
    return Response(STYLE, media_type="text/css", headers={"Cache-Control": "public, max-age=3600"})
