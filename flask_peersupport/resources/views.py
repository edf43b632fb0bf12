"""The list of help, in three tiers: everybody reads it, the coordinators keep it (P22)."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access import policy
from ..access.drafts import Draft, typed
from ..access.views import page, signed_in
from ..clock import utc_now
from ..db import commit
from ..errors import NotAllowed
from ..i18n import format_date
from ..i18n import gettext as _
from ..runtime import current_runtime, current_session, local_today
from . import actions, forms
from .models import Resource
from .places import PLACES
from .queries import all_resources, missing_kinds, valid_resources
from .states import RESOURCE_KIND_LABELS, TIER_LABELS, Tier

blueprint = Blueprint("resources", __name__)


@page(blueprint, "/resources", allow=policy.anyone_signed_in)
def resources() -> ResponseReturnValue:
    """Show the list; coordinators also see what has expired, and what is not there yet."""
    session, today = current_session(), local_today()
    is_kept = policy.is_coordinator(signed_in())
    rows = (all_resources if is_kept else valid_resources)(session, today)
    commit(session)
    return render_template(
        "peersupport/resources.html",
        tiers=[
            (tier.value, _(text), [row for row in rows if row.tier is tier])
            for tier, text in TIER_LABELS.items()
        ],
        is_kept=is_kept,
        is_empty=not rows,
        missing=[(kind.value, _(RESOURCE_KIND_LABELS[kind])) for kind in missing_kinds(rows)],
        confirmed_until=today + timedelta(days=actions.CONFIRMED_FOR_DAYS),
        department_tier=Tier.DEPARTMENT.value,
        phone=current_runtime().settings.support_phone,
    )


@page(blueprint, "/resources/add", allow=policy.is_coordinator, methods=("GET", "POST"))
def add() -> ResponseReturnValue:
    """Add an entry."""
    session, today = current_session(), local_today()
    if request.method == "GET":
        return _form_page(forms.usual_draft(request.args.get("kind", ""), today))
    draft = typed(request.form, several="places")
    details = forms.read_resource(draft, today)
    if details is None:
        return _form_page(draft)
    actions.add_resource(session, details, actor=signed_in().person, now=utc_now())
    commit(session)
    flash(_("Added to the list."), "success")
    return redirect(url_for(".resources"))


@page(blueprint, "/resources/<id>", allow=policy.is_coordinator, methods=("GET", "POST"))
def resource(id: str) -> ResponseReturnValue:
    """Show the form of an entry, and change it."""
    session, found = _find(id)
    if request.method == "GET":
        return _form_page(forms.draft_of(found), found)
    draft = typed(request.form, several="places")
    details = forms.read_resource(draft, local_today(), kept=found.valid_until)
    if details is None:
        return _form_page(draft, found)
    actions.change_resource(session, found, details, actor=signed_in().person, now=utc_now())
    commit(session)
    flash(_("The changes were saved."), "success")
    return redirect(url_for(".resources"))


@page(blueprint, "/resources/<id>/confirm", allow=policy.is_coordinator, methods=("POST",))
def confirm(id: str) -> ResponseReturnValue:
    """Say with one press that an entry is still right."""
    session, found = _find(id)
    last: date = actions.confirm_resource(session, found, actor=signed_in().person, now=utc_now())
    commit(session)
    flash(_("Valid until %(day)s.", day=format_date(last)), "success")
    return redirect(url_for(".resources"))


@page(blueprint, "/resources/<id>/remove", allow=policy.is_coordinator, methods=("POST",))
def remove(id: str) -> ResponseReturnValue:
    """Take an entry off the list."""
    session, found = _find(id)
    actions.remove_resource(session, found, actor=signed_in().person, now=utc_now())
    commit(session)
    flash(_("Removed from the list."), "success")
    return redirect(url_for(".resources"))


def _form_page(draft: Draft, found: Resource | None = None) -> ResponseReturnValue:
    html = render_template(
        "peersupport/resource_edit.html",
        draft=draft,
        id=found.id if found else None,
        name=found.name if found else None,
        tiers=[(tier.value, _(text)) for tier, text in TIER_LABELS.items()],
        kinds=[(kind.value, _(text)) for kind, text in RESOURCE_KIND_LABELS.items()],
        places=[(place.value, _(text)) for place, text in PLACES.items()],
    )
    return html, 422 if draft.errors else 200


def _find(id: str) -> tuple[orm.Session, Resource]:
    session = current_session()
    found = session.get(Resource, id)
    if found is None:
        raise NotAllowed
    return session, found
