"""The supporter's own page: when they can be asked (P28)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access.drafts import Draft, keeping_faults, typed
from ..access.views import page, signed_in
from ..clock import utc_now
from ..db import commit
from ..i18n import gettext as _
from ..runtime import current_session, local_today
from . import availability_forms, forms
from .availability import coming_sunday, spans_of
from .availability_actions import add_period, change_limits, end_period, set_usual_week
from .availability_queries import own_availability
from .labels import STATE_LABELS
from .models import Supporter
from .policy import is_supporter, own_supporter
from .views import blueprint, note_pause, note_resume, note_seen


@dataclass(frozen=True)
class _Drafts:
    """The forms of the page as they were typed; None: as they stand."""

    week: Draft | None = None
    limits: Draft | None = None
    period: Draft = field(default_factory=Draft)
    pause: Draft = field(default_factory=Draft)

    @property
    def have_errors(self) -> bool:
        """Whether one of them is wrong."""
        drafts = (self.week, self.limits, self.period, self.pause)
        return any(draft is not None and draft.errors for draft in drafts)


@page(blueprint, "/supporters/me", allow=is_supporter)
def me() -> ResponseReturnValue:
    """Show supporters whether they can be asked now, and what decides on it."""
    session = current_session()
    return _own_page(session, own_supporter(session), _Drafts())


@page(blueprint, "/supporters/me/week", allow=is_supporter, methods=("POST",))
def set_week() -> ResponseReturnValue:
    """Keep the hours of a supporter's usual week."""
    session = current_session()
    supporter = own_supporter(session)
    draft = typed(request.form)
    usual = availability_forms.read_usual(draft)

    def change() -> None:
        if usual is not None:
            set_usual_week(session, supporter, usual, actor=signed_in().person, now=utc_now())

    return _after(session, supporter, draft, change, _Drafts(week=draft))


@page(blueprint, "/supporters/me/availability", allow=is_supporter, methods=("POST",))
def set_availability() -> ResponseReturnValue:
    """Keep a supporter's own limits."""
    session = current_session()
    supporter = own_supporter(session)
    draft = typed(request.form)
    max_open, max_per_quarter = forms.read_limits(draft)

    def change() -> None:
        change_limits(
            session,
            supporter,
            max_open=max_open,
            max_per_quarter=max_per_quarter,
            actor=signed_in().person,
            now=utc_now(),
        )

    return _after(session, supporter, draft, change, _Drafts(limits=draft))


@page(blueprint, "/supporters/me/periods", allow=is_supporter, methods=("POST",))
def add_own_period() -> ResponseReturnValue:
    """Keep days on which a supporter is away, or has other hours."""
    session = current_session()
    supporter = own_supporter(session)
    draft = typed(request.form)
    period = availability_forms.read_period(draft, local_today())

    def change() -> None:
        if period is not None:
            add_period(session, supporter, period, actor=signed_in().person, now=utc_now())

    return _after(session, supporter, draft, change, _Drafts(period=draft))


@page(blueprint, "/supporters/me/periods/<id>/end", allow=is_supporter, methods=("POST",))
def end_own_period(id: str) -> ResponseReturnValue:
    """End an absence or a period."""
    session = current_session()
    end_period(session, own_supporter(session), id, actor=signed_in().person, now=utc_now())
    commit(session)
    flash(_("The changes were saved."), "success")
    return redirect(url_for("peersupport.supporters.me"))


@page(blueprint, "/supporters/me/pause", allow=is_supporter, methods=("POST",))
def pause_me() -> ResponseReturnValue:
    """Let supporters pause themselves."""
    session = current_session()
    supporter = own_supporter(session)
    draft = typed(request.form)
    if not note_pause(session, supporter, draft):
        return _own_page(session, supporter, _Drafts(pause=draft))
    return redirect(url_for("peersupport.supporters.me"))


@page(blueprint, "/supporters/me/resume", allow=is_supporter, methods=("POST",))
def resume_me() -> ResponseReturnValue:
    """Let supporters end their own pause."""
    session = current_session()
    note_resume(session, own_supporter(session))
    return redirect(url_for("peersupport.supporters.me"))


def _after(
    session: orm.Session,
    supporter: Supporter,
    draft: Draft,
    change: Callable[[], None],
    drafts: _Drafts,
) -> ResponseReturnValue:
    """Change what was typed, and lead back to the page; where it is wrong, show it again."""
    if not draft.errors:
        with keeping_faults(session, draft.errors):
            change()
    if draft.errors:
        return _own_page(session, supporter, drafts)
    commit(session)
    flash(_("The changes were saved."), "success")
    return redirect(url_for("peersupport.supporters.me"))


def _own_page(session: orm.Session, supporter: Supporter, drafts: _Drafts) -> ResponseReturnValue:
    view = note_seen(session, supporter)
    own = own_availability(session, supporter, utc_now())
    commit(session)
    html = render_template(
        "peersupport/supporter_me.html",
        view=view,
        own=own,
        week_draft=drafts.week or availability_forms.week_draft(own),
        draft=drafts.limits or forms.availability_of(view),
        period_draft=drafts.period,
        pause=drafts.pause,
        weekdays=availability_forms.WEEKDAYS,
        period_kinds=availability_forms.PERIODS,
        spans_of=spans_of,
        state_labels=STATE_LABELS,
        today=local_today(),
        sunday=coming_sunday(local_today()),
    )
    return html, 422 if drafts.have_errors else 200
