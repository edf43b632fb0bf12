"""Sessions, who came, and what a meeting decided about the programme."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..db import Base, CodeList, UTCDateTime, codes, id_column
from ..reachouts.models import ReportRecord
from ..reachouts.states import RemarkCode
from ..vault.models import PersonRecord
from .states import Reached, SessionKind, SessionState, SignUp, TargetGroup


class ProgrammeSession(Base):
    """A training, a meeting, an intervision, a lecture, or support of a group."""

    __tablename__ = "peersupport_session"
    __table_args__ = (
        sa.CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        sa.CheckConstraint("capacity IS NULL OR capacity > 0", name="capacity"),
        sa.CheckConstraint("(state = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled"),
        # nothing that is about an event has a free text
        sa.CheckConstraint(
            "kind <> 'group_support' OR (title IS NULL AND target = 'nobody'"
            " AND link IS NULL AND accreditation_number IS NULL)",
            name="group_support",
        ),
        sa.CheckConstraint("report_id IS NULL OR kind = 'group_support'", name="report"),
        sa.Index("ix_peersupport_session_when", "state", "starts_at", "id"),
    )

    id: orm.Mapped[str] = id_column()
    #: What it is.
    kind: orm.Mapped[SessionKind] = orm.mapped_column(codes(SessionKind, "kind"))
    #: Where it stands.
    state: orm.Mapped[SessionState] = orm.mapped_column(codes(SessionState, "state"))
    #: What those planned together share; NULL: planned by itself.
    series_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(32), index=True)
    #: What it is about, where the kind does not say it all.
    title: orm.Mapped[str | None] = orm.mapped_column(sa.String(200))
    #: When it begins.
    starts_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)
    #: When it ends.
    ends_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)
    #: Where it is.
    place: orm.Mapped[str | None] = orm.mapped_column(sa.String(200))
    #: Or where it is met online.
    link: orm.Mapped[str | None] = orm.mapped_column(sa.String(500))
    #: Who may sign up.
    target: orm.Mapped[TargetGroup] = orm.mapped_column(codes(TargetGroup, "target"))
    #: How many may take part; NULL: no limit.
    capacity: orm.Mapped[int | None] = orm.mapped_column(sa.Integer)
    #: How many times the invitation has changed: SEQUENCE of RFC 5545.
    sequence: orm.Mapped[int] = orm.mapped_column(sa.Integer, default=0)
    #: Number under which a professional body accredits it (P34).
    accreditation_number: orm.Mapped[str | None] = orm.mapped_column(sa.String(50))
    #: Points that it is worth, in hundredths.
    accreditation_points: orm.Mapped[int | None] = orm.mapped_column(sa.Integer)
    #: The four ticks of an intervision (P32).
    ticks: orm.Mapped[tuple[str, ...]] = orm.mapped_column(CodeList(100), default=())
    #: After which report a group is supported (P23).
    report_id: orm.Mapped[str | None] = orm.mapped_column(
        sa.ForeignKey(ReportRecord.id), index=True
    )
    #: When those who signed up were reminded, or a mail about the session made that needless.
    reminded_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime)
    #: When it was called off.
    cancelled_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime)
    #: When it was planned.
    created_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)

    trainers: orm.Mapped[list[SessionTrainer]] = orm.relationship(
        cascade="all, delete-orphan", order_by="SessionTrainer.id", lazy="selectin"
    )
    attendances: orm.Mapped[list[Attendance]] = orm.relationship(
        back_populates="session", order_by="Attendance.place_number, Attendance.id"
    )


class SessionTrainer(Base):
    """Who leads a session."""

    __tablename__ = "peersupport_session_trainer"
    __table_args__ = (sa.UniqueConstraint("session_id", "person_id"),)

    id: orm.Mapped[str] = id_column()
    #: Which session.
    session_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(ProgrammeSession.id))
    #: Who, in the vault.
    person_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(PersonRecord.id), index=True)

    record: orm.Mapped[PersonRecord] = orm.relationship(lazy="joined")


class Attendance(Base):
    """Somebody's place in a session, and whether they came."""

    __tablename__ = "peersupport_attendance"
    __table_args__ = (
        sa.UniqueConstraint("session_id", "person_id"),
        sa.UniqueConstraint("session_id", "place_number"),
        sa.CheckConstraint("place_number > 0", name="place_number"),
        sa.Index("ix_peersupport_attendance_place", "session_id", "sign_up", "place_number"),
    )

    id: orm.Mapped[str] = id_column()
    #: Which session.
    session_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(ProgrammeSession.id))
    #: Who, in the vault.
    person_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(PersonRecord.id), index=True)
    #: Where they stand.
    sign_up: orm.Mapped[SignUp] = orm.mapped_column(codes(SignUp, "sign_up"))
    #: In which order they came, anew each time they sign up: the waiting list moves up by it.
    place_number: orm.Mapped[int] = orm.mapped_column(sa.Integer)
    #: When they signed up last.
    signed_up_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)
    #: Whether they came, as the trainer says; NULL: not said yet.
    has_attended: orm.Mapped[bool | None] = orm.mapped_column(sa.Boolean)
    #: How often their own invitation was withdrawn or given anew: SEQUENCE adds it up.
    sequence: orm.Mapped[int] = orm.mapped_column(sa.Integer, default=0)
    #: When they confirmed themselves that they came.
    confirmed_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime)

    session: orm.Mapped[ProgrammeSession] = orm.relationship(back_populates="attendances")
    record: orm.Mapped[PersonRecord] = orm.relationship(lazy="joined")


class SessionReach(Base):
    """How many of a group a session reached, without names (P33)."""

    __tablename__ = "peersupport_session_reach"
    __table_args__ = (
        sa.UniqueConstraint("session_id", "reached"),
        sa.CheckConstraint("count >= 0", name="count"),
    )

    id: orm.Mapped[str] = id_column()
    #: Which session.
    session_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(ProgrammeSession.id))
    #: Which group.
    reached: orm.Mapped[Reached] = orm.mapped_column(codes(Reached, "reached"))
    #: How many of them.
    count: orm.Mapped[int] = orm.mapped_column(sa.Integer)


class Theme(Base):
    """A word for what an intervision was about; the programme edits the list (P32)."""

    __tablename__ = "peersupport_theme"

    id: orm.Mapped[str] = id_column()
    #: The word, in the programme's language.
    name: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    #: The word as it is compared: no theme is there twice.
    plain_name: orm.Mapped[str] = orm.mapped_column(sa.String(160), unique=True)
    #: Not offered any more since then; sessions keep it.
    retired_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime)


class SessionTheme(Base):
    """A theme of an intervision."""

    __tablename__ = "peersupport_session_theme"

    #: Which session.
    session_id: orm.Mapped[str] = orm.mapped_column(
        sa.ForeignKey(ProgrammeSession.id), primary_key=True
    )
    #: Which theme.
    theme_id: orm.Mapped[str] = orm.mapped_column(
        sa.ForeignKey(Theme.id), primary_key=True, index=True
    )


class Resolution(Base):
    """An improvement point or a decision about the programme, never about a case (P32)."""

    __tablename__ = "peersupport_resolution"
    __table_args__ = (sa.Index("ix_peersupport_resolution_open", "done_on", "due_on"),)

    id: orm.Mapped[str] = id_column()
    #: In which follow-up meeting.
    session_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(ProgrammeSession.id), index=True)
    #: Whether the group decided it; or else it is a point to improve.
    is_decision: orm.Mapped[bool] = orm.mapped_column(sa.Boolean)
    #: What, in a sentence.
    text: orm.Mapped[str] = orm.mapped_column(sa.String(500))
    #: Who sees to it, in the vault; NULL: nobody in particular.
    owner_id: orm.Mapped[str | None] = orm.mapped_column(sa.ForeignKey(PersonRecord.id), index=True)
    #: By when.
    due_on: orm.Mapped[date | None] = orm.mapped_column(sa.Date)
    #: When it was done.
    done_on: orm.Mapped[date | None] = orm.mapped_column(sa.Date)

    owner: orm.Mapped[PersonRecord | None] = orm.relationship(lazy="joined")


class SessionRemark(Base):
    """How often supporters ticked a remark before this follow-up meeting took it up (P32)."""

    __tablename__ = "peersupport_session_remark"
    __table_args__ = (sa.CheckConstraint("count > 0", name="count"),)

    #: Which follow-up meeting.
    session_id: orm.Mapped[str] = orm.mapped_column(
        sa.ForeignKey(ProgrammeSession.id), primary_key=True
    )
    #: What it is about.
    code: orm.Mapped[RemarkCode] = orm.mapped_column(codes(RemarkCode, "code"), primary_key=True)
    #: How often.
    count: orm.Mapped[int] = orm.mapped_column(sa.Integer)
