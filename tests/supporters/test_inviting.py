"""The invitation: sent, sent again, accepted, refused."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import orm

from flask_peersupport import i18n
from flask_peersupport.errors import InvalidInput, InvalidTransition
from flask_peersupport.outbox import message
from flask_peersupport.outbox.mails import MAILS
from flask_peersupport.runtime import current_runtime
from flask_peersupport.supporters.actions import move_supporter
from flask_peersupport.supporters.attending import note_attendance
from flask_peersupport.supporters.inviting import (
    accept_invitation,
    invite_again,
    invite_supporter,
    refuse_invitation,
)
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.values import Person
from tests.supporters.candidates import audited, create_candidate, waiting_mail
from tests.supporters.conftest import NOW
from tests.supporters.host import COORDINATOR, NURSE

S = SupporterState
LATER = NOW + timedelta(days=3)


def test_nominated_is_invited_and_gets_a_mail(session: orm.Session) -> None:
    supporter = create_candidate(session)
    invite_supporter(session, supporter, actor=COORDINATOR, now=NOW)
    session.commit()

    assert (supporter.state, supporter.invited_at) == (S.INVITED, NOW)
    assert (supporter.accepted_at, supporter.refused_at) == (None, None)
    assert waiting_mail(session) == [("supporter_invited", supporter.id)]
    assert audited(session) == [("supporter.moved", "invited")]


@pytest.mark.parametrize("state", [S.INVITED, S.TRAINED, S.APPOINTED, S.PAUSED])
def test_nobody_is_invited_twice(small_session: orm.Session, state: SupporterState) -> None:
    supporter = create_candidate(small_session, state)

    with pytest.raises(InvalidTransition) as caught:
        invite_supporter(small_session, supporter, actor=COORDINATOR, now=NOW)
    assert "invited" not in caught.value.allowed
    assert waiting_mail(small_session) == []


def test_who_was_appointed_is_not_invited_anew(small_session: orm.Session) -> None:
    supporter = create_candidate(small_session, S.APPOINTED)
    move_supporter(small_session, supporter, S.RETIRED, actor=COORDINATOR, now=NOW)

    with pytest.raises(InvalidTransition):
        invite_supporter(small_session, supporter, actor=COORDINATOR, now=NOW)


def test_without_an_address_nobody_is_invited(small_session: orm.Session) -> None:
    supporter = create_candidate(small_session, person=Person("N. Urse", user_id="2"))

    with pytest.raises(InvalidInput):
        invite_supporter(small_session, supporter, actor=COORDINATOR, now=NOW)
    assert supporter.state is S.NOMINATED


def test_invitation_is_sent_again_while_unanswered(session: orm.Session) -> None:
    supporter = create_candidate(session)
    invite_supporter(session, supporter, actor=COORDINATOR, now=NOW)
    invite_again(session, supporter, actor=COORDINATOR, now=LATER)
    session.commit()

    assert supporter.invited_at == LATER
    # the first one is still waiting to be sent, so that one is enough
    assert waiting_mail(session) == [("supporter_invited", supporter.id)]
    accept_invitation(session, supporter, actor=NURSE, now=LATER)
    with pytest.raises(InvalidTransition):
        invite_again(session, supporter, actor=COORDINATOR, now=LATER)


def test_yes_is_noted_once(session: orm.Session) -> None:
    supporter = create_candidate(session)
    invite_supporter(session, supporter, actor=COORDINATOR, now=NOW)
    accept_invitation(session, supporter, actor=NURSE, now=NOW)
    accept_invitation(session, supporter, actor=COORDINATOR, now=LATER)
    session.commit()

    assert (supporter.state, supporter.accepted_at) == (S.INVITED, NOW)
    assert audited(session)[1:] == [("invitation.accepted", None)]
    assert waiting_mail(session) == []


@pytest.mark.parametrize("is_accepted_first", [False, True])
def test_no_retires_and_is_known_as_a_no(session: orm.Session, is_accepted_first: bool) -> None:
    supporter = create_candidate(session)
    invite_supporter(session, supporter, actor=COORDINATOR, now=NOW)
    if is_accepted_first:
        accept_invitation(session, supporter, actor=NURSE, now=NOW)
    refuse_invitation(session, supporter, actor=NURSE, now=LATER)
    session.commit()

    assert (supporter.state, supporter.refused_at) == (S.RETIRED, LATER)
    assert audited(session)[-2:] == [
        ("supporter.moved", "retired"),
        ("invitation.refused", None),
    ]
    assert waiting_mail(session) == []


def test_who_said_no_can_be_invited_another_year(session: orm.Session) -> None:
    supporter = create_candidate(session)
    invite_supporter(session, supporter, actor=COORDINATOR, now=NOW)
    accept_invitation(session, supporter, actor=NURSE, now=NOW)
    refuse_invitation(session, supporter, actor=NURSE, now=NOW)
    next_year = NOW + timedelta(days=365)
    invite_supporter(session, supporter, actor=COORDINATOR, now=next_year)
    session.commit()

    assert (supporter.state, supporter.invited_at) == (S.INVITED, next_year)
    assert (supporter.accepted_at, supporter.refused_at) == (None, None)


def test_who_just_stopped_has_not_said_no(small_session: orm.Session) -> None:
    supporter = create_candidate(small_session)
    invite_supporter(small_session, supporter, actor=COORDINATOR, now=NOW)
    move_supporter(small_session, supporter, S.RETIRED, actor=COORDINATOR, now=NOW)

    assert supporter.refused_at is None


@pytest.mark.parametrize("state", [S.NOMINATED, S.TRAINED, S.APPOINTED, S.RETIRED])
@pytest.mark.parametrize("answer", [accept_invitation, refuse_invitation])
def test_only_an_invitation_is_answered(
    small_session: orm.Session, state: SupporterState, answer: object
) -> None:
    supporter = create_candidate(small_session, state)

    with pytest.raises(InvalidTransition):
        answer(small_session, supporter, actor=NURSE, now=NOW)  # type: ignore[operator]


def test_yes_of_somebody_trained_before_makes_them_trained(session: orm.Session) -> None:
    """They came to a training as a guest, or said no and a year later yes."""
    supporter = create_candidate(session)
    note_attendance(
        session,
        supporter,
        trained_on=date(2026, 3, 1),
        intervision_on=None,
        actor=COORDINATOR,
        now=NOW,
    )
    assert supporter.state is S.NOMINATED
    invite_supporter(session, supporter, actor=COORDINATOR, now=NOW)
    assert supporter.state is S.INVITED
    accept_invitation(session, supporter, actor=NURSE, now=NOW)
    session.commit()

    assert supporter.state is S.TRAINED


@pytest.mark.parametrize("locale", ["nl", "en"])
@pytest.mark.parametrize("name", ["supporter_invited", "supporter_appointed"])
@pytest.mark.parametrize("has_account", [True, False])
def test_mail_names_the_programme_and_nobody(
    small_session: orm.Session, locale: str, name: str, has_account: bool
) -> None:
    person = NURSE if has_account else Person("Nadia Nurse", email="n@elsewhere.example")
    state = S.INVITED if name == "supporter_invited" else S.APPOINTED
    supporter = create_candidate(small_session, state, person)
    settings = current_runtime().settings
    about = MAILS[name]
    assert about.context is not None
    context = about.context(small_session, supporter.id)
    assert context is not None
    mail = message.build(
        about,
        context,
        row_id="1",
        address="nadia@hospital.example",
        locale=locale,
        settings=settings,
        now=NOW,
    )
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content()

    assert str(mail["Subject"]).startswith(f"{settings.programme_name}: ")
    assert "Nadia" not in text
    assert "IC" not in text.split()
    with i18n.use_locale(locale):
        way_in = i18n.gettext(
            "Open %(programme)s in the reporting application.", programme=settings.programme_name
        )
    assert (way_in in text) is has_account


def test_mail_is_dropped_once_it_is_no_longer_true(small_session: orm.Session) -> None:
    context = MAILS["supporter_invited"].context
    assert context is not None
    supporter = create_candidate(small_session, S.INVITED)
    assert context(small_session, supporter.id)
    accept_invitation(small_session, supporter, actor=NURSE, now=NOW)
    assert context(small_session, supporter.id) is None
    move_supporter(small_session, supporter, S.RETIRED, actor=NURSE, now=NOW)
    assert context(small_session, supporter.id) is None
    assert context(small_session, "absent") is None
