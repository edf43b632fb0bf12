"""What could not be stored waits in files, sealed, until it can be.

Only what belongs to a change of the host that is known to be committed is put here, so that
nothing comes alive which the host rolled back. An entry is stored under its own id: once, however
often it is tried. Its name says under which month's key and id it is sealed, when it came in, and
by its ending what it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ..clock import utc_now
from ..db import new_id
from ..runtime import Runtime
from .payload import Payload, open_payload, seal_payload

#: What an entry is: a report with its step, or a user whom the host has removed.
REPORT, REMOVED = ".sealed", ".removed"
#: How long an entry that cannot be stored is left alone.
RETRY_AFTER = timedelta(minutes=10)
_MOMENT = "%Y%m%dT%H%M%S%fZ"


def put(runtime: Runtime, payload: Payload) -> str:
    """Seal `payload` into a file that survives the loss of power; return the id of the entry.

    Raises:
        OSError: the folder cannot be written.
        KeyringError: there is no key to seal it with.
    """
    now = utc_now()
    key = runtime.keys.current(now)
    entry_id = new_id()
    sealed = seal_payload(entry_id, payload, key, runtime.settings.timezone)
    write_entry(runtime.spool, key.month, entry_id, now, REPORT, sealed)
    return entry_id


def write_entry(
    folder: Path, month: str, entry_id: str, came_in_at: datetime, suffix: str, sealed: bytes
) -> None:
    """Write a file that survives the loss of power.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    moment = came_in_at.astimezone(UTC).strftime(_MOMENT)
    path = folder / f"{month}.{entry_id}.{moment}{suffix}"
    draft = path.with_suffix(".draft")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        os.utime(draft, (came_in_at.timestamp(), came_in_at.timestamp()))
        draft.rename(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(folder)


def entries(folder: Path, suffix: str = REPORT) -> list[Path]:
    """Return what waits, the oldest first; nothing where there is no folder."""
    try:
        found = [path for path in folder.iterdir() if path.suffix == suffix]
    except FileNotFoundError:
        return []
    return sorted(found, key=lambda path: path.stem.rpartition(".")[2])


def due_entries(folder: Path, now: datetime, suffix: str = REPORT) -> Iterator[Path]:
    """Yield what is to be tried at `now`; an entry's time of change says from when on.

    One that is to wait for longer than anything is left alone was written while the clock was
    ahead.
    """
    earliest, latest = now.timestamp(), (now + 2 * RETRY_AFTER).timestamp()
    for path in entries(folder, suffix):
        try:
            due_at = path.stat().st_mtime
        except FileNotFoundError:  # another process has taken it
            continue
        if not earliest < due_at <= latest:
            yield path


def came_in_at(path: Path) -> datetime:
    """Return when an entry came in, which its time of change says only until it is put off.

    Raises:
        ValueError: the file is none of ours.
    """
    _month, _entry_id, moment = path.stem.split(".")
    return datetime.strptime(moment, _MOMENT).replace(tzinfo=UTC)


def read_entry(path: Path) -> tuple[str, str, bytes]:
    """Return the month of an entry's key, its id, and what it holds, sealed.

    Raises:
        FileNotFoundError: another process has taken it.
    """
    month, entry_id, _moment = path.stem.split(".")
    return month, entry_id, path.read_bytes()


def open_entry(runtime: Runtime, path: Path) -> tuple[str, Payload]:
    """Return the id of a report's entry and what it holds.

    Raises:
        KeyringError: its key is gone, or it is damaged.
        FileNotFoundError: another process has taken it.
    """
    month, entry_id, sealed = read_entry(path)
    return entry_id, open_payload(entry_id, sealed, runtime.keys.get(month))


def postpone(path: Path, now: datetime) -> None:
    """Leave an entry alone for a while."""
    until = (now + RETRY_AFTER).timestamp()
    try:
        os.utime(path, (until, until))
    except FileNotFoundError:
        return


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive; Windows has nothing of the kind."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
