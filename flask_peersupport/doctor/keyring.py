"""The keyring of this machine, and whether the workers elsewhere have the same."""

from __future__ import annotations

import stat
from collections import defaultdict

from ..clock import utc_now
from ..db import database_now
from ..errors import KeyringError
from ..heartbeat.beats import keyring_mark, living_workers, machine_name
from ..heartbeat.models import Heartbeat
from ..runtime import Runtime
from ..vault.keyring import FileKeys
from .findings import Findings, fault, listed, ok

_ONE_FOR_ALL = (
    "Keep a copy of each, find the one with which the names can be read, and put that file on"
    " every machine."
)


def look_at_keyring(runtime: Runtime) -> Findings:
    """Look whether this machine has a keyring with the present key, closed to others."""
    keys = runtime.keys
    try:
        key = keys.current(utc_now())
    except KeyringError as error:
        text, _, command = str(error).partition("; run: ")
        remedy = f"Run: {command}" if command else "Restore the keyring from its backup."
        yield fault(f"{text[0].upper()}{text[1:]}.", remedy)
        return
    if isinstance(keys, FileKeys):
        others = keys.path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
        if others:
            yield fault(
                f"The keyring at {keys.path} is open to other accounts of the machine.",
                f"Run: chmod 600 {keys.path}",
            )
            return
    yield ok(f"The keyring has the key of {key.month}.")


def look_at_other_keyrings(runtime: Runtime) -> Findings:
    """Compare the keyrings of the workers that live with each other's and with our own."""
    with runtime.storage.work() as session:
        rows = living_workers(session, now=database_now(session))
    without = [row.machine for row in rows if row.keyring_mark is None]
    if without:
        yield fault(
            f"A worker can read no keyring, on: {listed(without)}.",
            "Copy the keyring file to that machine, readable for the account of the worker.",
        )
    rows = [row for row in rows if row.keyring_mark is not None]
    strangers = [row.machine for row in rows if not _is_our_own(runtime, row)]
    if _has_keyring(runtime) and strangers:
        yield fault(
            f"The keyring differs between machines: workers on {listed(strangers)} have another"
            f" than this command, on {listed([machine_name()])}.",
            _ONE_FOR_ALL,
        )
    elif _differ_among_themselves(rows):
        machines = listed(row.machine for row in rows)
        yield fault(f"The keyring differs between machines: {machines}.", _ONE_FOR_ALL)
    elif rows:
        yield ok(f"The keyring is the same on: {listed(row.machine for row in rows)}.")


def _has_keyring(runtime: Runtime) -> bool:
    try:
        runtime.keys.current(utc_now())
    except KeyringError:
        return False
    return True


def _is_our_own(runtime: Runtime, row: Heartbeat) -> bool:
    """Return whether a worker has our key of its month: its month may be another by its clock."""
    try:
        return row.keyring_mark == keyring_mark(runtime.keys.get(row.month or ""))
    except KeyringError:
        return False


def _differ_among_themselves(rows: list[Heartbeat]) -> bool:
    marks: defaultdict[str | None, set[str | None]] = defaultdict(set)
    for row in rows:
        marks[row.month].add(row.keyring_mark)
    return any(len(found) > 1 for found in marks.values())
