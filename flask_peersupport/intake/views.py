"""The page after a report."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ..access import policy
from ..access.views import page, signed_in
from ..audit import record
from ..clock import utc_now
from ..db import commit
from ..errors import NotAllowed
from ..reachouts.models import InvolvedRecord, ReportRecord
from ..reachouts.presentation import preference_choices
from ..resources.places import Place
from ..resources.queries import resources_for
from ..runtime import current_runtime, current_session, local_today
from ..values import Report
from .models import IntakeRecord
from .payload import Payload, Preferences
from .preferring import NAMES_NOT_TO_ASK, chosen_preferences
from .queries import has_report_of, waiting_preferences
from .step_page import ask
from .storing import intake_row
from .tokens import open_token

blueprint = Blueprint("intake", __name__)


@page(blueprint, "/step/<token>", allow=policy.anyone_signed_in, methods=("GET", "POST"))
def reported(token: str) -> ResponseReturnValue:
    """Ask the question where the host's form did not; else say what happens next."""
    content = open_token(token)
    actor = signed_in()
    if content is None or content["visitor"] != actor.person.user_id:
        raise NotAllowed
    if content.get("asks"):
        return ask(token, content, actor.person)
    session = current_session()
    next_url = content["next"] or request.script_root + "/"
    if not has_report_of(session, content):  # the host took its report back
        return redirect(next_url)
    report = session.scalar(
        sa.select(ReportRecord).where(
            ReportRecord.kind == content["kind"], ReportRecord.ref == content["ref"]
        )
    )
    chosen = chosen_preferences()
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
    if "saved" not in request.args:
        ticked = Preferences(is_outside=bool(content.get("outside")))
        chosen = (report and _known(session, report, actor.person_ids)) or ticked
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
            "names_not_to_ask": (list(chosen.not_to_ask) + [""] * NAMES_NOT_TO_ASK)[
                :NAMES_NOT_TO_ASK
            ],
        },
        choices=preference_choices(),
        action_url=url_for(".reported", token=token),
        contact_hours=round(settings.contact_within.total_seconds() / 3600),
        is_serious=content["kind"] in ("calamity", *settings.kinds_with_analysis),
        resources=resources_for(session, Place.COLLEAGUE, local_today()),
        resources_url=url_for("peersupport.resources.resources"),
    )


def _known(session: Any, report: ReportRecord, person_ids: tuple[str, ...]) -> Preferences | None:
    """Return what this reporter chose before; None where the offer is not made yet."""
    involved = session.scalar(
        sa.select(InvolvedRecord).where(
            InvolvedRecord.report_id == report.id, InvolvedRecord.person_id.in_(person_ids)
        )
    )
    if involved is None:
        return None
    return Preferences(involved.channel or "", involved.day_part or "", involved.is_outside)
