"""The two readings of a Release are one: SQL on both databases against plain Python, unknowns included."""

import random
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Column, Integer, MetaData, SmallInteger, Table, Text, create_engine, select
from sqlalchemy.pool import StaticPool

from hub.consent.case_grounds import Place
from hub.consent.cases import NOW, VALUES, read_case
from hub.consent.decision import decide
from hub.consent.release import (
    And,
    Constant,
    Equals,
    Flag,
    In,
    IsNull,
    Not,
    Or,
    Outcome,
    Overlaps,
    Release,
    Row,
    closed,
    deciding,
    outcome_of,
)
from hub.fhir.custody import COLUMNS, Custody
from hub.store.release_shape import bindings, microseconds, shape
from hub.store.release_sql import permitted, rule_number

FLAGS = ("social", "released", "secret", "nullified", "insurance", "incapacity")
TIMES = ("time_from", "time_to")
TEXTS = {
    "source": ("own", "other"),
    "provider": (Place.PROVIDER, Place.OTHER_PROVIDER, None),
    "unit": (Place.UNIT, Place.SISTER_UNIT, Place.OTHER_UNIT, None),
    "info_type": ("lak", "upp", "caa-gmh", "voo"),
    "regime": ("SVOD", "SVOD", "SVOD", "NLL", "OWN"),
    "purpose": ("care", "care", "care_admin", "quality", None),
}
DAYS = (None, *(NOW + timedelta(days=days) for days in (-40, -30, -25, -20, -15, -10, 0)))
TABLE = Table(
    "custody",
    MetaData(),
    Column("number", Integer, primary_key=True),
    *(Column(name, Text) for name in TEXTS),
    *(Column(name, SmallInteger) for name in FLAGS),
    *(Column(name, BigInteger) for name in TIMES),
)
COLUMNS_OF = {name: TABLE.c[name] for name in COLUMNS}
FACTS = st.fixed_dictionaries(
    {name: st.sampled_from(values) for name, values in VALUES.items()}
    | {
        "kind": st.sampled_from(["clinician", "clinician", "clinician", "social", "patient", "guardian", "system", "reviewer"]),
        "purpose": st.sampled_from(["care", "care", "quality"]),
        "patientNamed": st.sampled_from([True, True, False]),
        "servicesUp": st.sampled_from([True, True, False]),
        "request": st.just("care"),
        "role": st.sampled_from(["physician", "nurse", "assistant_nurse"]),
        "loa": st.just(3),
        "patientAge": st.sampled_from([8, 12, 50]),
        "dataType": st.just("voo"),
        "dissent": st.sampled_from(["none", "none", "all", "but_emergencies"]),
        "blockExcludes": st.lists(st.sampled_from(["lak", "upp", "moon"]), unique=True),
    }
)
LEAVES = st.one_of(
    st.sampled_from([True, False, None]).map(Constant),
    st.sampled_from(sorted(TEXTS)).flatmap(
        lambda name: st.sampled_from([text for text in TEXTS[name] if text]).map(lambda text: Equals(name, text))
    ),
    st.sampled_from(sorted(TEXTS)).flatmap(
        lambda name: st.lists(st.sampled_from([text for text in TEXTS[name] if text]), min_size=1, max_size=6).map(
            lambda texts: In(name, tuple(texts))
        )
    ),
    st.sampled_from(sorted(COLUMNS)).map(IsNull),
    st.sampled_from(FLAGS).map(Flag),
    st.builds(Overlaps, st.sampled_from(DAYS), st.sampled_from(DAYS)),
)
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda parts: st.one_of(
        st.lists(parts, min_size=1, max_size=5).map(tuple).map(And),
        st.lists(parts, min_size=1, max_size=5).map(tuple).map(Or),
        parts.map(Not),
    ),
    max_leaves=10,
)
ASKED = (
    Equals("provider", Place.PROVIDER),
    Equals("unit", Place.UNIT),
    Not(Flag("social")),
    Flag("released"),
    In("info_type", ("lak", "voo")),
    Overlaps(DAYS[2], DAYS[5]),
)
RELATED = st.lists(
    st.builds(
        Row,
        st.lists(st.sampled_from(ASKED), min_size=1, max_size=4, unique=True).map(tuple).map(And),
        st.sampled_from(list(Outcome)),
        st.just("R"),
    ),
    min_size=2,
    max_size=6,
)
"""Rows that ask the same things, more of them or fewer."""
ROWS = st.lists(st.builds(Row, EXPRESSIONS, st.sampled_from(list(Outcome)), st.just("R")), max_size=6)


def _entries():
    """Entries of every kind, drawn once; about every eighth truth value and time is not known."""
    drawn = random.Random(20261121)
    for _ in range(160):
        texts = {name: drawn.choice(values) for name, values in TEXTS.items()}
        flags = {name: drawn.choice([True, False, False, False, None]) for name in FLAGS}
        yield Custody(**texts, **flags, **{name: drawn.choice(DAYS) for name in TIMES})


def _as_most():
    """Entries that are as most are, but for at most one thing."""
    drawn = random.Random(20261129)
    plain = {"regime": "SVOD", "purpose": "care", "released": True} | dict.fromkeys(FLAGS[:1] + FLAGS[2:], False)
    others = {name: TEXTS.get(name, (True, False, None)) for name in (*plain, "provider", "unit")}
    for _ in range(120):
        texts = {name: drawn.choice([each for each in values if each]) for name, values in TEXTS.items()}
        times = {name: drawn.choice(DAYS) for name in TIMES}
        name = drawn.choice(sorted(others))
        yield Custody(**texts | times | plain | ({name: drawn.choice(others[name])} if drawn.random() < 0.5 else {}))


ENTRIES = (*_entries(), *_as_most())


def _stored(number, custody):
    flags = {name: None if getattr(custody, name) is None else int(getattr(custody, name)) for name in FLAGS}
    times = {name: None if getattr(custody, name) is None else microseconds(getattr(custody, name)) for name in TIMES}
    return {"number": number} | {name: getattr(custody, name) for name in TEXTS} | flags | times


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def connection(request):
    """A connection to each kind of database, with a row of custody for each entry."""
    sqlite = {"poolclass": StaticPool}
    engine = (
        create_engine("sqlite://", **sqlite) if request.param == "sqlite" else create_engine(request.getfixturevalue("postgres"))
    )
    with engine.connect() as held:
        TABLE.create(held)
        held.execute(TABLE.insert(), [_stored(number, custody) for number, custody in enumerate(ENTRIES)])
        yield held
        held.rollback()
        TABLE.drop(held, checkfirst=True)
    engine.dispose()


def _read(connection, release):
    """What SQL says of every entry, and what plain Python says, in one form: (place of the row, permitted)."""
    form = shape(release)
    asked = select(rule_number(form, COLUMNS_OF), permitted(form, COLUMNS_OF)).select_from(TABLE).order_by(TABLE.c.number)
    in_sql = [(number, bool(permits)) for number, permits in connection.execute(asked, bindings(release))]
    in_python = []
    for custody in ENTRIES:
        row, known = deciding(release, custody)
        place = next(place for place, held in enumerate(release.rows, 1) if held is row)
        in_python.append((place if known else -place, outcome_of(release, custody)[0] is Outcome.PERMIT))
    return in_sql, in_python


@settings(max_examples=120, deadline=None)
@given(facts=FACTS)
def test_sql_and_python_read_every_decision_alike(connection, facts):
    in_sql, in_python = _read(connection, decide(read_case("", facts).grounds))
    assert in_sql == in_python


@settings(max_examples=60, deadline=None)
@given(rows=ROWS)
def test_sql_and_python_read_every_predicate_alike(connection, rows):
    in_sql, in_python = _read(connection, Release(closed(rows)))
    assert in_sql == in_python


@settings(max_examples=60, deadline=None)
@given(rows=RELATED)
def test_sql_and_python_read_rows_that_ask_the_same_things_alike(connection, rows):
    in_sql, in_python = _read(connection, Release(closed(rows)))
    assert in_sql == in_python


def _release(*values):
    blocks = (And((Equals("provider", value), Overlaps(None, None))) for value in values)
    return Release(closed((Row(Or(tuple(blocks)), Outcome.HIDE, "R42"), Row(Constant(True), Outcome.PERMIT, "R47"))))


@pytest.mark.parametrize(("few", "many"), [(3, 4), (5, 8), (6, 7)], ids=str)
def test_the_text_of_a_statement_stays_when_a_block_is_added_up_to_the_next_power_of_two(few, many):
    one, other = _release(*"ABCDEFGH"[:few]), _release(*"STUVXYZW"[:many])
    assert shape(one) == shape(other)
    assert bindings(one).keys() == bindings(other).keys()
    assert str(permitted(shape(one), COLUMNS_OF)) == str(permitted(shape(other), COLUMNS_OF))


def _block(provider, unit):
    return And((Equals("provider", provider), Equals("unit", unit), Not(In("info_type", ("lak",))), Overlaps(None, None)))


def _blocked_twice(*blocks):
    """Rules that ask the same blocks, as those of one's own and of other care providers do, and one that asks a unit besides."""
    rows = (Equals("unit", "U1"), And((Flag("social"), Or(blocks))), Or(blocks))
    return Release(closed((*(Row(when, Outcome.HIDE, "R42") for when in rows), Row(Constant(True), Outcome.PERMIT, "R47"))))


def test_what_a_release_asks_several_times_is_bound_once():
    values = list(bindings(_blocked_twice(_block("P1", "U1"), _block("P2", "U2"))).values())
    assert values.count("P1") == values.count("P2") == 1
    assert values.count("U1") == 2  # once for the caller, once for the block
    assert values.count("lak") == 1  # neither block has it for itself


def test_the_text_of_a_statement_does_not_hang_on_two_blocks_that_happen_to_name_the_same():
    apart = _blocked_twice(_block("P1", "U1"), _block("P2", "U2"))
    alike = _blocked_twice(_block("P1", "U2"), _block("P1", "U3"))
    assert shape(apart) == shape(alike)
    assert bindings(apart).keys() == bindings(alike).keys()


def test_what_blocks_ask_alike_is_asked_once():
    """Blocks of one period that leave the same types open; one of another period, or that leaves others open, is by itself."""
    apart = And((Equals("provider", "P3"), Equals("unit", "U3"), Not(In("info_type", ("upp",))), Overlaps(None, None)))
    text = str(permitted(shape(_blocked_twice(_block("P1", "U1"), _block("P2", "U2"), apart)), COLUMNS_OF))
    alike = str(permitted(shape(_blocked_twice(*(_block("P1", f"U{n}") for n in range(3)))), COLUMNS_OF))
    assert text.count("info_type") == 2 * alike.count("info_type") > 0


def test_the_text_of_a_statement_holds_no_value_of_data():
    text = str(permitted(shape(_release("SE2321000016-SECRET")), COLUMNS_OF))
    assert "SECRET" not in text
    assert "SE2321000016-SECRET" in bindings(_release("SE2321000016-SECRET")).values()


def test_a_text_that_is_no_code_never_becomes_part_of_a_statement():
    release = Release(closed((Row(Equals("regime", "SVOD' OR '1'='1"), Outcome.PERMIT, "R47"),)))
    with pytest.raises(ValueError, match="not a code"):
        str(permitted(shape(release), COLUMNS_OF))


def test_a_release_is_written_for_the_rows_and_the_values_of_each_statement():
    """Its text is kept; what it is asked of, and the names of what is bound, are those of the statement that holds it."""
    form, other = shape(_release("A")), TABLE.alias("other")
    of_other = {name: other.c[name] for name in COLUMNS_OF}
    held = select(permitted(form, COLUMNS_OF), permitted(form, of_other, "g1")).compile()
    assert {f"{at}.provider" in str(held) for at in ("other", TABLE.name)} == {True}
    assert held.params.keys() == {at + name for at in ("", "g1") for name in bindings(_release("A"))}
    assert str(permitted(form, of_other)) == str(permitted(form, COLUMNS_OF)).replace(f"{TABLE.name}.", "other.")


def test_rows_without_a_name_of_their_own_are_asked_nothing():
    """For they are called otherwise in each statement."""
    unnamed = TABLE.alias()
    with pytest.raises(ValueError, match="no name"):
        permitted(shape(_release("A")), {name: unnamed.c[name] for name in COLUMNS_OF})


def test_a_release_that_hides_all_hides_all_in_sql(connection):
    in_sql, _ = _read(connection, Release(closed(())))
    assert in_sql == [(1, False)] * len(ENTRIES)
