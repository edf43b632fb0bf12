"""The keyring file: one random key a month, written for ten years ahead, outside the database."""

from __future__ import annotations

import base64
import json
import os
import secrets
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from ..errors import KeyringError
from ..ports import MonthKey

YEARS_AHEAD = 10
#: By how much the clocks of two machines may differ.
SKEW = timedelta(days=1)
_VERSION = 1


def month_of(instant: datetime) -> str:
    """Return the calendar month of an instant in its own zone, e.g. "2026-11"."""
    return f"{instant.year:04d}-{instant.month:02d}"


def _months_from(start: datetime, count: int) -> list[str]:
    first = start.year * 12 + start.month - 1
    return [f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(first, first + count)]


def write_keyring(path: Path, start: datetime) -> int:
    """Make a new keyring for ten years from `start`, readable by its owner only.

    Returns:
        the number of months.

    Raises:
        KeyringError: a file is there already; it is never overwritten.
    """
    months = {
        month: base64.b64encode(secrets.token_bytes(32)).decode()
        for month in _months_from(start, YEARS_AHEAD * 12)
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".keyring-")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump({"version": _VERSION, "months": months}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # fails where the name is taken, also by another process just now
    except FileExistsError:
        raise KeyringError(f"there is a keyring at {path} already; it was left as it is") from None
    finally:
        Path(draft).unlink()
    return len(months)


class FileKeys:
    """The key provider that reads the keyring file, and again when the file has changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._keys: dict[str, MonthKey] = {}
        self._stamp: tuple[int, int, int] | None = None

    def _load(self) -> dict[str, MonthKey]:
        try:
            status = self.path.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if stamp != self._stamp:
                months = json.loads(self.path.read_text("ascii"))["months"]
                self._keys = {
                    month: MonthKey(month, base64.b64decode(secret, validate=True))
                    for month, secret in sorted(months.items(), reverse=True)
                }
                self._stamp = stamp
        except FileNotFoundError:
            message = f"there is no keyring at {self.path}; run: flask peersupport keys init"
            raise KeyringError(message) from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = type(error).__name__
            raise KeyringError(f"the keyring at {self.path} cannot be read ({reason})") from None
        return self._keys

    def current(self, at: datetime) -> MonthKey:
        """Return the key for what is written at `at` (aware)."""
        return self.get(month_of(at))

    def get(self, month: str) -> MonthKey:
        """Return the key of `month`."""
        try:
            return self._load()[month]
        except KeyError:
            raise KeyringError(f"the keyring at {self.path} has no key for {month}") from None

    def live(self, at: datetime) -> Sequence[MonthKey]:
        """Return the keys of all months up to `at`, newest first.

        On a month's last day the next one is among them: another machine's clock may be ahead.
        """
        last = month_of(at + SKEW)
        return [key for month, key in self._load().items() if month <= last]
