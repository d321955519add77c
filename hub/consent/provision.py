"""FHIR Consent, read as the specification and IHE PCF read it: consents of reading units, blocks, dissents. CONSENT.md section 6.

A consent is a root `permit` with recipients (IRCP): each names a reading unit, or an employee in one. What it says of data limits
it to these, and a nested provision is an exception to its parent (IHE PCF intermediate and advanced). A block is a root `deny`
with a custodian (CST): a provider (outer) or a unit (inner); with none it is a dissent from all sharing. Whatever else a Consent
could say has no exact counterpart in the rules, so it is refused when written; if it is met all the same, it denies and never
permits.

Deviates: R4 says that `provision.type` is not permitted at the root; IHE PCF requires it there. Both are read: where it is
absent the acts' own base holds, under which nothing is shared, and nested permits are the consent.
Source: http://hl7.org/fhir/R4/consent.html; https://profiles.ihe.net/ITI/PCF/
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from hub.consent._denials import denials
from hub.consent._parts import REGIME_OF, SCOPE, Context, Recipient, coded, listed, only, period, representative
from hub.consent._permits import consents, data_fields, permits
from hub.consent.grounds import Block, CareRegime, Consent, Dissent, State, unreadable_block
from hub.errors import Unprocessable
from hub.fhir.resource import Resource

__all__ = ["Context", "Recipient", "data_fields", "read", "read_or_denied"]

_ABOUT = ("resourceType", "meta", "language", "text", "contained", "identifier", "sourceAttachment", "sourceReference")
_SAYS = ("status", "scope", "category", "patient", "dateTime", "performer", "organization", "policy", "provision")
_STATES: Mapping[str, State] = {"active": "active", "inactive": "ended", "entered-in-error": "annulled"}
"""Statuses that stand for a ground. A draft, a proposal and a refusal give none: nothing is shared by them."""
_OTHER_SCOPES = frozenset((SCOPE[0], code) for code in ("adr", "research", "treatment"))
"""http://hl7.org/fhir/R4/valueset-consent-scope.html, but for privacy."""
_NO_GROUND = ("draft", "proposed", "rejected")
_BLOCK_CATEGORIES = ("416409005", "416308001")
Given = Consent | Block | Dissent
"""What a Consent registers."""


def read(resource: Resource, context: Context) -> tuple[Given, ...]:
    """The consents, blocks and dissents that a Consent registers, one row for each recipient or custodian.

    Raises: Unprocessable: it cannot be read in full, with the place of what is in the way.
    """
    held = only(resource, _ABOUT + _SAYS, "Consent")
    scopes = {code for code in coded(held.get("scope"), "Consent.scope") if code[0] == SCOPE[0]}
    if scopes != {SCOPE}:
        raise Unprocessable("only patient-privacy is kept here", "Consent.scope")
    status = held.get("status")
    if status in _NO_GROUND:
        return ()
    state = _STATES.get(str(status))
    if state is None:
        raise Unprocessable("not a status of a Consent", "Consent.status")
    common = _common(held, state, context)
    rows = _rows(held, common, _regime(held), context)
    if len(rows) > 1:
        return tuple(_numbered(row, number) for number, row in enumerate(rows, 1))
    return rows


def read_or_denied(resource: Resource, context: Context) -> tuple[Given, ...]:
    """As `read`, of a Consent that is kept whatever it says: one that cannot be read in full becomes a denial of everything,
    unless it says that it does not stand, or that it is not about privacy."""
    try:
        return read(resource, context)
    except Unprocessable:
        over = resource.get("status") in (*_STATES, *_NO_GROUND) and resource.get("status") != "active"
        denied = unreadable_block(str(resource.get("id", "")), context.recorded)
        return () if over or _is_of_another_scope(resource) else (denied,)


def _is_of_another_scope(resource: Resource) -> bool:
    try:
        scopes = coded(resource.get("scope"), "Consent.scope")
    except Unprocessable:
        return False
    return bool(scopes) and scopes <= _OTHER_SCOPES


def _common(held: Mapping[str, Any], state: State, context: Context) -> dict[str, Any]:
    provision = held.get("provision")
    within = provision.get("period", {}) if isinstance(provision, dict) else {}
    start, end = period(within, "Consent.provision.period")
    return {
        "id": str(held.get("id", "")),
        "start": start or _given(held, context),
        "end": end,
        "state": state,
        "recorded": context.recorded,
        "recorded_by": context.recorded_by,
    }


def _given(held: Mapping[str, Any], context: Context) -> datetime:
    """When it was given, for one that does not say from when it holds."""
    if "dateTime" not in held:
        return context.recorded
    given, _ = period({"start": held["dateTime"]}, "Consent.dateTime")
    return given or context.recorded


def _regime(held: Mapping[str, Any]) -> CareRegime:
    policies = listed(held, "policy", "Consent")
    uris = [only(policy, ("authority", "uri"), f"Consent.policy[{number}]").get("uri") for number, policy in enumerate(policies)]
    regimes = {REGIME_OF.get(str(uri)) for uri in uris}
    if len(regimes) != 1 or None in regimes:
        raise Unprocessable("names none of the acts that this hub knows, or more than one", "Consent.policy")
    return next(regime for regime in regimes if regime)


def _rows(held: Mapping[str, Any], common: dict[str, Any], regime: CareRegime, context: Context) -> tuple[Given, ...]:
    root = held.get("provision")
    kind = root.get("type") if isinstance(root, dict) else None
    categories = {code for each in listed(held, "category", "Consent") for _, code in coded(each, "Consent.category")}
    if kind != "deny" and categories & set(_BLOCK_CATEGORIES):
        raise Unprocessable("the category says block, the provision does not", "Consent.category")
    if kind == "deny":
        return denials(held, common | {"regime": regime}, context, named=bool(categories & set(_BLOCK_CATEGORIES)))
    made = common | {"regime": regime, "represented_by": representative(held)}
    return tuple(row for permit in permits(root) for row in consents(permit, held, made, context))


def _numbered(row: Given, number: int) -> Given:
    return replace(row, id=f"{row.id}-{number}")
