"""The rows of grounds that the facts of a worked case describe."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from hub.consent.grounds import (
    ATTESTATIONS,
    AnyGround,
    Assertion,
    Attorney,
    Block,
    Consent,
    Dissent,
    Need,
    Relation,
    Revoke,
    Share,
)
from hub.consent.provision import Context, data_fields
from hub.directory import Directory, Provider, Unit
from hub.errors import InvalidRequest

EMPLOYEE, COLLEAGUE = "SE0000000001-CASE-E1", "SE0000000001-CASE-E2"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the entry of a case lies; the reader is always at `UNIT` of `PROVIDER`."""

    PROVIDER: ClassVar[str] = "SE0000000001-CASE-P1"
    UNIT: ClassVar[str] = "SE0000000001-CASE-U1"
    SISTER_UNIT: ClassVar[str] = "SE0000000001-CASE-U2"
    OTHER_PROVIDER: ClassVar[str] = "SE0000000002-CASE-P2"
    OTHER_UNIT: ClassVar[str] = "SE0000000002-CASE-U3"
    provider: str
    unit: str


_DIRECTORY = Directory(
    providers={each: Provider(each, each) for each in (Place.PROVIDER, Place.OTHER_PROVIDER)},
    units={
        Place.UNIT: Unit(Place.UNIT, Place.UNIT, Place.PROVIDER),
        Place.SISTER_UNIT: Unit(Place.SISTER_UNIT, Place.SISTER_UNIT, Place.PROVIDER),
        Place.OTHER_UNIT: Unit(Place.OTHER_UNIT, Place.OTHER_UNIT, Place.OTHER_PROVIDER),
    },
)
"""Whom a `provision` may name as custodian."""


def rows(facts: Mapping[str, Any], place: Place, now: datetime) -> tuple[AnyGround, ...]:
    """Every row that the facts speak of. Raises: Unprocessable, InvalidRequest: a consent to data that none can be of."""
    return (
        *_relation(facts, now),
        *_consent(facts, now),
        *_assertion(facts, place, now),
        *_block(facts, place, now),
        *_dissent(facts, place, now),
        *_others(facts, now),
    )


def _common(id: str, now: datetime, start: int = -1, end: int = 1, state: str = "active") -> dict[str, Any]:
    """What every ground has; `start` and `end` in days from now."""
    return {
        "id": id,
        "start": now + start * _DAY,
        "end": now + end * _DAY,
        "state": state,
        "recorded": now - 60 * _DAY,
        "recorded_by": EMPLOYEE,
    }


def _mine(unit: str = Place.UNIT, employee: str = EMPLOYEE) -> dict[str, Any]:
    return {"provider": Place.PROVIDER, "unit": unit, "employee": employee}


def _relation(facts: Mapping[str, Any], now: datetime) -> Iterator[AnyGround]:
    match facts["relation"]:
        case "current":
            yield Relation(**_common("relation", now), **_mine())
        case "past":
            yield Relation(**_common("relation", now, start=-30, end=-2), **_mine())
        case "work_need":
            yield Need(**_common("work", now), **_mine(), type="work", reason="case")


def _consent(facts: Mapping[str, Any], now: datetime) -> Iterator[AnyGround]:
    if facts["consent"] == "none":
        return
    shapes: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "unit": ({}, _mine(employee="")),
        "person_self": ({}, _mine()),
        "person_other": ({}, _mine(employee=COLLEAGUE)),
        "other_unit": ({}, _mine(Place.SISTER_UNIT, "")),
        "future": ({"start": 1, "end": 2}, _mine(employee="")),
        "expired": ({"start": -3, "end": -1}, _mine(employee="")),
        "ended": ({"state": "ended"}, _mine(employee="")),
        "annulled": ({"state": "annulled"}, _mine(employee="")),
    }
    when, whose = shapes[facts["consent"]]
    regime: Any = "NLL" if facts["location"] == "NLL" else "SVOD"
    common = _common("consent", now, **when)
    limits: dict[str, Any] = {}
    if "provision" in facts and regime == "SVOD":
        limits = data_fields(facts["provision"], "provision", Context(directory=_DIRECTORY, recorded=now, recorded_by=EMPLOYEE))
    elif "provision" in facts:
        raise InvalidRequest("the medication list is consented to as a whole", "provision")
    yield Consent(**common, **whose, **limits, regime=regime, represented_by="")


def _assertion(facts: Mapping[str, Any], place: Place, now: datetime) -> Iterator[AnyGround]:
    if facts["assertion"] == "none":
        return
    minutes = timedelta(minutes=1)
    made: dict[str, Any] = {
        **_mine(),
        "type": facts["assertion"],
        "reason": "case",
        "attestations": tuple(sorted(ATTESTATIONS)),
    }
    first = _common("first", now) | {"start": now - 10 * minutes, "end": now + 50 * minutes}
    step = facts["step"]
    yield Assertion(**first, **made, step=min(step, 1), follows="", providers=(), units=())
    if step == 2:
        second = _common("second", now) | {"start": now - 5 * minutes, "end": now + 50 * minutes}
        yield Assertion(**second, **made, step=2, follows="first", providers=(place.provider,), units=(place.unit,))


def _block(facts: Mapping[str, Any], place: Place, now: datetime) -> Iterator[AnyGround]:
    if facts["block"] == "none":
        return
    periods: Mapping[str, tuple[int | None, int | None]] = {
        "none": (None, None),
        "covers": (-40, -10),
        "overlaps": (-25, -10),
        "outside": (-15, -10),
    }
    start, end = periods[facts["blockPeriod"]]
    inner = facts["block"] == "inner"
    yield Block(
        **_common("block", now) | {"end": None},
        type=facts["block"],
        regime="NLL" if facts["location"] == "NLL" else "SVOD",
        provider=place.provider,
        unit=place.unit if inner else "",
        information_start=None if start is None else now + start * _DAY,
        information_end=None if end is None else now + end * _DAY,
        excluded=tuple(facts["blockExcludes"]),
    )
    yield from _revoke(facts, place, now, "block")


def _revoke(facts: Mapping[str, Any], place: Place, now: datetime, lifted: str) -> Iterator[AnyGround]:
    whose = {
        "unit": _mine(employee=""),
        "person_self": _mine(),
        "person_other": _mine(employee=COLLEAGUE),
        "other_unit": _mine(Place.SISTER_UNIT, ""),
        "expired": _mine(employee=""),
    }
    if facts["revoke"] in whose:
        when: dict[str, Any] = {"start": -3, "end": -1} if facts["revoke"] == "expired" else {}
        common = _common("revoke", now, **when)
        held = whose[facts["revoke"]]
        yield Revoke(**common, **held, block=lifted, owner=place.provider, reason="patient_consent")


def _dissent(facts: Mapping[str, Any], place: Place, now: datetime) -> Iterator[AnyGround]:
    said = facts.get("dissent", "none")
    if said == "none":
        return
    regime: Any = "NLL" if facts["location"] == "NLL" else "SVOD"
    everybody = _common("dissent", now) | {"end": None, "provider": "", "unit": "", "employee": ""}
    yield Dissent(**everybody, regime=regime, but_emergencies=said == "but_emergencies")
    if facts["block"] == "none":
        yield from _revoke(facts, place, now, "dissent")


def _others(facts: Mapping[str, Any], now: datetime) -> Iterator[AnyGround]:
    if facts["relevance"]:
        yield Need(**_common("relevance", now), **_mine(), type="relevance", reason="case")
    shares = {
        "unit": (Place.PROVIDER, Place.UNIT),
        "provider": (Place.PROVIDER, ""),
        "other": (Place.OTHER_PROVIDER, ""),
    }
    if facts["sharedWith"] in shares:
        provider, unit = shares[facts["sharedWith"]]
        yield Share(**_common("share", now), provider=provider, unit=unit)
    if facts["kind"] == "agent":
        yield Attorney(**_common("attorney", now), agent=EMPLOYEE)
