"""Sessions on the hospital's paper: certificates, and the list to sign (P34)."""

from __future__ import annotations

from flask import Blueprint, make_response, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import orm

from ..access import policy
from ..access.export import XLSX
from ..access.views import page, signed_in
from ..audit import record
from ..clock import utc_now
from ..db import commit
from ..errors import NotAllowed
from ..printing import show_paper
from ..runtime import local_today
from .attendance_list import attendance_workbook
from .certificates import about, names_expected, names_present, own_attendance
from .figures import hours_text, points_text
from .models import ProgrammeSession
from .queries import places_of
from .states import KIND_LABELS, SessionState
from .views import recorded, visible

blueprint = Blueprint("session_papers", __name__)

#: Empty lines on the list to sign, for those who come without having signed up.
_SPARE_LINES = 5


@page(blueprint, "/sessions/<id>/certificate", allow=policy.anyone_signed_in)
def certificate(id: str) -> ResponseReturnValue:
    """Show a participant their own certificate, once the session was held and they were there."""
    session, standing, found = visible(id)
    attendance = own_attendance(found, places_of(session, found, standing.person_ids))
    if attendance is None:
        raise NotAllowed
    names = [attendance.record.person.name]
    return _certificates(
        session,
        found,
        names,
        url_for("peersupport.own_sessions.mine"),
        subject_id=attendance.person_id,
    )


@page(blueprint, "/sessions/<id>/certificates", allow=policy.anyone_signed_in)
def certificates(id: str) -> ResponseReturnValue:
    """Show whoever leads the session the certificates of all who were there, one a sheet."""
    session, _standing, found = recorded(id)
    names = names_present(session, found)
    if not names:
        raise NotAllowed
    return _certificates(session, found, names, _page_of(found))


@page(blueprint, "/sessions/<id>/attendance-list", allow=policy.anyone_signed_in)
def attendance_list(id: str) -> ResponseReturnValue:
    """Show whoever leads the session the list that participants sign."""
    session, _standing, found = recorded(id)
    if found.state is SessionState.CANCELLED:
        raise NotAllowed
    names = names_expected(session, found)
    facts, back_url = about(found), _page_of(found)
    _note_sight(session, "attendance_list.seen", found)
    return show_paper(
        "peersupport/attendance_list.html",
        filename=f"attendance-{facts.held_on.isoformat()}",
        about=facts,
        names=names,
        spare_lines=_SPARE_LINES,
        back_url=back_url,
        **_words(),
    )


@page(blueprint, "/sessions/<id>/attendance.xlsx", allow=policy.anyone_signed_in)
def attendance_file(id: str) -> ResponseReturnValue:
    """Send whoever leads the session the table for GAIA of those who were there."""
    session, _standing, found = recorded(id)
    names = names_present(session, found)
    if not names:
        raise NotAllowed
    facts = about(found)
    content = attendance_workbook(facts, names)
    _note_sight(session, "attendance_list.taken", found)
    response = make_response(content)
    response.mimetype = XLSX
    filename = f"attendance-{facts.held_on.isoformat()}.xlsx"
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def _certificates(
    session: orm.Session,
    found: ProgrammeSession,
    names: list[str],
    back_url: str,
    *,
    subject_id: str | None = None,
) -> ResponseReturnValue:
    facts = about(found)
    _note_sight(session, "certificate.seen", found, subject_id)
    return show_paper(
        "peersupport/certificate.html",
        filename=f"certificate-{facts.held_on.isoformat()}",
        about=facts,
        names=names,
        today=local_today(),
        back_url=back_url,
        **_words(),
    )


def _page_of(found: ProgrammeSession) -> str:
    return url_for("peersupport.sessions.programme_session", id=found.id)


def _note_sight(
    session: orm.Session, action: str, found: ProgrammeSession, subject_id: str | None = None
) -> None:
    """Note who saw these names; committed before they are shown."""
    record.record(
        session,
        action,
        actor=signed_in().person,
        now=utc_now(),
        object_id=found.id,
        subject_id=subject_id,
    )
    commit(session)


def _words() -> dict[str, object]:
    return {"kind_labels": KIND_LABELS, "hours_text": hours_text, "points_text": points_text}
