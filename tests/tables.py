"""Tables made quickly: what the first test of a process needed time for, the others repeat."""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa

from flask_peersupport import schema
from flask_peersupport.db import Base


def create_tables(engine: sa.Engine) -> None:
    """Make our tables in a database that has none of them; leave one that has them as it is."""
    if sa.inspect(engine).has_table("peersupport_person"):
        return
    if engine.dialect.name == "mysql":
        _create_on_mariadb(engine)
        return
    script = ";\n".join(_statements(engine.dialect.name))
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            # in one transaction: one wait for the disk
            connection.connection.executescript(f"BEGIN;\n{script};\nCOMMIT;")
        else:
            connection.exec_driver_sql(script)
            connection.commit()


@cache
def _statements(dialect: str) -> list[str]:
    """Return the statements that make our tables from the models."""
    statements: list[str] = []

    def note(ddl: sa.DDLElement, *given: object, **options: object) -> None:
        statements.append(str(ddl.compile(dialect=engine.dialect)))

    engine = sa.create_mock_engine(f"{dialect}://", note)
    Base.metadata.create_all(engine, checkfirst=False)
    return statements


#: What the revisions made on MariaDB, which alone know how it has to compare text.
_mariadb: list[str] = []


def _create_on_mariadb(engine: sa.Engine) -> None:
    if not _mariadb:
        before = set(sa.inspect(engine).get_table_names())
        schema.upgrade(engine)
        with engine.connect() as connection:
            for name in set(sa.inspect(connection).get_table_names()) - before:
                made = connection.exec_driver_sql(f"SHOW CREATE TABLE `{name}`").one()
                _mariadb.append(made[1])
                if name.endswith("_version"):
                    revision = connection.exec_driver_sql(f"SELECT version_num FROM `{name}`")
                    _mariadb.append(f"INSERT INTO `{name}` VALUES ('{revision.scalar_one()}')")
        return
    with engine.connect() as connection:
        connection.exec_driver_sql("SET FOREIGN_KEY_CHECKS = 0")
        for statement in _mariadb:
            connection.exec_driver_sql(statement.replace("%", "%%"))
        connection.exec_driver_sql("SET FOREIGN_KEY_CHECKS = 1")
        connection.commit()
