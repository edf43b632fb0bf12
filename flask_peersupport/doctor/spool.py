"""The folder in which reports wait that could not be stored."""

from __future__ import annotations

import os
from pathlib import Path

from ..intake.spool import entries
from ..runtime import Runtime
from .findings import Findings, fault, ok, warning


def look_at_spool(runtime: Runtime) -> Findings:
    """Look whether the spool can be written, and whether something waits in it."""
    folder = runtime.spool
    if not _can_be_written(folder):
        yield fault(
            f"The spool {folder} cannot be written: what cannot be stored at once is lost.",
            "Make it a folder of the account under which the application runs, or set"
            " PEERSUPPORT_SPOOL.",
        )
        return
    count = len(entries(folder))
    if count:
        yield warning(
            f"In the spool of this machine wait {count} reports that could not be stored.",
            "Run: flask peersupport run-due. What stays was sealed with a key that is gone.",
        )
    else:
        yield ok("Nothing waits in the spool of this machine.")


def _can_be_written(folder: Path) -> bool:
    """Return whether the folder, or what will hold it, can be written by this account."""
    if folder.exists():
        return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
    nearest = next(parent for parent in folder.absolute().parents if parent.exists())
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
