"""Which databases there are, and which cells a shortened run takes of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.databases import Bench
from tests.faults.disks import remove_disk
from tests.faults.faults import FAULTS, Fault
from tests.faults.styles import STYLES, Style
from tests.servers import MARIADB, POSTGRESQL, ServerDatabase

IS_WHOLE = os.environ.get("PEERSUPPORT_SWEEP") == "full"


@dataclass(frozen=True)
class Place:
    """A database of the matrix.

    Attributes:
        name: in the names of the tests.
        label: how docs/reliability.md calls it.
        server: the variable that holds the address of its server; None: an SQLite file.
        is_apart: whether the extension's tables are in a file of their own.
        share: of which the shortened run takes every so manieth cell, and from where on.
    """

    name: str
    label: str
    server: str | None
    is_apart: bool
    share: tuple[int, int]


PLACES = (
    Place("sqlite", "SQLite", None, False, (1, 0)),
    Place("apart", "SQLite, our tables in a file of their own", None, True, (6, 2)),
    Place("postgresql", "PostgreSQL", POSTGRESQL, False, (3, 0)),
    Place("mariadb", "MariaDB", MARIADB, False, (3, 1)),
)


@contextmanager
def open_bench(place: Place, folder: Path, database: ServerDatabase | None) -> Iterator[Bench]:
    """Yield the bench of a place; nothing of it is left behind but the empty database."""
    bench = Bench(place.name, folder, database, is_apart=place.is_apart)
    try:
        yield bench
    finally:
        bench.close()
        remove_disk(bench)


def styles_of(place: Place, fault: Fault) -> list[Style]:
    """Return the styles that are tried with a fault: all of them, or a share that is fixed."""
    if IS_WHOLE:
        return list(STYLES)
    step, start = place.share
    number = FAULTS.index(fault)
    return [style for at, style in enumerate(STYLES) if (at + number) % step == start % step]
