"""The page on which supporters are found (P27), and each supporter's own word on being there."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access import policy
from ..access.views import page, signed_in
from ..audit import record
from ..clock import utc_now
from ..db import commit
from ..errors import NotAllowed
from ..i18n import gettext as _
from ..runtime import current_runtime, current_session, local_today
from .directory import choose_listing, may_see_directory, read_directory
from .directory_rules import MODE_LABELS
from .models import Supporter
from .policy import is_supporter, own_supporter
from .queries import supporter_of
from .states import ACTIVE

blueprint = Blueprint("directory", __name__)


@page(blueprint, "/directory", allow=may_see_directory)
def directory() -> ResponseReturnValue:
    """Show the supporters whom this reader may see, filtered as the address says."""
    session = current_session()
    actor = signed_in()
    own = supporter_of(session, actor)
    is_coordinator = policy.is_coordinator(actor)
    profession = request.args.get("profession", "")
    department = request.args.get("department", "")
    found = read_directory(
        session,
        local_today(),
        sees_all=is_coordinator or own is not None,
        profession=profession if profession in current_runtime().settings.professions else None,
        department=department or None,
    )
    context = {
        "own_choice": own.is_listed if own else None,
        "is_external": bool(own and own.is_external),
        "decided_on": found.decided_on,
        "others": found.without_account if is_coordinator else [],
    }
    record.record(session, "directory.seen", actor=actor.person, now=utc_now())
    commit(session)
    return render_template(
        "peersupport/directory.html",
        directory=found,
        mode=found.mode.value,
        mode_label=MODE_LABELS[found.mode],
        chosen={"profession": profession, "department": department},
        is_supporter=own is not None,
        is_coordinator=is_coordinator,
        **context,
    )


@page(blueprint, "/supporters/me/directory", allow=is_supporter, methods=("POST",))
def choose() -> ResponseReturnValue:
    """Let supporters step out of the directory, or into it; it counts at once."""
    session = current_session()
    _choose(session, own_supporter(session))
    return redirect(url_for("peersupport.directory.directory"))


@page(blueprint, "/supporters/<id>/directory", allow=policy.is_coordinator, methods=("POST",))
def note(id: str) -> ResponseReturnValue:
    """Let a coordinator note what a supporter without an account has said."""
    session = current_session()
    supporter = session.get(Supporter, id)
    if supporter is None or supporter.state not in ACTIVE or supporter.has_account:
        raise NotAllowed
    _choose(session, supporter)
    return redirect(url_for("peersupport.directory.directory"))


def _choose(session: orm.Session, supporter: Supporter) -> None:
    is_listed = request.form.get("listed") == "1"
    choose_listing(session, supporter, is_listed, actor=signed_in().person, now=utc_now())
    commit(session)
    if is_listed:
        flash(_("In the directory, as far as the group has opened it."), "success")
    else:
        flash(_("Out of the directory: only supporters and coordinators see it now."), "success")
