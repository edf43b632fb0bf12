"""How hosts store a report and tell of it: what is to be known of each view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.faults import views
from tests.faults.host import Host


@dataclass(frozen=True)
class Style:
    """One way of storing a report.

    Attributes:
        name: the address of its view.
        label: how docs/reliability.md calls it.
        view: the host's code.
        is_described: whether the report is an object that `describe` reads, no `Report`.
        names_reporter: whether the description does; else it is who is signed in.
        is_late: whether the report is committed before it is signalled.
        is_unheard: whether nobody tells of the report, so that `reconcile` has to find it.
        is_told: whether it is known by the time of the answer that the report is committed.
        has_step: whether the step is posted with it.
        after_report: the setting.
        titles: of the reports that are sent, one request each.
    """

    name: str
    label: str
    view: Callable[[Host], Any]
    is_described: bool = True
    names_reporter: bool = True
    is_late: bool = False
    is_unheard: bool = False
    is_told: bool = True
    has_step: bool = True
    after_report: str = "message"
    titles: tuple[str, ...] = ("A fall",)


_TWO = ("In vain", "Another fall")

STYLES = (
    Style("watch-commit", "watch, commit", views.watch_commit),
    Style("watch-no-step", "watch, commit, no step posted", views.watch_commit, has_step=False),
    Style(
        "watch-page",
        "watch, commit, our page after it (`AFTER_REPORT` is `page`)",
        views.watch_commit,
        after_report="page",
    ),
    Style("watch-savepoint", "watch in a savepoint", views.watch_savepoint),
    Style("watch-own-session", "watch inside `with session.begin()`", views.watch_own_session),
    Style("watch-half-built", "watch, other half-built objects pending", views.watch_half_built),
    Style(
        "watch-half-built-elsewhere",
        "watch in one session, half-built objects in another",
        views.watch_half_built_elsewhere,
        names_reporter=False,
    ),
    Style("signal-before-flush", "signal before the flush", views.signal_before_flush),
    Style(
        "signal-after-flush", "signal after the flush, before the commit", views.signal_after_flush
    ),
    Style("signal-half-built", "signal, other half-built objects pending", views.signal_half_built),
    Style("signal-savepoint", "signal in a savepoint", views.signal_savepoint),
    Style(
        "signal-after-commit", "signal after the commit", views.signal_after_commit, is_late=True
    ),
    Style(
        "signal-between",
        "signal after the commit, other writes then rolled back",
        views.signal_between,
        is_late=True,
        is_told=False,
    ),
    Style("watch-and-signal", "watch, and signal twice", views.watch_and_signal),
    Style(
        "core-in-session",
        "`Report` signalled before the commit of a Core insert on the session's connection",
        views.core_in_session,
        is_described=False,
        names_reporter=False,
    ),
    Style(
        "core-begin",
        "`Report` signalled inside `engine.begin()`",
        views.core_begin,
        is_described=False,
        names_reporter=False,
    ),
    Style(
        "core-after-commit",
        "`Report` signalled after a Core commit",
        views.core_after_commit,
        is_described=False,
        names_reporter=False,
        is_late=True,
    ),
    Style(
        "raw-driver",
        "no SQLAlchemy, `Report` signalled after the commit",
        views.raw_driver,
        is_described=False,
        names_reporter=False,
        is_late=True,
    ),
    Style("bulk", "bulk insert without a signal", views.bulk, is_unheard=True, is_told=False),
    Style("watch-rollback", "watch, rollback", views.watch_rollback),
    Style("watch-exception", "watch, exception", views.watch_exception),
    Style("signal-rollback", "rollback after the signal", views.signal_rollback),
    Style("signal-exception", "exception after the signal", views.signal_exception),
    Style(
        "core-exception",
        "exception inside `engine.begin()`",
        views.core_exception,
        is_described=False,
        names_reporter=False,
    ),
    Style(
        "watch-undone",
        "watch, savepoint rolled back, outer committed",
        views.watch_savepoint_undone,
    ),
    Style(
        "signal-undone",
        "signal, savepoint rolled back, outer committed",
        views.signal_savepoint_undone,
    ),
    Style(
        "issued-again",
        "rolled back, the id issued again by the next request",
        views.issued_again,
        titles=_TWO,
    ),
    Style(
        "issued-again-at-once",
        "rolled back, the id issued again in the same request",
        views.issued_again_at_once,
    ),
)
