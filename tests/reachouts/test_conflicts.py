"""Standing conflicts: what they do to what the supporter has, and what others see: nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy import orm

from flask_peersupport import clock
from flask_peersupport.access.people import sign_user
from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.db import commit
from flask_peersupport.errors import NotEligible
from flask_peersupport.i18n import use_locale
from flask_peersupport.reachouts.answering import accept_request, decline_request
from flask_peersupport.reachouts.asking import ask_by_hand
from flask_peersupport.reachouts.conflicts import Settled, settle_conflicts
from flask_peersupport.reachouts.contacting import note_contact
from flask_peersupport.reachouts.models import ExcludedPerson, ReachOut, SupportRequest
from flask_peersupport.reachouts.states import (
    ContactChannel,
    ContactKind,
    ContactOutcome,
    RefusalReason,
)
from flask_peersupport.supporters.declarations import declare, declare_department
from flask_peersupport.supporters.models import Declaration, Supporter
from tests.intake.conftest import STAFF, person, runtime, signed_in
from tests.reachouts.conftest import COORDINATOR, NOW, Programme, anna
from tests.reachouts.test_views import counted

ANNA = person(STAFF.anna)
PAGE = "/peersupport/supporters/me/conflicts"


def asked(programme: Programme, session: orm.Session) -> SupportRequest:
    programme.report(anna())
    assert programme.work()["ask"] == 1
    return programme.open_request(session)


def settle(session: orm.Session, supporter: Supporter) -> Settled:
    session.commit()
    found = settle_conflicts(session, supporter, actor=supporter.record.person, now=NOW)
    commit(session)
    return found


def with_anna(session: orm.Session, supporter: Supporter) -> None:
    declare(session, supporter.id, ANNA, "conflict", NOW, label=ANNA.name)


def with_her_ward(session: orm.Session, supporter: Supporter) -> None:
    declare_department(session, supporter.id, "Ward 2", NOW)


def with_the_events_ward(session: orm.Session, supporter: Supporter) -> None:
    declare_department(session, supporter.id, "Ward 1", NOW)


Declare = Callable[[orm.Session, Supporter], None]


@pytest.mark.parametrize("declare_it", [with_anna, with_her_ward, with_the_events_ward])
def test_a_request_that_is_open_goes_to_somebody_else(
    programme: Programme, declare_it: Declare
) -> None:
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        request = asked(programme, session)
        supporter = request.supporter
        declare_it(session, supporter)
        assert settle(session, supporter) == Settled(passed_on=1)
        assert (request.state, supporter.asked_count) == ("withdrawn", 0)
        programme.work()
        session.expire_all()
        assert programme.open_request(session).supporter_id != supporter.id
        # once more changes nothing
        assert settle(session, supporter) == Settled()


def test_what_was_taken_goes_to_somebody_else_unless_there_was_contact(
    programme: Programme,
) -> None:
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        request = asked(programme, session)
        supporter = request.supporter
        accept_request(session, request, actor=supporter.record.person, now=NOW)
        with_anna(session, supporter)
        assert settle(session, supporter) == Settled(passed_on=1)
        reach_out = programme.only_reach_out(session)
        assert (reach_out.state, reach_out.supporter_id) == ("queued", None)
        assert (supporter.open_count, supporter.deployments) == (0, 0)
        programme.work()
        session.expire_all()
        second = programme.open_request(session)
        assert second.supporter_id != supporter.id
        other = second.supporter
        reach_out = accept_request(session, second, actor=other.record.person, now=NOW)
        have_spoken(session, reach_out, other)
        with_her_ward(session, other)
        assert settle(session, other) == Settled(kept=1)
        assert programme.only_reach_out(session).supporter_id == other.id


def have_spoken(session: orm.Session, reach_out: ReachOut, supporter: Supporter) -> None:
    note_contact(
        session,
        reach_out,
        happened_on=NOW.date(),
        channel=ContactChannel.PHONE,
        kind=ContactKind.FIRST,
        outcome=ContactOutcome.CONVERSATION,
        actor=supporter.record.person,
        now=NOW,
    )


def test_another_conflict_takes_nothing_away(small_programme: Programme) -> None:
    programme = small_programme
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        request = asked(programme, session)
        declare(session, request.supporter_id, person(STAFF.rosa), "conflict", NOW, label="Rosa")
        declare(session, request.supporter_id, ANNA, "workload", NOW)
        declare_department(session, request.supporter_id, "Ward 9", NOW)
        assert settle(session, request.supporter) == Settled()
        assert request.state == "asked"


def pressed(client: FlaskClient, address: str, **data: str) -> Any:
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(PAGE).text)
    assert token
    return client.post(address, data={"csrf_token": token[1], **data}, follow_redirects=True)


def test_the_page_declares_lists_and_takes_back(programme: Programme) -> None:
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        request = asked(programme, session)
        user_id = int(request.supporter.record.person.user_id or 0)
        picked = sign_user(str(STAFF.anna))
    client = signed_in(programme.app, user_id)
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    with clock.stopped_at(NOW):
        answer = pressed(client, f"{PAGE}/colleague", name=ANNA.name, user=picked)
        assert answer.status_code == 200
        assert answer.text.count(ANNA.name) == 2  # in the list, and in the button's hidden text
        wrong = pressed(client, f"{PAGE}/colleague", name="", email="none")
        assert wrong.status_code == 422
        assert "There is no name." in wrong.text
        assert 'value="none"' in wrong.text
        assert pressed(client, f"{PAGE}/department", department="Nowhere").status_code == 422
        answer = pressed(client, f"{PAGE}/department", department="Ward 2")
        groups = re.findall(rf'action="{PAGE}/([0-9a-f]+)/remove"', answer.text)
        assert len(groups) == 2
        for group in groups:
            answer = pressed(client, f"{PAGE}/{group}/remove")
        assert ANNA.name not in answer.text
        assert pressed(client, f"{PAGE}/{groups[0]}/remove").status_code == 404
        assert pressed(client, f"{PAGE}/x/remove").status_code == 404
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Declaration)) == 0
        subjects = session.scalars(
            sa.select(AuditEntry.subject).where(AuditEntry.action.startswith("declarations."))
        ).all()
        assert subjects
        assert set(subjects) == {None}
        first = session.scalars(sa.select(SupportRequest).order_by(SupportRequest.asked_at)).first()
        assert first is not None
        assert first.state == "withdrawn"


def test_a_conflict_said_to_a_request_is_listed_without_a_name(small_programme: Programme) -> None:
    programme = small_programme
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        request = asked(programme, session)
        actor = request.supporter.record.person
        decline_request(session, request, RefusalReason.CONFLICT, actor=actor, now=NOW)
        commit(session)
        client = signed_in(programme.app, int(actor.user_id or 0))
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    text = client.get(PAGE).text
    assert "Declared with a request of" in text
    assert ANNA.name not in text
    assert "/remove" not in text


def test_supporters_see_their_own_conflicts_only(small_programme: Programme) -> None:
    programme = small_programme
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        request = asked(programme, session)
        declare(session, request.supporter_id, person(STAFF.rosa), "conflict", NOW, label="Rosa R")
        session.commit()
        own = int(request.supporter.record.person.user_id or 0)
    for user_id in (STAFF.selma, STAFF.sven, STAFF.sofie):
        text = signed_in(programme.app, user_id).get(PAGE).text
        assert ("Rosa R" in text) is (user_id == own)


def test_the_page_takes_as_many_statements_for_one_as_for_thirty(
    small_programme: Programme,
) -> None:
    programme = small_programme
    client = signed_in(programme.app, STAFF.selma)

    def visit(count: int) -> int:
        with programme.app.app_context(), runtime(programme.app).storage.work() as session:
            for supporter in session.scalars(sa.select(Supporter)):
                for number in range(count):
                    declare_department(session, supporter.id, f"D{number}", NOW)
            session.commit()
        with counted(programme.app) as statements:
            assert client.get(PAGE).status_code == 200
        return len(statements)

    visit(1)
    assert visit(1) == visit(28)


def test_coordinators_see_the_same_for_a_conflict_and_for_who_is_unwanted(
    small_programme: Programme,
) -> None:
    """The page, the list of who could be asked, the counts and the refusal are alike."""
    programme = small_programme
    with programme.app.app_context(), runtime(programme.app).storage.work() as session:
        request = asked(programme, session)
        reach_out_id, involved_id = request.reach_out_id, request.reach_out.involved_id
        others = session.scalars(
            sa.select(Supporter).where(Supporter.id != request.supporter_id).order_by(Supporter.id)
        ).all()
        chosen_id, person_id = others[0].id, others[0].person_id
    client = signed_in(programme.app, COORDINATOR)

    def seen() -> tuple[str, str, str]:
        with clock.stopped_at(NOW):
            page = client.get(f"/peersupport/reach-outs/{reach_out_id}").text
        page = re.sub(r'name="csrf_token" value="[^"]+"', "", page)
        with programme.app.app_context(), runtime(programme.app).storage.work() as session:
            reach_out = programme.only_reach_out(session)
            with use_locale("en"), pytest.raises(NotEligible) as error:
                ask_by_hand(session, reach_out, chosen_id, actor=person(COORDINATOR), now=NOW)
            return page, error.value.code, str(error.value)

    def change(row: object) -> None:
        with programme.app.app_context(), runtime(programme.app).storage.work() as session:
            if row is None:
                session.execute(sa.delete(ExcludedPerson))
                declare(session, chosen_id, ANNA, "conflict", NOW, label=ANNA.name)
            else:
                session.add(row)
            session.commit()

    change(ExcludedPerson(involved_id=involved_id, person_id=person_id))
    unwanted = seen()
    change(None)
    conflicting = seen()
    assert conflicting[0].splitlines() == unwanted[0].splitlines()
    assert conflicting == unwanted
