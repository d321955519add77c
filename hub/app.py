"""The application: everything put together, started and stopped. The one place that knows all rooms."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Protocol
from urllib.parse import urlsplit

import anyio
from fastapi import FastAPI
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.typing import FilteringBoundLogger

from hub import directory as directories
from hub import keys as key_files
from hub import observe, terminology_files, watching
from hub.api.access import access_router
from hub.api.edge import Edge
from hub.api.fhir import fhir_routes
from hub.api.health import health_routes
from hub.api.middleware import edge
from hub.api.openapi import description
from hub.api.paths import Paths
from hub.authserver import Client, Person, authorization_server, load_or_create, smart_configuration
from hub.background import Background
from hub.catalogue import deposit_directory
from hub.checkpointing import Checkpoints
from hub.config import Config, SourceConfig
from hub.directory import Directory
from hub.fhir.identifiers import Identifier
from hub.fhir.json import MAX_BYTES
from hub.fhir.value_sets import NOTHING_LOADED
from hub.hub import Hub
from hub.keys import Keys
from hub.limits import Limits, Refusals, Summary
from hub.observe import Metrics
from hub.portal import Portal, missing_page, portal_routes
from hub.refresh import Refresher
from hub.smart import Verifier
from hub.sources import files, mllp
from hub.sources._check import Step
from hub.sources._http import fetched, posted
from hub.sources.engagement import EngagementIndex
from hub.sources.fhir_rest import FhirSource
from hub.sources.files import FolderWatcher
from hub.sources.mllp import MllpListener
from hub.sources.rivta import RivtaSource
from hub.sources.security import SecurityService
from hub.store.audit_log import Leaf
from hub.store.known import known
from hub.store.store import Store
from hub.store.tables import NO_PATIENT

FETCHERS: Mapping[str, type[RivtaSource] | type[FhirSource]] = {
    "rivta": RivtaSource,
    "engagement": EngagementIndex,
    "register": RivtaSource,
    "fhir": FhirSource,
}
SECURITY = "security"
GARBAGE = (10_000, 20, 50)
"""How often Python looks for garbage that holds itself: a page of fifty is a thousand objects, and none of it is such."""
LISTENERS: Mapping[str, Any] = {"mllp": MllpListener, "files": FolderWatcher}
CHECKS: Mapping[str, Callable[[SourceConfig], AsyncIterator[Step]]] = {"mllp": mllp.check, "files": files.check}
"""Of sources that send of their own accord; those that are asked check themselves."""
AUTH_PATH = "/auth"
"""Where the built-in authorization server lies under the hub's base URL."""


class Listener(Protocol):
    """A source that sends of its own accord."""

    config: SourceConfig

    async def start(self) -> object: ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Who may sign in at the built-in authorization server."""

    people: Sequence[Person]
    clients: Sequence[Client]


@dataclass(slots=True)
class Running:
    """A hub that is put together. State: what `start` started."""

    hub: Hub
    refresher: Refresher
    edge: Edge
    metrics: Metrics
    log: FilteringBoundLogger
    app: ASGIApp
    background: Background
    listeners: list[Listener] = field(default_factory=list)
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    async def start(self) -> None:
        """Bring the store up to date, load the directory, begin to listen."""
        await anyio.to_thread.run_sync(self.hub.store.open)
        await self.hub.store(deposit_directory, self.hub.directory)
        await self.hub.store(_remember_pushes, self.hub)
        for source in self.hub.config.sources:
            if source.kind in LISTENERS:
                deliver = watching.sent(self.refresher.deliver(), self.log)
                listener: Listener = LISTENERS[source.kind](source, deliver, self._note)
                await listener.start()
                self.listeners.append(listener)
        await self.background.checkpoint()
        for work in (self.edge.refusals.run(), self.refresher.keep_retrying(), *self.background.all()):
            self.tasks.append(asyncio.create_task(work))
        look_for_garbage_seldom()
        config = self.hub.config
        self._note("the hub is open", version=f"samsyn/{version('samsyn')}", port=config.port, count=len(config.sources))

    async def stop(self) -> None:
        """End it all: listeners first, then what is on its way, the log last."""
        for listener in self.listeners:
            await listener.aclose()
        await self.refresher.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for fetcher in self.hub.fetchers.values():
            await fetcher.aclose()
        for service in self.hub.services.values():
            await service.aclose()
        await self.background.aclose()
        await self.background.checkpoint()
        await anyio.to_thread.run_sync(self.hub.store.close)
        if self.tasks:  # a command that puts a hub together, and starts none, has nothing to tell of
            self._note("the hub is closed")
        observe.flush()

    def _note(self, event: str, **fields: Any) -> None:
        self.log.info(event, **fields)


def put_together(
    config: Config,
    *,
    keys: Keys | None = None,
    directory: Directory | None = None,
    accounts: Accounts | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    log_to: Any = None,
) -> Running:
    """A hub as configured, not yet started.

    Takes: `accounts`: turns on the built-in authorization server, at `base_url`/auth.
    Raises: FileNotFoundError: there are no keys in the data folder; ValueError: the configuration contradicts itself.
    """
    metrics = Metrics()
    log = observe.logger(log_to or observe.standard_error(), metrics)
    held = directory or (directories.read(config.directory) if config.directory else Directory())
    store = Store(
        config.database_url or f"sqlite:///{config.data / 'hub.db'}",
        keys or key_files.load(config.data),
        clock,
        metrics.audit_batch,
        config.audit_shards,
    )
    fetchers = {each.name: FETCHERS[each.kind](each) for each in config.sources if each.kind in FETCHERS}
    services = {each.name: SecurityService(each) for each in config.sources if each.kind == SECURITY}
    hub = Hub(
        config=config,
        directory=held,
        terminology=terminology_files.read(config.terminology) if config.terminology else NOTHING_LOADED,
        store=store,
        fetchers=fetchers,
        services=services,
        clock=clock,
        observe_source=watching.asked(metrics, log),
        observe_message=metrics.message,
        observe_decision=metrics.decision,
    )
    refresher = Refresher(hub)
    mounts, given, revoked = _authorization(config, store, accounts)
    verifier = Verifier(config.issuers, config.clients, held, fetched, given=given, clock=lambda: clock().timestamp())
    revoked.append(verifier.revoke)
    doors = Edge(
        hub,
        refresher,
        verifier,
        Limits(config.rate_per_minute, config.identifier_rate_per_minute),
        Refusals(_recorder(store)),
        note=lambda fault: log.error("request failed", exc_info=fault),
    )
    background = Background(hub, Checkpoints(config.checkpoint_file, config.data), metrics, log)
    running = Running(hub, refresher, doors, metrics, log, app=lambda *_: None, background=background)  # type: ignore[arg-type]  # set below
    running.app = _application(running, mounts)
    return running


def look_for_garbage_seldom() -> None:
    """Leave alone what is there now, and look for garbage as seldom as `GARBAGE` says; in the whole process."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)


def _application(running: Running, mounts: Sequence[Mount]) -> ASGIApp:
    config = running.hub.config
    said = version("samsyn")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await running.start()
        try:
            yield
        finally:
            await running.stop()

    app = FastAPI(title="Samsyn", version=said, lifespan=lifespan, docs_url=None, redoc_url=None)
    routes = fhir_routes(running.edge, said, lambda: _smart(config))
    fhir = Paths(routes)
    app.router.routes.extend(routes)
    app.openapi = description(app, routes, config.base_url)  # type: ignore[method-assign]  # as FastAPI has it
    access = access_router(running.edge)
    app.include_router(access)
    app.router.routes.extend(running.edge.otherwise("/access", access.routes))
    app.router.routes.extend(health_routes(running.hub, running.metrics, lambda: _breakers(running.hub)))
    app.router.routes.extend(mounts)
    if config.portal_issuer:
        doors = running.edge
        pages = Portal(
            hub=running.hub,
            refresher=running.refresher,
            verifier=doors.verifier,
            limits=doors.limits,
            post=posted,
            client_id=config.portal_client,
            note=doors.note,
            count=doors.count_unlogged,
        )
        app.router.routes.extend(portal_routes(pages))
        app.add_exception_handler(404, missing_page(pages))

    https, refusals = config.base_url.startswith("https:"), running.edge.refusals
    inner = _ByPath(fhir, app)
    return edge(inner, running.log, running.metrics, refusals, https=https, origins=config.cors_origins, max_bytes=MAX_BYTES)


@dataclass(frozen=True, slots=True)
class _ByPath:
    """The hot path goes to its own routes, past what FastAPI does for the others."""

    fhir: Paths
    others: FastAPI

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        hot = scope["type"] == "http" and scope["path"].startswith("/fhir/")
        await (self.fhir if hot else self.others)(scope, receive, send)


def _authorization(config: Config, store: Store, accounts: Accounts | None) -> tuple[list[Mount], dict[str, object], list[Any]]:
    """The built-in authorization server, the keys it signs with, and where to tell of tokens that no longer count."""
    told: list[Any] = []
    if accounts is None:
        return [], {}, told
    issuer = f"{config.base_url}{AUTH_PATH}"
    key = load_or_create(config.data)

    async def logged(action: str, outcome: str, who: Mapping[str, str]) -> None:
        await store.commit(Leaf(NO_PATIENT, {"action": action, "outcome": outcome, "who": dict(who)}))

    def revoked(token_id: str, expires: float) -> None:
        for each in told:
            each(issuer, token_id, expires)

    server = authorization_server(
        issuer, accounts.people, accounts.clients, key, audience=f"{config.base_url}/fhir", revoked=revoked, logged=logged
    )
    return [Mount(urlsplit(issuer).path, server)], {issuer: {"keys": [dict(key.public)]}}, told


def _smart(config: Config) -> dict[str, object]:
    """What /.well-known/smart-configuration says: of the built-in server, or of the first configured issuer."""
    if not config.issuers:
        return {}
    issuer = config.issuers[0]
    held: dict[str, object] = dict(smart_configuration(issuer.issuer))
    told = {"authorization_endpoint": issuer.authorize_url, "token_endpoint": issuer.token_url, "jwks_uri": issuer.jwks_url}
    return held | {name: value for name, value in told.items() if value}


def _breakers(hub: Hub) -> dict[str, str]:
    held = {}
    asked: dict[str, Any] = {**hub.fetchers, **hub.services}
    for name, fetcher in asked.items():
        http = getattr(fetcher, "http", None)
        held[name] = "resting" if http is not None and http.breaker.is_resting else "ready"
    return held


def _recorder(store: Store) -> Callable[[Summary], Any]:
    """Writes one log entry for all refusals of an interval: floods cost one commit."""

    async def record(summary: Summary) -> None:
        rows = [
            {"issuer": each.issuer, "network": each.network, "reason": each.reason, "count": each.count}
            | {name: value for name, value in (("who", each.who), ("rule", each.rule)) if value}
            for each in summary.rows
        ]
        content = {
            "action": "refusals",
            "outcome": "refuse",
            "rules": sorted({each.rule for each in summary.rows if each.rule}),
            "since": summary.since,
            "until": summary.until,
            "rows": rows,
        }
        await store.commit(Leaf(NO_PATIENT, content))

    return record


async def checks(source: SourceConfig, patient: Identifier | None) -> AsyncIterator[Step]:
    """Try a source step by step, without a hub."""
    if source.kind in CHECKS:
        async for step in CHECKS[source.kind](source):
            yield step
        return
    fetcher = SecurityService(source) if source.kind == SECURITY else FETCHERS[source.kind](source)
    try:
        async for step in fetcher.check(*((patient,) if patient else ())):
            yield step
    finally:
        await fetcher.aclose()


def _remember_pushes(store: Store, hub: Hub) -> None:
    for each in known(store.reader(), NO_PATIENT, store.now()).freshness:
        hub.pushed[each.source] = max(hub.pushed.get(each.source, 0), each.succeeded or 0)
        if each.partial:
            hub.pushed_partly.add((each.source, each.contract))
