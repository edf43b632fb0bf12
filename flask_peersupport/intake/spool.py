"""What could not be stored waits in files, sealed, until it can be.

Only what belongs to a report that is known to be committed is put here, so that nothing comes
alive which the host rolled back. An entry is stored under its own id: once, however often it is
tried.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from ..clock import utc_now
from ..db import new_id
from ..runtime import Runtime
from .payload import Payload, open_payload, seal_payload

_SUFFIX = ".sealed"
#: How long an entry that cannot be stored is left alone.
RETRY_AFTER = timedelta(minutes=10)


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
    folder = runtime.spool
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{key.month}.{entry_id}{_SUFFIX}"
    draft = path.with_suffix(".draft")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        os.utime(draft, (now.timestamp(), now.timestamp()))
        draft.rename(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(folder)
    return entry_id


def entries(folder: Path) -> list[Path]:
    """Return what waits, the oldest first; nothing where there is no folder."""
    try:
        found = [path for path in folder.iterdir() if path.suffix == _SUFFIX]
    except FileNotFoundError:
        return []
    return sorted(found, key=lambda path: path.name)


def due_entries(folder: Path, now: datetime) -> Iterator[Path]:
    """Yield what is to be tried at `now`; an entry's time of change says from when on."""
    for path in entries(folder):
        try:
            is_due = path.stat().st_mtime <= now.timestamp()
        except FileNotFoundError:  # another process has taken it
            continue
        if is_due:
            yield path


def open_entry(runtime: Runtime, path: Path) -> tuple[str, Payload]:
    """Return the id of an entry and what it holds.

    Raises:
        KeyringError: its key is gone, or it is damaged.
        FileNotFoundError: another process has taken it.
    """
    month, entry_id = path.stem.split(".")
    return entry_id, open_payload(entry_id, path.read_bytes(), runtime.keys.get(month))


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
