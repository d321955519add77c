"""A national log service: PDL log entries are handed to it by StoreLog 2.0 (informationsecurity:auditing:log), over SOAP.

Source: RIV-TA informationsecurity:auditing:log 2.0; RIVTABP21 for the envelope.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import httpx

from hub.config import LogServiceConfig, SourceConfig
from hub.fhir.identifiers import ROOTS, Identifier
from hub.sources import Fault, SourceFailed
from hub.sources._http import Http
from hub.sources._rivta_requests import Question
from hub.sources.rivta import opened, posted
from hub.xml import local_name

RESPONDER = "urn:riv:informationsecurity:auditing:log:StoreLogResponder:2"
CORE = "urn:riv:informationsecurity:auditing:log:2"
TAKEN = ("OK", "INFO")
"""Result codes by which the service has the entries; any other means that it has none of them."""
REFUSED = "VALIDATION_ERROR"
_OIDS = {system: oid for oid, system in ROOTS.items()}
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_REGISTRY = "urn:riv:itintegration:registry:1"


class EntryRefused(Exception):
    """The service does not take what it was given, however often: an entry among it is not as it wants it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A care provider or unit: HSA-id and name; the name may be empty."""

    hsa_id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Accessed:
    """What of whom was accessed, and whose it is."""

    kind: str
    patient: Identifier | None
    provider: Place
    unit: Place | None


@dataclass(frozen=True, slots=True)
class PdlLog:
    """One log entry as PDL wants it: who did what, when, why, with what of whom. The user's care provider owns it."""

    id: str
    activity: str
    at: str
    """xs:dateTime."""
    purpose: str
    user: str
    name: str
    assignment: str
    title: str
    provider: Place
    unit: Place
    accessed: tuple[Accessed, ...]


class LogService:
    """The way to one log service."""

    def __init__(self, config: LogServiceConfig, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.config = config
        self._http = Http(
            SourceConfig(
                name="log-service",
                title="log service",
                kind="rivta",
                owner="",
                system=config.logical_address,
                address=config.address,
                timeout=config.timeout,
                concurrency=1,
                ca_file=config.ca_file,
                cert_file=config.cert_file,
                key_file=config.key_file,
            ),
            transport,
        )
        self._question = Question("StoreLog", RESPONDER, CORE, lambda *_: "")

    async def store(self, logs: Sequence[PdlLog]) -> None:
        """Hand entries over, in order. When this returns, the service has them.

        Raises: SourceFailed: it may have them, or not: send them again; EntryRefused.
        """
        answer = await posted(self._http, self.config.address, self._question, store_log(logs, self.config))
        body = opened(answer, self._question).body
        code = next((_text(each, "resultCode") for each in body if local_name(each) == "result"), "")
        if code == REFUSED:
            raise EntryRefused
        if code not in TAKEN:
            raise SourceFailed(Fault.SOAP, "the log service did not take the entries")

    async def aclose(self) -> None:
        await self._http.aclose()


def store_log(logs: Sequence[PdlLog], config: LogServiceConfig) -> bytes:
    """The whole SOAP message, in the schema's order."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<s:Envelope xmlns:s="{_SOAP}" xmlns:a="{_REGISTRY}" xmlns:r="{RESPONDER}" xmlns="{CORE}">'
        f"<s:Header>{_tag('a:LogicalAddress', config.logical_address)}</s:Header>"
        f"<s:Body><r:StoreLog>{''.join(_log(each, config.system) for each in logs)}</r:StoreLog></s:Body></s:Envelope>"
    ).encode()


def _log(log: PdlLog, system: str) -> str:
    activity = _tag("activityType", log.activity), _tag("startDate", log.at), _tag("purpose", log.purpose)
    user = (
        _tag("userId", log.user),
        _some("name", log.name),
        _some("assignment", log.assignment),
        _some("title", log.title),
        _provider(log.provider),
        _unit(log.unit),
    )
    return (
        f"<r:log>{_tag('logId', log.id)}<system>{_tag('systemId', system)}{_tag('systemName', 'Samsyn')}</system>"
        f"<activity>{''.join(activity)}</activity><user>{''.join(user)}</user>"
        f"<resources>{''.join(map(_resource, log.accessed))}</resources></r:log>"
    )


def _resource(accessed: Accessed) -> str:
    patient, number = "", accessed.patient
    if number:
        root = _OIDS.get(number.system) or number.system.removeprefix("urn:oid:")
        patient = f"<patient><patientId>{_tag('root', root)}{_tag('extension', number.value)}</patientId></patient>"
    unit = _unit(accessed.unit) if accessed.unit else ""
    return f"<resource>{_tag('resourceType', accessed.kind)}{patient}{_provider(accessed.provider)}{unit}</resource>"


def _provider(place: Place) -> str:
    return f"<careProvider>{_tag('careProviderId', place.hsa_id)}{_some('careProviderName', place.name)}</careProvider>"


def _unit(place: Place) -> str:
    return f"<careUnit>{_tag('careUnitId', place.hsa_id)}{_some('careUnitName', place.name)}</careUnit>"


def _tag(name: str, value: str) -> str:
    return f"<{name}>{escape(value, quote=False)}</{name}>"


def _some(name: str, value: str) -> str:
    return _tag(name, value[:256]) if value else ""


def _text(element: object, name: str) -> str:
    held = next((each for each in element if local_name(each) == name), None)  # type: ignore[attr-defined]  # lxml's
    return (held.text or "").strip() if held is not None else ""
