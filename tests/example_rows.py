"""One row in each of our tables, made from what the models say of their columns."""

from __future__ import annotations

from collections.abc import Container
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from flask_peersupport import schema
from flask_peersupport.db import CodeList, LargeBytes, UTCDateTime

NOW = datetime(2026, 11, 3, 14, 30, 0, 123456, tzinfo=UTC)

#: Columns that a CHECK wants filled although they may be NULL.
WANTED = {
    ("peersupport_request", "open_for"): "peersupport_reach_out",
    ("peersupport_concern", "about_id"): "peersupport_person",
}
#: Values that a CHECK wants.
CHECKED = {
    ("peersupport_nomination_round", "due_at"): NOW,
    ("peersupport_session", "ends_at"): NOW + timedelta(hours=2),
    ("peersupport_external_code", "wrong_since"): NOW,
    ("peersupport_external_code", "asked_since"): NOW,
}


def example(column: sa.Column[Any]) -> object:
    """Return a value that fits the column."""
    kind = column.type
    if isinstance(kind, sa.Enum):
        return kind.enum_class and next(iter(kind.enum_class))
    examples: list[tuple[type | tuple[type, ...], object]] = [
        (UTCDateTime, NOW),
        (CodeList, ("one", "two")),
        (sa.Date, date(2026, 11, 3)),
        (sa.Boolean, True),
        (sa.Integer, 1),
        ((LargeBytes, sa.LargeBinary), b"\x00\xff"),
        (sa.JSON, {"seen": 3}),
    ]
    for expected, value in examples:
        if isinstance(kind, expected):
            return value
    return "é" * min(3, getattr(kind, "length", None) or 3)


def fill(engine: sa.Engine, but: Container[str] = ()) -> dict[str, Any]:
    """Put one row into each of our tables that is there, and return them by table."""
    rows: dict[str, dict[str, Any]] = {}
    there = {
        name: {column["name"] for column in sa.inspect(engine).get_columns(name)}
        for name in sa.inspect(engine).get_table_names()
    }
    with engine.begin() as connection:
        for table in schema.metadata().sorted_tables:
            if table.name in but or table.name not in there:
                continue
            row = {
                column.name: value
                for column in table.columns
                if column.name in there[table.name] and (value := _value(column, rows)) is not None
            }
            connection.execute(table.insert().values(row))
            rows[table.name] = row
    return rows


def _value(column: sa.Column[Any], rows: dict[str, dict[str, Any]]) -> object:
    place = (column.table.name, column.name)
    if wanted := WANTED.get(place):
        return rows[wanted]["id"]
    if place in CHECKED:
        return CHECKED[place]
    if column.nullable:
        return None
    if column.foreign_keys:
        target = next(iter(column.foreign_keys)).column
        return rows[target.table.name][target.name]
    return example(column)


def read(engine: sa.Engine, names: Any) -> dict[str, Any]:
    """Return the columns that `fill` wrote, by table."""
    tables = schema.metadata().tables
    with engine.connect() as connection:
        return {
            name: dict(
                connection.execute(sa.select(*(tables[name].c[key] for key in row)))
                .mappings()
                .one()
            )
            for name, row in names.items()
        }
