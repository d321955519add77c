"""What a log reviewer filters the access log by. A value that nothing can have is refused: an empty answer would say that
nothing had happened.

What there is to choose from is told of the own care provider alone: its units, and what its log holds.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from hub.consent.decision import BASES, RULES, rules_of
from hub.consent.release import NO_RULE
from hub.errors import InvalidRequest
from hub.fhir.parameters.date import span
from hub.interactions import view
from hub.interactions.access import BY_CONSENT, KINDS
from hub.interactions.context import Context
from hub.interactions.owning import WRITTEN
from hub.interactions.readers import is_known_at
from hub.store import audit_index
from hub.store.audit_index import Wanted
from hub.store.patients import locate
from hub.store.store import Store

OUTCOMES = ("permit", "nothing", "refuse", "error")
ACTIONS = (
    *("search", "read", "vread", "history", "create", "update", "patch", "delete", "transaction", "validate"),
    *(f"register-{kind}" for kind in KINDS.values()),
    *(f"end-{kind}" for kind in KINDS.values()),
    *(f"list-{kind}" for kind in (*KINDS.values(), *BY_CONSENT.values())),
    *("request-to-lift", "grant-request-to-lift", "refuse-request-to-lift", "cancel-request-to-lift", "list-requests-to-lift"),
    *("existence", "explain", "could-see", "simulate"),
    *("read-log", "export-log", "review", "watch", "unwatch", "list-follow-ups", "conclude-follow-up"),
    *("sign-in", "sign-out", "open-page", "fail", "take-in"),
)
"""What is done at a care provider that makes an entry of its log."""
_RULES = (*RULES, view.DEMOGRAPHICS, view.DIRECTORY, view.COMPARTMENT, WRITTEN, NO_RULE)
_MOST = 50
"""Units that a refusal names."""


def wanted(store: Store, context: Context, asked: Mapping[str, str]) -> Wanted:
    """What a reviewer asks for: `since`, `until` (half open), `unit`, `person`, `patient` (id), `action`, `outcome`, `rule`,
    `basis` (a law, as `explain` writes it), `emergency`, `unreviewed` (true), `share` (of 1). Only the own provider's.

    Raises: InvalidRequest: among it a value that nothing has. Of a patient it is not told whether there is one.
    """
    for name in ("emergency", "unreviewed"):
        _check(name, asked, ("true",))
    _check("outcome", asked, OUTCOMES)
    _check("basis", asked, BASES, " | ")
    for name, known in (("action", ACTIONS), ("rule", _RULES)):
        if name in asked and asked[name] not in known and not _is_logged(store, context, name, asked[name]):
            _check(name, asked, known)
    unit = asked.get("unit", "").upper()
    if "unit" in asked:
        _check_unit(store, context, unit)
    given = Wanted(
        context.caller.provider,
        since=_instant("since", asked["since"]) if "since" in asked else None,
        until=_instant("until", asked["until"]) if "until" in asked else None,
        unit=unit,
        person=somebody(store, context, asked["person"], "person") if "person" in asked else "",
        actions=(asked["action"],) if "action" in asked else (),
        outcomes=(asked["outcome"],) if "outcome" in asked else (),
    )
    if given.since is not None and given.until is not None and given.until <= given.since:
        raise InvalidRequest("does not lie after since; what happened then is not included", "until")
    if "patient" in asked:
        given = replace(given, pk=locate(store.reader(), store.keys.identity, "Patient", asked["patient"]) or -1)
    rules = [asked["rule"]] if "rule" in asked else []
    if "basis" in asked:
        based = rules_of(asked["basis"])
        rules = [rule for rule in based if not rules or rule in rules] or ["-"]
    share = _share(asked["share"]) if "share" in asked else 1.0
    return replace(given, rules=rules, share=share, emergency="emergency" in asked, unreviewed="unreviewed" in asked)


def _check(name: str, asked: Mapping[str, str], known: Collection[str], between: str = ", ") -> None:
    """Raises: InvalidRequest: a value is given that is none of the known ones. `between`: what stands in none of these."""
    if name in asked and asked[name] not in known:
        raise InvalidRequest(f"one of {between.join(known)}", name)


def _check_unit(store: Store, context: Context, unit: str) -> None:
    """A unit that is gone from the directory is still asked for where the log has it. Protected units are not named."""
    provider = context.caller.provider
    own = {id: each for id, each in context.hub.directory.units.items() if each.provider == provider}
    if unit in own or _is_logged(store, context, "unit", unit):
        return
    named = sorted(id for id, each in own.items() if not each.protected)
    more = f" and {len(named) - _MOST} more, as Organization tells" if len(named) > _MOST else ""
    raise InvalidRequest(f"no unit of your care provider; there are {', '.join(named[:_MOST])}{more}", "unit")


def somebody(store: Store, context: Context, written: str, place: str) -> str:
    """An employee, or a source, as the log writes it; an HSA-id in any letter case.

    Raises: InvalidRequest: neither the directory nor the log of the reviewer's care provider has it.
    """
    if is_known_at(context.hub.directory, context.caller.provider, written):
        return written.upper()
    audit_index.bring_up(store.database, store.reader())
    for each in (written.upper(), written):
        if _is_logged(store, context, "person", each):
            return each
    raise InvalidRequest("neither the directory nor your care provider's log has an employee of that HSA-id", place)


def _is_logged(store: Store, context: Context, name: str, value: str) -> bool:
    return bool(value) and audit_index.has(store.reader(), context.caller.provider, name, value)


def _instant(name: str, written: str) -> int:
    try:
        return span(written)[0]
    except ValueError:
        raise InvalidRequest("a date, or a time with its zone", name) from None


def _share(written: str) -> float:
    try:
        share = float(written)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise InvalidRequest("a part of 1", "share")
    return share
