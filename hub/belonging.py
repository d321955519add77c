"""Whose the records of a message are: of whoever has the patient's number, of nobody known, or of another than was asked for."""

from collections import defaultdict
from collections.abc import Sequence

from hub.errors import Issue
from hub.fhir.identifiers import ROOTS, Identifier, is_sound
from hub.hub import Hub
from hub.mappers import Entry
from hub.store import patients
from hub.store.store import Store

DISPLACED = "holds a record of another patient than the one asked for"
NO_AUTHORITY = "the patient's number is of an authority that the population register does not know: send a national one"
CONTRADICTED = "the message gives the patient another person's number as well, so it is nobody's"


def by_patient(
    store: Store, hub: Hub, entries: Sequence[Entry], asked: int | None
) -> tuple[dict[int, list[Entry]], tuple[Issue, ...], tuple[Identifier, ...]]:
    """Entries by the patient they belong to; what belongs to nobody we know, or to somebody else, is told of."""
    sound = {number: is_sound(number) for each in entries for number in (each.patient, *each.others)}
    known = patients.find_all(store.reader(), store.keys.identity, (each for each, good in sound.items() if good))
    found: dict[int, list[Entry]] = defaultdict(list)
    issues: list[Issue] = []
    strangers: dict[Identifier, None] = {}
    for number, entry in enumerate(entries):
        place, pk = f"entry[{number}].patient", known.get(entry.patient)
        if not sound[entry.patient]:
            wrong = "the patient's number has a wrong form or check digit, so it is not matched"
            issues.append(Issue(place, wrong, "error", "value"))
        elif asked is not None and pk != asked:
            issues.append(Issue(place, DISPLACED, "error", "business-rule"))
        elif pk is None and hub.register is not None and entry.patient.system not in ROOTS.values():
            issues.append(Issue(place, NO_AUTHORITY, "error", "value"))
        elif pk is None:
            strangers[entry.patient] = None
        elif any(known.get(each, pk) != pk for each in entry.others):
            issues.append(Issue(place, CONTRADICTED, "error", "business-rule"))
        elif hub.register is not None and not known.keys() >= set(entry.others):  # who has the others must be asked first
            strangers |= dict.fromkeys(each for each in entry.others if each not in known)
        else:
            found[pk].append(entry)
    return found, tuple(issues), tuple(strangers)
