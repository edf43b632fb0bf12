from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.db import commit
from flask_peersupport.errors import InvalidInput, InvalidTransition
from flask_peersupport.outbox.models import Message
from flask_peersupport.reachouts.answering import accept_request, recheck
from flask_peersupport.reachouts.chasing import chase
from flask_peersupport.reachouts.contacting import (
    close_as_supporter,
    close_reach_out,
    hand_back,
    note_contact,
    plan_follow_up,
    postpone,
)
from flask_peersupport.reachouts.models import ExcludedPerson, InvolvedRecord, ReachOut
from flask_peersupport.reachouts.states import (
    ContactChannel,
    ContactKind,
    ContactOutcome,
    DeclinedReason,
    Outcome,
)
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.values import Person
from flask_peersupport.vault.models import PersonRecord
from tests.intake.conftest import STAFF, person, runtime
from tests.reachouts.conftest import NOW, Programme, anna

TODAY = NOW.date()
ACTOR = person(STAFF.selma)


@contextmanager
def taken(programme: Programme) -> Iterator[tuple[orm.Session, ReachOut]]:
    """Yield a reach-out that a supporter has accepted."""
    programme.report(anna())
    programme.work()
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        request = programme.open_request(session)
        reach_out = accept_request(session, request, actor=ACTOR, now=NOW)
        commit(session)
        yield session, reach_out


def note(
    session: orm.Session, reach_out: ReachOut, outcome: ContactOutcome, on: date = TODAY
) -> None:
    note_contact(
        session,
        reach_out,
        happened_on=on,
        channel=ContactChannel.PHONE,
        kind=ContactKind.FIRST,
        outcome=outcome,
        actor=ACTOR,
        now=NOW,
    )
    commit(session)


@pytest.mark.parametrize(
    ("outcome", "state", "ended"),
    [
        (ContactOutcome.CONVERSATION, "in_contact", None),
        (ContactOutcome.REFERRED, "in_contact", None),
        (ContactOutcome.NOT_REACHED, "accepted", None),
        (ContactOutcome.NO_NEED, "closed", "declined"),
        (ContactOutcome.NO_FURTHER_CONTACT, "closed", "declined"),
        (ContactOutcome.CONTACT_AGAIN, "follow_up", None),
    ],
)
def test_a_contact_leads_to(
    small_programme: Programme, outcome: ContactOutcome, state: str, ended: str | None
) -> None:
    with taken(small_programme) as (session, reach_out):
        note(session, reach_out, outcome)
        assert (reach_out.state, reach_out.outcome) == (state, ended)


def test_no_further_contact_after_a_conversation_means_supported(
    small_programme: Programme,
) -> None:
    with taken(small_programme) as (session, reach_out):
        note(session, reach_out, ContactOutcome.CONVERSATION)
        note(session, reach_out, ContactOutcome.NO_FURTHER_CONTACT)
        assert reach_out.outcome is Outcome.SUPPORTED


def test_three_vain_attempts_bring_it_to_a_coordinator(programme: Programme) -> None:
    with taken(programme) as (session, reach_out):
        for _ in range(3):
            note(session, reach_out, ContactOutcome.NOT_REACHED)
        assert (reach_out.state, reach_out.waiting_for) == ("needs_coordinator", "not_reached")
        assert reach_out.supporter_id is None
        assert session.scalar(sa.select(sa.func.max(Supporter.open_count))) == 0


@pytest.mark.parametrize("days", [1, -1])
def test_a_contact_is_neither_to_come_nor_before_the_reach_out(
    small_programme: Programme, days: int
) -> None:
    with taken(small_programme) as (session, reach_out), pytest.raises(InvalidInput):
        note(session, reach_out, ContactOutcome.CONVERSATION, TODAY + timedelta(days=days))


def test_only_the_own_vain_attempts_of_a_supporter_count(small_programme: Programme) -> None:
    with taken(small_programme) as (session, reach_out):
        for _ in range(2):
            note(session, reach_out, ContactOutcome.NOT_REACHED)
        hand_back(session, reach_out, actor=ACTOR, now=NOW)
        commit(session)
        assert session.scalar(sa.select(sa.func.max(Supporter.deployments))) == 1
        session.rollback()
        small_programme.work()
        request = small_programme.open_request(session)
        accept_request(session, request, actor=ACTOR, now=NOW)
        note(session, reach_out, ContactOutcome.NOT_REACHED)
        assert reach_out.state == "accepted"


def test_the_own_departments_care_is_counted_as_the_reason(small_programme: Programme) -> None:
    with taken(small_programme) as (session, reach_out):
        note_contact(
            session,
            reach_out,
            happened_on=TODAY,
            channel=ContactChannel.PHONE,
            kind=ContactKind.FIRST,
            outcome=ContactOutcome.NO_NEED,
            reason=DeclinedReason.DEPARTMENT_SUPPORT,
            actor=ACTOR,
            now=NOW,
        )
        commit(session)
        assert (reach_out.outcome, reach_out.reason) == ("declined", "department_support")
        assert reach_out.contacted_at == NOW


def test_a_follow_up_is_reminded_of_on_its_day_and_then_overdue(programme: Programme) -> None:
    mails = programme.app.extensions["peersupport_mailer"].subjects
    with taken(programme) as (session, reach_out):
        programme.work()
        mails.clear()
        on = TODAY + timedelta(days=7)
        plan_follow_up(session, reach_out, on, is_asked_again=True, actor=ACTOR, now=NOW)
        commit(session)
        assert (reach_out.state, reach_out.follow_up_on) == ("follow_up", on)
        session.rollback()
        programme.work(timedelta(days=6, hours=21))
        assert mails == []
        programme.work(timedelta(days=7))
        assert len(mails) == 1
        programme.work(timedelta(days=8, hours=1))
        session.expire_all()
        assert reach_out.overdue_at is not None
        assert {to for to, _ in mails[1:]} == {mails[0][0], "bram.smit@hospital.example"}


@pytest.mark.parametrize("days", [0, 6, 15])
def test_permission_to_ask_again_is_for_one_to_two_weeks(
    small_programme: Programme, days: int
) -> None:
    on = TODAY + timedelta(days=days)
    with taken(small_programme) as (session, reach_out), pytest.raises(InvalidInput):
        plan_follow_up(session, reach_out, on, is_asked_again=True, actor=ACTOR, now=NOW)


def test_contact_that_is_late_reminds_and_then_tells_the_coordinators(
    programme: Programme,
) -> None:
    mails = programme.app.extensions["peersupport_mailer"].subjects
    with taken(programme) as (session, reach_out):
        session.rollback()
        programme.work()
        mails.clear()
        programme.work(timedelta(hours=21))
        assert mails == [], "half-way is ten in the evening: nobody is reminded at night"
        programme.work(timedelta(hours=22))
        assert len(mails) == 1
        assert "bram" not in mails[0][0]
        mails.clear()
        programme.work(timedelta(hours=24))
        assert sorted(to.split(".")[0] for to, _ in mails)[0] == "bram"
        assert len(mails) == 2
        session.expire_all()
        assert reach_out.overdue_at == NOW + timedelta(hours=24)
        mails.clear()
        programme.work(timedelta(hours=48))
        assert len(mails) == 2, "it is brought up again every day"


def test_handing_back_asks_another_supporter(programme: Programme) -> None:
    with taken(programme) as (session, reach_out):
        first = reach_out.supporter_id
        hand_back(session, reach_out, actor=ACTOR, now=NOW)
        commit(session)
        assert reach_out.state == "queued"
        assert session.scalar(sa.select(sa.func.max(Supporter.deployments))) == 0
        session.rollback()
        programme.work()
        assert programme.open_request(session).supporter_id != first


def test_later_reminds_without_moving_the_promise(small_programme: Programme) -> None:
    with taken(small_programme) as (session, reach_out):
        moment = postpone(session, reach_out, "tomorrow", actor=ACTOR, now=NOW)
        commit(session)
        assert moment == NOW + timedelta(hours=23)
        assert reach_out.contact_due_at == NOW + timedelta(hours=24)
        with pytest.raises(InvalidInput):
            postpone(session, reach_out, "never", actor=ACTOR, now=NOW)


def test_the_wrong_person_is_erased_at_once(programme: Programme) -> None:
    with taken(programme) as (session, reach_out):
        person_id = reach_out.involved.person_id
        close_reach_out(session, reach_out, Outcome.NOT_INVOLVED, reason=None, actor=ACTOR, now=NOW)
        commit(session)
        assert reach_out.person is None
        assert session.get(PersonRecord, person_id) is None
        assert session.scalars(sa.select(InvolvedRecord.person_id)).all() == [None]


def test_closing_frees_the_supporter_and_happens_once(programme: Programme) -> None:
    with taken(programme) as (session, reach_out):
        close_reach_out(session, reach_out, Outcome.SUPPORTED, reason=None, actor=ACTOR, now=NOW)
        commit(session)
        assert session.scalar(sa.select(sa.func.max(Supporter.open_count))) == 0
        assert reach_out.closed_at == NOW
        with pytest.raises(InvalidTransition) as error:
            close_reach_out(
                session, reach_out, Outcome.WITHDRAWN, reason=None, actor=ACTOR, now=NOW
            )
        assert (error.value.current, error.value.allowed) == ("closed", ())
        assert isinstance(reach_out.person, Person)


def test_a_conversation_without_an_end_is_brought_up_again(small_programme: Programme) -> None:
    mails = small_programme.app.extensions["peersupport_mailer"].subjects
    with taken(small_programme) as (session, reach_out):
        note(session, reach_out, ContactOutcome.CONVERSATION)
        small_programme.work()
        mails.clear()
        assert not chase(session, reach_out, now=NOW + timedelta(days=13))
        session.rollback()
        small_programme.work(timedelta(days=14))
        assert len(mails) == 1


def test_later_after_contact_or_after_the_promise_has_passed_is_later(
    small_programme: Programme,
) -> None:
    with taken(small_programme) as (session, reach_out):
        late = NOW + timedelta(hours=26)
        moment = postpone(session, reach_out, "two_hours", actor=ACTOR, now=late)
        assert moment == late + timedelta(hours=2)
        note(session, reach_out, ContactOutcome.CONVERSATION)
        assert reach_out.contact_due_at is None
        moment = postpone(session, reach_out, "two_hours", actor=ACTOR, now=NOW)
        assert moment == reach_out.due_at == NOW + timedelta(hours=2)
        note(session, reach_out, ContactOutcome.NOT_REACHED)
        assert reach_out.contact_due_at is None


def test_no_need_after_a_conversation_means_supported(small_programme: Programme) -> None:
    with taken(small_programme) as (session, reach_out):
        note(session, reach_out, ContactOutcome.CONVERSATION)
        note(session, reach_out, ContactOutcome.NO_NEED)
        assert (reach_out.outcome, reach_out.reason) == (Outcome.SUPPORTED, None)


def test_a_supporter_withdraws_no_offer(small_programme: Programme) -> None:
    with taken(small_programme) as (session, reach_out), pytest.raises(InvalidInput):
        close_as_supporter(session, reach_out, Outcome.WITHDRAWN, reason=None, actor=ACTOR, now=NOW)


@pytest.mark.parametrize("is_tried", [False, True])
def test_not_reached_without_an_attempt_goes_to_the_coordinators(
    small_programme: Programme, is_tried: bool
) -> None:
    with taken(small_programme) as (session, reach_out):
        if is_tried:
            note(session, reach_out, ContactOutcome.NOT_REACHED)
        is_closed = close_as_supporter(
            session, reach_out, Outcome.NOT_REACHED, reason=None, actor=ACTOR, now=NOW
        )
        commit(session)
        assert is_closed is is_tried
        assert (reach_out.state == "closed") is is_tried
        told = mails_about(session, "attention")
        if not is_tried:
            assert (reach_out.waiting_for, told) == ("not_reached", 1)
            close_reach_out(
                session, reach_out, Outcome.NOT_REACHED, reason=None, actor=ACTOR, now=NOW
            )
            assert reach_out.outcome is Outcome.NOT_REACHED


def mails_about(session: orm.Session, template: str) -> int:
    count = sa.select(sa.func.count()).where(Message.template == template)
    return int(session.scalar(count) or 0)


def hand_back_by(session: orm.Session, reach_out: ReachOut, actor: Person) -> None:
    hand_back(session, reach_out, actor=actor, now=NOW)


def close_by(session: orm.Session, reach_out: ReachOut, actor: Person) -> None:
    close_reach_out(session, reach_out, Outcome.WITHDRAWN, reason=None, actor=actor, now=NOW)


@pytest.mark.parametrize("action", [hand_back_by, close_by])
@pytest.mark.parametrize("is_holder", [True, False])
def test_who_loses_a_reach_out_is_told_unless_they_did_it(
    small_programme: Programme,
    action: Callable[[orm.Session, ReachOut, Person], None],
    is_holder: bool,
) -> None:
    with taken(small_programme) as (session, reach_out):
        assert reach_out.supporter is not None
        holder = reach_out.supporter.record.person
        action(session, reach_out, holder if is_holder else person(STAFF.bram))
        commit(session)
        assert mails_about(session, "request_closed") == (0 if is_holder else 1)


def test_what_the_colleague_forbids_later_is_taken_away_told_and_audited(
    small_programme: Programme,
) -> None:
    with taken(small_programme) as (session, reach_out):
        holder = reach_out.supporter
        assert holder is not None
        unwanted = ExcludedPerson(involved_id=reach_out.involved_id, person_id=holder.person_id)
        session.add(unwanted)
        recheck(session, reach_out, now=NOW)
        commit(session)
        assert (reach_out.state, reach_out.supporter_id) == ("queued", None)
        assert mails_about(session, "request_closed") == 1
        actions = session.scalars(sa.select(AuditEntry.action)).all()
        assert "reach_out.taken_away" in actions


def test_who_may_be_contacted_again_is_so_on_that_day_after_a_hand_back_too(
    programme: Programme,
) -> None:
    with taken(programme) as (session, reach_out):
        note(session, reach_out, ContactOutcome.CONTACT_AGAIN)
        on, opening = reach_out.follow_up_on, reach_out.due_at
        hand_back(session, reach_out, actor=ACTOR, now=NOW)
        commit(session)
        assert (reach_out.state, reach_out.due_at) == ("queued", opening)
        assert (reach_out.follow_up_on, reach_out.is_asked_again) == (on, True)
        session.rollback()
        programme.work(timedelta(days=9))
        session.rollback()
        assert reach_out.state == "queued"
        assert opening is not None
        programme.work(opening - NOW)
        request = programme.open_request(session)
        accept_request(session, request, actor=ACTOR, now=opening)
        assert reach_out.follow_up_on == on
        assert reach_out.contact_due_at == opening + timedelta(hours=24)


def test_a_planned_follow_up_that_is_handed_back_asks_another_at_once(
    small_programme: Programme,
) -> None:
    with taken(small_programme) as (session, reach_out):
        holder = reach_out.supporter
        assert holder is not None
        on = TODAY + timedelta(days=7)
        plan_follow_up(session, reach_out, on, is_asked_again=False, actor=ACTOR, now=NOW)
        hand_back(session, reach_out, actor=ACTOR, now=NOW)
        commit(session)
        assert (reach_out.due_at, reach_out.follow_up_on) == (NOW, None)
        assert (holder.deployments, holder.last_deployed_at) == (0, None)
