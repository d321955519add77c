"""What the hub tells of itself: log lines with an allow-list of fields, and metrics with bounded labels.

Neither can carry patient data: a field that is not listed is dropped and counted, a listed one must look as its list says,
and the text of exceptions and of libraries' own messages is never written. The only door to structlog and prometheus-client.
"""

import asyncio
import io
import json
import logging
import re
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from contextvars import ContextVar, Token
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO
from weakref import WeakSet, finalize

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from structlog.typing import FilteringBoundLogger, WrappedLogger

Event = MutableMapping[str, Any]
Check = Callable[[Any], bool]

HERE = f"{Path(__file__).parent}/"
WITHHELD = "withheld"
SENTENCE = re.compile(r"[a-z][a-z ,'-]{0,79}", re.ASCII)
"""An event is one of our own sentences: lower-case words, so that no name or number fits."""
WORD = re.compile(r"(?!.*[0-9]{6})[A-Za-z/*][A-Za-z0-9_./:{}*$+-]{0,119}", re.ASCII)
"""A name of ours: route template, source, contract, rule, class. Six digits in a row are not."""
OPAQUE = re.compile(r"[a-z2-7]{26}", re.ASCII)
ADDRESS = re.compile(r"(?!.*[0-9]{6})https?://[A-Za-z0-9.:/_-]{1,200}", re.ASCII)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


_REQUEST: ContextVar[str] = ContextVar("request_id", default="")

FLUSH = 0.25
"""Seconds that an ordinary line may wait for others; a warning waits for nothing."""


def _number(value: Any) -> bool:
    return isinstance(value, bool | int | float) and abs(value) < 100_000_000


def _like(pattern: re.Pattern[str]) -> Check:
    matches = lru_cache(512)(lambda value: bool(pattern.fullmatch(value)))  # the same few names come again and again
    return lambda value: isinstance(value, str) and matches(value)


FIELDS: Mapping[str, Check] = {
    **dict.fromkeys(("status", "milliseconds", "count", "bytes", "port", "attempt", "batch", "entries", "dropped"), _number),
    **dict.fromkeys(("source", "contract", "outcome", "rule", "format", "verdict", "route", "error", "where"), _like(WORD)),
    **dict.fromkeys(("kind", "resource_type", "interaction", "state", "setting", "library", "version", "level"), _like(WORD)),
    "method": lambda value: isinstance(value, str) and value in METHODS,
    "request_id": lambda value: isinstance(value, str) and bool(OPAQUE.fullmatch(value)),
    "issuer": _like(ADDRESS),
    "url": _like(ADDRESS),
}
"""Every field a log line may have -> what its value must look like."""

DURATIONS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counters and histograms in a registry of their own. Has state: that is what they are."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        own = self._registry
        self._held: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._decided: dict[tuple[str, str], Counter] = {}
        self._requests = Counter("hub_requests", "Requests answered", ("route", "method", "status"), registry=own)
        self._request_time = Histogram(
            "hub_request_seconds", "Time to answer", ("route", "method"), buckets=DURATIONS, registry=own
        )
        self._calls = Counter("hub_source_calls", "Questions to sources", ("source", "contract", "outcome"), registry=own)
        self._call_time = Histogram(
            "hub_source_seconds", "Time a source took", ("source", "contract"), buckets=DURATIONS, registry=own
        )
        self._batches = Histogram(
            "hub_audit_batch_leaves", "Audit leaves in one commit", buckets=(1, 2, 4, 8, 16, 32, 64, 128), registry=own
        )
        self._decisions = Counter("hub_decisions", "Consent decisions", ("rule", "outcome"), registry=own)
        self._messages = Counter("hub_messages", "Source messages taken in", ("format", "verdict"), registry=own)
        self._unsigned = Counter("hub_audit_checkpoints_refused", "Checkpoints that could not be signed", registry=own)
        self._unsent = Gauge(
            "hub_log_service_entries_left", "Entries of the log that the log service has not taken", registry=own
        )
        self._unsent_for = Gauge("hub_log_service_seconds_behind", "Age of the oldest of them", registry=own)
        self._dropped = Counter("hub_log_fields_dropped", "Log fields not written, being unlisted or unlike", registry=own)

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """One answer; `route` is the template, status is counted by its class (`2xx`)."""
        held = self._held.get((route, method, status))
        if held is None:
            names = _label(route), method if method in METHODS else "other"
            held = self._requests.labels(*names, f"{status // 100}xx"), self._request_time.labels(*names)
            if len(self._held) < 1000:
                self._held[route, method, status] = held
        held[0].inc()
        held[1].observe(seconds)

    def source_call(self, source: str, contract: str, outcome: str, seconds: float) -> None:
        """One question to a source."""
        self._calls.labels(_label(source), _label(contract), _label(outcome)).inc()
        self._call_time.labels(_label(source), _label(contract)).observe(seconds)

    def audit_batch(self, leaves: int) -> None:
        """One commit of the audit log."""
        self._batches.observe(leaves)

    def checkpoint_refused(self) -> None:
        """The log does not continue from its last checkpoint, or its keys do not fit."""
        self._unsigned.inc()

    def log_service(self, left: int, seconds: float) -> None:
        """How far the log service is behind: entries, and the age of the oldest."""
        self._unsent.set(left)
        self._unsent_for.set(seconds)

    def decision(self, rule: str, outcome: str) -> None:
        """One decision, by the rule that made it."""
        held = self._decided.get((rule, outcome))
        if held is None:
            held = self._decided[rule, outcome] = self._decisions.labels(_label(rule), _label(outcome))
        held.inc()

    def message(self, kind: str, verdict: str) -> None:
        """One message, by its format."""
        self._messages.labels(_label(kind), _label(verdict)).inc()

    def dropped(self, fields: int) -> None:
        """Log fields that were not written."""
        self._dropped.inc(fields)

    def exposition(self) -> tuple[bytes, str]:
        """All of it in Prometheus' text format, and its media type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST


def logger(
    stream: TextIO,
    metrics: Metrics,
    level: str = "info",
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> FilteringBoundLogger:
    """A log that writes JSON lines to `stream`; what is not on the list is dropped and counted in `metrics`."""

    def written(_: WrappedLogger, method: str, event: Event) -> str:
        told = _fault(event)
        kept = {"time": clock().isoformat(timespec="milliseconds"), "level": method, "event": WITHHELD}
        name = told.pop("event")
        fits = isinstance(name, str) and _is_sentence(name)
        if fits:
            kept["event"] = name
        request_id = _REQUEST.get()
        if request_id:
            kept["request_id"] = request_id
        kept |= {name: value for name, value in told.items() if _fits(name, value)}
        lost = sum(name not in kept for name in told) + (not fits)
        if lost:
            metrics.dropped(lost)
        return _encoder.encode(kept)

    log: FilteringBoundLogger = structlog.wrap_logger(
        _Lines(stream),
        processors=[written],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        context_class=dict,
    )
    return log.bind()


class _Lines:
    """Writes lines, and sees that they arrive: at once, or where an event loop runs, all of a quarter second together. Where they
    cannot be written, work goes on: whoever tells of a fault must not come upon another."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._flushing = False
        _WAITING.add(self)
        finalize(self, _flush, stream)  # at the end of the process, if not before

    def info(self, line: str) -> None:
        self._write(line)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
            return
        if not self._flushing:
            self._flushing = True
            loop.call_later(FLUSH, self.flush)

    def warning(self, line: str) -> None:
        self._write(line)
        self.flush()

    debug = info
    error = critical = fatal = exception = msg = log = err = failure = warn = warning

    def _write(self, line: str) -> None:
        with suppress(OSError):
            self._stream.write(line + "\n")

    def flush(self) -> None:
        self._flushing = False
        _flush(self._stream)


_WAITING: WeakSet[_Lines] = WeakSet()


def flush() -> None:
    """Write every line that waits for others: the process is about to end, maybe by a signal, which waits for nothing."""
    for each in tuple(_WAITING):
        each.flush()


def _flush(stream: TextIO) -> None:
    with suppress(OSError):
        if not stream.closed:
            stream.flush()


def standard_error() -> TextIO:
    """Standard error, written in blocks: Python's own is written line by line, each with a call to the system."""
    return io.TextIOWrapper(io.BufferedWriter(io.FileIO(2, "w", closefd=False)), encoding="utf-8")


_encoder = json.JSONEncoder(separators=(",", ":"), check_circular=False)


def bind(request_id: str) -> Token[str]:
    """Write `request_id`, which is one of `hub.api.middleware.new_id`, on every line of this task from now on; the answer is for
    `unbind`."""
    return _REQUEST.set(request_id if _fits("request_id", request_id) else "")


def unbind(token: Token[str]) -> None:
    """End what `bind` began."""
    _REQUEST.reset(token)


class Bridge(logging.Handler):
    """Libraries' own messages: which library, where, which exception; never their text, which may quote what they were given."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        where = f"{record.module}:{record.lineno}"
        self._log.warning("a library has something to say", library=record.name, where=where, exc_info=record.exc_info)


def install(log: FilteringBoundLogger) -> None:
    """Send the standard library's logging through `log`, and silence uvicorn's access log, which holds query strings."""
    logging.basicConfig(handlers=[Bridge(log)], level=logging.WARNING, force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        own = logging.getLogger(name)
        own.handlers.clear()
        own.setLevel(logging.NOTSET)
        own.propagate = name != "uvicorn.access"


def _fits(name: str, value: Any) -> bool:
    check = FIELDS.get(name)
    return check is not None and check(value)


@lru_cache(512)
def _is_sentence(event: str) -> bool:
    return bool(SENTENCE.fullmatch(event))


def _label(value: str) -> str:
    return value if WORD.fullmatch(value) else "other"


def _fault(event: Event) -> Event:
    """An exception becomes its class and the last place of ours that it passed."""
    given = event.pop("exc_info", None)
    if isinstance(given, tuple):
        given = given[1]
    if isinstance(given, BaseException):
        event["error"] = type(given).__name__
        event["where"] = _place(given.__traceback__)
    return event


def _place(trail: TracebackType | None) -> str:
    frames = traceback.extract_tb(trail)
    ours = [frame for frame in frames if frame.filename.startswith(HERE)]
    if ours:
        return f"hub/{ours[-1].filename.removeprefix(HERE)}:{ours[-1].lineno}"
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown"
