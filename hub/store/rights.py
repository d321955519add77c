"""Rights of a role that the hub runs as on PostgreSQL: it may add to the log, and change nothing that is in it.

The tables belong to another role, which migrates them. Triggers would do the same, and Citus refuses them.
"""

from hub.store.tables import METADATA

APPENDED = ("audit", "audit_node", "custody_past", "facts_past")
"""Tables that rows are only added to."""
LOOKED_AT = ("audit_ended", "audit_removal")
"""Tables that only their owner writes: what is removed of the log is removed by another role than the hub's."""


def statements(role: str) -> list[str]:
    """What the owner of the tables runs, after each migration. Takes: `role`: its name.

    Raises: ValueError: the name is none.
    """
    if not role.isidentifier() or not role.isascii():
        raise ValueError("a role is named by letters, digits and underscores")
    others = sorted(set(METADATA.tables) - set(APPENDED) - set(LOOKED_AT))
    return [
        f'GRANT USAGE ON SCHEMA public TO "{role}"',
        f'GRANT SELECT ON alembic_version TO "{role}"',
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON {", ".join(others)} TO "{role}"',
        f'REVOKE ALL ON {", ".join(APPENDED)} FROM "{role}"',
        f'GRANT SELECT, INSERT ON {", ".join(APPENDED)} TO "{role}"',
        f'REVOKE ALL ON {", ".join(LOOKED_AT)} FROM "{role}"',
        f'GRANT SELECT ON {", ".join(LOOKED_AT)} TO "{role}"',
    ]
