"""What the engagement index says that others may hold of a patient, weighed as an entry of each would be.

A row says who and what kind, and nothing of unit or time. So it counts as of any time, and where a unit of that care provider has
been blocked it says nothing: the record may then hold what the block closes, or not, and only its own sources tell.
"""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import replace

from hub.consent.grounds import Grounds
from hub.consent.probes import probe
from hub.consent.release import Outcome, Release, deciding
from hub.directory import Directory
from hub.errors import Unmappable
from hub.fhir.identifiers import Identifier
from hub.hub import Hub
from hub.refresh import asking
from hub.sources import SourceFailed
from hub.sources.engagement import CONTRACT, Engagement, engagements
from hub.store.outcomes import Counted


async def engaged(hub: Hub, pk: int, number: Identifier) -> tuple[Engagement, ...] | None:
    """The rows of a patient, asked for now; None: the index gave no whole answer in time, or there is none.

    That it is asked is in the log before the number leaves the hub.
    """
    index = hub.index
    if index is None or index.name not in hub.fetchers:
        return None
    await hub.store.commit(asking(pk, index, CONTRACT))
    try:
        fetched = await asyncio.wait_for(hub.fetchers[index.name].fetch(CONTRACT, number), hub.config.deadline)
        found = tuple(row for each in fetched.contents for row in engagements(each, number))
    except (SourceFailed, Unmappable, TimeoutError):
        hub.observe_source(index.name, CONTRACT, "failed", 0.0)
        return None
    hub.observe_source(index.name, CONTRACT, "answered", 0.0)
    return found


def weighed(hub: Hub, given: Grounds, release: Release, rows: Iterable[Engagement]) -> Iterator[Counted]:
    """What becomes of one entry of each row."""
    inner = _in_part_blocked(given)
    for provider, row in _of_others(hub, given, rows):
        if provider in inner:
            continue
        entry = replace(probe(provider, social=False), info_type=row.category)
        deciding_row, known = deciding(release, entry)
        outcome = deciding_row.outcome if known else Outcome.HIDE
        yield Counted(outcome, deciding_row, provider, None, row.category, 1)


def untold(hub: Hub, given: Grounds, rows: Iterable[Engagement]) -> frozenset[str]:
    """The care providers whose rows say nothing, since a unit of theirs is blocked."""
    return _in_part_blocked(given) & {provider for provider, _ in _of_others(hub, given, rows)}


def _in_part_blocked(given: Grounds) -> frozenset[str]:
    return frozenset(each.provider.upper() for each in given.blocks if each.type == "inner" and each.holds(given.now))


def _of_others(hub: Hub, given: Grounds, rows: Iterable[Engagement]) -> Iterator[tuple[str, Engagement]]:
    """The rows of other care providers, with whom each names."""
    own = given.caller.provider.upper()
    for row in rows:
        provider = holder(hub.directory, row)
        if provider is not None and provider != own:
            yield provider, row


def holder(directory: Directory, row: Engagement) -> str | None:
    """The care provider that a row names; None: nobody whom the directory knows."""
    if row.holder in directory.providers:
        return row.holder
    by_number = [each.hsa_id for each in directory.providers.values() if each.org_number and row.holder == f"SE{each.org_number}"]
    return by_number[0] if len(by_number) == 1 else directory.provider_of(row.holder)
