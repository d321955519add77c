"""Search keys as sets, each worked out once in a statement.

SQLite keeps most tables of keys one way alone: from a value to the versions that have it. The way back would be a second copy of
every row, written with each resource; so where a row is asked for its keys, all keys that are looked at are put beside the rows.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, Text, and_, literal_column, select, tuple_
from sqlalchemy.sql.selectable import FromClause

from hub.store.released import Relation
from hub.store.tables import ix_composite, ix_quantity, ix_string, ix_token, resource

ONE_WAY = frozenset(table.name for table in (ix_token, ix_string, ix_quantity, ix_composite))
"""Tables of keys without a way back on SQLite."""
VERSION = ("pk", "rid", "version")


def keys_seen(table: Any, at: Relation, resource_type: str, names: Sequence[str] = VERSION) -> Select[Any]:
    """Columns of the keys of those patients of whom a view shows current resources of a type; empty: of any type."""
    columns = [table.c[name] for name in names]
    if at.view.kind == "patient":
        return select(*columns).select_from(table).where(at.of(table))
    other = replace(at, rows=resource.alias("seen"))
    of_type = [other.rows.c.type == literal_column(f"'{word(resource_type)}'", Text)] if resource_type else []
    patients = select(other.rows.c.pk).where(other.where(), other.current(), *of_type).distinct().subquery("patients")
    return select(*columns).join_from(patients, table, table.c.pk == patients.c.pk)


def among(rows: Any, names: Sequence[str], hits: Select[Any]) -> ColumnElement[bool]:
    """What a row has under some names is in a set. The plus keeps the planner from looking rows up for all of the set."""
    return tuple_(*(literal_column(f"+{rows.name}.{name}", BigInteger) for name in names)).in_(hits)


def beside(rows: Any, keys: FromClause) -> ColumnElement[bool]:
    """Keys that are put beside rows belong to them."""
    return and_(*(keys.c[name] == rows.c[name] for name in VERSION))


def word(name: str) -> str:
    """A name of FHIR's, in the text of the statement. None has anything in it that SQL could take for its own."""
    if not name.isalnum():
        raise ValueError("not a name")
    return name
