"""Plays the scenes of the last weeks in a new demo, so that its first visitor sees it alive."""

from __future__ import annotations

import contextvars
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from flask import Flask

from example_app import create_app
from example_app.extensions import db
from example_app.models import Complaint
from example_app.people import DEMO_LOGINS, StaffMember, staff
from example_app.scenes import SCENES, VISITS, Deed, Place, Row, Scene, Visit
from example_app.stage import Letter, Posting, Stage, awake, write_lightly, zone
from flask_peersupport.clock import utc_now
from flask_peersupport.outbox.mailer import EXTENSION, Mailer
from flask_peersupport.reachouts.models import (
    InvolvedRecord,
    ReachOut,
    ReportRecord,
    SupportRequest,
)
from flask_peersupport.reachouts.states import ReachOutState, RequestState
from flask_peersupport.runtime import current_runtime
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.vault.keyring import FileKeys

COORDINATOR = "ellen.dijkstra"
#: How long supporters take to answer.
ANSWER = timedelta(minutes=40)
#: Hours at which people call each other.
DAYTIME = (9, 21)
#: Who plans in the hospital when an analysis is discussed, and at what hour that is.
PLANNER = "kees.faber"
ANALYSIS_HOUR = 14
#: Mail about the programme itself that a new demo still shows.
FRESH = timedelta(days=2)
#: A day more than the oldest scene is old: what fell into the night is moved to the day before.
PERIOD = max(scene.ago for scene in SCENES) + timedelta(days=1)


class RecentDays:
    """Plays the people of the scenes on the stage of an app."""

    def __init__(self, app: Flask, now: datetime) -> None:
        self.stage = Stage(app, self._receive)
        self.letters: list[Letter] = []
        self._now = now
        #: What was reported, by kind and number in the hospital, or by the name of who came in by
        #: another door; and the deeds still to do.
        self._scenes: dict[tuple[str, str], tuple[Scene | Visit, list[tuple[Deed, ...]]]] = {}
        for scene in SCENES:
            at = now - scene.ago
            at = at if scene.is_at_once else in_daytime_before(at)
            self.stage.at(at, partial(self._report, scene))
        for visit in VISITS:
            self.stage.at(in_daytime_before(now - visit.ago), partial(self._visit, visit))

    def _report(self, scene: Scene, now: datetime) -> None:
        posting = Posting(
            kind=scene.kind,
            username=member(scene.reporter).username,
            department=member(scene.reporter).department,
            occurred_at=now - timedelta(hours=2),
            title=scene.title,
            severity=scene.severity,
            ticks=scene.ticks,
            colleagues=[typed(colleague) for colleague in scene.colleagues],
        )
        number, _ = self.stage.submit(posting, now)
        self._scenes[scene.kind, number] = scene, list(scene.deeds)
        if scene.asked is not None:
            at = now + timedelta(minutes=5)
            self.stage.at(at, partial(self._ask, scene, number))
        if scene.analysis_in is not None:
            # before the day begins nobody has been told of what is two days ahead
            begun = self._now - timedelta(hours=DAYTIME[0])
            day = (begun + timedelta(days=scene.analysis_in)).astimezone(zone()).date()
            fields = {"analysis_at": f"{day.isoformat()}T{ANALYSIS_HOUR}:00"}

            def plan(moment: datetime) -> None:
                self.stage.post(PLANNER, moment, f"/calamities/{number}/analysis", fields)

            self.stage.at(in_daytime_before(now + timedelta(days=3)), plan)

    def _visit(self, visit: Visit, now: datetime) -> None:
        """Let somebody fill in a page of the programme."""
        name = member(visit.colleague or visit.visitor).name
        with self.stage.app.app_context():
            newest = sa.select(Complaint.number).order_by(Complaint.id.desc()).limit(1)
            complaint = db.session.scalar(newest) or ""
        texts = {"{name}": name, "{complaint}": complaint}
        fields = {field: texts.get(text, text) for field, text in visit.fields.items()}
        self._scenes["", name] = visit, list(visit.deeds)
        self.stage.post(member(visit.visitor).username, now, f"/peersupport/{visit.page}", fields)

    def _ask(self, scene: Scene, number: str, now: datetime) -> None:
        """Let the coordinator ask the supporter of the scene, unless that happened by itself."""
        of_scene = (
            sa.select(ReachOut)
            .join(ReachOut.involved)
            .join(InvolvedRecord.report)
            .where(ReportRecord.kind == scene.kind, ReportRecord.ref == number)
        )
        with self.stage.app.app_context():
            session = current_runtime().storage.session()
            reach_out = session.scalars(of_scene).one()
            reach_out_id = reach_out.id
            asked = [
                request.supporter.id
                for request in reach_out.requests
                if request.state is RequestState.ASKED
            ]
            wanted = next(
                supporter.id
                for supporter in session.scalars(sa.select(Supporter))
                if username_of(supporter) == scene.asked
            )
        if wanted not in asked:
            path = f"/peersupport/reach-outs/{reach_out_id}/ask"
            self.stage.post(COORDINATOR, now, path, {"supporter_id": wanted})

    def _receive(self, letter: Letter, now: datetime) -> None:
        """Keep a mail; a supporter who is asked says yes where the scene has it so."""
        self.letters.append(letter)
        if letter.page != "requests" or not letter.object_id:
            return
        with self.stage.app.app_context():
            session = current_runtime().storage.session()
            reach_out = session.get_one(SupportRequest, letter.object_id).reach_out
            reach_out_id, report, person = reach_out.id, reach_out.report, reach_out.person
            reported = (report.kind, report.ref) if report else ("", "")
            known = self._scenes.get(reported) or self._scenes["", person.name if person else ""]
            scene, deeds = known
        if not scene.is_accepted or scene.asked not in (None, letter.username):
            return

        def accept(moment: datetime) -> None:
            path = f"/peersupport/requests/{letter.object_id}/accept"
            self.stage.post(letter.username, moment, path, {})
            self._go_on(letter.username, reach_out_id, deeds.pop(0) if deeds else (), moment)

        self.stage.at(now + ANSWER, accept)

    def _go_on(
        self, username: str, reach_out_id: str, deeds: tuple[Deed, ...], now: datetime
    ) -> None:
        if not deeds:
            return
        deed, rest = deeds[0], deeds[1:]

        def act(moment: datetime) -> None:
            today = moment.astimezone(zone()).date()
            fields = {**deed.fields, "happened_on": today.isoformat()}
            if deed.page == "follow-up":
                fields["on"] = (today + timedelta(days=int(fields.pop("days")))).isoformat()
            path = f"/peersupport/reach-outs/{reach_out_id}/{deed.page}"
            self.stage.post(username, moment, path, fields)
            self._go_on(username, reach_out_id, rest, moment)

        self.stage.at(awake(now + deed.after, DAYTIME), act)

    def open_letters(self) -> list[Letter]:
        """Return the mails about what still waits, of each kind to each recipient the newest.

        Before them those of late that are about nothing that waits, such as a word to colleagues.
        """
        with self.stage.app.app_context():
            session = current_runtime().storage.session()
            asked = SupportRequest.state == RequestState.ASKED
            is_open = ReachOut.state != ReachOutState.CLOSED
            waiting = {
                *session.scalars(sa.select(SupportRequest.id).where(asked)),
                *session.scalars(sa.select(ReachOut.id).where(is_open)),
            }
        newest = {
            (letter.username, letter.object_id): letter
            for letter in self.letters
            if letter.object_id in waiting
        }
        since = self._now - FRESH
        fresh = [
            letter
            for letter in self.letters
            if not letter.object_id and letter.message["Date"].datetime >= since
        ]
        return [*fresh, *newest.values()]


def in_daytime_before(instant: datetime) -> datetime:
    """Return `instant`, or the end of the daytime before it."""
    local = instant.astimezone(zone())
    first, last = DAYTIME[0], DAYTIME[1] - 1
    if first <= local.hour < last:
        return instant
    day = local.date() - timedelta(days=local.hour < first)
    return datetime.combine(day, time(last), zone())


def member(place: Place) -> StaffMember:
    """Return a member of staff; without a user name one whom no visitor of the demo can be."""
    if isinstance(place, str):
        return next(one for one in staff() if one.username == place)
    department, profession, number = place
    logins = {login.username for login in DEMO_LOGINS}
    return [
        one
        for one in staff()
        if one.department == department
        and one.profession == profession
        and one.username not in logins
    ][number]


def typed(colleague: Row | Place) -> Row:
    """Return the row of the step in which a reporter names a colleague."""
    if isinstance(colleague, tuple | str):
        return {"name": member(colleague).name, "wish": "ask"}
    return colleague


def username_of(supporter: Supporter) -> str:
    """Return the name under which a supporter signs in."""
    return (supporter.record.person.email or "").partition("@")[0]


def play_some_days(app: Flask) -> None:
    """Play the scenes where nothing was reported yet, and deliver the mail that still counts.

    A programme that began only just now is left alone: it has no past.
    """
    runtime = current_runtime()
    session = runtime.storage.session()
    now = utc_now()
    began_at = session.scalar(sa.select(sa.func.min(Supporter.created_at)))
    is_used = session.scalar(sa.select(ReportRecord.id).limit(1)) is not None
    session.rollback()
    if is_used or began_at is None or began_at > now - PERIOD:
        return
    settings: dict[str, Any] = {
        name: setting for name, setting in app.config.items() if name.startswith("PEERSUPPORT_")
    }
    settings["SQLALCHEMY_DATABASE_URI"] = db.engine.url.render_as_string(hide_password=False)
    settings["SECRET_KEY"] = app.config["SECRET_KEY"]
    settings["PEERSUPPORT_WORKER"] = "separate"
    if isinstance(runtime.keys, FileKeys):
        settings["PEERSUPPORT_KEYRING"] = str(runtime.keys.path)
    mailer: Mailer = app.extensions[EXTENSION]
    # a context of its own: the pages must not see the session of the command
    for letter in contextvars.Context().run(_play, settings, now):
        mailer.send(letter.message)


def _play(settings: dict[str, Any], now: datetime) -> list[Letter]:
    app = create_app(settings)
    with app.app_context():
        write_lightly(db.engine)
    days = RecentDays(app, now)
    try:
        days.stage.play(now - PERIOD, now)
        return days.open_letters()
    finally:
        days.stage.close()


def init_app(app: Flask) -> None:
    """Play the scenes whenever a demo is prepared, after everything else."""
    app.extensions["demo_setup"].append(play_some_days)
