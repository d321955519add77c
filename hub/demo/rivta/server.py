"""A SOAP server of many contracts on one address: routes by the body's root element, counts, and misbehaves on order."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from hub.demo.rivta import soap, trouble
from hub.demo.rivta.markup import Element, Hand
from hub.demo.rivta.serving import Tls, served
from hub.demo.rivta.soap import Refused, Request


@dataclass(frozen=True, slots=True)
class Contract:
    """A service contract, and how this producer answers it."""

    operation: str
    namespace: str
    asked: Callable[[Request], tuple[str, ...]]
    """The patient numbers in a request."""
    answer: Callable[[Request, tuple[str, ...]], Element]
    """The response about these numbers: those asked for, unless the server was told to answer about another."""
    refusal: Callable[[str], Element] | None = None
    """The response whose `result` is ERROR/INVALID_REQUEST with this message; None: the contract has no `result`."""


class InvalidRequest(Exception):
    """The request breaks a rule of its contract: ERROR/INVALID_REQUEST, or a fault where there is no `result`."""


class SoapServer:
    """A producer. State: what was asked of it, what is wrong with it at the moment, and whether it is closing.

    `calls` counts by operation, refused ones too; `troubles` maps an operation, or `*` for all, to what goes wrong.
    """

    def __init__(self, contracts: tuple[Contract, ...], addresses: frozenset[str], hand: Hand) -> None:
        self._contracts = {(contract.namespace, contract.operation): contract for contract in contracts}
        self._addresses = {address.upper() for address in addresses}
        self._hand = hand
        self._closing = asyncio.Event()
        self.consumers: frozenset[str] = frozenset()
        """HSA-ids that may ask; empty: anybody. Deviates: told by header, where the platform reads the certificate."""
        self.calls: Counter[str] = Counter()
        self.troubles: dict[str, trouble.Trouble] = {}
        self.app = Starlette(routes=[Route("/{path:path}", self._post, methods=["POST"])])

    @asynccontextmanager
    async def serve(self, port: int = 0, tls: Tls | None = None) -> AsyncIterator[str]:
        """Serve on loopback until the block ends. Gives the base URL; every path answers every contract."""
        self._closing.clear()
        async with served(self.app, port, tls) as url:
            try:
                yield url
            finally:
                self._closing.set()

    def reset(self) -> None:
        """Forget the calls and mend everything."""
        self.calls.clear()
        self.troubles.clear()

    async def _post(self, http: HttpRequest) -> Response:
        try:
            request = soap.read(await http.body())
            wrong = self.troubles.get(request.operation, self.troubles.get("*"))
            self.calls[request.operation] += 1
            contract = self._routed(request, http.headers)
            return await self._troubled(contract, request, wrong)
        except Refused as refused:
            return _xml(soap.fault(refused, self._hand), 500)

    def _routed(self, request: Request, headers: Mapping[str, str]) -> Contract:
        contract = self._contracts.get((request.namespace, request.operation))
        if contract is None or request.address.upper() not in self._addresses:
            raise Refused("VP004 No route for this logical address and contract", "Client")
        sender = headers.get("x-rivta-original-serviceconsumer-hsaid", "")
        if self.consumers and sender.upper() not in {consumer.upper() for consumer in self.consumers}:
            raise Refused("VP007 Not authorised for this logical address and contract", "Client")
        return contract

    async def _troubled(self, contract: Contract, request: Request, wrong: trouble.Trouble | None) -> Response:
        match wrong:
            case None:
                return self._answered(contract, request)
            case trouble.Hang(seconds):
                await self._wait(seconds)
                return self._answered(contract, request)
            case trouble.Fault(text):
                raise Refused(text)
            case trouble.HttpError(status):
                return Response("Internal Server Error", status, media_type="text/plain")
            case trouble.Html():
                return Response(trouble.PAGE, media_type="text/html")
            case trouble.Truncated():
                whole = bytes(self._answered(contract, request).body)
                return _xml(whole[: len(whole) // 2])
            case trouble.Invalid():
                return _xml(
                    bytes(self._answered(contract, request).body)
                    .replace(b"Response>", b"Respons>")
                    .replace(b"Response ", b"Respons ")
                )
            case trouble.EntityBomb():
                return _xml(trouble.BOMB)
            case trouble.ExternalEntity():
                return _xml(trouble.READER)
            case trouble.OtherPatient(number):
                return self._answered(replace(contract, asked=lambda _: (number,)), request)
            case trouble.LogicalError(message):
                return self._refused(contract, message)

    def _answered(self, contract: Contract, request: Request) -> Response:
        try:
            return _xml(soap.enveloped(contract.answer(request, contract.asked(request)), self._hand))
        except InvalidRequest as invalid:
            return self._refused(contract, str(invalid))

    def _refused(self, contract: Contract, message: str) -> Response:
        if contract.refusal is None:
            raise Refused(message)
        return _xml(soap.enveloped(contract.refusal(message), self._hand))

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return


def _xml(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="text/xml; charset=utf-8")
