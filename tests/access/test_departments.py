"""The list of departments answers as P8 asks, whatever the list."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import orm

from flask_peersupport import clock
from flask_peersupport.access.department_actions import (
    DepartmentDetails,
    add_department,
    change_department,
)
from flask_peersupport.access.department_import import (
    DepartmentCounts,
    import_departments,
    read_departments_file,
)
from flask_peersupport.access.departments import (
    DepartmentNode,
    DepartmentTree,
    ListedDepartments,
)
from flask_peersupport.access.models import Department, DepartmentAlias
from flask_peersupport.errors import ImportFault, InvalidInput
from flask_peersupport.runtime import EXTENSION, current_runtime
from flask_peersupport.supporters.departments import resolve_for_supporter
from flask_peersupport.vault.keyring import write_keyring
from flask_peersupport.vault.seal import plain_name
from tests.supporters import host

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
TODAY = date(2026, 3, 3)
WORDS = ("Heelkunde", "Chirurgie", "IC", "Spoed", "Kinder", "Röntgen", "B2", "Zuid")


@pytest.fixture
def make_session(tmp_path: Path) -> Iterator[Callable[[str], orm.Session]]:
    """Return a function that builds a host on a database and gives its session."""
    keyring = tmp_path / "keys.json"
    write_keyring(keyring, datetime(2025, 12, 1, tzinfo=UTC))
    made: list[tuple[Flask, Any]] = []

    def build(database_url: str) -> orm.Session:
        app = host.create_host(database_url, keyring)
        context = app.app_context()
        context.push()
        made.append((app, context))
        session: orm.Session = current_runtime().storage.session()
        return session

    with clock.stopped_at(NOW):
        yield build
    for app, context in made:
        context.pop()
        app.extensions[EXTENSION].storage.engine.dispose()


@pytest.fixture
def session(make_session: Callable[[str], orm.Session], database_url: str) -> orm.Session:
    """A session on each database."""
    return make_session(database_url)


@pytest.fixture
def small(make_session: Callable[[str], orm.Session], sqlite_url: str) -> orm.Session:
    """A session on SQLite."""
    return make_session(sqlite_url)


def add(session: orm.Session, name: str, *aliases: str, **details: Any) -> Department:
    return add_department(
        session, DepartmentDetails(name, aliases, **details), actor="command", now=NOW
    )


def change(session: orm.Session, department: Department, name: str, **details: Any) -> None:
    change_department(
        session, department, DepartmentDetails(name, **details), actor="command", now=NOW
    )


def resolve(text: str) -> frozenset[str] | None:
    return current_runtime().departments.resolve(text)


def faults_of(session: orm.Session, text: str, encoding: str = "utf-8") -> list[tuple[int, str]]:
    with pytest.raises(ImportFault) as caught:
        load(session, text, encoding)
    session.rollback()
    assert session.scalar(sa.select(sa.func.count()).select_from(Department)) == 0
    return caught.value.faults


def load(session: orm.Session, text: str, encoding: str = "utf-8") -> DepartmentCounts:
    sheet = read_departments_file(io.BytesIO(text.encode(encoding)), "list.csv")
    return import_departments(session, sheet, actor="command", now=NOW)


# the tree, against an oracle that knows nothing of how it is written


@st.composite
def hospitals(draw: st.DrawFn) -> list[DepartmentNode]:
    """Draw a list with nesting, aliases, names that clash, expiry, now and then a cycle."""
    count = draw(st.integers(1, 8))
    nodes = []
    for number in range(count):
        parent = draw(st.none() | st.integers(0, count - 1 if draw(st.booleans()) else number))
        aliases = draw(st.sets(st.sampled_from(WORDS), max_size=2))
        ends = draw(st.none() | st.integers(-1, 1))
        nodes.append(
            DepartmentNode(
                str(number),
                f"{WORDS[number]}",
                None if parent is None else str(parent),
                None if ends is None else TODAY + timedelta(days=ends),
                frozenset(map(plain_name, {WORDS[number], *aliases})),
            )
        )
    return nodes


def oracle(nodes: list[DepartmentNode], text: str) -> frozenset[str] | None:
    """Answer by the relation "is part of", closed by multiplication, and by counting."""
    meant = [node for node in nodes if plain_name(text) in node.plain_names]
    if len(meant) != 1 or (meant[0].valid_until and meant[0].valid_until < TODAY):
        return None
    part_of = {(node.id, node.parent_id) for node in nodes} | {(n.id, n.id) for n in nodes}
    while True:
        more = {(a, d) for a, b in part_of for c, d in part_of if b == c} | part_of
        if more == part_of:
            break
        part_of = more
    own = meant[0].id
    return frozenset(n.name for n in nodes if (own, n.id) in part_of or (n.id, own) in part_of)


@given(hospitals(), st.sampled_from((*WORDS, "elders")))
def test_tree_agrees_with_the_oracle(nodes: list[DepartmentNode], text: str) -> None:
    tree = DepartmentTree(nodes, TODAY)

    assert tree.resolve(f"  {text.upper()} ") == oracle(nodes, text)


@given(hospitals())
def test_one_name_stands_for_a_supporters_department(nodes: list[DepartmentNode]) -> None:
    """For each pair: the kept name is among the colleague's exactly when the two are related."""
    tree = DepartmentTree(nodes, TODAY)
    for of_supporter in WORDS:
        kept = resolve_for_supporter(tree, of_supporter)
        relatives = tree.resolve(of_supporter)
        name = tree.name_of(of_supporter)
        if name is not None and tree.name_of(name) == name:
            assert kept is not None
        for own in WORDS:
            related, own_name = tree.resolve(own), tree.name_of(own)
            if kept is not None and related is not None:  # or else not matched at all
                assert relatives is not None
                assert (kept in related) == (own_name in relatives)


# the list in the database


def test_resolve_finds_names_and_aliases_however_they_are_written(session: orm.Session) -> None:
    surgery = add(session, "Heelkunde", "CHIR", "Algemene Chirurgie")
    vascular = add(session, "Vaatchirurgie", parent_id=surgery.id)
    add(session, "Aorta-unit", parent_id=vascular.id)
    add(session, "Röntgen")
    session.commit()

    everything = frozenset({"Heelkunde", "Vaatchirurgie", "Aorta-unit"})
    assert resolve("heelkunde") == everything
    assert resolve(" algemene   CHIRURGIE") == everything
    assert resolve("aorta unit") == everything
    assert resolve("rontgen") == frozenset({"Röntgen"})
    assert resolve("Oncologie") is None
    assert resolve("") is None


def test_siblings_are_not_related(small: orm.Session) -> None:
    surgery = add(small, "Heelkunde")
    add(small, "Vaatchirurgie", parent_id=surgery.id)
    add(small, "Traumachirurgie", parent_id=surgery.id)
    small.commit()

    assert resolve("Vaatchirurgie") == frozenset({"Heelkunde", "Vaatchirurgie"})


def test_expired_department_is_unknown_but_counts_among_relatives(session: orm.Session) -> None:
    yesterday = TODAY - timedelta(days=1)
    surgery = add(session, "Heelkunde", valid_until=yesterday)
    add(session, "Vaatchirurgie", parent_id=surgery.id, valid_until=TODAY)
    session.commit()

    assert resolve("Heelkunde") is None
    assert resolve("Vaatchirurgie") == frozenset({"Heelkunde", "Vaatchirurgie"})
    with clock.stopped_at(datetime(2026, 3, 3, 23, 0, tzinfo=UTC)):  # the 4th in Amsterdam
        assert resolve("Vaatchirurgie") is None


def test_change_elsewhere_counts_at_the_next_call(session: orm.Session) -> None:
    add(session, "Heelkunde")
    session.commit()
    assert resolve("Chirurgie") is None

    with current_runtime().storage.work() as other:
        found = other.scalars(sa.select(Department)).one()
        change(other, found, "Chirurgie")
        other.commit()

    assert resolve("Chirurgie") == frozenset({"Chirurgie"})
    assert resolve("Heelkunde") == frozenset({"Chirurgie"})


def test_resolve_is_one_statement_and_leaves_no_transaction(small: orm.Session) -> None:
    for name in WORDS:
        add(small, name, f"{name} oud")
    small.commit()
    statements: list[str] = []
    engine = current_runtime().storage.engine
    sa.event.listen(
        engine, "before_cursor_execute", lambda c, k, statement, *rest: statements.append(statement)
    )

    assert resolve("IC") == frozenset({"IC"})
    assert len(statements) == 1
    assert not small.in_transaction()


def test_alias_that_is_another_departments_name_is_nobodys(small: orm.Session) -> None:
    add(small, "Heelkunde")
    other = add(small, "Chirurgie")
    other.aliases.append(DepartmentAlias(name="heelkunde", plain_name="heelkunde"))
    small.commit()  # as two changes at the same moment could have it

    assert resolve("Heelkunde") is None
    assert resolve("Chirurgie") == frozenset({"Chirurgie"})


def test_names_are_those_of_today(small: orm.Session) -> None:
    add(small, "Zuid")
    add(small, "élite")
    add(small, "Weg", valid_until=TODAY - timedelta(days=1))
    small.commit()

    departments = current_runtime().departments
    assert isinstance(departments, ListedDepartments)
    assert departments.names() == ["élite", "Zuid"]


# actions


def test_rename_keeps_the_former_name(session: orm.Session) -> None:
    surgery = add(session, "Heelkunde", "CHIR")
    session.commit()

    change(session, surgery, "Chirurgie", aliases=("CHIR",))
    session.commit()
    assert [alias.name for alias in surgery.aliases] == ["CHIR", "Heelkunde"]

    change(session, surgery, "Heelkunde", aliases=("CHIR", "Heelkunde"))
    session.commit()
    session.expire_all()
    assert [alias.name for alias in surgery.aliases] == ["CHIR", "Chirurgie"]


@pytest.mark.parametrize(
    ("name", "aliases", "field"),
    [
        ("heelkunde", (), "name"),
        ("CHIR.", (), "name"),
        ("Nieuw", ("HEELKUNDE",), "aliases"),
        ("Nieuw", ("chir",), "aliases"),
        ("", (), "name"),
        ("…", (), "name"),
        ("=1+1", (), "name"),
        ("bel\x07", (), "name"),
        ("a" * 201, (), "name"),
        ("ﷺ" * 30, (), "name"),
        ("Nieuw", ("@sum",), "aliases"),
    ],
)
def test_name_that_cannot_be_right_is_refused(
    small: orm.Session, name: str, aliases: tuple[str, ...], field: str
) -> None:
    add(small, "Heelkunde", "CHIR")
    small.commit()

    with pytest.raises(InvalidInput) as caught:
        add(small, name, *aliases)
    assert list(caught.value.fields) == [field]


def test_department_cannot_come_under_itself(session: orm.Session) -> None:
    top = add(session, "Top")
    middle = add(session, "Middle", parent_id=top.id)
    low = add(session, "Low", parent_id=middle.id)
    session.commit()

    for parent in (top, low):
        with pytest.raises(InvalidInput) as caught:
            change(session, top, "Top", parent_id=parent.id)
        assert list(caught.value.fields) == ["parent"]
    with pytest.raises(InvalidInput) as caught:
        change(session, top, "Top", parent_id="f" * 32)
    assert list(caught.value.fields) == ["parent"]


def test_two_who_make_a_circle_together_cannot(session: orm.Session) -> None:
    """The second sees what the first did, though it read the list before."""
    one, two = add(session, "One"), add(session, "Two")
    session.commit()
    seen = one.parent_id, two.parent_id
    assert seen == (None, None)

    with current_runtime().storage.work() as other:
        theirs = other.get(Department, one.id)
        assert theirs is not None
        session.commit()
        change(other, theirs, "One", parent_id=two.id)
        other.commit()
    with pytest.raises(InvalidInput):
        change(session, two, "Two", parent_id=one.id)


# import


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_import_reads_what_spreadsheets_write(
    small: orm.Session, delimiter: str, encoding: str
) -> None:
    rows = [
        ["Naam", "Andere namen", "Valt onder", "geldig tot"],
        ["Vaatchirurgie", "Vaten|VAAT", "CHIR", "2027-01-31"],
        ["", "", "", ""],
        ["Heelkunde", "CHIR", "", "31-12-2027"],
    ]
    text = "\r\n".join(delimiter.join(row) for row in rows)

    assert load(small, text, encoding) == DepartmentCounts(2, 0, 0)
    small.commit()
    assert resolve("vaten") == frozenset({"Heelkunde", "Vaatchirurgie"})
    found = small.scalars(sa.select(Department).order_by(Department.name)).all()
    assert [row.valid_until for row in found] == [date(2027, 12, 31), date(2027, 1, 31)]


def test_import_changes_what_is_there(session: orm.Session) -> None:
    add(session, "Heelkunde", "CHIR")
    add(session, "Urologie", "URO")
    session.commit()

    counts = load(session, "name;aliases;parent\nHEELKUNDE;Snijzaal;\nUrologie;URO;chir\nIC;;\n")
    session.commit()
    assert counts == DepartmentCounts(added=1, changed=2, unchanged=0)
    assert resolve("uro") == resolve("snijzaal") == resolve("chir")
    again = load(session, "name;aliases;parent\nHEELKUNDE;Snijzaal;\nUrologie;URO;chir\nIC;;\n")
    assert again == DepartmentCounts(0, 0, 3)


def test_import_leaves_columns_that_are_not_there(small: orm.Session) -> None:
    top = add(small, "Top")
    add(small, "Low", parent_id=top.id, valid_until=date(2030, 1, 1))
    small.commit()

    load(small, "name\nLow\n")
    small.commit()
    assert resolve("Low") == frozenset({"Top", "Low"})


def test_import_lists_every_fault_by_row(session: orm.Session) -> None:
    text = "\n".join(
        (
            "name;aliases;parent;valid_until",
            "One;Een;Two;",
            "Two;;One;2026-13-01",
            ";x;;",
            "Three;een;Nowhere;tomorrow",
            "three;;;",
            "Four;;Four;",
            "=HYPERLINK();;;",
            "Five;a\x07b;;",
            "Six;;;;seven",
        )
    )
    faults = faults_of(session, text)

    assert [row for row, _sentence in faults] == [2, 3, 3, 4, 5, 5, 5, 6, 7, 8, 9, 10]
    sentences = [sentence for _row, sentence in faults]
    assert sentences[:3] == [
        "A department cannot come under itself.",
        "“2026-13-01” is not a date; write YYYY-MM-DD or DD-MM-YYYY.",
        "A department cannot come under itself.",
    ]
    assert sentences[3] == "There is no name."
    assert "“three” stands in row 5 too." in sentences


@pytest.mark.parametrize(
    ("text", "encoding", "start"),
    [
        ("", "utf-8", "The file is empty."),
        (" \r\n\r\n", "utf-8-sig", "The file is empty."),
        ("\xa0", "utf-8", "The file is empty."),
        ("\x0b\n\x0c\x85", "utf-8", "The file is empty."),
        ("name\nRöntgen", "latin-1", "The file is not in UTF-8."),
        ("name\nIC", "utf-16", "The file is not in UTF-8."),
        ("name;parents\nIC;", "utf-8", "The column “parents” is not known."),
        ("name;naam\nIC;IC", "utf-8", "The column “naam” is there twice."),
        ("aliases\nIC", "utf-8", "The column “name” is missing."),
        ("name;aliases", "utf-8", "The file has headers, but no rows."),
        ('name\n"IC', "utf-8", "The quotation marks in or after this row"),
        ("name\n" + "IC\n" * 5001, "utf-8", "The file has too many rows"),
        ("name\n" + "x" * 5_000_001, "utf-8", "The file is too large"),
        ("name\n" + "x" * 300_000, "utf-8", "The quotation marks"),
        ("PK\x03\x04 no zip", "utf-8", "This is not an XLSX file"),
    ],
)
def test_file_that_cannot_be_read_says_so(
    small: orm.Session, text: str, encoding: str, start: str
) -> None:
    faults = faults_of(small, text, encoding)

    assert len(faults) == 1
    assert faults[0][1].startswith(start)


def test_excels_own_first_line_is_skipped(small: orm.Session) -> None:
    assert load(small, "sep=;\r\nname;aliases\r\nIC;Intensive, adult\r\n").added == 1
    small.commit()
    assert resolve("intensive adult") == frozenset({"IC"})
