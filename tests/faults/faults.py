"""What goes wrong in the matrix, for real: each fault is brought about, and removed again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from flask_peersupport import signals
from flask_peersupport.intake.models import IntakeRecord
from flask_peersupport.runtime import runtime_of
from tests.faults.databases import INTAKE, Bench
from tests.faults.disks import full_disk, why_no_small_disk
from tests.faults.host import Host
from tests.faults.styles import Style

#: How long a lock is held at most, in seconds: far longer than a report may wait.
PATIENCE = 8
TAKEN, KEPT, LOST = "taken in", "kept in the spool", "lost, and said so"


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        name: in the names of the tests.
        label: how docs/reliability.md calls it.
        bring_about: a context in which it is so; host: that with peer support, or that without.
        leaves: what becomes of a submission.
        hits_host: whether the host is hit too, so that the run without the extension has it.
        is_of_description: whether only a report that is described meets it.
        hides_visitor: whether nobody can know who is signed in.
        is_large: whether so many colleagues are named that the intake row needs room.
    """

    name: str
    label: str
    bring_about: Callable[[Bench, Host], AbstractContextManager[Any]]
    leaves: str = KEPT
    hits_host: Callable[[Bench], bool] = lambda bench: False
    is_of_description: bool = False
    hides_visitor: bool = False
    is_large: bool = False


@contextmanager
def description_raises(bench: Bench, host: Host) -> Iterator[None]:
    def fail() -> None:
        raise RuntimeError("a bug in the host's description")

    host.description_fault = fail
    yield
    host.description_fault = None


@contextmanager
def description_queries_in_vain(bench: Bench, host: Host) -> Iterator[None]:
    host.description_fault = lambda: host.session.execute(sa.text("SELECT * FROM no_such_table"))
    yield
    host.description_fault = None


class UsersWithoutVisitor:
    """The host's users, of which nobody can say who is signed in."""

    def __init__(self, users: Any) -> None:
        self._users = users

    def __getattr__(self, name: str) -> Any:
        return getattr(self._users, name)

    def current(self) -> None:
        """Fail as a directory does that is down."""
        raise RuntimeError("the directory does not answer")


@contextmanager
def adapter_raises(bench: Bench, host: Host) -> Iterator[None]:
    runtime = runtime_of(host.app)
    if runtime is None:
        yield
        return
    users = runtime.users
    runtime.users = UsersWithoutVisitor(users)  # type: ignore[assignment]
    yield
    runtime.users = users


_REFUSE = {
    "sqlite": (
        f"CREATE TRIGGER refuse BEFORE INSERT ON {INTAKE}"
        " BEGIN SELECT RAISE(ABORT, 'refused'); END",
    ),
    "postgresql": (f"ALTER TABLE {INTAKE} ADD CONSTRAINT refuse CHECK (attempts > 9)",),
    "mysql": (f"ALTER TABLE {INTAKE} ADD CONSTRAINT refuse CHECK (attempts > 9)",),
}
_ALLOW = {
    "sqlite": "DROP TRIGGER refuse",
    "postgresql": f"ALTER TABLE {INTAKE} DROP CONSTRAINT refuse",
    "mysql": f"ALTER TABLE {INTAKE} DROP CONSTRAINT refuse",
}


def run_apart(bench: Bench, *statements: str) -> None:
    """Execute statements as the owner of the extension's tables."""
    with bench.own_engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@contextmanager
def insert_refused(bench: Bench, host: Host) -> Iterator[None]:
    dialect = bench.own_engine.dialect.name
    run_apart(bench, *_REFUSE[dialect])
    yield
    run_apart(bench, _ALLOW[dialect])


@contextmanager
def receiver_raises(bench: Bench, host: Host) -> Iterator[None]:
    """Refuse the insert, so that there is something to tell of, to a receiver that raises."""

    def receive(sender: object, **extra: Any) -> None:
        raise RuntimeError("a bug in the host's receiver")

    with insert_refused(bench, host), signals.intake_failed.connected_to(receive):
        yield


@contextmanager
def table_missing(bench: Bench, host: Host) -> Iterator[None]:
    table: Any = IntakeRecord.__table__
    engine = bench.own_engine
    again = None
    if engine.dialect.name == "mysql":
        with engine.connect() as connection:
            again = connection.exec_driver_sql(f"SHOW CREATE TABLE {INTAKE}").one()[1]
    table.drop(engine)
    yield
    if again is not None:
        bench.run(again)
        return
    table.create(engine)
    if bench.role is not None:
        bench.run(f"GRANT ALL ON {INTAKE} TO {bench.role}")


@contextmanager
def right_revoked(bench: Bench, host: Host) -> Iterator[None]:
    table = INTAKE if bench.dialect == "postgresql" else f"{bench.database}.{INTAKE}"
    bench.run(f"REVOKE INSERT ON {table} FROM {bench.role}")
    yield
    bench.run(f"GRANT INSERT ON {table} TO {bench.role}")


@contextmanager
def table_locked(bench: Bench, host: Host) -> Iterator[None]:
    """Hold a lock until the answer is there; who waits for it is found out by the clock."""
    lock = {
        "sqlite": "BEGIN IMMEDIATE",
        "postgresql": f"LOCK TABLE {INTAKE} IN ACCESS EXCLUSIVE MODE",
        "mysql": f"LOCK TABLES {INTAKE} WRITE",
    }[bench.dialect]
    has_waited = threading.Event()
    with bench.own_engine.connect() as connection:
        raw: Any = connection.connection.dbapi_connection
        connection.exec_driver_sql(lock)

        def let_go() -> None:
            has_waited.set()
            raw.close()

        watchdog = threading.Timer(PATIENCE, let_go)
        watchdog.start()
        yield
        watchdog.cancel()
        assert not has_waited.is_set(), "the report waited for the lock"
        connection.rollback()
        if bench.dialect == "mysql":
            connection.exec_driver_sql("UNLOCK TABLES")


@contextmanager
def spool_unwritable(bench: Bench, host: Host) -> Iterator[None]:
    """Put a file in the place of the folder; the process is root, whom no mode stops."""
    spool = bench.folder / "spool"
    if spool.is_dir():
        spool.rmdir()
    spool.write_text("no folder")
    with insert_refused(bench, host):
        yield
    spool.unlink()


@contextmanager
def keyring_missing(bench: Bench, host: Host) -> Iterator[None]:
    keyring = bench.folder / "keyring.json"
    away = keyring.with_suffix(".away")
    keyring.rename(away)
    yield
    away.rename(keyring)


FAULTS = (
    Fault("none", "nothing", lambda bench, host: nullcontext(), TAKEN),
    Fault("describe-raises", "`describe` raises", description_raises, is_of_description=True),
    Fault(
        "describe-queries",
        "`describe` queries a table that is not there",
        description_queries_in_vain,
        is_of_description=True,
    ),
    Fault(
        "adapter-raises",
        "an adapter raises: nobody can say who is signed in",
        adapter_raises,
        hides_visitor=True,
    ),
    Fault("receiver-raises", "a receiver of `intake_failed` raises", receiver_raises),
    Fault("insert-refused", "the database refuses our INSERT", insert_refused),
    Fault("table-missing", "our table is missing", table_missing),
    Fault("right-revoked", "the right to insert is revoked", right_revoked),
    Fault(
        "full-disk",
        "the disk is full for our row",
        full_disk,
        hits_host=lambda bench: bench.dialect == "sqlite",
        is_large=True,
    ),
    Fault(
        "locked",
        "somebody holds a lock on our table",
        table_locked,
        hits_host=lambda bench: bench.dialect == "sqlite" and bench.own_url is None,
    ),
    Fault("spool-unwritable", "our INSERT refused, the spool not writable", spool_unwritable, LOST),
    Fault("keyring-missing", "the keyring is missing", keyring_missing, LOST),
)


def why_not(style: Style, fault: Fault, bench: Bench) -> str:
    """Return why a cell makes no sense; nothing where it does."""
    if fault.is_of_description and not style.is_described:
        return "the host passes a `Report`: nothing is described"
    if style.is_unheard and fault.name != "none":
        return "nothing of ours runs within a bulk insert"
    if fault.name == "right-revoked":
        return bench.why_no_role
    if fault.name == "full-disk":
        return why_no_small_disk(bench)
    return ""
