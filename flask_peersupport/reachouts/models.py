"""Reports, colleagues involved, reach-outs, requests and contacts. No free text anywhere (P18)."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm

from ..db import Base, CodeList, UTCDateTime, codes, id_column
from ..resources.states import ResourceKind
from ..supporters.models import Supporter
from ..values import Person, Wish, WishBy
from ..vault.models import PersonRecord
from .states import (
    AnalysisKind,
    AnalysisSource,
    ContactChannel,
    ContactKind,
    ContactOutcome,
    DeclinedReason,
    Origin,
    Outcome,
    ReachOutState,
    RemarkCode,
    RequestState,
    WaitingFor,
)

#: Before the reference of a report that the host has deleted, which may be issued again.
DELETED = "deleted "
#: Before the reference of a case that is in no register of the host's, as far as is known (P3).
UNNUMBERED = "without number "


class ReportRecord(Base):
    """One of the host's reports, as far as the programme knows it."""

    __tablename__ = "peersupport_report"
    __table_args__ = (sa.UniqueConstraint("kind", "ref"),)

    id: orm.Mapped[str] = id_column()
    #: Code of KINDS.
    kind: orm.Mapped[str] = orm.mapped_column(sa.String(32))
    #: The host's reference.
    ref: orm.Mapped[str] = orm.mapped_column(sa.String(200))
    #: Department of the event, as the host names it.
    department: orm.Mapped[str | None] = orm.mapped_column(sa.String(200))
    #: When it happened.
    occurred_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime)
    #: When it was reported.
    reported_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)
    #: When we took it in.
    received_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)
    #: Address of the report in the host.
    url: orm.Mapped[str | None] = orm.mapped_column(sa.String(500))
    #: Who reported it, unless anonymous.
    reporter_id: orm.Mapped[str | None] = orm.mapped_column(
        sa.ForeignKey(PersonRecord.id), index=True
    )
    #: Codes of what could not be right, e.g. "future_date".
    flags: orm.Mapped[tuple[str, ...]] = orm.mapped_column(CodeList(200), default=())
    #: When it was found afterwards, without its step; NULL once a coordinator has looked at it.
    found_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime, index=True)

    reporter: orm.Mapped[PersonRecord | None] = orm.relationship()
    meetings: orm.Mapped[list[AnalysisMeeting]] = orm.relationship(
        back_populates="report", order_by="AnalysisMeeting.takes_place_at, AnalysisMeeting.id"
    )

    @property
    def is_deleted(self) -> bool:
        """Whether the host has deleted it."""
        return self.ref.startswith(DELETED)


class InvolvedRecord(Base):
    """A colleague touched by a report, directly or indirectly."""

    __tablename__ = "peersupport_involved"
    __table_args__ = (sa.UniqueConstraint("report_id", "person_id"),)

    id: orm.Mapped[str] = id_column()
    #: After which report; NULL for a concern or a self-referral.
    report_id: orm.Mapped[str | None] = orm.mapped_column(sa.ForeignKey(ReportRecord.id))
    #: The report behind it, where the colleague asked again: it bars whom that report bars.
    earlier_report_id: orm.Mapped[str | None] = orm.mapped_column(
        sa.ForeignKey(ReportRecord.id), index=True
    )
    #: Who; NULL once erased.
    person_id: orm.Mapped[str | None] = orm.mapped_column(
        sa.ForeignKey(PersonRecord.id), index=True
    )
    #: Whether support is wanted.
    wish: orm.Mapped[Wish] = orm.mapped_column(codes(Wish, "wish"))
    #: Who said so.
    wish_by: orm.Mapped[WishBy] = orm.mapped_column(codes(WishBy, "wish_by"))
    #: Prefers somebody from outside the hospital.
    is_outside: orm.Mapped[bool] = orm.mapped_column(sa.Boolean, default=False)
    #: Departments, separated by semicolons.
    department: orm.Mapped[str | None] = orm.mapped_column(sa.String(420))
    #: Code of PROFESSIONS, where known.
    profession: orm.Mapped[str | None] = orm.mapped_column(sa.String(32))
    #: Code of DISCIPLINES, where known.
    discipline: orm.Mapped[str | None] = orm.mapped_column(sa.String(32))
    #: Code of SENIORITIES, where known.
    seniority: orm.Mapped[str | None] = orm.mapped_column(sa.String(32))
    #: Profession the supporter should have, where it is not to be their own; code of PROFESSIONS.
    wanted_profession: orm.Mapped[str | None] = orm.mapped_column(sa.String(32))
    #: Preferred way: a code of ContactChannel.
    channel: orm.Mapped[ContactChannel | None] = orm.mapped_column(codes(ContactChannel, "channel"))
    #: Preferred part of the day: morning, afternoon, evening.
    day_part: orm.Mapped[str | None] = orm.mapped_column(sa.String(16))
    #: Codes of what could not be right, e.g. "bad_email".
    flags: orm.Mapped[tuple[str, ...]] = orm.mapped_column(CodeList(200), default=())

    report: orm.Mapped[ReportRecord | None] = orm.relationship(foreign_keys=[report_id])
    record: orm.Mapped[PersonRecord | None] = orm.relationship()


class NeverAgain(Base):
    """Somebody who never again wants to be approached by us, whatever happens (P19).

    Their vault row lasts as long as this does. They can take it back, and ask for support.
    """

    __tablename__ = "peersupport_never_again"

    #: Who.
    person_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(PersonRecord.id), primary_key=True)
    #: Since when.
    said_on: orm.Mapped[date] = orm.mapped_column(sa.Date)


class AnalysisMeeting(Base):
    """When the investigation of a report is discussed, or the case is heard or ruled on (P20)."""

    __tablename__ = "peersupport_analysis_meeting"
    __table_args__ = (
        sa.CheckConstraint(
            "(before_due_at IS NULL) OR (after_due_at IS NOT NULL)", name="reminders"
        ),
    )

    id: orm.Mapped[str] = id_column()
    #: Of which report.
    report_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(ReportRecord.id), index=True)
    #: What it is.
    kind: orm.Mapped[AnalysisKind] = orm.mapped_column(codes(AnalysisKind, "kind"))
    #: Who told us: a later word of the host moves the meeting that the host told of.
    source: orm.Mapped[AnalysisSource] = orm.mapped_column(codes(AnalysisSource, "source"))
    #: When it is, or was.
    takes_place_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)
    #: When all involved are to be told before it; NULL: done, or too late for it.
    before_due_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime, index=True)
    #: When all involved are to be told after it; NULL: done.
    after_due_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime, index=True)

    report: orm.Mapped[ReportRecord] = orm.relationship(back_populates="meetings")


class ExcludedPerson(Base):
    """Somebody the colleague does not want to be asked."""

    __tablename__ = "peersupport_excluded_person"
    __table_args__ = (sa.UniqueConstraint("involved_id", "person_id"),)

    id: orm.Mapped[str] = id_column()
    #: Who does not want it.
    involved_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(InvolvedRecord.id))
    #: Who must not be asked.
    person_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(PersonRecord.id), index=True)


class NameClearance(Base):
    """A coordinator confirmed that another, of the same name, is not the colleague involved."""

    __tablename__ = "peersupport_name_clearance"
    __table_args__ = (sa.UniqueConstraint("involved_id", "person_id"),)

    id: orm.Mapped[str] = id_column()
    #: The colleague involved.
    involved_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(InvolvedRecord.id))
    #: The coordinator of the same name.
    person_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(PersonRecord.id))


class ReachOut(Base):
    """The offer of support to one colleague, from queued to closed."""

    __tablename__ = "peersupport_reach_out"
    __table_args__ = (
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL)"
            " AND (state = 'closed') = (outcome IS NOT NULL)",
            name="closed",
        ),
        sa.CheckConstraint(
            "state NOT IN ('accepted', 'in_contact', 'follow_up') OR supporter_id IS NOT NULL",
            name="taken",
        ),
        sa.CheckConstraint(
            "(state = 'needs_coordinator') = (waiting_for IS NOT NULL)", name="waiting_for"
        ),
        sa.CheckConstraint("referred_to IS NULL OR outcome = 'referred'", name="referred_to"),
        sa.Index("ix_peersupport_reach_out_due", "due_at"),
        sa.Index("ix_peersupport_reach_out_queue", "state", "urgent_at", "id"),
    )

    id: orm.Mapped[str] = id_column()
    #: To whom.
    involved_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(InvolvedRecord.id), unique=True)
    #: Where the name came from.
    origin: orm.Mapped[Origin] = orm.mapped_column(codes(Origin, "origin"))
    #: Where it stands.
    state: orm.Mapped[ReachOutState] = orm.mapped_column(codes(ReachOutState, "state"))
    #: What a coordinator has to decide; set in `needs_coordinator` only.
    waiting_for: orm.Mapped[WaitingFor | None] = orm.mapped_column(codes(WaitingFor, "waiting"))
    #: Who has it, from acceptance on.
    supporter_id: orm.Mapped[str | None] = orm.mapped_column(
        sa.ForeignKey(Supporter.id), index=True
    )
    #: When it was queued.
    created_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)
    #: When the state last changed.
    changed_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)
    #: When the worker has to look at it next; NULL: when somebody acts.
    due_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime)
    #: What the queue is sorted by: the moment from which it is late.
    urgent_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)
    #: When the first contact has to be made at the latest.
    contact_due_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime)
    #: When the supporter was reminded.
    reminded_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime)
    #: When the coordinators were told that it is late.
    overdue_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime)
    #: When the present supporter accepted.
    accepted_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime)
    #: When there was contact first.
    contacted_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime)
    #: Day of the planned follow-up.
    follow_up_on: orm.Mapped[date | None] = orm.mapped_column(sa.Date)
    #: Whether the follow-up is a permission to ask again (P19), not a second conversation.
    is_asked_again: orm.Mapped[bool] = orm.mapped_column(sa.Boolean, default=False)
    #: How it ended.
    outcome: orm.Mapped[Outcome | None] = orm.mapped_column(codes(Outcome, "outcome"))
    #: Why no support was wanted.
    reason: orm.Mapped[DeclinedReason | None] = orm.mapped_column(codes(DeclinedReason, "reason"))
    #: To what kind of help it led, where it ended so (P22).
    referred_to: orm.Mapped[ResourceKind | None] = orm.mapped_column(
        codes(ResourceKind, "referred_kind")
    )
    #: When it ended.
    closed_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime, index=True)
    #: Since when the supporter waits for a coordinator to call; NULL: does not.
    call_wanted_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime)
    #: After a concern: whether the colleague may hear that a colleague thought of them (P4).
    is_concern_told: orm.Mapped[bool] = orm.mapped_column(sa.Boolean, default=False)
    #: The reach-out after which the colleague asked again: its supporter is asked first (P20).
    earlier_id: orm.Mapped[str | None] = orm.mapped_column(
        sa.ForeignKey("peersupport_reach_out.id"), index=True
    )
    #: Whether the colleague answered the questions at the end; the answers are counted apart.
    is_survey_done: orm.Mapped[bool] = orm.mapped_column(sa.Boolean, default=False)

    involved: orm.Mapped[InvolvedRecord] = orm.relationship()
    supporter: orm.Mapped[Supporter | None] = orm.relationship()
    earlier: orm.Mapped[ReachOut | None] = orm.relationship(remote_side=[id])
    requests: orm.Mapped[list[SupportRequest]] = orm.relationship(
        back_populates="reach_out", order_by="SupportRequest.asked_at"
    )
    contacts: orm.Mapped[list[Contact]] = orm.relationship(
        back_populates="reach_out", order_by="Contact.happened_on, Contact.noted_at"
    )

    @property
    def person(self) -> Person | None:
        """The colleague, decrypted; None once erased."""
        record = self.involved.record
        return record.person if record else None

    @property
    def report(self) -> ReportRecord | None:
        """The report it came from; None for a concern or a self-referral."""
        return self.involved.report


class SupportRequest(Base):
    """The question to one supporter to take one reach-out."""

    __tablename__ = "peersupport_request"
    __table_args__ = (
        sa.CheckConstraint("(state = 'asked') = (answered_at IS NULL)", name="answered"),
        sa.CheckConstraint("(state = 'asked') = (open_for IS NOT NULL)", name="open_for"),
        sa.Index("ix_peersupport_request_due", "state", "answer_due_at"),
    )

    id: orm.Mapped[str] = id_column()
    #: Which reach-out.
    reach_out_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(ReachOut.id), index=True)
    #: The reach-out again while the request is open, NULL afterwards: one open request each.
    open_for: orm.Mapped[str | None] = orm.mapped_column(sa.String(32), unique=True)
    #: Who is asked.
    supporter_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(Supporter.id), index=True)
    #: Where it stands.
    state: orm.Mapped[RequestState] = orm.mapped_column(codes(RequestState, "state"))
    #: When the question was put.
    asked_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)
    #: Silence after this instant is a no.
    answer_due_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)
    #: When it was answered, expired or withdrawn.
    answered_at: orm.Mapped[datetime | None] = orm.mapped_column(UTCDateTime)
    #: Whether a coordinator chose the supporter by hand.
    is_by_hand: orm.Mapped[bool] = orm.mapped_column(sa.Boolean, default=False)
    #: Whether a coordinator noted an answer given by telephone.
    is_by_telephone: orm.Mapped[bool] = orm.mapped_column(sa.Boolean, default=False)
    #: Month whose key sealed the reason.
    month: orm.Mapped[str | None] = orm.mapped_column(sa.String(7))
    #: Why the supporter said no, sealed: a conflict is nobody else's business.
    sealed_reason: orm.Mapped[bytes | None] = orm.mapped_column(sa.LargeBinary)
    #: Why this supporter was proposed and how many others were ruled out (P13): codes and numbers.
    explanation: orm.Mapped[dict[str, object] | None] = orm.mapped_column(sa.JSON)

    reach_out: orm.Mapped[ReachOut] = orm.relationship(back_populates="requests")
    supporter: orm.Mapped[Supporter] = orm.relationship()


class Contact(Base):
    """That a contact took place: a date, a channel, a kind, an outcome (P18)."""

    __tablename__ = "peersupport_contact"

    id: orm.Mapped[str] = id_column()
    #: In which reach-out.
    reach_out_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(ReachOut.id), index=True)
    #: Which supporter.
    supporter_id: orm.Mapped[str] = orm.mapped_column(sa.ForeignKey(Supporter.id), index=True)
    #: The day.
    happened_on: orm.Mapped[date] = orm.mapped_column(sa.Date)
    #: What for.
    kind: orm.Mapped[ContactKind] = orm.mapped_column(codes(ContactKind, "kind"))
    #: How.
    channel: orm.Mapped[ContactChannel] = orm.mapped_column(codes(ContactChannel, "channel"))
    #: What came of it.
    outcome: orm.Mapped[ContactOutcome] = orm.mapped_column(codes(ContactOutcome, "outcome"))
    #: When it was noted.
    noted_at: orm.Mapped[datetime] = orm.mapped_column(UTCDateTime)

    reach_out: orm.Mapped[ReachOut] = orm.relationship(back_populates="contacts")


class Remark(Base):
    """How often supporters ticked what went less well, since a meeting last took it up (P32).

    One counter a code: nothing leads to a reach-out or to a person, and there is no time and no
    order that could.
    """

    __tablename__ = "peersupport_remark"
    __table_args__ = (sa.CheckConstraint("count >= 0", name="count"),)

    #: What it is about.
    code: orm.Mapped[RemarkCode] = orm.mapped_column(codes(RemarkCode, "code"), primary_key=True)
    #: How often.
    count: orm.Mapped[int] = orm.mapped_column(sa.Integer)
