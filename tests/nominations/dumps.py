"""Real dumps of a database, as a hospital's backup makes them, and its raw bytes."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from tests import servers

_POSTGRESQL = ("pg_dump", "--inserts", "--no-owner", "--no-comments")
_MARIADB = ("mariadb-dump", "--hex-blob", "--skip-extended-insert", "--skip-dump-date")


def dump(engine: sa.Engine) -> list[str]:
    """Return the lines of a dump with one INSERT a row."""
    url = engine.url
    if url.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(url.database or "")) as connection:
            return list(connection.iterdump())
    if url.get_backend_name() == "postgresql":
        plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
        return _run([*_POSTGRESQL, f"--dbname={plain}"], {})
    command = [
        *_MARIADB,
        f"--host={url.host}",
        f"--port={url.port or 3306}",
        f"--user={url.username}",
    ]
    return _run([*command, url.database or ""], {"MYSQL_PWD": url.password or ""})


def _run(command: list[str], variables: dict[str, str]) -> list[str]:
    if shutil.which(command[0]) is None:
        package = {"pg_dump": "postgresql-client", "mariadb-dump": "mariadb-client"}[command[0]]
        servers.unavailable(command[0], f"install {package}")
    done = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True)
    if "server version mismatch" in done.stderr:
        servers.unavailable(command[0], "install one as new as the server")
    assert done.returncode == 0, done.stderr
    # newer versions frame a dump with a random word
    words = ("\\restrict", "\\unrestrict")
    return [line for line in done.stdout.splitlines() if not line.startswith(words)]


def raw_bytes(engine: sa.Engine) -> bytes:
    """Return all that SQLite keeps on disk: the file and its logs."""
    file = Path(engine.url.database or "")
    return b"".join(part.read_bytes() for part in sorted(file.parent.glob(f"{file.name}*")))


def differences(before: list[str], after: list[str]) -> tuple[list[str], list[str]]:
    """Return the lines that are gone and those that are new, whatever the order."""
    gone, new = list(before), []
    for line in after:
        if line in gone:
            gone.remove(line)
        else:
            new.append(line)
    return gone, new


def rows_of(lines: list[str], table: str) -> list[str]:
    """Return the rows of a table in a dump."""
    return [
        line for line in lines if line.startswith("INSERT") and f"{table}" in line.split("(")[0]
    ]
