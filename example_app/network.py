"""What a demo's network of supporters has been through: nominations, trainings, meetings.

It is played through the programme's own actions, each at its own day of the last weeks, so that
every page of supporters and sessions has something to show.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from example_app.models import User
from example_app.peersupport_demo import RUNNING_FOR, all_users, person_of
from example_app.people import DEMO_LOGINS, supporter_usernames
from example_app.stage import zone
from flask_peersupport import Person
from flask_peersupport.clock import utc_now
from flask_peersupport.db import commit
from flask_peersupport.external.agreeing import set_code
from flask_peersupport.i18n import use_locale
from flask_peersupport.nominations.actions import RoundDetails, close_round, open_round
from flask_peersupport.nominations.ballots import cast_vote
from flask_peersupport.nominations.box import Choice
from flask_peersupport.nominations.forms import usual_letter
from flask_peersupport.nominations.inviting import invite_nominee
from flask_peersupport.nominations.models import NominationRound, Nominee
from flask_peersupport.reachouts.remarks import note_remark
from flask_peersupport.reachouts.states import RemarkCode
from flask_peersupport.runtime import current_runtime
from flask_peersupport.sessions.attending import note_attendance
from flask_peersupport.sessions.directory_decision import decide_in_meeting
from flask_peersupport.sessions.intervision import record_intervision
from flask_peersupport.sessions.models import Attendance, ProgrammeSession
from flask_peersupport.sessions.planning import plan_sessions
from flask_peersupport.sessions.plans import Details, Repetition
from flask_peersupport.sessions.reaching import record_reach
from flask_peersupport.sessions.resolutions import (
    ResolutionDetails,
    add_resolution,
    finish_resolution,
    take_up_remarks,
)
from flask_peersupport.sessions.signing_up import sign_up
from flask_peersupport.sessions.states import IntervisionTick, Reached, SessionKind, TargetGroup
from flask_peersupport.sessions.themes import add_theme
from flask_peersupport.supporters.actions import SupporterDetails, add_supporter
from flask_peersupport.supporters.appointing import appoint_supporters
from flask_peersupport.supporters.directory_rules import DirectoryMode
from flask_peersupport.supporters.informal import count_informal
from flask_peersupport.supporters.informal_rules import InformalKind
from flask_peersupport.supporters.inviting import accept_invitation, refuse_invitation
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.supporters.states import SupporterState

COORDINATOR = "ellen.dijkstra"
OTHER_COORDINATOR = "ruben.mulder"
#: The code that the external supporter of the demo and its coordinator have agreed.
EXTERNAL_CODE = "NOORD 2345"
EXTERNAL = Person(
    "Pieter van Buiten",
    email="p.vanbuiten@maatschap.example",
    phone="+31 6 1234 9001",
    locale="nl",
)
THEMES = ("Schaamte en schuld", "Doorverwijzen", "Als een collega niet wil praten", "Na een klacht")


def play_network(app: Flask) -> None:
    """Play the network's last weeks, where the programme was running then and has no session."""
    session = current_runtime().storage.session()
    now = utc_now()
    began_at = session.scalar(sa.select(sa.func.min(Supporter.created_at)))
    is_played = session.scalar(sa.select(ProgrammeSession.id).limit(1)) is not None
    session.rollback()
    if not is_played and began_at is not None and began_at <= now - RUNNING_FOR + timedelta(days=1):
        with use_locale("nl"):
            Network(session, now).play()


@dataclass
class Network:
    """The people of the network and what they do, in order of time."""

    session: Session
    now: datetime

    def play(self) -> None:
        """Let everything happen."""
        self._add_external()
        nominees = self._hold_round()
        self._meet()
        self._hold_intervision()
        self._train(nominees)
        self._teach()
        self._count_informal()
        self._open_round()

    def _ago(self, days: int, hour: int = 10) -> datetime:
        return self._local(self._day(-days), time(hour))

    def _day(self, days: int) -> date:
        return (self.now + timedelta(days=days)).astimezone(zone()).date()

    def _local(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, zone())

    def _person(self, username: str) -> Person:
        user = self.session.scalars(all_users().where(User.username == username)).one()
        return person_of(user)

    def _others(self) -> list[User]:
        """Return the staff who are neither supporters nor have a part in the demo."""
        taken = {*supporter_usernames(), *(login.username for login in DEMO_LOGINS)}
        users = self.session.scalars(all_users().order_by(User.id))
        return [user for user in users if user.username not in taken and user.profession != "other"]

    def _add_external(self) -> None:
        coordinator = self._person(COORDINATOR)
        details = SupporterDetails("physician", "medical", "senior", is_external=True)
        external = add_supporter(
            self.session,
            EXTERNAL,
            details,
            state=SupporterState.APPOINTED,
            actor=coordinator,
            now=self._ago(36),
        )
        set_code(self.session, external, EXTERNAL_CODE, actor=coordinator, now=self._ago(36))
        commit(self.session)

    def _hold_round(self) -> list[Nominee]:
        """Ask the hospital whom they would go to, count, and invite those who came out."""
        coordinator = self._person(COORDINATOR)
        opened = self._ago(38)
        nomination_round = open_round(
            self.session,
            RoundDetails(closes_on=self._day(-25), letter={"nl": usual_letter()}, staff_count=160),
            actor=coordinator,
            now=opened,
        )
        commit(self.session)
        users = self._others()
        for voter, choices in votes(users):
            cast_vote(
                self.session,
                nomination_round,
                choices,
                actor=person_of(voter),
                today=self._day(-30),
            )
            commit(self.session)
        close_round(self.session, nomination_round, actor=coordinator, now=self._ago(24))
        commit(self.session)
        return self._invite_nominees(nomination_round)

    def _invite_nominees(self, nomination_round: NominationRound) -> list[Nominee]:
        """Invite those who were named often; four say yes, one no, one has not answered."""
        coordinator = self._person(COORDINATOR)
        named = (
            sa.select(Nominee)
            .where(Nominee.round_id == nomination_round.id, Nominee.count.is_not(None))
            .order_by(Nominee.count.desc(), Nominee.department)
        )
        nominees = list(self.session.scalars(named))[:6]
        for number, nominee in enumerate(nominees):
            person = nominee.record.person
            supporter = invite_nominee(
                self.session, nominee, person.email or "", actor=coordinator, now=self._ago(23)
            )
            if number < 4:
                accept_invitation(self.session, supporter, actor=person, now=self._ago(22, 15))
            elif number == 4:
                refuse_invitation(self.session, supporter, actor=person, now=self._ago(21, 9))
            supporter.criteria = ("experience", "not_judging") if number % 2 else ("open_mind",)
            commit(self.session)
        return nominees

    def _plan(
        self,
        kind: SessionKind,
        days: int,
        begins: int,
        ends: int,
        *,
        target: TargetGroup = TargetGroup.SUPPORTERS,
        title: str | None = None,
        place: str = "Leslokaal 2, derde verdieping",
        capacity: int | None = None,
        points: int | None = None,
        repetition: Repetition | None = None,
        planned: int = 39,
    ) -> ProgrammeSession:
        details = Details(
            kind=kind,
            day=self._day(days),
            begins=time(begins),
            ends=time(ends),
            trainers=(self._person(OTHER_COORDINATOR),),
            target=target,
            title=title,
            place=place,
            capacity=capacity,
            accreditation_number="ID 512345" if points else None,
            accreditation_points=points,
        )
        coordinator = self._person(COORDINATOR)
        first = plan_sessions(
            self.session, details, repetition, actor=coordinator, now=self._ago(planned)
        )[0]
        commit(self.session)
        return first

    def _sign_up(self, meeting: ProgrammeSession, people: Sequence[Person], days_ago: int) -> None:
        for person in people:
            sign_up(self.session, meeting.id, actor=person, now=self._ago(days_ago))
            commit(self.session)

    def _note(self, meeting: ProgrammeSession, *, absent: int = 0) -> None:
        """Note that all but the last few came."""
        ids = list(
            self.session.scalars(
                sa.select(Attendance.id)
                .where(Attendance.session_id == meeting.id)
                .order_by(Attendance.place_number)
            )
        )
        present = {row_id: number < len(ids) - absent for number, row_id in enumerate(ids)}
        trainer = self._person(OTHER_COORDINATOR)
        at = meeting.ends_at + timedelta(minutes=10)
        note_attendance(self.session, meeting.id, present, actor=trainer, now=at)
        commit(self.session)

    def _supporters(self, first: int, last: int) -> list[Person]:
        names = [name for name in supporter_usernames() if name != "joris.bakker"]
        return [self._person(name) for name in names[first:last]]

    def _meet(self) -> None:
        """Hold a follow-up meeting: what to improve, and who may see the directory."""
        for code in (RemarkCode.TOO_LATE, RemarkCode.TOO_LATE, RemarkCode.WRONG_NUMBER):
            note_remark(self.session, code)
        meeting = self._plan(SessionKind.FOLLOW_UP_MEETING, -20, 16, 18, place="Vergaderzaal Zuid")
        people = [self._person("marieke.postma"), *self._supporters(0, 9)]
        self._sign_up(meeting, people, 30)
        self._note(meeting, absent=2)
        at = meeting.ends_at + timedelta(minutes=30)
        coordinator = self._person(COORDINATOR)
        take_up_remarks(self.session, meeting.id, actor=coordinator, now=at)
        decide_in_meeting(self.session, meeting.id, DirectoryMode.ALL, actor=coordinator, now=at)
        points = (
            ("Telefoonnummers van verpleegkundigen elk kwartaal nalopen", OTHER_COORDINATOR, 10),
            ("Het programma voorstellen in de introductieweek van de AIOS", COORDINATOR, 45),
            ("Flyer in de koffiekamers van de OK vernieuwen", COORDINATOR, -6),
        )
        for text, owner, days in points:
            details = ResolutionDetails(text, owner=self._person(owner), due_on=self._day(days))
            row = add_resolution(self.session, meeting, details, actor=coordinator, now=at)
            if days < 0:
                finish_resolution(
                    self.session, row, self._day(-8), actor=coordinator, now=self._ago(8)
                )
        note_remark(self.session, RemarkCode.POOR_MATCH)
        commit(self.session)

    def _hold_intervision(self) -> None:
        """Meet for intervision every six weeks; the first time was two weeks ago."""
        coordinator = self._person(COORDINATOR)
        themes = [
            add_theme(self.session, name, actor=coordinator, now=self._ago(39)) for name in THEMES
        ]
        every_six_weeks = Repetition(every_weeks=6, until=self._day(-14 + 7 * 12))
        first = self._plan(
            SessionKind.INTERVISION,
            -14,
            17,
            19,
            capacity=12,
            points=200,
            repetition=every_six_weeks,
        )
        people = [self._person("marieke.postma"), *self._supporters(4, 11)]
        self._sign_up(first, people, 28)
        self._note(first, absent=1)
        record_intervision(
            self.session,
            first.id,
            (IntervisionTick.CASES, IntervisionTick.EXCHANGE),
            [themes[0].id, themes[1].id],
            actor=self._person(OTHER_COORDINATOR),
            now=first.ends_at + timedelta(minutes=20),
        )
        commit(self.session)

    def _train(self, nominees: Sequence[Nominee]) -> None:
        """Train those who said yes, appoint two of them, and plan the next training."""
        people = [nominee.record.person for nominee in nominees[:4]]
        day = self._plan(
            SessionKind.TRAINING,
            -10,
            9,
            17,
            target=TargetGroup.CANDIDATES,
            title="Peer supporter worden",
            capacity=16,
            points=600,
        )
        self._sign_up(day, people, 20)
        self._note(day, absent=1)
        trained = sa.select(Supporter.id).where(Supporter.state == SupporterState.TRAINED)
        ids = list(self.session.scalars(trained.order_by(Supporter.id)))[:2]
        appoint_supporters(
            self.session,
            ids,
            appointed_on=self._day(-5),
            actor=self._person(COORDINATOR),
            now=self._ago(5),
        )
        commit(self.session)
        coming = self._plan(
            SessionKind.TRAINING,
            18,
            9,
            17,
            target=TargetGroup.CANDIDATES,
            title="Opfrisdag: het eerste gesprek",
            capacity=4,
            points=600,
            planned=9,
        )
        self._sign_up(coming, self._supporters(20, 26), 4)

    def _teach(self) -> None:
        """Give a lecture, and plan a light training for residents."""
        lecture = self._plan(
            SessionKind.LECTURE,
            -7,
            13,
            14,
            target=TargetGroup.NOBODY,
            title="Als zorg misgaat: de second victim",
            place="Collegezaal Rood",
        )
        record_reach(
            self.session,
            lecture.id,
            {Reached.STUDENTS: 84, Reached.RESIDENTS: 6},
            actor=self._person(OTHER_COORDINATOR),
            now=lecture.ends_at + timedelta(minutes=5),
        )
        commit(self.session)
        self._plan(
            SessionKind.LIGHT_TRAINING,
            25,
            15,
            17,
            target=TargetGroup.EVERYBODY,
            title="Na een ingrijpende gebeurtenis: wat doe je voor je collega?",
            capacity=20,
            planned=6,
        )

    def _count_informal(self) -> None:
        supporter = self._record_of("marieke.postma")
        for days, kind in (
            (33, InformalKind.EVENT),
            (17, InformalKind.WORK),
            (3, InformalKind.EVENT),
        ):
            count_informal(
                self.session,
                supporter,
                kind,
                self._day(-days),
                actor=supporter.record.person,
                now=self._ago(days, 20),
            )
        commit(self.session)

    def _record_of(self, username: str) -> Supporter:
        email = self._person(username).email
        everybody = self.session.scalars(sa.select(Supporter))
        return next(one for one in everybody if one.record.person.email == email)

    def _open_round(self) -> None:
        """Ask the departments in which nobody was named often enough."""
        open_round(
            self.session,
            RoundDetails(
                closes_on=self._day(11),
                letter={"nl": usual_letter()},
                departments=("Intensive Care", "Spoedeisende Hulp"),
                staff_count=40,
            ),
            actor=self._person(COORDINATOR),
            now=self._ago(3),
        )
        commit(self.session)


def votes(users: Sequence[User]) -> Iterator[tuple[User, list[Choice]]]:
    """Yield who names whom: a few colleagues are named by many, others once or twice."""
    favourites = users[::7]
    for number, voter in enumerate(users):
        wanted = (favourites[(number // 4) % len(favourites)], users[(number * 3) % len(users)])
        chosen = [user for user in wanted if user is not voter]
        if chosen:
            yield voter, [choice_of(user) for user in dict.fromkeys(chosen)]


def choice_of(user: User) -> Choice:
    """Return a member of staff as somebody who is named."""
    return Choice(user.name, user.department.name, user.email, str(user.id))


def init_app(app: Flask) -> None:
    """Play the network whenever a demo is prepared."""
    app.extensions["demo_setup"].append(play_network)
