"""The embedded worker: a thread that starts with the first request of a server process.

Several processes may run one each; every piece of work is claimed, so each is done once.
"""

from __future__ import annotations

import logging
import os
import threading

from flask import Flask

from .clock import utc_now
from .jobs import run_due
from .runtime import Runtime

_logger = logging.getLogger(__name__)
POLL_SECONDS = 1.0


class EmbeddedWorker:
    """Does due work once a second, and at once when woken; again after a fork."""

    def __init__(self, app: Flask, runtime: Runtime) -> None:
        self._app = app
        self._runtime = runtime
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._process = 0

    def ensure_started(self) -> None:
        """Start the thread if this process has none yet."""
        if self._process == os.getpid():
            return
        with self._lock:
            if self._process != os.getpid():
                self._process = os.getpid()
                self._stop.clear()
                self._thread = threading.Thread(
                    target=self._run, name="peersupport-worker", daemon=True
                )
                self._thread.start()

    def wake(self) -> None:
        """Look for work now."""
        self._wake.set()

    def stop(self, timeout: float = 10) -> None:
        """Stop the thread after the work at hand; for tests and orderly shutdown."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout)
        self._process = 0

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            work_once(self._app, self._runtime)
            self._wake.wait(POLL_SECONDS)


def work_once(app: Flask, runtime: Runtime) -> dict[str, int]:
    """Do what is due; a failure is logged and the next round tries again."""
    with app.app_context():
        try:
            return run_due(runtime, utc_now())
        except Exception as error:
            _logger.error("the worker failed: %s", type(error).__name__)
            return {}
