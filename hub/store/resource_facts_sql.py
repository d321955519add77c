"""What the resources of an entry say, as SQL: labels and references by their search keys, of the newest versions there are.

Whichever version is shown, and as of whatever time, what is said now counts, as custody does. A key is looked up by the primary
key of its table, or by the index back from its version (`ix_ref_back`), for each resource by itself, so that it takes no longer
where a patient has much. Only the statements of a Release that asks hold any of this.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, literal_column, not_, select, true
from sqlalchemy.sql.selectable import NamedFromClause
from sqlalchemy.types import TypeEngine

from hub.fhir.index_keys import PRESENT
from hub.fhir.said import LABELS
from hub.store.tables import FOREVER, ix_ref, ix_token, resource
from hub.store.values import parameter_number

Columns = Mapping[str, ColumnElement[Any]]
"""Of custody; and where a release asks of resources also `pk`, `entry`, `type` and `rid` of the row that is decided."""
Bound = Callable[[type[TypeEngine[Any]], int], ColumnElement[Any]]
"""The value of a release that has this number."""


_LABELS = str(parameter_number("", LABELS))


def every(columns: Columns, met: Callable[[Columns], ColumnElement[bool]]) -> ColumnElement[bool]:
    """Whether every resource of an entry meets something, and there is one beside the Provenance; that which is decided is not
    deleted. Takes: `met`: of the columns of one of them."""
    part, its = resource.alias(), resource.alias()
    literal = its.c.type.concat(literal_column("'/'", Text)).concat(its.c.fhir_id)
    own = {"type": its.c.type, "literal": literal, "rid": its.c.rid, "version": its.c.version}
    fails = met({**columns, **own}).is_not(true())
    itself = (its.c.pk == columns["pk"], its.c.type == columns["type"], its.c.rid == columns["rid"])
    # By the index over entries, and each by its key: SQLite, which has no statistics, would look through the record otherwise.
    of_part = [its.c[name] == part.c[name] for name in ("pk", "type", "rid", "version")]
    parts = (part.c.pk == columns["pk"], part.c.entry == columns["entry"], part.c.type != literal_column("'Provenance'", Text))
    some, failing = (_there(part, *parts, _there(its, *of_part, *_now(its), *more)) for more in ((), (fails,)))
    return and_(_there(its, *itself, *_now(its)), some, not_(failing))


def _now(rows: NamedFromClause) -> tuple[ColumnElement[bool], ...]:
    return rows.c.rec_to == literal_column(str(FOREVER)), rows.c.gone == literal_column("0")


def _there(rows: NamedFromClause, *where: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(literal_column("1")).select_from(rows).where(*where).correlate_except(rows).exists()


def bears(form: Sequence[Any], columns: Columns, bound: Bound) -> ColumnElement[bool]:
    """Whether a resource has a label. Takes: `form`: the numbers of the system and of the codes."""
    system, *codes = form
    key = ix_token.alias()
    one_of = key.c.code.in_([bound(Text, number) for number in codes])
    return _there(key, *_of(key, columns), key.c.param == literal_column(_LABELS), key.c.system == bound(Text, system), one_of)


def refers(form: Sequence[Any], columns: Columns, bound: Bound) -> ColumnElement[bool]:
    """Whether a resource refers to something. Takes: `form`: by which keys, and the numbers of the targets; none: to anything."""
    keys, *targets = form
    key = ix_ref.alias()
    by = key.c.param.in_([literal_column(str(parameter_number(*each))) for each in keys])
    to = (key.c.target.in_([bound(Text, number) for number in targets]),) if targets else ()
    return _there(key, *_of(key, columns), by, *to)


def untold(keys: Sequence[tuple[str, str]], columns: Columns) -> ColumnElement[bool]:
    """Whether an element of a resource points at nothing. Takes: `keys`: of the parameters whose elements are meant."""
    key = ix_token.alias()
    by = key.c.param.in_([literal_column(str(parameter_number(kind, name + PRESENT))) for kind, name in keys])
    return _there(key, *_of(key, columns), by)


def _of(key: NamedFromClause, columns: Columns) -> tuple[ColumnElement[bool], ...]:
    return key.c.pk == columns["pk"], key.c.rid == columns["rid"], key.c.version == columns["version"]
