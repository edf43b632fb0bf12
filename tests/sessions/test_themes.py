"""The vocabulary of intervision: no word twice, and none that was used is ever lost."""

from __future__ import annotations

import pytest

from flask_peersupport.audit.record import COMMAND
from flask_peersupport.db import commit
from flask_peersupport.errors import InvalidInput
from flask_peersupport.sessions import themes
from flask_peersupport.sessions.models import SessionTheme, Theme
from flask_peersupport.sessions.states import SessionKind
from flask_peersupport.sessions.themes import (
    LONGEST,
    add_theme,
    all_themes,
    bring_back_theme,
    rename_theme,
    retire_theme,
)
from tests.intake.conftest import STAFF
from tests.reachouts.conftest import NOW, Programme
from tests.sessions.hospital import (
    TRAINER,
    Browser,
    audited,
    begun,
    counted,
    working,
)

WHO = {"actor": COMMAND, "now": NOW}


def names(found: list[Theme]) -> list[str]:
    return [theme.name for theme in found]


@pytest.mark.parametrize("again", ["Sleep", "sleep", "SLEEP ", "Sléep"])
def test_a_theme_is_there_once_whatever_its_case(programme: Programme, again: str) -> None:
    with working(programme.app) as session:
        add_theme(session, "Sleep", **WHO)
        with pytest.raises(InvalidInput, match="in the list already"):
            add_theme(session, again, **WHO)
        assert names(list(all_themes(session))) == ["Sleep"]


def test_the_database_itself_refuses_a_theme_that_came_in_between(
    programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(themes, "_taken", lambda *whatever: None)
    with working(programme.app) as session:
        add_theme(session, "Sleep", **WHO)
        with pytest.raises(InvalidInput, match="somebody else just now"):
            add_theme(session, "SLEEP", **WHO)


@pytest.mark.parametrize("name", ["", "  ", "--", "x" * (LONGEST + 1), "=cmd()", "a\x07b"])
def test_a_theme_is_a_word(small_programme: Programme, name: str) -> None:
    with working(small_programme.app) as session:
        with pytest.raises(InvalidInput) as error:
            add_theme(session, name, **WHO)
        assert list(error.value.fields) == ["name"]
        assert list(all_themes(session)) == []


def test_a_retired_theme_is_brought_back_rather_than_added_again(programme: Programme) -> None:
    with working(programme.app) as session:
        theme = add_theme(session, "Guilt", **WHO)
        add_theme(session, "Zeal", **WHO)
        retire_theme(session, theme, **WHO)
        retire_theme(session, theme, **WHO)
        assert names(list(all_themes(session))) == ["Zeal", "Guilt"]
        with pytest.raises(InvalidInput, match="bring it back"):
            add_theme(session, "GUILT", **WHO)
        bring_back_theme(session, theme, **WHO)
        rename_theme(session, theme, "guilt", **WHO)
        assert names(list(all_themes(session))) == ["guilt", "Zeal"]
        assert audited(session, theme.id) == [
            "theme.added",
            "theme.retired",
            "theme.brought_back",
            "theme.renamed",
        ]


def test_a_theme_that_was_renamed_is_renamed_everywhere(programme: Programme) -> None:
    with working(programme.app) as session:
        theme = add_theme(session, "Guilt", **WHO)
        other = add_theme(session, "Shame", **WHO)
        session.add(
            SessionTheme(session_id=begun(session, SessionKind.INTERVISION), theme_id=theme.id)
        )
        commit(session)
        with pytest.raises(InvalidInput, match="in the list already"):
            rename_theme(session, theme, "SHAME", **WHO)
        rename_theme(session, theme, "Blame", **WHO)
        assert names(list(all_themes(session))) == ["Blame", "Shame"]
        assert other.name == "Shame"


def test_trainers_and_coordinators_edit_the_list_on_its_page(small_programme: Programme) -> None:
    for user in (TRAINER, STAFF.bram):
        browser = Browser(small_programme, user)
        assert browser.post("/sessions/themes", name=f"Theme {user}").status_code == 302
    wrong = browser.post("/sessions/themes", name="theme 1")
    assert wrong.status_code == 422
    assert "“Theme 1” is in the list already." in wrong.get_data(as_text=True)
    with working(small_programme.app) as session:
        theme_id = all_themes(session)[0].id
    at = f"/sessions/themes/{theme_id}"
    assert browser.post(at, "/sessions/themes", name="Sleep").status_code == 302
    assert browser.post(f"{at}/retire", "/sessions/themes").status_code == 302
    assert "not offered any more" in browser.text("/sessions/themes")
    assert browser.post(f"{at}/bring-back", "/sessions/themes").status_code == 302
    assert "not offered any more" not in browser.text("/sessions/themes")
    assert browser.post(at, "/sessions/themes", name="theme 3").status_code == 422
    assert Browser(small_programme, STAFF.selma).get("/sessions/themes").status_code == 404


@pytest.mark.parametrize("strange", ["%00", "x%00"])
def test_what_cannot_be_an_id_is_no_theme(programme: Programme, strange: str) -> None:
    browser = Browser(programme, TRAINER)
    at = f"/sessions/themes/{strange}"
    assert browser.post(at, "/sessions/themes", name="Sleep").status_code == 404
    assert browser.post(f"{at}/retire", "/sessions/themes").status_code == 404


def test_the_list_takes_as_many_statements_for_one_theme_as_for_thirty(
    small_programme: Programme,
) -> None:
    browser = Browser(small_programme)

    def add(numbers: range) -> None:
        with working(small_programme.app) as session:
            for number in numbers:
                add_theme(session, f"Theme {number}", **WHO)
            commit(session)

    add(range(1))
    browser.text("/sessions/themes")
    with counted(small_programme.app) as few:
        browser.text("/sessions/themes")
    add(range(1, 30))
    with counted(small_programme.app) as many:
        browser.text("/sessions/themes")
    assert len(many) == len(few)
