"""A disk on which the host's row fits and ours does not."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.faults.databases import INTAKE, Bench
from tests.faults.host import Host

#: Pages that the host's few rows may take; ours, with so many colleagues, needs three.
_SPARE_PAGES = 1


def why_no_small_disk(bench: Bench) -> str:
    """Make the small disk, once; return why there is none, or nothing."""
    if bench.dialect == "sqlite":
        return "the host's own database has room" if bench.own_url else ""
    if bench.dialect == "mysql":
        return (
            "not tried: a server ended, for a reason not found, when its table was on a full disk"
        )
    if not hasattr(bench, "_why_no_disk"):
        bench._why_no_disk = _move_to_small_disk(bench)  # type: ignore[attr-defined]
    return str(bench._why_no_disk)  # type: ignore[attr-defined]


@contextmanager
def full_disk(bench: Bench, host: Host) -> Iterator[None]:
    """Leave no room for the intake row."""
    if bench.dialect == "sqlite":
        with _few_pages(bench, host):
            yield
        return
    filler = _mount_of(bench) / "filler"
    _fill(filler)
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def _few_pages(bench: Bench, host: Host) -> Iterator[None]:
    """Limit the database file, on each connection that the host opens."""
    with bench.admin.connect() as connection:
        raw: Any = connection.connection.dbapi_connection
        raw.execute("VACUUM")  # free pages would be room
        (count,) = raw.execute("PRAGMA page_count").fetchone()

    def limit(raw: Any, record: object) -> None:
        raw.execute(f"PRAGMA max_page_count = {count + _SPARE_PAGES}")

    with host.app.app_context():
        engine = host.db.engine
    engine.dispose()
    sa.event.listen(engine, "connect", limit)
    yield
    sa.event.remove(engine, "connect", limit)
    engine.dispose()


def _mount_of(bench: Bench) -> Path:
    return Path("/var/tmp") / f"{bench.database}_disk"  # noqa: S108 - the server has to read it


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return


def _move_to_small_disk(bench: Bench) -> str:
    """Put the intake table on a small disk in memory; return why that cannot be done."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return "no small disk can be mounted: the tests do not run as root"
    mount = _mount_of(bench)
    mount.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", "size=3m,mode=700", "tmpfs", str(mount)]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        mount.rmdir()
        return "no small disk can be mounted on this machine"
    try:
        user = pwd.getpwnam("postgres")
        folder = mount / "data"
        folder.mkdir()
        for path in (mount, folder):
            os.chown(path, user.pw_uid, user.pw_gid)
        _to_tablespace(bench, folder)
    except (sa.exc.DBAPIError, KeyError) as error:
        remove_disk(bench)
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        return f"the server cannot keep a table on a disk of its own: {reason}"
    return ""


def _to_tablespace(bench: Bench, folder: Path) -> None:
    name = f"{bench.database}_small"
    with bench.admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"CREATE TABLESPACE {name} LOCATION '{folder}'")
        connection.exec_driver_sql(f"ALTER TABLE {INTAKE} SET TABLESPACE {name}")
        connection.exec_driver_sql(f"ALTER DATABASE {bench.database} SET synchronous_commit = off")


def remove_disk(bench: Bench) -> None:
    """Unmount the small disk, where there is one and its database is gone."""
    mount = _mount_of(bench)
    if mount.exists():
        if bench.dialect == "postgresql":
            with bench.on_server() as connection:
                connection.exec_driver_sql(f"DROP TABLESPACE IF EXISTS {bench.database}_small")
        subprocess.run(["umount", "-l", str(mount)], check=False, capture_output=True)
        shutil.rmtree(mount, ignore_errors=True)
