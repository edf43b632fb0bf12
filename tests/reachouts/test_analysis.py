"""Around an analysis meeting all involved are told once more, with one text that tells nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.audit.record import WORKER
from flask_peersupport.db import commit
from flask_peersupport.errors import InvalidInput, TooLate
from flask_peersupport.outbox.mails import MAILS
from flask_peersupport.outbox.models import Message
from flask_peersupport.outbox.telling import telling_words_in
from flask_peersupport.reachouts.analysis import (
    cancel_meeting,
    enter_meeting,
    move_meeting,
    take_word_of_host,
)
from flask_peersupport.reachouts.answering import accept_request
from flask_peersupport.reachouts.contacting import close_reach_out
from flask_peersupport.reachouts.lifecycle import lock
from flask_peersupport.reachouts.models import (
    AnalysisMeeting,
    Contact,
    InvolvedRecord,
    NeverAgain,
    ReachOut,
    ReportRecord,
)
from flask_peersupport.reachouts.states import (
    AnalysisKind,
    AnalysisSource,
    ContactChannel,
    ContactKind,
    ContactOutcome,
    DeclinedReason,
    Outcome,
)
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.testing import CapturedMails
from flask_peersupport.values import Involved, Person
from flask_peersupport.vault.models import PersonRecord
from flask_peersupport.vault.persons import _write
from tests.intake.conftest import STAFF, email_of, person, runtime
from tests.minimal_host import User, db
from tests.reachouts.conftest import COORDINATOR, NOW, Programme, anna

#: Two weeks on, in the afternoon; all are told at eight by the clock, two days around it.
MEETING_AT = datetime(2026, 12, 8, 14, 0, tzinfo=UTC)
BEFORE_AT = datetime(2026, 12, 6, 7, 0, tzinfo=UTC)
AFTER_AT = datetime(2026, 12, 10, 7, 0, tzinfo=UTC)


def captured(app: Flask) -> CapturedMails:
    """Capture the mails that leave from now on."""
    mails = app.extensions["peersupport_mailer"] = CapturedMails()
    return mails


def enter(
    programme: Programme,
    takes_place_at: datetime = MEETING_AT,
    kind: AnalysisKind = AnalysisKind.ANALYSIS,
    now: datetime = NOW,
) -> str:
    """Enter a meeting of the only report, and return its id."""
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        meeting = enter_meeting(
            session,
            session.scalars(sa.select(ReportRecord.id)).one(),
            kind=kind,
            takes_place_at=takes_place_at,
            actor=person(COORDINATOR),
            now=now,
        )
        commit(session)
        return meeting.id


def work_at(programme: Programme, instant: datetime) -> dict[str, int]:
    return programme.work(instant - NOW)


def told(programme: Programme) -> Counter[tuple[str, str]]:
    """Return which of our mails were queued, and to whom: counts by template and first name."""
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        rows = session.scalars(sa.select(Message).where(Message.template.like("%once_more%")))
        return Counter((row.template, first_name(session, row)) for row in rows)


def first_name(session: orm.Session, message: Message) -> str:
    record = session.get_one(PersonRecord, message.person_id)
    return record.person.name.split()[0]


def reach_out_of(session: orm.Session, name: str) -> ReachOut:
    """Return the reach-out to somebody by first name."""
    rows = session.scalars(sa.select(ReachOut))
    return next(row for row in rows if row.person and row.person.name.startswith(name))


def accept(session: orm.Session, reach_out: ReachOut, now: datetime = NOW) -> ReachOut:
    """Let whoever is asked say yes."""
    (request,) = (r for r in reach_out.requests if r.open_for)
    accept_request(session, request, actor=request.supporter.record.person, now=now)
    return reach_out


def test_everybody_is_told_once_before_and_once_after(programme: Programme) -> None:
    """Also who declined, and whose own no stopped the approach."""
    programme.report(
        anna(), Involved(person(STAFF.sofie), "no", "own"), Involved(person(STAFF.sven), "ask")
    )
    programme.work()
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        assert session.scalar(sa.select(sa.func.count(ReachOut.id))) == 2
        close_reach_out(
            session,
            reach_out_of(session, "Sven"),
            Outcome.DECLINED,
            reason=DeclinedReason.NO_NEED,
            actor=person(COORDINATOR),
            now=NOW,
        )
        commit(session)
    enter(programme)
    once = Counter({("once_more", name): 1 for name in ("Anna", "Sofie", "Sven")})
    work_at(programme, BEFORE_AT - timedelta(seconds=1))
    assert told(programme) == Counter()
    assert work_at(programme, BEFORE_AT)["tell_analysis"] == 1
    assert told(programme) == once
    work_at(programme, MEETING_AT)
    work_at(programme, AFTER_AT - timedelta(seconds=1))
    assert told(programme) == once
    work_at(programme, AFTER_AT)
    assert told(programme) == once + once
    assert "tell_analysis" not in work_at(programme, AFTER_AT + timedelta(days=30))
    assert told(programme) == once + once
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        rows = session.execute(
            sa.select(AuditEntry.actor, AuditEntry.detail)
            .where(AuditEntry.action == "analysis.told")
            .order_by(AuditEntry.id)
        )
        assert [tuple(row) for row in rows] == [(WORKER, "before"), (WORKER, "after")]


def test_a_worker_that_slept_tells_the_first_only_while_it_is_to_come(
    small_programme: Programme,
) -> None:
    small_programme.report(anna())
    small_programme.work()
    enter(small_programme)
    work_at(small_programme, MEETING_AT + timedelta(hours=1))
    assert told(small_programme) == Counter()
    work_at(small_programme, AFTER_AT + timedelta(days=3))
    assert told(small_programme) == Counter({("once_more", "Anna"): 1})


def test_a_meeting_entered_late_is_told_of_at_once(small_programme: Programme) -> None:
    small_programme.report(anna())
    small_programme.work()
    enter(small_programme, NOW + timedelta(hours=3))
    small_programme.work()
    assert told(small_programme) == Counter({("once_more", "Anna"): 1})


def test_who_wants_no_more_is_left_alone(programme: Programme) -> None:
    """Never again, no further contact, withdrawn by a coordinator, and who was not involved."""
    left = (STAFF.anna, STAFF.selma, STAFF.sven, STAFF.sofie)
    programme.report(*(Involved(person(one), "ask") for one in left), ward="Ward 1")
    programme.work()
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        never = reach_out_of(session, "Anna")
        session.add(NeverAgain(person_id=never.involved.person_id, said_on=NOW.date()))
        for name, outcome in (("Sven", Outcome.WITHDRAWN), ("Sofie", Outcome.NOT_INVOLVED)):
            close_reach_out(
                session,
                reach_out_of(session, name),
                outcome,
                reason=None,
                actor=person(COORDINATOR),
                now=NOW,
            )
        spoken = lock(session, ReachOut, reach_out_of(session, "Selma").id)
        say(session, spoken, ContactOutcome.CONVERSATION, ContactOutcome.NO_FURTHER_CONTACT)
        commit(session)
    enter(programme)
    work_at(programme, BEFORE_AT)
    work_at(programme, AFTER_AT)
    assert told(programme) == Counter()


def say(session: orm.Session, reach_out: ReachOut, *outcomes: ContactOutcome) -> None:
    """Note contacts that a supporter of another ward had."""
    supporter_id = session.scalars(sa.select(Supporter.id)).first()
    for number, outcome in enumerate(outcomes):
        reach_out.contacts.append(
            Contact(
                supporter_id=supporter_id,
                happened_on=NOW.date(),
                kind=ContactKind.FIRST,
                channel=ContactChannel.PHONE,
                outcome=outcome,
                noted_at=NOW + timedelta(minutes=number),
            )
        )


def test_a_no_that_came_later_does_not_leave_anybody_out(programme: Programme) -> None:
    """It stopped the approach; a coordinator did not."""
    programme.report(Involved(person(STAFF.anna), "ask"))
    programme.work()
    programme.report(anna("no", "own"))
    programme.work()
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        assert programme.only_reach_out(session).outcome is Outcome.WITHDRAWN
    enter(programme)
    work_at(programme, BEFORE_AT)
    assert told(programme) == Counter({("once_more", "Anna"): 1})


def test_without_an_account_the_supporter_calls(programme: Programme) -> None:
    typed = Person("Karel Kort", phone="06 12345678", department="Ward 2", email="k@home.example")
    programme.report(Involved(typed, "yes"))
    programme.work()
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        reach_out = accept(session, programme.only_reach_out(session))
        holder = reach_out.supporter.record.person.name.split()[0]  # type: ignore[union-attr]
        commit(session)
    enter(programme)
    work_at(programme, BEFORE_AT)
    assert told(programme) == Counter({("call_once_more", holder): 1})
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        close_reach_out(
            session,
            programme.only_reach_out(session),
            Outcome.SUPPORTED,
            reason=None,
            actor=person(COORDINATOR),
            now=NOW,
        )
        commit(session)
    work_at(programme, AFTER_AT)
    assert told(programme) == Counter(
        {("call_once_more", holder): 1, ("calls_once_more", "Bram"): 1}
    )


def test_whom_mail_cannot_reach_is_called_too(small_programme: Programme) -> None:
    with small_programme.app.app_context():
        db.session.execute(sa.update(User).where(User.id == STAFF.anna).values(email=None))
        db.session.commit()
    nobody = Person("Anna Vos", user_id=str(STAFF.anna), department="Ward 2")
    small_programme.report(Involved(nobody, "no", "own"))
    small_programme.work()
    enter(small_programme)
    work_at(small_programme, BEFORE_AT)
    assert told(small_programme) == Counter({("calls_once_more", "Bram"): 1})


def test_a_coordinator_who_is_involved_is_not_told(small_programme: Programme) -> None:
    """Nobody is left: the address for that is told, without the case."""
    typed = Person("Karel Kort", phone="06 12345678", department="Ward 2")
    small_programme.report(Involved(typed, "no", "own"), Involved(person(COORDINATOR), "no", "own"))
    small_programme.work()
    enter(small_programme)
    work_at(small_programme, BEFORE_AT)
    assert told(small_programme) == Counter({("once_more", "Bram"): 1})
    app = small_programme.app
    with app.app_context(), runtime(app).storage.work() as session:
        left = sa.select(Message.object_id).where(Message.template == "escalation")
        assert session.scalars(left).all() == [None]


@pytest.mark.parametrize("locale", ["nl", "en"])
def test_one_text_for_all_that_tells_nothing(small_programme: Programme, locale: str) -> None:
    box = captured(small_programme.app)
    people = [replace(person(one), locale=locale) for one in (STAFF.anna, STAFF.sofie, STAFF.sven)]
    small_programme.report(
        *(Involved(one, wish, "own") for one, wish in zip(people, ("yes", "no", "no"), strict=True))
    )
    small_programme.work()
    enter(small_programme)
    link = "https://reports.hospital.example/for-you"
    for at in (BEFORE_AT, AFTER_AT):
        box.clear()
        work_at(small_programme, at)
        mails = [mail for mail in box if link in mail.text]
        assert {mail.to for mail in mails} == {email_of(int(one.user_id or 0)) for one in people}
        assert len({(mail.subject, mail.text, html_of(mail)) for mail in mails}) == 1
        mail = mails[0]
        said = " ".join((mail.subject, str(mail.message["From"]), mail.text, html_of(mail)))
        said = said.replace(link, "").replace("peersupport@hospital.example", "")
        assert telling_words_in(said) == []
        assert not [name for name in ("Anna", "Sofie", "Sven", "Ward", "Rosa") if name in said]


def html_of(mail: object) -> str:
    body = mail.message.get_body(("html",))  # type: ignore[attr-defined]
    return str(body.get_content())


def test_mails_to_staff_name_the_programme_and_no_colleague(small_programme: Programme) -> None:
    mails = captured(small_programme.app)
    typed = Person("Karel Kort", phone="06 12345678", department="Ward 2")
    other = Person("Lies Lang", phone="06 87654321", department="Ward 2")
    small_programme.report(Involved(typed, "yes"), Involved(other, "no", "own"))
    small_programme.work()
    app = small_programme.app
    with app.app_context(), runtime(app).storage.work() as session:
        accept(session, small_programme.only_reach_out(session))
        commit(session)
    meeting_id = enter(small_programme)
    mails.clear()
    work_at(small_programme, BEFORE_AT)
    by_subject = {mail.subject: mail for mail in mails}
    call = by_subject["Peer support: bel nog een keer"]
    calls = by_subject["Peer support: iemand om nog een keer te bellen"]
    assert f"/peersupport/analysis/{meeting_id}" in calls.text
    assert "/peersupport/reach-outs/" in call.text
    for mail in (call, calls):
        said = mail.text + html_of(mail)
        assert not [one for one in ("Karel", "Kort", "Lies", "Ward", "calamiteit") if one in said]


def test_what_was_told_is_not_told_again_of_a_meeting_that_moves(programme: Programme) -> None:
    programme.report(anna())
    programme.work()
    enter(programme)
    change(programme, MEETING_AT + timedelta(days=7))
    work_at(programme, BEFORE_AT)
    assert told(programme) == Counter()
    work_at(programme, BEFORE_AT + timedelta(days=7))
    once = Counter({("once_more", "Anna"): 1})
    assert told(programme) == once
    change(programme, MEETING_AT + timedelta(days=14), now=BEFORE_AT + timedelta(days=8))
    for days in (9, 12, 14, 15):
        work_at(programme, BEFORE_AT + timedelta(days=days))
    assert told(programme) == once
    work_at(programme, AFTER_AT + timedelta(days=14))
    assert told(programme) == once + once
    with pytest.raises(TooLate):
        change(programme, MEETING_AT + timedelta(days=60), now=AFTER_AT + timedelta(days=15))


def change(programme: Programme, takes_place_at: datetime, now: datetime = NOW) -> None:
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        move_meeting(
            session,
            session.scalars(sa.select(AnalysisMeeting.id)).one(),
            kind=AnalysisKind.ANALYSIS,
            takes_place_at=takes_place_at,
            actor=person(COORDINATOR),
            now=now,
        )
        commit(session)


def test_of_a_meeting_that_is_off_nobody_is_told(programme: Programme) -> None:
    programme.report(anna())
    programme.work()
    meeting_id = enter(programme)
    app = programme.app
    with app.app_context(), runtime(app).storage.work() as session:
        cancel_meeting(session, meeting_id, actor=person(COORDINATOR), now=NOW)
        commit(session)
        with pytest.raises(TooLate):
            cancel_meeting(session, meeting_id, actor=person(COORDINATOR), now=NOW)
    work_at(programme, BEFORE_AT)
    assert told(programme) == Counter()


@pytest.mark.parametrize(
    "days", [800, -800, 14], ids=["too far ahead", "too long ago", "known already"]
)
def test_a_day_that_cannot_be_right_is_refused(small_programme: Programme, days: int) -> None:
    small_programme.report(anna())
    small_programme.work()
    enter(small_programme)
    with pytest.raises(InvalidInput) as refused:
        enter(small_programme, NOW + timedelta(days=days))
    assert list(refused.value.fields) == ["on"]
    enter(small_programme, MEETING_AT, AnalysisKind.HEARING)


D = timedelta(days=1)


@pytest.mark.parametrize(
    ("words", "known"),
    [
        ([MEETING_AT], [MEETING_AT]),
        ([MEETING_AT, MEETING_AT], [MEETING_AT]),
        ([MEETING_AT, MEETING_AT + D], [MEETING_AT + D]),
        ([MEETING_AT, None], []),
        ([None], []),
        # the first has passed by the time of the second
        ([NOW - D, MEETING_AT], [NOW - D, MEETING_AT]),
        ([NOW - D, None], [NOW - D]),
        ([NOW - D, NOW - D], [NOW - D]),
    ],
)
def test_the_host_moves_what_it_said_while_that_is_to_come(
    small_programme: Programme, words: list[datetime | None], known: list[datetime]
) -> None:
    small_programme.report(anna())
    small_programme.work()
    app = small_programme.app
    with app.app_context(), runtime(app).storage.work() as session:
        report = session.scalars(sa.select(ReportRecord)).one()
        for word in words:
            take_word_of_host(session, report, AnalysisKind.ANALYSIS, word, now=NOW)
            commit(session)
        found = session.scalars(
            sa.select(AnalysisMeeting).order_by(AnalysisMeeting.takes_place_at)
        ).all()
        assert [one.takes_place_at for one in found] == known
        assert {one.source for one in found} <= {AnalysisSource.HOST}


def test_what_a_coordinator_entered_is_the_hosts_where_the_day_is_the_same(
    small_programme: Programme,
) -> None:
    small_programme.report(anna())
    small_programme.work()
    enter(small_programme)
    enter(small_programme, MEETING_AT + D)
    app = small_programme.app
    with app.app_context(), runtime(app).storage.work() as session:
        report = session.scalars(sa.select(ReportRecord)).one()
        later = MEETING_AT + timedelta(hours=1)
        take_word_of_host(session, report, AnalysisKind.ANALYSIS, later, now=NOW)
        take_word_of_host(session, report, AnalysisKind.RULING, None, now=NOW)
        commit(session)
        found = [(one.takes_place_at, one.source.value) for one in report.meetings]
        assert sorted(found) == [(later, "host"), (MEETING_AT + D, "coordinator")]


def test_the_same_person_twice_gets_one_mail(small_programme: Programme) -> None:
    """Two workers at once may have stored one person twice."""
    small_programme.report(anna(), Involved(Person("A. Vos", "a.vos@home.example"), "no", "own"))
    small_programme.work()
    app = small_programme.app
    with app.app_context(), runtime(app).storage.work() as session:
        twin = next(
            row for row in session.scalars(sa.select(PersonRecord)) if row.person.name == "A. Vos"
        )
        _write(twin, person(STAFF.anna), runtime(app).keys.current(NOW))
        commit(session)
    enter(small_programme)
    work_at(small_programme, BEFORE_AT)
    assert told(small_programme) == Counter({("once_more", "Anna"): 1})


def test_who_says_never_again_before_the_mail_leaves_gets_none(
    small_programme: Programme,
) -> None:
    small_programme.report(anna())
    small_programme.work()
    app = small_programme.app
    with app.app_context(), runtime(app).storage.work() as session:
        involved = session.scalars(sa.select(InvolvedRecord)).one()
        about = MAILS["once_more"].context
        assert about is not None
        assert about(session, involved.id) is not None
        session.add(NeverAgain(person_id=involved.person_id, said_on=NOW.date()))
        session.flush()
        assert about(session, involved.id) is None
        assert about(session, "0" * 32) is None


def test_an_account_that_cannot_be_read_leaves_the_others_their_mail(
    small_programme: Programme, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    small_programme.report(anna(), Involved(person(STAFF.sofie), "no", "own"))
    small_programme.work()
    enter(small_programme)
    users = runtime(small_programme.app).users
    get = users.get

    def failing(user_id: str) -> Person | None:
        if user_id == str(STAFF.sofie):
            raise LookupError("Sofie")
        return get(user_id)

    monkeypatch.setattr(users, "get", failing)
    caplog.clear()
    work_at(small_programme, BEFORE_AT)
    assert told(small_programme) == Counter(
        {("once_more", "Anna"): 1, ("calls_once_more", "Bram"): 1}
    )
    assert "an account could not be read: LookupError" in caplog.messages
    assert "Sofie" not in caplog.text
