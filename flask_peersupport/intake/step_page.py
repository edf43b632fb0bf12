"""The step as a page of its own, for hosts that send the reporter there after the report."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import flash, has_request_context, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ..audit import record
from ..clock import utc_now
from ..db import commit
from ..runtime import Runtime, current_runtime
from ..values import Person, Report
from . import spool
from .describing import Submission, described_as, running_fields
from .endings import committed
from .models import IntakeRecord
from .payload import Payload
from .queries import has_report_of
from .receiver import take_in_signalled
from .rendering import render_step, thanks
from .step import Step, posted_fields, read_step
from .storing import TransactionLost, intake_row
from .taken import Intake
from .tokens import asking_url, reported_url

_logger = logging.getLogger(__name__)


def step_url(runtime: Runtime, report: object, next_url: str | None) -> str:
    """Take a report in and return where its reporter is asked who needs support.

    The reporter is sent on at once, to `next_url` or the report's own address, where there is
    nobody to ask (no user is signed in), nothing to ask about (a draft, or the step stood in the
    host's own form and was filled in there), or our part fails.

    Args:
        report: a `Report` or an object that has a description, which the host has stored.
        next_url: where the reporter goes afterwards; another host than this is ignored.
    """
    back: str | None = None
    try:
        back = next_url if next_url and _is_here(next_url) else None
        fields = running_fields()
        submission = Submission(report, fields, is_asked_later=True)
        take_in_signalled(runtime, submission)
        if submission.payload is None or not submission.payload.is_described:
            return back or _start()
        described = submission.payload.report
        own = described.url if described.url and _is_here(described.url) else None
        back = back or own or _start()
        visitor = submission.visitor
        if visitor is None or visitor.user_id is None or not read_step(fields).is_empty:
            return back
        return asking_url(
            described.kind,
            described.ref,
            is_anonymous=described.anonymous,
            visitor_id=visitor.user_id,
            next_url=back,
        )
    except TransactionLost as lost:
        raise lost.reason from None
    except Exception as error:  # the report is stored: its reporter goes on
        _logger.error("the step page cannot be reached: %s", type(error).__name__)
        return back or _start()


def plain_url(
    descriptions: Mapping[type[Any], Callable[[Any], Report | None]],
    report: object,
    next_url: str | None,
) -> str:
    """Return where a reporter goes where peer support is switched off: no page comes between."""
    try:
        if next_url and _is_here(next_url):
            return next_url
        described = described_as(descriptions, report)
        url = described.url if described is not None else None
        return url if url and _is_here(url) else _start()
    except Exception:  # the description may ask the users adapter, and there is none
        return _start()


def ask(token: str, content: dict[str, Any], visitor: Person) -> ResponseReturnValue:
    """Show the question; take the answer in and go back to the host."""
    if not _is_awaited(content):
        return redirect(content["next"])
    if request.method == "GET":
        settings = current_runtime().settings
        return render_template(
            "peersupport/step_page.html",
            step=render_step(content["kind"], {}),
            action_url=url_for(".reported", token=token),
            next_url=content["next"],
            phone=settings.support_phone,
            is_anonymous=content["anonymous"],
            contact_hours=round(settings.contact_within.total_seconds() / 3600),
        )
    fields = posted_fields(request.form)
    step = read_step(fields)
    if not step.is_empty:
        _store(content, fields, step, visitor)
    return redirect(content["next"])


def _is_awaited(content: dict[str, Any]) -> bool:
    """Return whether there is, or will be, the report that the question is about."""
    runtime = current_runtime()
    is_there = has_report_of(runtime.storage.session(), content)
    # while nothing at all is there, it may still be on its way in
    return bool(spool.entries(runtime.spool)) if is_there is None else is_there


def _store(content: dict[str, Any], fields: dict[str, str], step: Step, visitor: Person) -> None:
    runtime, is_anonymous = current_runtime(), content["anonymous"]
    report = Report(content["kind"], content["ref"], anonymous=is_anonymous)
    row = intake_row(runtime, Payload(report, fields, visitor=None if is_anonymous else visitor))
    session = runtime.storage.session()
    session.execute(IntakeRecord.__table__.insert(), row)  # type: ignore[attr-defined]
    if not is_anonymous:  # the trail would say for years whose report it is
        record.record(session, "step.answered", actor=visitor, now=utc_now(), detail=report.kind)
    commit(session)
    intake = Intake(row["id"], report.kind, report.ref, visitor.user_id, is_anonymous, committed())
    url = reported_url(intake, step, content["next"])
    is_uncalled = is_anonymous and step.wants_support
    flash(thanks(runtime, url, is_uncalled=is_uncalled), "info")


def _is_here(url: str) -> bool:
    """Return whether an address stays within this host, as every browser reads it."""
    if "\\" in url or " " in url or not url.isprintable() or url.startswith("//"):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.scheme in ("http", "https"):
        return parts.netloc == request.host
    return not parts.scheme and not parts.netloc and url.startswith("/")


def _start() -> str:
    """Return the host's own start page."""
    return f"{request.script_root}/" if has_request_context() else "/"
