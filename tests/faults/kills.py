"""Killing the host's process before and after every step that its request takes in the database.

A step is a statement or a commit, as the driver sends it. A process of its own builds the host
once and forks for every kill, so that each kill ends a process and nothing else.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.faults.asking import Reply, ask
from tests.faults.databases import INTAKE, VIEWS
from tests.faults.host import Host, create_host
from tests.faults.styles import STYLES, Style

_BY_NAME = {style.name: style for style in STYLES}
_WRITES = ("INSERT", "UPDATE", "DELETE", "SET STATEMENT")


@dataclass(frozen=True)
class Step:
    """One thing that the request has the database do.

    Attributes:
        text: the beginning of the statement, COMMIT or ROLLBACK.
        of_host: whether it changes what the host has stored, or ends the transaction of that.
        of_intake: whether it stores an intake row, or ends the transaction of that.
    """

    text: str
    of_host: bool
    of_intake: bool


@dataclass(frozen=True)
class Moment:
    """When to kill: before or after a step, counted from one; after the last: once answered."""

    number: int
    is_after: bool

    @property
    def done(self) -> int:
        """How many steps are done by then."""
        return self.number if self.is_after else self.number - 1


class Steps:
    """Counts the steps of a process and, where it is told to, kills it.

    Args:
        stop_at: the moment; None: never.
        watch: called after each step of the host's own, where somebody wants to look.
    """

    def __init__(
        self, stop_at: Moment | None = None, watch: Callable[[], None] = lambda: None
    ) -> None:
        self.taken: list[Step] = []
        self._stop_at = stop_at
        self._watch = watch
        self._written: dict[int, set[str]] = {}

    def follow(self, host: Host) -> None:
        """Look at all that `host` does in the database from now on."""
        with host.app.app_context():
            engines = [host.db.engine]
            if host.peersupport is not None:
                engines.append(host.app.extensions["peersupport"].storage.engine)
        for engine in dict.fromkeys(engines):
            sa.event.listen(engine, "before_cursor_execute", self._before)
            sa.event.listen(engine, "after_cursor_execute", self._after)
            self._follow_ends(engine.dialect)
        connect = host.connect_raw
        host.connect_raw = lambda: RawConnection(connect(), self)

    def _follow_ends(self, dialect: Any) -> None:
        commit, rollback = dialect.do_commit, dialect.do_rollback
        dialect.do_commit = lambda raw: self.commit(raw, lambda: commit(raw))
        dialect.do_rollback = lambda raw: self.rollback(raw, lambda: rollback(raw))

    def statement(self, raw: Any, text: str, send: Callable[[], Any]) -> Any:
        """Count a statement, and send it."""
        self._begin(raw, text)
        result = send()
        self._end()
        return result

    def commit(self, raw: Any, send: Callable[[], None]) -> None:
        """Count a commit, and send it."""
        written = self._written.pop(id(getattr(raw, "dbapi_connection", raw)), set())
        self._add(Step("COMMIT", "host" in written, "intake" in written))
        send()
        self._end()

    def rollback(self, raw: Any, send: Callable[[], None]) -> None:
        """Count a rollback, and send it."""
        self._written.pop(id(getattr(raw, "dbapi_connection", raw)), None)
        self._add(Step("ROLLBACK", of_host=False, of_intake=False))
        send()
        self._end()

    def _before(self, conn: Any, cursor: Any, text: str, *given: Any) -> None:
        self._begin(conn.connection.dbapi_connection, text)

    def _after(self, *given: Any) -> None:
        self._end()

    def _begin(self, raw: Any, text: str) -> None:
        is_write = text.lstrip().upper().startswith(_WRITES)
        # on SQLite the release of a savepoint may be the commit
        is_own = "peersupport" not in text
        of_host = is_own and (is_write or "SAVEPOINT" in text)
        of_intake = is_write and INTAKE in text
        written = self._written.setdefault(id(raw), set())
        written |= {"host"} if of_host else set()
        written |= {"intake"} if of_intake else set()
        self._add(Step(" ".join(text.split())[:60], of_host, of_intake))

    def _add(self, step: Step) -> None:
        self.taken.append(step)
        self._stop(is_after=False)

    def _end(self) -> None:
        if self.taken[-1].of_host:
            self._watch()
        self._stop(is_after=True)

    def _stop(self, *, is_after: bool) -> None:
        if self._stop_at == Moment(len(self.taken), is_after):
            os.kill(os.getpid(), signal.SIGKILL)


class RawConnection:
    """A connection of the driver's own whose statements are counted."""

    def __init__(self, raw: Any, steps: Steps) -> None:
        self._raw = raw
        self._steps = steps
        self._cursor = raw.cursor()

    def cursor(self) -> RawConnection:
        """Return what executes."""
        return self

    def execute(self, text: str, values: Any = ()) -> None:
        """Execute a statement."""
        self._steps.statement(self._raw, text, lambda: self._cursor.execute(text, values))

    def fetchone(self) -> Any:
        """Return the next row."""
        return self._cursor.fetchone()

    def commit(self) -> None:
        """Commit."""
        self._steps.commit(self._raw, self._raw.commit)

    def close(self) -> None:
        """End the connection."""
        self._raw.close()


@dataclass(frozen=True)
class Order:
    """What a forked process has to do."""

    style: str
    stop_at: Moment | None
    is_large: bool = False


@dataclass(frozen=True)
class Outcome:
    """What it did: the answers it gave, its steps, and whether it was killed."""

    replies: list[Reply]
    steps: list[Step]
    is_killed: bool


class Nursery:
    """The process that builds a host and forks for every order."""

    def __init__(self, url: str, folder: Path, own_url: str | None, after_report: str) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.faults.kills"])
        self._end, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, url, folder, own_url, after_report), daemon=True
        )
        self._process.start()
        theirs.close()
        self._end.recv()  # it is ready

    def run(self, order: Order) -> Outcome:
        """Have an order carried out."""
        self._end.send(order)
        outcome: Outcome = self._end.recv()
        return outcome

    def close(self) -> None:
        """End the process."""
        self._end.close()
        self._process.join()


def _serve(end: Connection, url: str, folder: Path, own_url: str | None, after_report: str) -> None:
    import logging

    logging.disable(logging.CRITICAL)
    host = create_host(
        url, folder, VIEWS, has_peersupport=True, own_url=own_url, after_report=after_report
    )
    # what is compiled and loaded with the first requests, each fork would have to do again
    for style in STYLES:
        if style.name.endswith(("-rollback", "-commit")):
            ask(host, style, style.titles[0], is_large=False)
    with host.app.app_context():
        host.db.engine.dispose()
        host.app.extensions["peersupport"].storage.engine.dispose()
    end.send("ready")
    while True:
        try:
            order = end.recv()
        except EOFError:
            return
        end.send(_fork(host, order))


def _fork(host: Host, order: Order) -> Outcome:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            _obey(host, order, writing)
        finally:
            os._exit(1)
    os.close(writing)
    replies: list[Reply] = []
    steps: list[Step] = []
    with os.fdopen(reading, "rb") as pipe:
        while True:
            try:
                part = pickle.load(pipe)  # noqa: S301 - of our own child
            except (EOFError, pickle.UnpicklingError):
                break
            (steps if isinstance(part, Step) else replies).append(part)
    _, status = os.waitpid(child, 0)
    is_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    return Outcome(replies, steps, is_killed)


def _obey(host: Host, order: Order, writing: int) -> None:
    """Do what is ordered; it ends by being killed, at the latest after the answer."""
    style: Style = _BY_NAME[order.style]
    steps = Steps(order.stop_at)
    steps.follow(host)
    for title in style.titles:
        reply = ask(host, style, title, is_large=order.is_large)
        os.write(writing, pickle.dumps(reply))
    if order.stop_at is None:
        for step in steps.taken:
            os.write(writing, pickle.dumps(step))
    os.kill(os.getpid(), signal.SIGKILL)
