"""What a database keeps of rows that are gone: swept out once a round has closed.

Nothing depends on it: whatever is left is sealed, and useless without the programme's keyring. But
PostgreSQL would keep the old version of such small tables for years, and SQLite's log its own.
"""

from __future__ import annotations

from contextlib import suppress

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from .models import BallotBox, BallotKey

_TABLES = f"{BallotKey.__tablename__}, {BallotBox.__tablename__}"
_SWEEPING = {"postgresql": f"VACUUM {_TABLES}", "sqlite": "PRAGMA wal_checkpoint(TRUNCATE)"}


def sweep_remnants(engine: sa.Engine) -> None:
    """Let the database overwrite or give back what it keeps of keys and boxes, as far as it can.

    On a connection of its own, after the commit; where the database is too busy, or the account
    may not, it is left to the database's own housekeeping.
    """
    statement = _SWEEPING.get(engine.dialect.name)
    if statement is None or isinstance(engine.pool, StaticPool):
        return
    with suppress(sa.exc.SQLAlchemyError), engine.connect() as connection:
        apart = connection.execution_options(isolation_level="AUTOCOMMIT")
        apart.exec_driver_sql(statement)
