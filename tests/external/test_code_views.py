"""The coordinator's page: a code is made, shown once, kept, counted on, taken away."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_peersupport.external import codes
from flask_peersupport.external.models import ExternalCode
from flask_peersupport.runtime import current_runtime
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.vault import persons
from tests.external.conftest import OLGA, Outside, Phone, move_in
from tests.intake.conftest import STAFF, supporter_of
from tests.reachouts.conftest import NOW


@pytest.fixture
def without_code(make_app: Callable[..., Flask]) -> Outside:
    """The programme on SQLite, in which Olga has no code yet."""
    return move_in(make_app(), code=None)


def at_desk(outside: Outside) -> tuple[Phone, str]:
    """Return a coordinator's browser, and the address of Olga's code."""
    with outside.session() as session:
        address = f"/peersupport/supporters/{outside.olga(session).id}/code"
    return outside.desk(), address


def stored(outside: Outside) -> ExternalCode | None:
    """Return the code that is stored; the supporter's record says whether there is one."""
    with outside.session() as session:
        found = session.scalar(sa.select(ExternalCode))
        assert outside.olga(session).has_code == (found is not None)
        return found


def test_a_code_is_made_and_shown_once(without_code: Outside) -> None:
    desk, address = at_desk(without_code)
    assert "There is no code yet" in desk.get(address).text
    shown = desk.send(address, do="make")
    (code,) = re.findall(r'class="ps-code">([^<]+)<', shown.text)
    assert shown.headers["Cache-Control"] == "no-store"
    row = stored(without_code)
    assert row is not None
    assert codes.is_same(row.digest, codes.digest_of(code, row.salt))
    assert code not in desk.get(address).text
    assert "A code was agreed on" in desk.get(address).text
    assert without_code.trail("supporter.code_set") == [None]
    assert len(without_code.trail("supporter.code_seen")) == 4
    without_code.ask()
    assert "Anna Vos" in without_code.phone().open(without_code.links()[0], code).text


def test_a_page_that_is_sent_again_makes_no_other_code(without_code: Outside) -> None:
    desk, address = at_desk(without_code)
    desk.get(address)
    sent = desk.fields()
    desk.post(address, do="make", **sent)
    before = stored(without_code)
    again = desk.post(address, do="make", **sent)
    after = stored(without_code)
    assert (again.status_code, 'class="ps-code"' in again.text) == (422, False)
    assert before is not None
    assert after is not None
    assert before.digest == after.digest


def test_a_code_that_was_agreed_on_is_kept(without_code: Outside) -> None:
    desk, address = at_desk(without_code)
    desk.get(address)
    poor = desk.send(address, do="keep", code="1234")
    assert (poor.status_code, "at least 8" in poor.text) == (422, True)
    assert stored(without_code) is None
    assert desk.send(address, do="keep", code="Veerstraat Oost 7").status_code == 302
    without_code.ask()
    phone = without_code.phone()
    assert "Anna Vos" in phone.open(without_code.links()[0], "veerstraatoost7").text


def test_wrong_codes_are_shown_and_another_code_forgets_them(small_outside: Outside) -> None:
    outside = small_outside
    outside.ask()
    for count in range(10):
        outside.phone().open(outside.links()[0], "WRONG-WRONG")
        if not count:
            desk, address = at_desk(outside)
            assert "1 wrong code in the last day." in desk.get(address).text
    assert "Too many wrong codes" in desk.get(address).text
    desk.send(address, do="make")
    row = stored(outside)
    assert row is not None
    assert row.wrong_count == 0


def test_a_code_is_taken_away(small_outside: Outside) -> None:
    desk, address = at_desk(small_outside)
    desk.get(address)
    assert desk.send(address, do="take_away").status_code == 302
    assert stored(small_outside) is None
    assert "There is no code yet" in desk.get(address).text
    assert small_outside.trail("supporter.code_taken_away") == [None]


def test_who_signs_in_has_no_such_page(small_outside: Outside) -> None:
    outside = small_outside
    desk, address = at_desk(outside)
    with outside.session() as session:
        inside = supporter_of(session, STAFF.selma).id
    assert desk.get(f"/peersupport/supporters/{inside}/code").status_code == 404
    assert desk.get("/peersupport/supporters/nobody/code").status_code == 404
    record = desk.get(address.removesuffix("/code")).text
    assert f'href="{address}"' in record
    assert "/code" not in desk.get(f"/peersupport/supporters/{inside}").text


def test_without_an_address_no_code_helps(without_code: Outside) -> None:
    desk, address = at_desk(without_code)
    desk.get(address)
    known = desk.fields()
    with without_code.session() as session:
        row = without_code.olga(session).record
        persons._write(row, replace(OLGA, email=None), current_runtime().keys.current(NOW))
        session.commit()
    answer = desk.post(address, do="make", **known)
    assert (answer.status_code, "Without an e-mail address" in answer.text) == (422, True)
    with without_code.session() as session:
        assert session.scalars(sa.select(ExternalCode)).all() == []
        assert not session.scalars(sa.select(Supporter).where(Supporter.has_code.is_(True))).all()
