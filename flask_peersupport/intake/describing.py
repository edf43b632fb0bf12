"""How one of the host's objects, and the step beside it, read as what is stored."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from flask import request

from ..runtime import Runtime
from ..values import Person, Report
from .origin import origin_of
from .payload import Payload, Scheduled, clean_report
from .step import has_step, posted_fields
from .taken import has_own_request, taken

_logger = logging.getLogger(__name__)


def is_mapped(model: type[Any]) -> bool:
    """Return whether SQLAlchemy maps a class of the host."""
    return sa.inspect(model, raiseerr=False) is not None


def described_as(
    descriptions: Mapping[type[Any], Callable[[Any], Report | None]], target: object
) -> Report | None:
    """Return `target` as its description has it.

    Raises:
        LookupError: nothing describes objects of this class.
    """
    if isinstance(target, Report):
        return target
    found = next((descriptions[c] for c in type(target).__mro__ if c in descriptions), None)
    if found is None:
        raise LookupError(f"{type(target).__name__} has no description")
    return found(target)


def describe(runtime: Runtime, target: object) -> Report | None:
    """Return `target` as a report, its reporter filled in; None for what is no report.

    The reporter is the description's, or else who is signed in, unless the report is anonymous.

    Raises:
        LookupError: nothing describes objects of this class.
        ValueError: the report has no reference (yet): it is described again after the commit.
    """
    report = described_as(runtime.descriptions, target)
    if report is None:
        return None
    if report.ref is None or not str(report.ref).strip():
        raise ValueError("the report has no reference yet")
    if report.reporter is None and not report.anonymous and has_own_request():
        report = replace(report, reporter=runtime.users.current())
    return clean_report(report)


def running_fields() -> dict[str, str]:
    """Return the step's fields of the running request; none outside a POST.

    None either of a form that cannot be read: that must harm neither the flush nor the form.
    """
    if not has_own_request() or request.method not in ("POST", "PUT", "PATCH"):
        return {}
    this = taken()
    if this.fields is None:
        try:
            this.fields = posted_fields(request.form) if has_step(request.form) else {}
        except Exception as error:
            _logger.error("the step could not be read: %s", type(error).__name__)
            return {}
    return this.fields


@dataclass(eq=False, slots=True)
class Submission:
    """One of the host's reports with the step's fields, on its way to be stored.

    Attributes:
        target: the host's object, or a `Report`.
        fields: of the step.
        is_asked_later: whether the visitor is asked on a page of its own.
        scheduled: where it is only about when the case is discussed.
        visitor: who sent them, once that was read.
        payload: what is to be stored, once that was read; None also for what is no report.
    """

    target: object
    fields: Mapping[str, str]
    is_asked_later: bool = False
    scheduled: Scheduled | None = None
    visitor: Person | None = None
    payload: Payload | None = None

    def read(self, runtime: Runtime) -> None:
        """Read the payload; the host's code runs here and may raise anything."""
        report = describe(runtime, self.target)
        if report is None:
            return
        self.payload = Payload(report, self.fields, scheduled=self.scheduled)
        self.read_visitor(runtime)
        if not report.anonymous:
            self.payload = replace(self.payload, visitor=self.visitor)

    def read_visitor(self, runtime: Runtime) -> None:
        """Read who sent the fields."""
        if (self.fields or self.is_asked_later) and has_own_request():
            self.visitor = runtime.users.current()

    def read_for_later(self, runtime: Runtime) -> None:
        """Make a payload that is described later: `describe` failed, and may be mended.

        Whether the report is anonymous is not known until then: the visitor is sealed with it.
        """
        if isinstance(self.target, Report):  # known but for who is signed in
            report = clean_report(self.target)
            self.payload = Payload(report, self.fields, scheduled=self.scheduled)
            return
        origin = origin_of(runtime, self.target)
        if origin is not None:
            later = Report("", "")
            self.payload = Payload(later, self.fields, visitor=self.visitor, origin=origin)

    @property
    def name(self) -> tuple[str, str]:
        """Return kind and reference; the class alone where they are not known."""
        if self.payload is not None and self.payload.is_described:
            return self.payload.report.kind, self.payload.report.ref
        return type(self.target).__name__, ""
