"""What a request (or a command) brought in: kept until its app context ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from flask import current_app, g, has_app_context, has_request_context, request
from flask import globals as flask_globals

from .endings import Ending
from .payload import Payload

#: Where a request's `Taken` is kept: an app context pushed by hand may outlive the request.
_TAKEN = "peersupport.taken"
_ALL = "_peersupport_taken"


@dataclass(frozen=True, slots=True)
class Intake:
    """A report that was taken in.

    Attributes:
        id: of the intake row.
        kind, ref: of the report.
        visitor_id: who sent the form, by user id; None: nobody who could open our pages.
        is_anonymous: whether nothing of the visitor is stored, who can then not be called.
        ending: whether the commit of the row was seen.
    """

    id: str
    kind: str
    ref: str
    visitor_id: str | None
    is_anonymous: bool
    ending: Ending


@dataclass(eq=False, slots=True)
class Failure:
    """A report whose step could not be taken in.

    Attributes:
        kind, ref: of the report; the class and nothing where that is not known.
        ending: whether the host's commit of the report was seen.
        payload: what should have been stored; None where not even that is known.
        is_kept: whether it waits in the spool.
        is_told: whether `intake_failed` was sent.
    """

    kind: str
    ref: str
    ending: Ending
    payload: Payload | None = None
    is_kept: bool = False
    is_told: bool = False


@dataclass(frozen=True, slots=True)
class Doubt:
    """A signal's report that rides in a transaction in which it was perhaps not written.

    Attributes:
        payload: to be stored by itself where that transaction is not committed but the report is.
        ending: of the transaction.
        is_committed: says, once everything has ended, whether the report was.
    """

    payload: Payload
    ending: Ending
    is_committed: Callable[[], bool]


@dataclass(slots=True)
class Taken:
    """What one request brought in, and what failed."""

    intakes: list[Intake] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    #: Whether a WTForms step field was read in this request.
    has_field: bool = False
    #: Whether a report was inserted in this request.
    has_inserted: bool = False
    #: The step's fields, once they were read.
    fields: dict[str, str] | None = None


def has_own_request() -> bool:
    """Return whether a request of the current app is running.

    Within its request, one app may push the context of another: form, session and visitor are
    then not the other's. From Flask 3.2 on such a context has no request.
    """
    if not has_request_context():
        return False
    running = getattr(flask_globals, "_cv_request", None)
    return running is None or running.get().app is current_app._get_current_object()  # type: ignore[attr-defined]


def taken() -> Taken:
    """Return what the running request brought in; outside one, what the app context did."""
    if has_own_request():
        found: Taken | None = request.environ.get(_TAKEN)
        if found is None:
            found = request.environ[_TAKEN] = _begin()
        return found
    if not has_app_context():
        return Taken()
    all_of_context = g.get(_ALL)
    return all_of_context[0] if all_of_context else _begin()


def was_taken() -> Taken | None:
    """Return what the running request brought in, if it came near a report at all."""
    found: Taken | None = request.environ.get(_TAKEN)
    return found


def end_all_taken() -> list[Taken]:
    """Return all that this app context brought in, and forget it."""
    found: list[Taken] = g.pop(_ALL, [])
    return found


def _begin() -> Taken:
    this = Taken()
    g.setdefault(_ALL, []).append(this)
    return this
