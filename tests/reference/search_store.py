"""A second opinion on what the store finds: everything held is looked through, one resource at a time, slow and plain.

Knows of `hub` only the plain-Python reading of a Release. What a parameter finds is `search_naive`'s to say.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from hub.consent.release import Outcome, outcome_of


@dataclass
class Lying:
    """One current resource as it lies in the store."""

    pk: int
    rid: int
    resource: dict
    custody: object
    recorded: int
    entry: int = 0


class Everything:
    """All that lies there; short to print, since Hypothesis prints it with every example."""

    def __init__(self, lying):
        self.lying = lying

    def __repr__(self):
        return f"{len(self.lying)} resources"

    def __iter__(self):
        return iter(self.lying)


def found(naive, lying, view, params, sort, now):
    """The resources that a search gives, in order.

    Takes: `view`: (kind, pk or (provider, unit) or source, release); `params`: (name, written); `sort`: names, perhaps with `-`.
    """
    hits = [each for each in lying if looked_at(each, *view) and all(asked(naive, each, *one, now) for one in params)]
    hits.sort(key=lambda each: each.rid)
    for name in reversed(sort or ["-date"]):
        backwards = name.startswith("-")
        keyed = [(sort_key(naive, each, name.lstrip("-"), backwards), each) for each in hits]
        having = [one for one in keyed if one[0] is not None]
        having.sort(key=lambda one: one[0], reverse=backwards)
        if backwards:  # a stable sort turned around keeps what is equal in its order
            having = [one for value in dict.fromkeys(key for key, _ in having) for one in having if one[0] == value]
        hits = [each for _, each in having] + [each for key, each in keyed if key is None]
    return hits


def looked_at(each, kind, where, release):
    place = {
        "patient": each.pk,
        "unit": (each.custody.provider, each.custody.unit),
        "source": each.custody.source,
    }[kind]
    return place == where and outcome_of(release, each.custody)[0] is Outcome.PERMIT


def asked(naive, each, name, written, now):
    if name == "_id":
        return each.resource["id"] in written.split(",")
    if name == "_lastUpdated":
        return any(naive.date(instant(each.recorded), one, now) for one in written.split(","))
    return naive.matches(each.resource, name, written, now)


def instant(micros):
    return f"{datetime.fromtimestamp(micros // 10**6, UTC):%Y-%m-%dT%H:%M:%S}.{micros % 10**6:06}Z"


def sort_key(naive, each, name, backwards):
    """The least of a resource's values, or backwards the greatest; None: it has none."""
    if name == "_id":
        return each.resource["id"]
    if name == "_lastUpdated":
        return each.recorded
    kind, elements = naive.PARAMETERS["Observation"][name]
    values = [-naive.FOREVER] if kind == "date" and backwards else []  # no date at all is as one without a beginning
    for element in elements(each.resource):
        if kind == "date":
            values.append(naive.covers(element)[0])
        elif kind == "code":
            codings = [{"code": element}] if isinstance(element, str) else element.get("coding", [])
            values += [coding["code"].lower() for coding in codings if "code" in coding]
        elif kind == "identifier":
            values.append(element["value"])
        else:
            values.append(naive.bare(element)[:40])  # texts are put in order by their first 40 letters
    return (max if backwards else min)(values, default=None)
