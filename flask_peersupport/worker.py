"""The embedded worker: a thread that starts with the first request of a server process.

Several processes may run one each; every piece of work is claimed, so each is done once.
"""

from __future__ import annotations

import logging
import os
import threading
import weakref

from flask import Flask

from .clock import utc_now
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
        while not stop.is_set():
            work_once(self._app, self._runtime)
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
