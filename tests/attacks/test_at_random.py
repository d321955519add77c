"""What nobody thought of: deeds drawn at random, one or several at once, by a forger who goes as far as pleases chance."""

import os
import random
from contextlib import suppress
from dataclasses import replace

from hub.fhir.json import dumps, loads

COUNT = int(os.environ.get("HUB_ATTACKS", "200"))


def _edit(rows, chance):
    at = chance.randrange(len(rows))
    entry = bytearray(rows[at].entry)
    entry[chance.randrange(len(entry))] ^= 1 << chance.randrange(7)
    rows[at] = replace(rows[at], entry=bytes(entry))


def _rename(rows, chance):
    at = chance.randrange(len(rows))
    content = loads(rows[at].entry)
    rows[at] = replace(rows[at], entry=dumps(content | {"who": {"subject": f"SE-{chance.random()}"}}))


def _drop(rows, chance):
    del rows[chance.randrange(len(rows))]


def _double(rows, chance):
    rows.insert(chance.randrange(len(rows)), rows[chance.randrange(len(rows))])


def _swap(rows, chance):
    one, other = chance.sample(range(len(rows)), 2)
    rows[one], rows[other] = rows[other], rows[one]


def _cut(rows, chance):
    del rows[chance.randrange(len(rows)) :]


def _redate(rows, chance):
    at = chance.randrange(len(rows))
    when = rows[at].at + chance.choice((-1, 1)) * chance.randrange(1, 10**9)
    rows[at] = replace(rows[at], at=when, entry=dumps(loads(rows[at].entry) | {"at": when}))


def _move(rows, chance):
    at = chance.randrange(len(rows))
    other = chance.choice([pk for pk in (11, 22, 33, 44) if pk != rows[at].pk])
    rows[at] = replace(rows[at], pk=other, entry=dumps(loads(rows[at].entry) | {"key": other}))


DEEDS = (_edit, _rename, _drop, _double, _swap, _cut, _redate, _move)


def test_deeds_at_random_are_found_by_both_verifiers(world):
    chance = random.Random(5)
    for number in range(COUNT):
        rows, done = list(world.rows), []
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            deed = chance.choice(DEEDS)
            with suppress(ValueError, IndexError):  # nothing is left, or what is left is no JSON
                deed(rows, chance)
                done.append(deed.__name__)
        pretend = chance.choice(("nothing", "leaves", "all"))
        try:
            forged = world.forged(rows, pretend)
        except ValueError:  # what is no JSON cannot be made to fit
            forged = world.forged(rows, "leaves")
        if forged.rows == world.rows:
            continue  # one deed undid another, or making it fit undid it
        said = forged.hub(), forged.alone()
        assert all(said), (number, done, pretend, said)
