"""The log entry of an interaction: who, under which commission, of which patient, what was decided and on which grounds.

Nothing clinical beyond the resource type; never a number, a name of a patient, or a value that was searched for.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from hub.audit import leaf_hashes, root_of
from hub.caller import Caller
from hub.consent.release import Outcome, Release, Row
from hub.errors import AuditUnavailable, HubError
from hub.fhir.types import TYPES
from hub.interactions.view import Sight, concerns
from hub.store.audit_log import Leaf
from hub.store.search import Found
from hub.store.store import Store
from hub.store.tables import NO_PATIENT


def who(caller: Caller) -> dict[str, Any]:
    """The caller, as the log names one: staff by name, patients and those who stand in for them by an opaque id alone."""
    held = {
        "kind": caller.kind,
        "subject": caller.subject,
        "name": "" if caller.person else caller.name,
        "client": caller.client,
        "source": caller.source,
        "commission": caller.commission,
        "unit": caller.unit,
        "provider": caller.provider,
        "purpose": caller.purpose,
        "role": caller.role,
        "loa": caller.loa,
        "scope": caller.scope if caller.staff else "",
        "officer": caller.officer,
        "blocks": caller.block_administrator,
    }
    known = {} if caller.social_unit is None else {"social": caller.social_unit}
    return {name: value for name, value in held.items() if value} | known


def released(
    sight: Sight,
    caller: Caller,
    action: str,
    resource_type: str,
    hits: Sequence[Found],
    request_id: str,
    closing: Sequence[str] | None = None,
    told: dict[str, Any] | None = None,
    withheld: Sequence[dict[str, Any]] = (),
    beside: Sequence[tuple[Release, Found]] = (),
) -> Leaf:
    """The entry of an answer: which rules let something through, on which grounds, and the Merkle root over what was released.

    Takes: `closing`: the rules by which nothing was released, where they are known; `told`: what else there is to say, among it
    `total`, where a number was told and nothing else: then any rule that permits may have let it through; `withheld`: counts;
    `beside`: what was released under Releases of its own.
    """
    more = told or {}
    rows = tuple(sorted({hit.row for hit in hits}))
    if beside:
        hits = [*hits, *(each for _, each in beside)]
    given = bool(hits or more.get("total"))
    at = (action, resource_type, rows, given, None if closing is None else tuple(closing))
    stated = None if beside else sight.said.get(at)
    if stated is None:
        others = [release.rows[each.row] for release, each in beside]
        stated = _stated(sight, caller, action, resource_type, rows, others, given, closing)
        if not beside:
            sight.said[at] = stated
    lines = sorted([f"{hit.fhir_id}/{hit.version_id}" for hit in hits])
    content = {
        **stated,
        "released": len(hits),
        "root": _root(tuple(lines)),
        "request": request_id,
        **more,
    }
    kept = {"released": lines} | ({"withheld": withheld} if withheld else {})
    return Leaf(sight.known.pk, content, sight.epochs, kept, sight.until)


@lru_cache(256)
def _root(lines: tuple[str, ...]) -> str:
    """The Merkle root over what was released. Kept, since an answer that is asked for again releases the same."""
    return root_of(leaf_hashes(map(str.encode, lines))).hex()


def _stated(
    sight: Sight,
    caller: Caller,
    action: str,
    resource_type: str,
    rows: Sequence[int],
    others: Sequence[Row],
    given: bool,
    closing: Sequence[str] | None,
) -> dict[str, Any]:
    """What an entry says whatever was found: it follows from the decision, and from which of its rows let something through.

    Takes: `others`: rows of other Releases that did.
    """
    release = sight.release
    deciding = [*(release.rows[row] for row in rows if row < len(release.rows)), *others]
    if given and not deciding:
        deciding = [row for row in release.rows if row.outcome is Outcome.PERMIT]
    content = {
        "action": action,
        "outcome": "permit" if given else "nothing",
        "who": who(caller),
        "type": resource_type,
        "rules": sorted({row.rule for row in deciding}) or (_closing(release) if closing is None else list(closing)),
        "grounds": sorted({ground for row in deciding for ground in row.grounds}),
        "notices": list(release.notices),
        "basis": sight.basis,
        "decided": sight.decided,
        "asof": sight.known.recorded,
        "epoch": sight.known.epoch,
        "snapshot": sight.view.asof,
        "named": sight.named,
    }
    if caller.person:
        content["own"] = concerns(caller, sight.known)
    return content | ({"patient": sight.known.fhir_id} if sight.known.pk != NO_PATIENT else {})


def refused(caller: Caller, action: str, resource_type: str, fault: HubError, request_id: str, rule: str = "") -> Leaf:
    """The entry of a refusal: in words without values; a type that is none is a value."""
    content = {
        "action": action,
        "outcome": "refuse",
        "who": who(caller),
        "type": resource_type if resource_type in TYPES else "",
        "rules": [rule] if rule else [],
        "reason": fault.issue,
        "request": request_id,
    }
    return Leaf(NO_PATIENT, content)


def failed(caller: Caller | None, request_id: str) -> Leaf:
    """The entry of a request that came to nothing by a fault of ours; None: it is not known who called."""
    named = {"who": who(caller)} if caller else {}
    content = {"action": "fail", "outcome": "error", **named, "rules": [], "reason": "exception", "request": request_id}
    return Leaf(NO_PATIENT, content)


def not_signed_in(client: str, reason: str, request_id: str) -> Leaf:
    """The entry of a sign-in that came to nothing: nobody knows of whom."""
    content = {"action": "sign-in", "outcome": "refuse", "who": {"kind": "anonymous", "client": client}, "rules": []}
    return Leaf(NO_PATIENT, content | {"reason": reason, "request": request_id})


async def log_failure(store: Store, caller: Caller | None, request_id: str) -> bool:
    """Write to the log that a request failed by a fault of ours, if the log can be written: nothing of a record leaves.

    Gives: whether it could.
    """
    try:
        await store.commit(failed(caller, request_id))
    except AuditUnavailable:
        return False
    return True


def operated(person: str, action: str, pk: int = NO_PATIENT, patient: str = "", **more: Any) -> Leaf:
    """The entry of what an operator did at the machine, by the name of the account there."""
    who = {"kind": "operator", "subject": person}
    return Leaf(pk, {"action": action, "outcome": "permit", "who": who} | ({"patient": patient} if patient else {}) | more)


def administered(caller: Caller, action: str, pk: int, patient: str, request_id: str, **more: Any) -> Leaf:
    """The entry of a change of grounds, or of reading the log."""
    content = {"action": action, "outcome": "permit", "who": who(caller), "request": request_id}
    return Leaf(pk, content | ({"patient": patient} if patient else {}) | more)


def reasoned(leaf: Leaf, reason: str) -> Leaf:
    """The same with a reason in somebody's own words, which may be clinical: it lies beside the entry, which holds its digest."""
    return replace(leaf, kept={"reason": reason}) if reason else leaf


def _closing(release: Release) -> list[str]:
    return sorted({row.rule for row in release.rows})
