"""Passing colleagues on in a complaint or a disciplinary case, for complaints officers (P3)."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access import policy
from ..access.departments import department_names, present_departments
from ..access.views import page, signed_in
from ..clock import utc_now
from ..db import begin_immediate, commit, rollback
from ..errors import NotAllowed
from ..i18n import gettext as _
from ..i18n import ngettext
from ..intake.step import MAX_COLLEAGUES, Row
from ..printing import has_logo
from ..runtime import current_runtime, current_session, local_today
from . import refer_forms as forms
from .links import LIFETIME
from .qr import qr_code, site_url
from .refer_queries import KEPT, own_referrals
from .referring import Case, refer_by_links, refer_by_name
from .states import ReferralWay

blueprint = Blueprint("refer", __name__)


@page(blueprint, "/refer", allow=policy.is_complaints_officer, methods=("GET", "POST"))
def refer() -> ResponseReturnValue:
    """Pass colleagues on, by name or by personal links."""
    if not forms.kinds_to_refer():  # the hospital has no such cases
        raise NotAllowed
    session = current_session()
    if request.method == "GET":
        return _form(session, forms.new_draft(), utc_now())
    draft = forms.typed_draft(request.form)
    departments = present_departments(session)
    case = forms.read_case(draft, departments, local_today())
    if draft.values["way"] == ReferralWay.LINK:
        count = forms.read_count(draft)
        return _form(session, draft, utc_now()) if draft.errors else _hand_over(case, count)
    rows = forms.read_colleagues(draft)
    return _form(session, draft, utc_now()) if draft.errors else _pass_on(case, rows)


def _pass_on(case: Case, rows: list[Row]) -> ResponseReturnValue:
    session = _writing()
    refer_by_name(session, case, rows, actor=signed_in().person, now=utc_now())
    commit(session)
    flash(
        ngettext(
            "Passed on. A supporter from another department will contact your colleague.",
            "Passed on. Supporters from other departments will contact your %(n)s colleagues.",
            len(rows),
        ),
        "success",
    )
    return redirect(url_for(".refer"), 303)


def _hand_over(case: Case, count: int) -> ResponseReturnValue:
    """Make links, and show them this once: nobody can read them back."""
    session, now = _writing(), utc_now()
    tokens = refer_by_links(session, case, count, actor=signed_in().person, now=now)
    commit(session)
    if not tokens:
        flash(_("These links were shown already. Make new ones where they are needed."), "info")
        return redirect(url_for(".refer"), 303)
    settings = current_runtime().settings
    addresses = [site_url(f"/refer/{token}") for token in tokens]
    title = _("QR code of the link")
    return render_template(
        "peersupport/referral_links.html",
        links=[{"address": address, "code": qr_code(address, title)} for address in addresses],
        valid_until=(now + LIFETIME).astimezone(settings.timezone).date(),
        phone=settings.support_phone,
        back_url=url_for(".refer"),
        # it is no page that could be opened again as a PDF
        is_pdf=False,
        can_make_pdf=False,
        has_logo=has_logo(),
    )


def _writing() -> orm.Session:
    """Return the session, in a transaction that has read nothing before its locks."""
    session = current_session()
    rollback(session)
    begin_immediate(session)
    return session


def _form(session: orm.Session, draft: forms.ReferralDraft, now: datetime) -> ResponseReturnValue:
    html = render_template(
        "peersupport/refer.html",
        draft=draft,
        kinds=forms.kinds_to_refer(),
        department_names=department_names(session),
        most_colleagues=MAX_COLLEAGUES,
        most_links=forms.MOST_LINKS,
        link_days=LIFETIME.days,
        today=local_today(),
        kept_days=KEPT.days,
        referrals=own_referrals(session, signed_in().person_ids, now),
    )
    return html, 422 if draft.errors else 200
