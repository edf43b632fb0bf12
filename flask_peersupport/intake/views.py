"""The page after a report, and completing the names of colleagues."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ..access import policy
from ..access.views import page, signed_in
from ..audit import record
from ..clock import utc_now
from ..db import commit
from ..errors import NotAllowed
from ..reachouts.models import InvolvedRecord, ReportRecord
from ..reachouts.states import ContactChannel
from ..runtime import current_runtime
from ..values import Report
from .expansion import DAY_PARTS
from .models import IntakeRecord
from .payload import Payload, Preferences
from .queries import has_report_of, waiting_preferences
from .resolution import sign_user
from .step import clean_text
from .step_page import ask
from .storing import intake_row
from .tokens import open_token

blueprint = Blueprint("intake", __name__)

_MAX_SUGGESTIONS = 8
_MAX_SEARCHES_A_MINUTE = 60
_NAMES_NOT_TO_ASK = 3


@page(blueprint, "/step/<token>", allow=policy.anyone_signed_in, methods=("GET", "POST"))
def reported(token: str) -> ResponseReturnValue:
    """Ask the question where the host's form did not; else say what happens next."""
    content = open_token(token)
    actor = signed_in()
    if content is None or content["visitor"] != actor.person.user_id:
        raise NotAllowed
    if content.get("asks"):
        return ask(token, content, actor.person)
    session = current_runtime().storage.session()
    next_url = content["next"] or request.script_root + "/"
    if not has_report_of(session, content):  # the host took its report back
        return redirect(next_url)
    report = session.scalar(
        sa.select(ReportRecord).where(
            ReportRecord.kind == content["kind"], ReportRecord.ref == content["ref"]
        )
    )
    chosen = _chosen()
    if request.method == "POST" and content["me"]:  # never the reporter of an anonymous report
        given = Report(content["kind"], content["ref"])
        payload = Payload(given, {}, chosen, visitor=actor.person)
        session.execute(
            IntakeRecord.__table__.insert(),  # type: ignore[attr-defined]
            intake_row(current_runtime(), payload),
        )
        record.record(session, "preferences.chosen", actor=actor.person, now=utc_now())
        commit(session)
        return redirect(url_for(".reported", token=token, saved=1))
    if report is not None and "saved" not in request.args:
        chosen = _known(session, report, actor.person_ids)
    if "saved" in request.args:
        chosen = waiting_preferences(session, current_runtime(), content) or chosen
    settings = current_runtime().settings
    return render_template(
        "peersupport/reported.html",
        report_kind_label=settings.kinds.get(content["kind"], content["kind"]),
        wants_support=content["me"],
        is_uncalled=content["uncalled"],
        colleague_count=content["count"],
        surplus=content["surplus"],
        phone=settings.support_phone,
        next_url=next_url,
        saved="saved" in request.args,
        form={
            "channel": chosen.channel,
            "day_part": chosen.day_part,
            "outside": chosen.is_outside,
            "names_not_to_ask": (list(chosen.not_to_ask) + [""] * _NAMES_NOT_TO_ASK)[
                :_NAMES_NOT_TO_ASK
            ],
        },
        action_url=url_for(".reported", token=token),
        contact_hours=round(settings.contact_within.total_seconds() / 3600),
    )


def _chosen() -> Preferences:
    """Return what was posted; what is not on offer is left out."""
    channel, day_part = request.form.get("channel", ""), request.form.get("day_part", "")
    names = [clean_text(name) for name in request.form.getlist("not_to_ask")]
    return Preferences(
        channel=channel if channel in list(ContactChannel) else "",
        day_part=day_part if day_part in DAY_PARTS else "",
        is_outside=bool(request.form.get("outside")),
        not_to_ask=tuple(name for name in names if name)[:_NAMES_NOT_TO_ASK],
    )


def _known(session: Any, report: ReportRecord, person_ids: tuple[str, ...]) -> Preferences:
    """Return what this reporter chose before."""
    involved = session.scalar(
        sa.select(InvolvedRecord).where(
            InvolvedRecord.report_id == report.id, InvolvedRecord.person_id.in_(person_ids)
        )
    )
    if involved is None:
        return Preferences()
    return Preferences(involved.channel or "", involved.day_part or "", involved.is_outside)


@page(blueprint, "/people", allow=policy.anyone_signed_in)
def people() -> Response:
    """Complete a name from the host's directory, for whoever is signed in."""
    actor = signed_in()
    text = clean_text(request.args.get("q", ""))
    limiter_key = actor.person.user_id or actor.person.name
    if len(text) < 2 or not _limiter.allows(limiter_key):
        return jsonify([])
    found = current_runtime().users.search(text, _MAX_SUGGESTIONS)
    return jsonify(
        [
            {
                "label": ", ".join(filter(None, (person.name, person.department))),
                "name": person.name,
                "department": person.department or "",
                "profession": person.profession or "",
                "user": sign_user(person.user_id) if person.user_id else "",
            }
            for person in found
        ]
    )


class _Limiter:
    """Counts look-ups a minute for each person, in this process; nobody reads out a directory."""

    def __init__(self, limit: int, people: int = 10_000) -> None:
        self._limit = limit
        self._people = people
        self._counts: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def allows(self, key: str) -> bool:
        minute = int(time.monotonic() // 60)
        counted, count = self._counts.pop(key, (minute, 0))
        count = count + 1 if counted == minute else 1
        self._counts[key] = (minute, count)
        if len(self._counts) > self._people:
            self._counts.popitem(last=False)
        return count <= self._limit


_limiter = _Limiter(_MAX_SEARCHES_A_MINUTE)
