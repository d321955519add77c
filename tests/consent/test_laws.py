"""Laws over grounds with many rows: what opens, what closes, and how long a decision is good for."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.caller import Caller
from hub.consent.decision import decide, good_until
from hub.consent.facts import Facts
from hub.consent.grounds import (
    ATTESTATIONS,
    Assertion,
    Block,
    Consent,
    Dissent,
    Grounds,
    Need,
    PatientFacts,
    Relation,
    Revoke,
    Share,
    unreadable_block,
)
from hub.consent.limits import Data, Limits
from hub.consent.release import Outcome, outcome_of
from hub.fhir.custody import Custody, Said

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PROVIDER_OF = {"U1": "P1", "U2": "P1", "U3": "P2", "U4": "P3"}
UNITS, PROVIDERS = sorted(PROVIDER_OF), sorted(set(PROVIDER_OF.values()))
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
LABELS = ((CONFIDENTIALITY, "N"), (CONFIDENTIALITY, "R"), ("urn:local", "secret"))
DATA = (
    Data("instance", "Observation/x"),
    Data("related", "Encounter/e"),
    Data("dependents", "Encounter/e"),
    Data("authoredby", "Practitioner/a"),
)
REFERENCES = (("encounter", "Encounter/e"), ("performer", "Practitioner/a"), ("performer", "Practitioner/b"))
TIMES = (None, *(NOW - days * 24 * HOUR for days in (1, 10, 20, 30)))


class Draw(Random):
    """Draws rows of grounds, callers and entries: quicker than a strategy for each field, and as repeatable."""

    def moment(self):
        return NOW + timedelta(minutes=self.choice([-90, -30, -1, 0, 1, 30, 90]))

    def rarely(self):
        return self.random() < 0.1

    def common(self):
        unit = self.choice(UNITS)
        return {
            "id": self.choice("abc"),
            "start": self.moment() if self.rarely() else NOW - HOUR / 2,
            "end": self.moment() if self.rarely() else NOW + HOUR,
            "state": self.choice(["ended", "annulled"]) if self.rarely() else "active",
            "recorded": NOW,
            "recorded_by": "E1",
            "unit": unit,
            "provider": PROVIDER_OF[unit],
        }

    def of_reader(self, *employees):
        """A row that is often of the reader's own commission."""
        mine = {"unit": "U1", "provider": "P1"} if not self.rarely() else {}
        return self.common() | mine | {"employee": self.choice(employees)}

    def regime(self):
        return self.choice(["SVOD", "SVOD", "NLL"])

    def block(self):
        return Block(
            **self.common(),
            type=self.choice(["inner", "outer"]),
            regime=self.regime(),
            information_start=self.choice(TIMES),
            information_end=self.choice(TIMES),
            excluded=self.choice([(), ("lak",), ("upp",), ("lak", "upp")]),
        )

    def dissent(self):
        whose = self.of_reader("", "E1") if self.random() < 0.5 else self.common() | {"provider": "", "unit": "", "employee": ""}
        return Dissent(**whose, regime=self.regime(), but_emergencies=self.choice([True, False]))

    def consent(self):
        return Consent(**self.of_reader("", "E1", "E2"), regime=self.regime(), represented_by="", **self.limits())

    def limits(self):
        """Of a consent of some data alone; most have none."""
        if self.random() < 0.4:
            return {}
        if self.random() < 0.5:
            return {"within": self.within(2)}
        times = {name: self.choice(TIMES) for name in ("information_start", "information_end", "except_start", "except_end")}
        kinds = self.choice([(), (), ("lak",), ("upp",)])
        return times | {"except_holders": tuple(self.sample(UNITS + PROVIDERS, self.choice([0, 0, 1]))), "except_types": kinds}

    def within(self, depth):
        """Of data, by one or two elements, with exceptions."""
        elements = {
            "start": self.choice(TIMES[1:]),
            "holders": (self.choice(UNITS + PROVIDERS),),
            "types": (self.choice(["lak", "upp"]),),
            "kinds": ("Observation",),
            "data": (self.choice(DATA),),
            "labels": (self.choice(LABELS),),
        }
        held = {name: elements[name] for name in self.sample(sorted(elements), self.choice([1, 1, 2]))}
        return Limits(**held, but=tuple(self.within(depth - 1) for _ in range(self.choice([0, 0, 1]) if depth else 0)))

    def said(self):
        return Said(
            type=self.choice(["Observation", "Encounter", "AllergyIntolerance"]),
            id=self.choice("xyz"),
            references=frozenset(self.sample(REFERENCES, self.choice([0, 1, 2]))),
            untold=frozenset(self.sample([name for name, _ in REFERENCES], self.choice([0, 0, 0, 1]))),
            labels=frozenset((system, code.lower()) for system, code in self.sample(LABELS, self.choice([0, 1, 1, 2]))),
        )

    def revoke(self):
        return Revoke(
            **self.of_reader("", "E1", "E2"), block=self.choice("abc"), owner=self.choice(PROVIDERS), reason="emergency"
        )

    def relation(self):
        return Relation(**self.of_reader("E1", "E1", "E2"))

    def need(self):
        return Need(**self.of_reader("E1", "E1", "E2"), type="work" if self.rarely() else "relevance", reason="")

    def assertion(self):
        return Assertion(
            **self.of_reader("E1", "E1", "E2"),
            type=self.choice(["emergency", "incapacity", "child", "inner_emergency"]),
            step=self.choice([0, 1, 1, 2, 2]),
            follows=self.choice("abc"),
            reason="",
            providers=tuple(self.choices(PROVIDERS, k=self.randrange(3))),
            units=tuple(self.choices(UNITS, k=self.randrange(3))),
            attestations=tuple(sorted(ATTESTATIONS)),
        )

    def share(self):
        return Share(**self.common())

    def caller(self):
        kind = self.choice(["clinician"] * 6 + ["social"] * 2 + ["patient", "guardian"])
        return Caller(
            kind=kind,
            subject="E1",
            client="c",
            issuer="i",
            loa=3,
            purpose="quality" if self.rarely() else "care",
            scope=self.choice(["VG", "VE"]) if self.rarely() else "SJF",
            provider="P1",
            unit="U1",
            social_unit=kind == "social",
            role=self.choice(["physician", "nurse"]),
            officer=self.choice([True, False]),
        )

    def rows(self, make):
        return tuple(make() for _ in range(self.choice([0, 1, 1, 2, 3])))

    def grounds(self):
        return Grounds(
            caller=self.caller(),
            now=NOW,
            patient=PatientFacts(
                born=self.choice([None, date(1970, 1, 1), date(2008, 3, 4), date(2013, 3, 4), date(2020, 1, 1)]),
                deceased=self.choice([True, None]) if self.rarely() else False,
                protected=False,
            ),
            named=True,
            request=self.choice(["care", "care", "certificate"]),
            services_up=not self.rarely(),
            **{name: self.rows(getattr(self, make)) for name, make in ROWS.items() if name != "dissents" or self.rarely()},
        )

    def entry(self):
        unit = self.choice(UNITS)
        flags = ("social", "secret", "nullified", "insurance", "incapacity")
        return Custody(
            source="s",
            unit=unit,
            provider=PROVIDER_OF[unit],
            info_type=self.choice(["voo", "lak", "upp"]),
            regime=self.choice(["SVOD"] * 8 + ["NLL", "OWN"]),
            time_from=self.choice(TIMES),
            time_to=self.choice(TIMES),
            released=not self.rarely(),
            purpose="quality" if self.rarely() else self.choice(["care", "care_admin"]),
            **{name: self.rarely() for name in flags},
            says=tuple(self.said() for _ in range(self.choice([1, 1, 2]))),
        )


ROWS = {
    "consents": "consent",
    "blocks": "block",
    "dissents": "dissent",
    "revokes": "revoke",
    "relations": "relation",
    "needs": "need",
    "assertions": "assertion",
    "shares": "share",
}
DRAWS = st.integers(0, 2**32).map(Draw)
GROUNDS, ENTRIES, BLOCKS = DRAWS.map(Draw.grounds), DRAWS.map(Draw.entry), DRAWS.map(Draw.block)
FORGETTABLE = [
    "provider", "unit", "social", "time_from", "time_to", "released", "secret", "nullified", "insurance", "purpose", "incapacity",
    "says",
]  # fmt: skip
LAW = settings(max_examples=300, deadline=None)


def permits(grounds, custody):
    return outcome_of(decide(grounds), custody)[0] is Outcome.PERMIT


@LAW
@given(GROUNDS, ENTRIES, BLOCKS)
def test_a_block_added_never_widens_what_is_seen(grounds, custody, block):
    if permits(replace(grounds, blocks=(*grounds.blocks, block)), custody):
        assert permits(grounds, custody)


@LAW
@given(GROUNDS, ENTRIES, DRAWS.map(Draw.dissent))
def test_a_dissent_added_never_widens_what_is_seen_nor_does_its_exception_narrow(grounds, custody, dissent):
    whole = replace(dissent, but_emergencies=False)
    if permits(replace(grounds, dissents=(*grounds.dissents, whole), revokes=()), custody):
        assert permits(replace(grounds, dissents=(*grounds.dissents, replace(whole, but_emergencies=True)), revokes=()), custody)
    if permits(replace(grounds, dissents=(*grounds.dissents, dissent)), custody):
        assert permits(grounds, custody)


@LAW
@given(GROUNDS, ENTRIES)
def test_a_block_that_cannot_be_read_leaves_staff_nothing_of_other_providers(grounds, custody):
    denied = replace(grounds, blocks=(*grounds.blocks, unreadable_block("x", NOW)))
    if grounds.caller.staff and custody.regime == "SVOD" and custody.provider != "P1":
        assert not permits(denied, custody)


@LAW
@given(GROUNDS, ENTRIES, st.sampled_from(["consents", "revokes", "relations", "shares"]))
def test_a_ground_taken_away_opens_nothing(grounds, custody, kind):
    for left_out in range(len(getattr(grounds, kind))):
        fewer = tuple(row for number, row in enumerate(getattr(grounds, kind)) if number != left_out)
        if permits(replace(grounds, **{kind: fewer}), custody):
            assert permits(grounds, custody)


@LAW
@given(GROUNDS, ENTRIES)
def test_a_limit_of_a_consent_opens_nothing(grounds, custody):
    whole = dict.fromkeys(("information_start", "information_end", "except_start", "except_end"))
    unlimited = tuple(replace(row, **whole, except_holders=(), except_types=(), within=None) for row in grounds.consents)
    if permits(grounds, custody):
        assert permits(replace(grounds, consents=unlimited), custody)


@LAW
@given(GROUNDS, ENTRIES, DRAWS)
def test_an_exception_added_to_a_consent_opens_nothing(grounds, custody, draw):
    limited = tuple(replace(row, within=replace(row.within or Limits(), but=(draw.within(1),))) for row in grounds.consents)
    fewer = tuple(replace(row, within=replace(row.within, but=())) for row in limited)
    if permits(replace(grounds, consents=limited), custody):
        assert permits(replace(grounds, consents=fewer), custody)


@LAW
@given(GROUNDS, ENTRIES)
def test_services_that_give_no_answer_open_nothing(grounds, custody):
    if permits(replace(grounds, services_up=False), custody):
        assert permits(replace(grounds, services_up=True), custody)


@LAW
@given(GROUNDS, ENTRIES, st.sampled_from(FORGETTABLE))
def test_a_fact_of_custody_forgotten_opens_nothing(grounds, custody, fact):
    if permits(grounds, replace(custody, **{fact: None})):
        assert permits(grounds, custody)


@LAW
@given(GROUNDS, ENTRIES, st.sampled_from(["born", "deceased"]))
def test_a_fact_of_the_patient_forgotten_opens_nothing(grounds, custody, fact):
    forgotten = replace(grounds, patient=replace(grounds.patient, **{fact: None}))
    if permits(forgotten, custody):
        assert permits(grounds, custody)


@LAW
@given(GROUNDS, st.floats(0, 1))
def test_until_it_is_said_to_turn_a_decision_stays(grounds, part):
    until = good_until(grounds)
    assert until > grounds.now
    last = until - timedelta(microseconds=1)
    later = replace(grounds, now=min(last, grounds.now + part * (until - grounds.now)))
    assert decide(later) == decide(grounds)


def consented(*changed):
    """What consents open together, each as changed."""
    consent = Consent(
        **Draw(0).common() | {"state": "active", "start": NOW, "end": None, "unit": "U1", "provider": "P1"},
        employee="",
        regime="SVOD",
        represented_by="",
    )
    rows = tuple(replace(consent, id=str(number), **each) for number, each in enumerate(changed))
    return Facts(replace(Draw(1).grounds(), consents=rows)).consented


def test_consents_of_some_data_are_told_in_one_order_whichever_is_read_first():
    rows = [{"except_types": ("lak",)}, {"except_types": ("upp",)}]
    assert consented(*rows) == consented(*rows[::-1])
    assert "lak" in str(consented(*rows))


def test_consents_of_some_data_are_told_in_one_order_whatever_the_zone_of_their_times():
    earlier, later = ({"information_start": NOW + timedelta(minutes=each)} for each in (0, 30))
    elsewhere = {"information_start": NOW.astimezone(timezone(timedelta(hours=2)))}
    assert elsewhere == earlier
    assert consented(elsewhere, later) == consented(earlier, later)


@LAW
@given(GROUNDS, st.randoms(use_true_random=False))
def test_the_order_in_which_rows_are_read_changes_nothing(grounds, drawn):
    shuffled = {name: tuple(drawn.sample(getattr(grounds, name), len(getattr(grounds, name)))) for name in ROWS}
    assert decide(replace(grounds, **shuffled)).digest == decide(grounds).digest


@LAW
@given(GROUNDS, st.lists(BLOCKS, max_size=3))
def test_notices_are_the_same_whatever_is_blocked(grounds, blocks):
    assert decide(replace(grounds, blocks=tuple(blocks))).notices == decide(grounds).notices
