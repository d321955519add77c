"""A national log service, simulated: StoreLog 2.0. It keeps what it takes in order, an entry given twice once.

Of a message it takes all or nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET  # as in `soap`: another reader than the hub's

from hub.demo.rivta.habits import ORDERLY
from hub.demo.rivta.markup import Element, Hand, Vocabulary
from hub.demo.rivta.server import Contract, InvalidRequest, SoapServer
from hub.demo.rivta.soap import Request

STORE = Vocabulary("urn:riv:informationsecurity:auditing:log:StoreLogResponder:2")
CORE = Vocabulary("urn:riv:informationsecurity:auditing:log:2")
NATIONAL = "SE165565594230-1000"
"""HSA-id that calls are addressed to."""
DEMANDED = (
    "logId",
    "system/systemId",
    "activity/activityType",
    "activity/startDate",
    "activity/purpose",
    "user/userId",
    "user/careProvider/careProviderId",
    "user/careUnit/careUnitId",
    "resources/resource/resourceType",
    "resources/resource/careProvider/careProviderId",
)


@dataclass(frozen=True, slots=True)
class Taken:
    """An entry as the service has it."""

    id: str
    activity: str
    user: str
    provider: str
    patients: tuple[str, ...]
    resources: tuple[tuple[str, str], ...]
    """Type, and the care provider that it is of."""


@dataclass(slots=True)
class NationalLog:
    """The service. State: what it has taken, by id, in the order in which it came first; `server` counts and misbehaves."""

    hand: Hand = ORDERLY.hand
    taken: dict[str, Taken] = field(default_factory=dict)
    server: SoapServer = field(init=False)

    def __post_init__(self) -> None:
        contract = Contract("StoreLog", STORE.uri, lambda _: (), self._store, lambda text: _result("VALIDATION_ERROR", text))
        self.server = SoapServer((contract,), frozenset({NATIONAL}), self.hand)

    def _store(self, request: Request, _: tuple[str, ...]) -> Element:
        for each in list(_logs(request)):
            self.taken.setdefault(each.id, each)
        return _result("OK")


def _logs(request: Request) -> Iterator[Taken]:
    """Raises: InvalidRequest: an entry lacks what the contract demands, and then none is taken."""
    for log in request.parameters.iterfind(f"{{{STORE.uri}}}log"):
        missing = [path for path in DEMANDED if not _texts(log, path)]
        if missing:
            raise InvalidRequest(f"{missing[0]} saknas")
        kinds = _texts(log, "resources/resource/resourceType")
        yield Taken(
            _texts(log, "logId")[0],
            _texts(log, "activity/activityType")[0],
            _texts(log, "user/userId")[0],
            _texts(log, "user/careProvider/careProviderId")[0],
            _texts(log, "resources/resource/patient/patientId/extension"),
            tuple(zip(kinds, _texts(log, "resources/resource/careProvider/careProviderId"), strict=True)),
        )


def _texts(log: ET.Element, path: str) -> tuple[str, ...]:
    steps = "/".join(f"{{{CORE.uri}}}{step}" for step in path.split("/"))
    return tuple(text for each in log.iterfind(steps) if (text := (each.text or "").strip()))


def _result(code: str, text: str = "") -> Element:
    told = STORE.root("result", CORE("resultCode", code), CORE("resultText", text or None))
    return STORE.root("StoreLogResponse", told)
