"""The register of the bench costs, and withholds nothing: what is answered is as long with a thousand grounds as without any."""

from bench import load, register, requests, world
from bench.__main__ import _free_port
from bench.site import site
from hub.caller import Caller
from hub.consent.facts import Facts
from hub.consent.grounds import Grounds
from hub.consent.payloads import with_rows
from hub.store.database import Database
from hub.store.known import known
from hub.store.patients import find
from hub.store.values import micros, moment


def test_each_of_the_persons_has_as_many_grounds_as_is_said_and_few_questions_come_of_them(tmp_path, monkeypatch):
    monkeypatch.setitem(register.OTHERS, False, register.ROWS)
    made = site(tmp_path / "site", _free_port())
    database = Database(f"sqlite:///{made.folder / 'hub.db'}")
    load.load(database, made.keys, 16, lambda _: None)
    rows = [row for row, _ in requests.visits(16, False, 200)]
    register.fill(made, database.url, False, lambda _: None)
    counted = []
    for row in list(dict.fromkeys(rows))[: len(register.OWN)]:
        pk = find(database.reader(), made.keys.identity, world.person(row).number)
        told = known(database.reader(), pk, 0)
        own = [each for each in told.grounds if each.id.startswith("register-")]
        now = moment(micros(told.grounds[0].start) + 7_200_000_000)
        reader = Caller(
            kind="clinician", subject=world.PHYSICIAN, client="", issuer="", loa=3, provider=world.HOME[0], unit=world.HOME[1]
        )
        bare = Grounds(caller=reader, now=now, patient=told.facts.for_consent(), named=True, request="care", services_up=True)
        closing = Facts(with_rows(bare, told.grounds)).any_blocked
        counted.append((len(own), len(getattr(closing, "parts", ()))))
    database.close()
    assert [own for own, _ in counted] == list(register.OWN)
    assert all(0 < questions < 16 for _, questions in counted)
