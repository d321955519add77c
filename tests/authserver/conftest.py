"""An authorization server on no socket, a browser that keeps cookies, and an application that wants a token."""

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.routing import Mount

from hub import authserver, tokens
from hub.authserver import Client, Commission, Person
from hub.authserver.codes import challenge_of

ISSUER = "http://hub.example.org/auth"
AUDIENCE = "http://hub.example.org/fhir"
REDIRECT = "https://app.example.org/callback"
OWN_REDIRECT = "http://hub.example.org/portal/callback"
VERIFIER = "v" * 43
NUMBER = "http://electronichealth.se/identifier/personnummer|191212121212"
C1 = Commission(
    hsa_id="SE2321990018-C1", unit="SE2321990018-A1", provider="SE2321990018-A", name="Läkare, Björken", rights=("Läsa;alla;SJF",)
)
C2 = Commission(hsa_id="SE2321990018-C2", unit="SE2321990018-A2", provider="SE2321990018-A", purpose="Administration")

PEOPLE = (
    Person(
        name="physician-a1",
        display="Anna Alm",
        kind="clinician",
        employee="SE2321990018-E1",
        commissions=(C1, C2),
        licences=("LK",),
    ),
    Person(
        name="patient-1", display="Tolvan T", kind="patient", person_number=NUMBER, scopes="patient/*.rs", fhir_user="Patient/p1"
    ),
    Person(
        name="nurse-a1",
        display="Bo Berg",
        kind="clinician",
        employee="SE2321990018-E2",
        commissions=(C1,),
        password=authserver.hashed("rätt lösen", b"0123456789abcdef"),
    ),
    Person(
        name="both-a1",
        display="Cia Cederlund",
        kind="clinician",
        employee="SE2321990018-E3",
        commissions=(C1, C2),
        password=authserver.hashed("ett annat", b"0123456789abcdef"),
    ),
    Person(name="technician-1", display="Tekniker", kind="technician"),
)
LAB_KEY = ECKey.generate_key("P-384")
LAB_JWKS = {"keys": [LAB_KEY.as_dict(private=False) | {"kid": "lab-1"}]}
CLIENTS = (
    Client(client_id="app", name="Appen <&>", redirect_uris=(REDIRECT, "myapp:/back"), scopes="user/*.rs patient/*.cruds"),
    Client(client_id="portal", name="Portalen", redirect_uris=(OWN_REDIRECT,)),
    Client(client_id="lab", name="Lab", scopes="system/*.cruds", jwks=LAB_JWKS),
    Client(client_id="keyed", name="Keyed", redirect_uris=(REDIRECT,), jwks=LAB_JWKS),
)


class Site:
    """The server, its clock and what it revoked; and one browser."""

    key = tokens.signing_key(tokens.new_pem())
    redirect, own_redirect, verifier, issuer, audience = REDIRECT, OWN_REDIRECT, VERIFIER, ISSUER, AUDIENCE
    people, clients, lab_key = PEOPLE, CLIENTS, LAB_KEY

    def __init__(self, **changed: Any) -> None:
        self.now = 1_800_000_000.0
        self.revoked: list[tuple[str, float]] = []
        settings = {"tries_per_minute": 1000} | changed
        issuer = settings.pop("issuer", ISSUER)
        server = authserver.authorization_server(
            issuer,
            settings.pop("people", PEOPLE),
            settings.pop("clients", CLIENTS),
            self.key,
            audience=AUDIENCE,
            revoked=lambda token_id, expires: self.revoked.append((token_id, expires)),
            clock=lambda: self.now,
            **settings,
        )
        self.app = Starlette(routes=[Mount("/auth", server)])
        self.base = issuer.removesuffix("/auth")
        self.browser = self.new_browser()

    def new_browser(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=self.base)

    @staticmethod
    def asked(**changed: Any) -> dict[str, str]:
        """The parameters of a good authorization request; a change of None leaves one out."""
        asked = {
            "response_type": "code",
            "client_id": "app",
            "redirect_uri": REDIRECT,
            "scope": "openid fhirUser profile user/*.rs",
            "state": "state & =?",
            "nonce": "nonce-1",
            "aud": AUDIENCE,
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        } | changed
        return {name: value for name, value in asked.items() if value is not None}

    async def page(self, **changed: Any) -> httpx.Response:
        return await self.browser.get("/auth/authorize", params=self.asked(**changed))

    async def press(self, page: httpx.Response, **form: str) -> httpx.Response:
        """Send the page's form with what a person adds to it."""
        return await self.browser.post("/auth/authorize", data=hidden(page) | form)

    async def code(self, choice: str = "physician-a1|SE2321990018-C1", **changed: Any) -> str:
        answer = await self.press(await self.page(**changed), choice=choice)
        assert answer.status_code == 303, answer.text
        return answered(answer)["code"]

    async def exchange(self, code: str, /, **changed: Any) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "client_id": "app",
            "code_verifier": VERIFIER,
        } | changed
        return await self.browser.post("/auth/token", data={name: value for name, value in form.items() if value is not None})

    def assertion(self, **changed: Any) -> dict[str, str]:
        """The form fields of a client that proves itself with its key."""
        key = changed.pop("key", LAB_KEY)
        header = {"alg": "ES384", "kid": "lab-1"} | changed.pop("header", {})
        said = {"iss": "lab", "sub": "lab", "aud": f"{ISSUER}/token", "exp": int(self.now) + 300, "jti": "a1"} | changed
        said = {name: value for name, value in said.items() if value is not None}
        token = jwt.encode(header, said, key, algorithms=["ES384"])
        return {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion": token}

    def claims(self, token: str, audience: str = AUDIENCE) -> dict[str, Any]:
        keys = tokens.keys({"keys": [dict(self.key.public)]})
        return tokens.verify(token, keys, self.now, issuer=ISSUER, audience=audience)


def hidden(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of a page's first form."""
    form = page.text.split("</form>")[0]
    return {name: unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)}


def answered(answer: httpx.Response) -> dict[str, str]:
    """What a redirect carries."""
    return {name: rows[0] for name, rows in parse_qs(urlsplit(answer.headers["location"]).query).items()}


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def new_site() -> type[Site]:
    return Site


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def reading() -> Any:
    """How a test reads pages and redirects."""
    return type(
        "Reading", (), {"hidden": staticmethod(hidden), "answered": staticmethod(answered), "urlencode": staticmethod(urlencode)}
    )
