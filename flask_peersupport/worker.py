"""The worker's loop, and the embedded worker: a thread that starts with a process's first request.

Several processes may run one each; every piece of work is claimed, so each is done once.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref

from flask import Flask

from .clock import utc_now
from .heartbeat.beats import Pulse
from .heartbeat.models import WorkerKind
from .jobs import run_due
from .runtime import Runtime

_logger = logging.getLogger(__name__)
POLL_SECONDS = 1.0


class EmbeddedWorker:
    """Does due work once a second; starts again after a fork, and where its thread has ended."""

    def __init__(self, app: Flask, runtime: Runtime) -> None:
        self._app = app
        self._runtime = runtime
        self._forget_thread()
        if hasattr(os, "register_at_fork"):
            forget = weakref.WeakMethod(self._forget_thread)

            def after_fork() -> None:
                method = forget()
                if method is not None:
                    method()

            os.register_at_fork(after_in_child=after_fork)

    def _forget_thread(self) -> None:
        """Begin anew: a lock or an event of the parent process may stay as it was for ever."""
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def ensure_started(self) -> None:
        """Start the thread if this process has none that lives."""
        if self._is_running():
            return
        with self._lock:
            if not self._is_running():
                self._stop = threading.Event()
                self._thread = threading.Thread(
                    target=self._run, args=(self._stop,), name="peersupport-worker", daemon=True
                )
                self._thread.start()

    def _is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def stop(self, timeout: float = 10) -> None:
        """Stop the thread after the work at hand; for tests and orderly shutdown."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self, stop: threading.Event) -> None:
        work_until(stop, self._app, self._runtime, WorkerKind.EMBEDDED)


def work_until(stop: threading.Event, app: Flask, runtime: Runtime, kind: WorkerKind) -> None:
    """Do due work once a second, and beat once a minute, until `stop` is set."""
    pulse = Pulse(kind)
    while not stop.is_set():
        pulse.beat_if_due(app, runtime, seconds=time.monotonic())
        work_once(app, runtime)
        stop.wait(POLL_SECONDS)


def work_once(app: Flask, runtime: Runtime) -> dict[str, int]:
    """Do what is due; a failure, also of the host's teardown, is logged and the next round tries.

    Returns:
        counts by the name of the job; none after a failure.
    """
    try:
        with app.app_context():
            return run_due(runtime, utc_now())
    except Exception as error:
        _logger.error("the worker failed: %s", type(error).__name__)
        return {}
