"""On PostgreSQL the hub's own role may add to the log, and change nothing in it."""

import uuid

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from hub.store.audit_check import whole
from hub.store.audit_log import AuditLog, Leaf
from hub.store.database import Database
from hub.store.partitions import OTHERS, keep_months
from hub.store.rights import APPENDED, LOOKED_AT, statements


@pytest.fixture
def confined(postgres, postgres_template):
    """The address of a database as a role that has just its rights."""
    name, role = f"hub_test_{uuid.uuid4().hex[:12]}", f"hub_role_{uuid.uuid4().hex[:12]}"
    owner = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {postgres_template(None)}"))
        connection.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD 'a-test'"))
    url = make_url(postgres).set(database=name)
    mine = create_engine(url, isolation_level="AUTOCOMMIT")
    with mine.connect() as connection:
        for statement in statements(role):
            connection.execute(text(statement))
    mine.dispose()
    yield url.set(username=role, password="a-test").render_as_string(hide_password=False)
    with owner.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        connection.execute(text(f"DROP ROLE {role}"))
    owner.dispose()


def test_the_log_grows_and_nothing_in_it_changes(confined):
    database = Database(confined)
    database.migrate()  # up to date already, so nothing is changed
    log = AuditLog(database, lambda: 1_000)
    for _ in range(3):
        log.append(Leaf(7, {"action": "read"}))
    assert whole(database.reader()) == (3, "")
    for deed in ("UPDATE {0} SET pk = 1", "DELETE FROM {0}", "TRUNCATE {0}"):
        for table in APPENDED:
            wanted = text(deed.format(table).replace("SET pk", "SET shard" if table == "audit_node" else "SET pk"))
            with pytest.raises(ProgrammingError, match="permission denied"), database.writing() as connection:
                connection.execute(wanted)
    for table in LOOKED_AT:
        with pytest.raises(ProgrammingError, match="permission denied"), database.writing() as connection:
            connection.execute(text(f"DELETE FROM {table}"))
    for deed in (f"DELETE FROM {OTHERS}", f"INSERT INTO {OTHERS} SELECT * FROM audit", f"DROP TABLE {OTHERS}"):
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), database.writing() as connection:
            connection.execute(text(deed))  # nor past the table, in a partition
    assert keep_months(database, 1_000) == []  # that is the owner's, and it goes on without
    assert whole(database.reader()) == (3, "")
    database.close()


@pytest.mark.parametrize("name", ['a"; DROP TABLE audit; --', "", "räksmörgås", "a b"])
def test_a_role_has_a_plain_name(name):
    with pytest.raises(ValueError, match="letters"):
        statements(name)
