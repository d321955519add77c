"""Grounds as stored: one row of (kind, id, payload), a pure round trip. What cannot be read in full never opens anything."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields, replace
from datetime import UTC, datetime
from typing import Any

from hub.consent.grounds import (
    AnyGround,
    Assertion,
    Attorney,
    Block,
    Consent,
    Dissent,
    Grounds,
    Need,
    Relation,
    Revoke,
    Share,
    unreadable_block,
)
from hub.consent.limits import MEANINGS, Data, Limits

KINDS: Mapping[str, type[AnyGround]] = {
    kind.KIND: kind for kind in (Consent, Block, Dissent, Revoke, Relation, Need, Assertion, Share, Attorney)
}
_FIELD_OF: Mapping[str, str] = {
    "consent": "consents",
    "block": "blocks",
    "dissent": "dissents",
    "revoke": "revokes",
    "relation": "relations",
    "need": "needs",
    "assertion": "assertions",
    "share": "shares",
    "attorney": "attorneys",
}
_HSA_IDS = ("provider", "unit", "employee", "owner")


class Unreadable(ValueError):
    """A payload that cannot be read in full; the message names the field, never a value."""


def to_payload(ground: AnyGround) -> dict[str, Any]:
    """All of a ground but its kind and id, in JSON's own types; `service` and `within` only where it has them."""
    held = {name: getattr(ground, name) for name in _names(type(ground))}
    return {name: _plain(value) for name, value in held.items() if value or name not in ("service", "within")}


def from_payload(kind: str, id: str, payload: Mapping[str, Any]) -> AnyGround:
    """The ground that `to_payload` wrote; HSA-ids in upper case.

    Raises: Unreadable: unknown kind, unknown or missing field, or a value that the field cannot hold.
    """
    made = KINDS.get(kind)
    if made is None:
        raise Unreadable("kind")
    names = _names(made)
    if not isinstance(payload, Mapping):
        raise Unreadable(f"{kind}: form")
    if payload.keys() - set(names) or _required(made) - payload.keys():
        raise Unreadable(f"{kind}: fields")
    return made(id=id, **{name: _read(kind, name, payload[name]) for name in names if name in payload})


def rows_read(rows: Iterable[tuple[str, str, Mapping[str, Any]]], now: datetime) -> tuple[AnyGround, ...]:
    """Every (kind, id, payload), where an unreadable block or dissent, or a row of a kind not known, denies and anything else
    unreadable is left out, since it could only have opened."""
    return tuple(ground for kind, id, payload in rows for ground in _read_or_denied(kind, id, payload, now))


def with_rows(grounds: Grounds, rows: Iterable[AnyGround]) -> Grounds:
    """The same grounds with these rows instead of those it had."""
    held: dict[str, list[AnyGround]] = {name: [] for name in _FIELD_OF.values()}
    for row in rows:
        held[_FIELD_OF[row.KIND]].append(row)
    made: dict[str, Any] = {name: tuple(found) for name, found in held.items()}
    return replace(grounds, **made)


def _read_or_denied(kind: str, id: str, payload: Mapping[str, Any], now: datetime) -> tuple[AnyGround, ...]:
    try:
        return (from_payload(kind, id, payload),)
    except Unreadable:
        return (unreadable_block(id, now),) if kind in ("block", "dissent") or kind not in KINDS else ()


def _names(kind: type[AnyGround]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name != "id")


def _required(kind: type[AnyGround]) -> set[str]:
    return {field.name for field in fields(kind) if field.default is MISSING} - {"id"}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Limits):
        return {each.name: _plain(held) for each in fields(value) if (held := getattr(value, each.name))}
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _instant(value: Any) -> datetime:
    read = datetime.fromisoformat(value)
    if read.tzinfo is None:
        raise ValueError("no zone")
    return read.astimezone(UTC)


def _instant_or_none(value: Any) -> datetime | None:
    return None if value is None else _instant(value)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(_text(item) for item in _of(list)(value))


def _hsa_ids(value: Any) -> tuple[str, ...]:
    return tuple(item.upper() for item in _texts(value))


def _data(value: Any) -> tuple[Data, ...]:
    pairs = [_texts(each) for each in _of(list)(value)]
    return tuple(Data(_one_of(*MEANINGS)(meaning), reference) for meaning, reference in pairs)


def _labels(value: Any) -> tuple[tuple[str, str], ...]:
    return tuple((system, code) for system, code in map(_texts, _of(list)(value)))


def _limits(value: Any) -> Limits:
    """Raises: KeyError: an unknown field; ValueError, TypeError: a value that it cannot hold."""
    return Limits(**{name: _LIMITS[name](held) for name, held in _of(dict)(value).items()})


def _of(kind: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError("another type")
        return value

    return read


def _one_of(*values: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if value not in values:
            raise ValueError("not one of the codes")
        return value

    return read


_text = _of(str)
_LIMITS: Mapping[str, Callable[[Any], Any]] = {
    "start": _instant,
    "end": _instant,
    "holders": _hsa_ids,
    "types": _texts,
    "kinds": _texts,
    "data": _data,
    "labels": _labels,
    "but": lambda value: tuple(map(_limits, _of(list)(value))),
}
_READERS: Mapping[str, Callable[[Any], Any]] = {
    "start": _instant,
    "end": _instant_or_none,
    "recorded": _instant,
    "information_start": _instant_or_none,
    "information_end": _instant_or_none,
    "state": _one_of("active", "ended", "annulled"),
    "regime": _one_of("SVOD", "NLL"),
    "step": _of(int),
    "readable": _of(bool),
    "but_emergencies": _of(bool),
    "except_start": _instant_or_none,
    "except_end": _instant_or_none,
    "except_holders": _hsa_ids,
    "except_types": _texts,
    "within": _limits,
    "excluded": _texts,
    "attestations": _texts,
    "providers": _hsa_ids,
    "units": _hsa_ids,
    "block.type": _one_of("inner", "outer"),
    "need.type": _one_of("relevance", "work", "worklist", "certificate"),
    "assertion.type": _one_of("emergency", "incapacity", "child", "inner_emergency"),
    "reason": _text,
    "revoke.reason": _one_of("patient_consent", "emergency", "untold"),
} | dict.fromkeys(_HSA_IDS, lambda value: _text(value).upper())


def _read(kind: str, name: str, value: Any) -> Any:
    read = _READERS.get(f"{kind}.{name}") or _READERS.get(name, _text)
    try:
        return read(value)
    except (KeyError, ValueError, TypeError, OverflowError):
        raise Unreadable(f"{kind}.{name}") from None
