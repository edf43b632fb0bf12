"""A file of supporters: all of it, or every fault by row and nobody stored."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import date
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_peersupport.access.department_actions import DepartmentDetails, add_department
from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.errors import ImportFault
from flask_peersupport.supporters.actions import SupporterDetails, add_supporter
from flask_peersupport.supporters.importing import SupporterCounts, import_supporters
from flask_peersupport.supporters.models import Supporter
from flask_peersupport.supporters.states import SupporterState
from flask_peersupport.vault.models import PersonRecord
from tests.supporters.conftest import NOW
from tests.supporters.host import NURSE, SURGEON

HEADER = ("name", "email", "department")


def csv_of(*rows: Sequence[str], delimiter: str = ",") -> bytes:
    return "\r\n".join(delimiter.join(row) for row in rows).encode("utf-8-sig")


def xlsx_of(*rows: Sequence[Any]) -> bytes:
    workbook = openpyxl.Workbook()
    sheet: Any = workbook.active
    for row in rows:
        sheet.append(row)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def load(session: orm.Session, content: bytes, filename: str = "a.csv") -> SupporterCounts:
    stream = io.BytesIO(content)
    return import_supporters(session, stream, filename, actor="command", now=NOW)


def faults_of(
    session: orm.Session, content: bytes, filename: str = "a.csv"
) -> list[tuple[int, str]]:
    with pytest.raises(ImportFault) as caught:
        load(session, content, filename)
    session.commit()  # nothing was stored, also where nobody rolls back
    assert session.scalar(sa.select(sa.func.count()).select_from(PersonRecord)) == 0
    return caught.value.faults


def fault_of(session: orm.Session, header: Sequence[str], *cells: str) -> str:
    faults = faults_of(session, csv_of(header, cells))
    assert [row for row, _sentence in faults] == [2]
    return faults[0][1]


@pytest.fixture
def departments(session: orm.Session) -> orm.Session:
    """A session on each database, whose list has IC and Heelkunde."""
    return _with_departments(session)


@pytest.fixture
def small(small_session: orm.Session) -> orm.Session:
    """A session on SQLite, whose list has IC and Heelkunde."""
    return _with_departments(small_session)


def _with_departments(session: orm.Session) -> orm.Session:
    add_department(session, DepartmentDetails("IC"), actor="command", now=NOW)
    add_department(session, DepartmentDetails("Heelkunde", ("CHIR",)), actor="command", now=NOW)
    session.commit()
    return session


def stored(session: orm.Session) -> dict[str, Supporter]:
    session.expire_all()
    return {row.record.person.name: row for row in session.scalars(sa.select(Supporter))}


def test_import_stores_everything(departments: orm.Session) -> None:
    header = "Naam,E-mail,Telefoon,Afdeling,Beroep,Discipline,Ervaring,Extern,Nacht,Status"
    nadia_row = "Nadia Nurse,NADIA@hospital.example,+31 50 123 4567,chir;IC,Verpleegkundige"
    rows = (
        f"{header},max_open,max per quarter".split(","),
        f"{nadia_row},snijdend,senior,nee,ja,,1,4".split(","),
        [
            "Emma Extern",
            "emma@elsewhere.example",
            "",
            "",
            "physician",
            "",
            "",
            "yes",
            "",
            "op pauze",
            "",
            "",
        ],
    )
    assert load(departments, csv_of(*rows, delimiter="\t")) == SupporterCounts(2, 1)
    departments.commit()

    found = stored(departments)
    nadia, emma = found["Nadia Nurse"], found["Emma Extern"]
    assert nadia.record.person.user_id == "2"
    assert nadia.record.person.phone == "+31 50 123 4567"
    assert (nadia.has_account, emma.has_account) == (True, False)
    assert (nadia.state, emma.state) == (SupporterState.APPOINTED, SupporterState.PAUSED)
    assert (nadia.profession, nadia.discipline, nadia.seniority) == ("nurse", "surgical", "senior")
    assert (nadia.is_external, nadia.is_asked_at_night) == (False, True)
    assert (emma.is_external, emma.is_asked_at_night) == (True, False)
    assert (nadia.max_open, nadia.max_per_quarter) == (1, 4)
    assert {row.name: row.resolved for row in nadia.departments} == {
        "chir": "Heelkunde",
        "IC": "IC",
    }
    actions = departments.scalars(
        sa.select(AuditEntry.action).where(AuditEntry.action.like("supporter%"))
    )
    assert sorted(actions) == ["supporter.added", "supporter.added", "supporters.imported"]


def test_import_keeps_what_was_before_the_programme(departments: orm.Session) -> None:
    """Who was trained and appointed long ago comes in with the dates; whoever is invited waits."""
    header = (*HEADER, "Status", "Getraind op", "Aangesteld op")
    load(
        departments,
        csv_of(
            header,
            ("Old", "old@hospital.example", "IC", "", "2019-05-07", "01-06-2019"),
            ("Now", "now@hospital.example", "IC", "aangesteld", "", ""),
            ("Gone", "gone@hospital.example", "IC", "gestopt", "2019-05-07", "2019-06-01"),
            ("Ready", "ready@hospital.example", "IC", "getraind", "2026-03-03", ""),
            ("Asked", "asked@hospital.example", "IC", "uitgenodigd", "", ""),
        ),
    )
    departments.commit()

    found = stored(departments)
    long_ago, letter = date(2019, 5, 7), date(2019, 6, 1)
    assert {
        name: (row.state.value, row.trained_on, row.trained_elsewhere_on, row.appointed_on)
        for name, row in found.items()
    } == {
        "Old": ("appointed", long_ago, long_ago, letter),
        "Now": ("appointed", None, None, NOW.date()),
        "Gone": ("retired", long_ago, long_ago, letter),
        "Ready": ("trained", NOW.date(), NOW.date(), None),
        "Asked": ("invited", None, None, None),
    }
    assert found["Asked"].invited_at == NOW


def test_dates_of_a_workbook_are_dates(small: orm.Session) -> None:
    content = xlsx_of(
        (*HEADER, "trained_on", "appointed_on"),
        ("A", "a@hospital.example", "IC", date(2019, 5, 7), "2019-06-01"),
    )
    load(small, content, "list.xlsx")

    row = stored(small)["A"]
    assert (row.trained_on, row.appointed_on) == (date(2019, 5, 7), date(2019, 6, 1))


def test_faulty_file_changes_nothing(departments: orm.Session) -> None:
    """Neither who is on the roster, nor the vault, nor the audit trail."""
    add_supporter(departments, NURSE, SupporterDetails(), actor="command", now=NOW)
    departments.commit()
    before = [
        departments.scalar(sa.select(sa.func.count()).select_from(model))
        for model in (Supporter, PersonRecord, AuditEntry)
    ]
    content = csv_of(
        (*HEADER, "trained_on"),
        ("A", "a@hospital.example", "IC", "2026-03-01"),
        ("B", "b@hospital.example", "IC", "2026-30-01"),
        ("Nadia Nurse", "nadia@hospital.example", "IC", ""),
    )
    with pytest.raises(ImportFault) as caught:
        load(departments, content)
    assert caught.value.faults == [
        (3, "“2026-30-01” is not a date. Write it like 2026-03-31."),
        (4, "This person is on the roster already."),
    ]
    departments.commit()  # even so

    assert before == [
        departments.scalar(sa.select(sa.func.count()).select_from(model))
        for model in (Supporter, PersonRecord, AuditEntry)
    ]


def test_workbook_is_read_as_it_shows(small: orm.Session) -> None:
    content = xlsx_of(
        ("name", "email", "phone", "department", "external", "max_open", None),
        (),
        ("Nadia Nurse", "nadia@hospital.example", 501234567, "IC", False, 2.0, None),
    )
    assert load(small, content, "list.xlsx").added == 1

    nadia = stored(small)["Nadia Nurse"]
    assert (nadia.record.person.phone, nadia.max_open, nadia.is_external) == ("501234567", 2, False)


def test_workbook_faults_have_the_rows_of_the_spreadsheet(small: orm.Session) -> None:
    content = xlsx_of(
        HEADER,
        ("A", "a@hospital.example", "IC"),
        (),
        ("B", "=CONCAT(A1)", "IC"),
        ("C", date(2026, 1, 1), "IC"),
    )
    assert [row for row, _sentence in faults_of(small, content, "list.xlsx")] == [4, 4, 5]


@pytest.mark.parametrize(
    ("header", "cells", "sentence"),
    [
        (HEADER, ("", "a@hospital.example", "IC"), "There is no name."),
        (HEADER, ("A", "a@hospital", "IC"), "“a@hospital” is not an e-mail address."),
        (
            HEADER,
            ("A", "", "IC"),
            "There is neither an e-mail address nor an account to ask them by.",
        ),
        (
            HEADER,
            ("A", "a@hospital.example", "Oncologie"),
            "“Oncologie” is not a known department. Add it to the departments first.",
        ),
        (
            HEADER,
            ("A", "a@hospital.example", ""),
            "There is no department, so this supporter could never be asked.",
        ),
        (HEADER, ("=A1", "a@hospital.example", "IC"), "“=A1” begins like a formula."),
        (HEADER, ("A\x1b[2J", "a@hospital.example", "IC"), "“A·[2J” contains a control character."),
        (
            HEADER,
            ("A", "a@hospital.example", "IC", "x"),
            "This row has more cells than there are headers.",
        ),
        (
            (*HEADER, ""),
            ("A", "a@hospital.example", "IC", "x"),
            "A column with content has no header.",
        ),
        (
            (*HEADER, "phone"),
            ("A", "a@hospital.example", "IC", "call me"),
            "“call me” is not a telephone number.",
        ),
        (
            (*HEADER, "phone"),
            ("A", "a@hospital.example", "IC", "+=1"),
            "“=1” begins like a formula.",
        ),
        (
            (*HEADER, "profession"),
            ("A", "a@hospital.example", "IC", "wizard"),
            "“wizard” is not known here. Possible: physician, nurse, other health professional.",
        ),
        (
            (*HEADER, "state"),
            ("A", "a@hospital.example", "IC", "wizard"),
            "“wizard” is not known here. "
            "Possible: nominated, invited, trained, appointed, paused, retired.",
        ),
        (
            (*HEADER, "max_open"),
            ("A", "a@hospital.example", "IC", "two"),
            "A limit is a whole number from 1 to 20.",
        ),
        (
            (*HEADER, "max_open"),
            ("A", "a@hospital.example", "IC", "0"),
            "A limit is a whole number from 1 to 20.",
        ),
        (
            (*HEADER, "max_open"),
            ("A", "a@hospital.example", "IC", "²"),
            "A limit is a whole number from 1 to 20.",
        ),
        (
            (*HEADER, "external"),
            ("A", "a@hospital.example", "IC", "maybe"),
            "“maybe” is neither yes nor no.",
        ),
        (
            (*HEADER, "external"),
            ("A", "a@hospital.example", "IC", "…"),
            "“…” is neither yes nor no.",
        ),
        (
            (*HEADER, "user_id"),
            ("A", "a@hospital.example", "IC", "99"),
            "“99” is not a user of this application.",
        ),
        (
            (*HEADER, "user_id"),
            ("A", "a@hospital.example", "IC", "x y"),
            "“x y” is not a user of this application.",
        ),
        (
            (*HEADER, "user_id"),
            ("A", "a@hospital.example", "IC", "2"),
            "The account has another e-mail address than this row.",
        ),
        (
            (*HEADER, "trained_on"),
            ("A", "a@hospital.example", "IC", "spring"),
            "“spring” is not a date. Write it like 2026-03-31.",
        ),
        (
            (*HEADER, "getraind op"),
            ("A", "a@hospital.example", "IC", "2026-03-04"),
            "2026-03-04 is still to come.",
        ),
        (
            (*HEADER, "aangesteld op"),
            ("A", "a@hospital.example", "IC", "04-03-2026"),
            "2026-03-04 is still to come.",
        ),
        (
            (*HEADER, "state", "appointed_on"),
            ("A", "a@hospital.example", "IC", "getraind", "2025-01-01"),
            "Only who is or was a supporter has a day of appointment.",
        ),
        (
            HEADER,
            ("a" * 201, "a@hospital.example", "IC"),
            "This is too long; at most 200 characters.",
        ),
        (
            HEADER,
            ("A", "a@hospital.example", ";".join("abcdefghijk")),
            "These are too many departments; at most 10.",
        ),
    ],
)
def test_each_fault_has_a_sentence(
    small: orm.Session, header: Sequence[str], cells: Sequence[str], sentence: str
) -> None:
    if cells[2].count(";") > 2:  # more departments than are known: the first faults say so too
        faults = faults_of(small, csv_of(header, cells))
        assert (2, sentence) in faults
    elif sentence.startswith("“=1”"):
        assert (2, sentence) in faults_of(small, csv_of(header, cells))
    else:
        assert fault_of(small, header, *cells) == sentence


def test_all_faults_come_at_once(departments: orm.Session) -> None:
    content = csv_of(
        (*HEADER, "profession"),
        ("", "nonsense", "Oncologie", "wizard"),
        ("A", "a@hospital.example", "IC", "nurse"),
        ("B", "A@hospital.example", "IC", "nurse"),
    )
    assert faults_of(departments, content) == [
        (2, "There is no name."),
        (2, "“nonsense” is not an e-mail address."),
        (2, "“Oncologie” is not a known department. Add it to the departments first."),
        (2, "“wizard” is not known here. Possible: physician, nurse, other health professional."),
        (4, "This person is in row 3 too."),
    ]


def test_account_and_address_are_one_person(small: orm.Session) -> None:
    content = csv_of(
        (*HEADER, "user_id"),
        ("Nadia", "nadia@hospital.example", "IC", ""),
        ("N. Nurse", "", "IC", "2"),
    )
    assert faults_of(small, content) == [(3, "This person is in row 2 too.")]


def test_who_is_on_the_roster_is_a_fault(departments: orm.Session) -> None:
    add_supporter(departments, NURSE, SupporterDetails(), actor="command", now=NOW)
    departments.commit()
    rows = (HEADER, ("Sam", str(SURGEON.email), "IC"), ("Nadia", str(NURSE.email), "IC"))

    with pytest.raises(ImportFault) as caught:
        load(departments, csv_of(*rows))
    assert caught.value.faults == [(3, "This person is on the roster already.")]
    departments.commit()
    assert list(stored(departments)) == [NURSE.name]


def _bomb() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", b"0" * 100_000_001)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "filename", "start"),
    [
        (b"", "a.csv", "The file is empty."),
        (b"", "a.xlsx", "The file is empty."),
        ("name\nJosé".encode("cp1252"), "a.csv", "The file is not in UTF-8."),
        (b"name,email,department\n", "a.xlsx", "This is not an XLSX file"),
        (b"\xd0\xcf\x11\xe0 old", "a.xls", "This is not an XLSX file"),
        (xlsx_of(("name",))[:-40], "a.xlsx", "This is not an XLSX file"),
        (_bomb(), "a.xlsx", "The file is too large when unpacked."),
        (xlsx_of(HEADER), "a.xlsx", "The file has headers, but no rows."),
        (
            csv_of(HEADER, *[("A", "a@b.example", "IC")] * 5001),
            "a.csv",
            "The file has too many rows",
        ),
        (
            xlsx_of(HEADER, *[("A", "a@b.example", "IC")] * 5001),
            "a.xlsx",
            "The file has too many rows",
        ),
        (b"name,shoe size\nA,44\n", "a.csv", "The column “shoe size” is not known."),
    ],
)
def test_file_that_cannot_be_read_says_so(
    small: orm.Session, content: bytes, filename: str, start: str
) -> None:
    faults = faults_of(small, content, filename)

    assert len(faults) == 1
    assert faults[0][1].startswith(start)
