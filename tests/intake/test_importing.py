"""Reports from a file: all of them once, in one transaction, or every fault by row and nothing."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask

from flask_peersupport import Person, cli
from flask_peersupport.audit.models import AuditEntry
from flask_peersupport.errors import ImportFault
from flask_peersupport.i18n import use_locale
from flask_peersupport.intake.importing import ReportCounts, import_reports
from flask_peersupport.intake.models import IntakeRecord
from flask_peersupport.reachouts.models import InvolvedRecord, ReachOut, ReportRecord
from flask_peersupport.values import Involved, Wish, WishBy
from tests.intake.conftest import STAFF, email_of, engine_of, intakes, reading, work

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HEADER = ("kind", "ref", "name", "email")
KILLED = -9


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


def load(app: Flask, content: bytes, now: datetime = NOW) -> ReportCounts:
    """Import a file, and commit."""
    with reading(app) as session:
        counts = import_reports(session, io.BytesIO(content), "list", actor="command", now=now)
        session.commit()
        return counts


def faults_of(app: Flask, content: bytes) -> list[tuple[int, str]]:
    with reading(app) as session, use_locale("en"):
        with pytest.raises(ImportFault) as caught:
            import_reports(session, io.BytesIO(content), "list", actor="command", now=NOW)
        session.commit()  # nothing was stored, also where nobody rolls back
        assert session.scalars(sa.select(AuditEntry.action)).all().count("reports.imported") == 0
    assert count_intakes(app) == 0
    return caught.value.faults


def count_intakes(app: Flask) -> int:
    with engine_of(app).connect() as connection:
        statement = sa.select(sa.func.count()).select_from(IntakeRecord)
        return connection.scalar(statement) or 0


def person_of(row: InvolvedRecord) -> Person:
    assert row.record is not None
    return row.record.person


def involved(app: Flask) -> list[tuple[str, str, str]]:
    """Return name, wish and who said so of everybody who was named."""
    with reading(app) as session:
        rows = session.scalars(sa.select(InvolvedRecord))
        return sorted((r.record.person.name, r.wish, r.wish_by) for r in rows if r.record)


def approached(app: Flask) -> dict[str, str | None]:
    """Return everybody who is approached, and what a coordinator has to decide."""
    with reading(app) as session:
        rows = session.scalars(sa.select(ReachOut)).all()
        return {row.person.name: row.waiting_for for row in rows if row.person is not None}


_EVENT = ("calamiteit", "C-1", "Ward 1", "1-7-2026 23:30", "3-7-2026")
_CALAMITY = (*_EVENT, "https://old.hospital.example/c/1", email_of(STAFF.rosa))
_REPORT = ("Soort", "Nummer", "Afdeling", "Gebeurd op", "Gemeld op", "Link", "Melder")
_PERSON = ("Naam", "E-mail", "Telefoon", "Afdeling collega", "Beroep", "Behoefte", "Wie zei dit")
_GUEST = ("Gast Arts", "gast@elders.example", "+31 6 1234 5678", "Ward 2", "arts", "nee", "")
#: A late calamity with three colleagues, and an incident with nobody.
DUTCH = (
    (*_REPORT, *_PERSON),
    (*_CALAMITY, "Anna Vos", email_of(STAFF.anna), "", "", "verpleegkundige", "ja", "zelf"),
    (*_CALAMITY, *_GUEST),
    (*_CALAMITY, "Rosa Reporter", email_of(STAFF.rosa), "", "", "", "nee", "zelf"),
    ("VIM-melding", "V-9", "Ward 2", *[""] * 11),
)


def test_file_becomes_reports_and_reach_outs(app: Flask) -> None:
    assert load(app, csv_of(*DUTCH, delimiter=";")) == ReportCounts(2, 0, 3)
    work(app)
    with reading(app) as session:
        rows = session.scalars(sa.select(ReportRecord).order_by(ReportRecord.ref)).all()
        assert [(row.kind, row.ref, row.department) for row in rows] == [
            ("calamity", "C-1", "Ward 1"),
            ("incident", "V-9", "Ward 2"),
        ]
        late, other = rows
        # in Amsterdam it was summer
        assert late.occurred_at == datetime(2026, 7, 1, 21, 30, tzinfo=UTC)
        assert late.reported_at == datetime(2026, 7, 2, 22, tzinfo=UTC)
        assert late.received_at == other.reported_at == NOW
        assert late.url == "https://old.hospital.example/c/1"
        assert late.found_at is None
        people = {person_of(r).name: r for r in session.scalars(sa.select(InvolvedRecord))}
        guest = people["Gast Arts"]
        assert (guest.profession, guest.department) == ("physician", "Ward 2")
        assert person_of(guest).phone == "+31 6 1234 5678"
        assert person_of(people["Anna Vos"]).user_id == str(STAFF.anna)
        assert people["Anna Vos"].department == "Ward 2"
        actions = session.scalars(sa.select(AuditEntry.action)).all()
        assert actions.count("reports.imported") == 1
    assert involved(app) == [
        ("Anna Vos", Wish.YES, WishBy.OWN),
        ("Gast Arts", Wish.NO, WishBy.REPORTER),
        ("Rosa Reporter", Wish.NO, WishBy.OWN),
    ]
    # a calamity: all but whose own answer is no
    assert approached(app) == {"Anna Vos": None, "Gast Arts": None}


def test_workbook_says_the_same_as_a_csv_file(small_app: Flask) -> None:
    header = (*HEADER, "occurred_at", "reported_at", "anonymous")
    load(
        small_app,
        csv_of(header, ("incident", "1", "B", "", "2026-03-02 14:05", "2026-03-03", "ja")),
    )
    cells = ("incident", 2, "B", None, datetime(2026, 3, 2, 14, 5), datetime(2026, 3, 3), True)  # noqa: DTZ001 - as a workbook has them
    load(small_app, xlsx_of(header, cells))
    first, second = (payload.report for payload in intakes(small_app))
    assert first.occurred_at == datetime(2026, 3, 2, 13, 5, tzinfo=UTC)
    assert first.anonymous
    facts = ("occurred_at", "reported_at", "anonymous")
    assert [getattr(second, f) for f in facts] == [getattr(first, f) for f in facts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-02", datetime(2026, 3, 1, 23, tzinfo=UTC)),
        ("02-03-2026 9:05", datetime(2026, 3, 2, 8, 5, tzinfo=UTC)),
        ("2026-03-02T09:05:30", datetime(2026, 3, 2, 8, 5, 30, tzinfo=UTC)),
        ("2026-03-02T09:05Z", datetime(2026, 3, 2, 9, 5, tzinfo=UTC)),
        ("2026-03-02 09:05+05:30", datetime(2026, 3, 2, 3, 35, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_they_are_written(
    small_app: Flask, text: str, expected: datetime
) -> None:
    load(small_app, csv_of((*HEADER, "occurred_at"), ("incident", "1", "", "", text)))
    (payload,) = intakes(small_app)
    assert payload.report.occurred_at == expected


def test_report_of_the_same_day_without_time_comes_after_the_event(small_app: Flask) -> None:
    header = ("kind", "ref", "occurred_at", "reported_at")
    load(small_app, csv_of(header, ("incident", "1", "2026-03-02 14:05", "2026-03-02")))
    (payload,) = intakes(small_app)
    assert payload.report.reported_at == datetime(2026, 3, 2, 13, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("column", "text", "sentence"),
    [
        (
            "kind",
            "fire",
            "kind: “fire” is not known here. Possible: (potential) calamity,",
        ),
        ("kind", "", "kind: This is empty."),
        ("ref", "", "ref: This is empty."),
        ("ref", "1" * 201, "ref: This is too long; at most 200 characters."),
        ("ref", "Anna Vos 1", "ref: Fill in the number alone, without spaces:"),
        ("ref", "1\u202e2", "ref: This holds characters that cannot be seen. Type it anew."),
        ("department", "W" * 201, "department: This is too long; at most 200 characters."),
        ("occurred_at", "yesterday", "occurred_at: “yesterday” is not a time."),
        ("occurred_at", "03/02/2026", "occurred_at: “03/02/2026” is not a time."),
        ("occurred_at", "2026-02-30", "occurred_at: “2026-02-30” is not a time."),
        ("occurred_at", "2026-02-03 25:00", "occurred_at: “2026-02-03 25:00” is not a time."),
        ("occurred_at", "1926-02-03", "occurred_at: “1926-02-03” is not a time."),
        ("occurred_at", "2026-11-21", "occurred_at: This lies in the future."),
        ("reported_at", "9999-12-31 23:59-12:00", "reported_at: This lies in the future."),
        ("url", "javascript:alert(1)", "url: “javascript:alert(1)” is not the address of a web"),
        (
            "url",
            "javascript://a/%0aalert(1)",
            "url: “javascript://a/%0aalert(1)” is not",
        ),
        ("url", "https://[", "url: “https://[” is not the address of a web page."),
        ("anonymous", "perhaps", "anonymous: “perhaps” is neither yes nor no."),
        ("reporter", "rosa", "reporter: “rosa” is not an e-mail address."),
        ("reporter", "x@y.example", "reporter: “x@y.example” is nobody in this application."),
        ("name", "", "name: There is no name."),
        ("email", "anna", "email: “anna” is not an e-mail address."),
        ("phone", "later", "phone: “later” is not a telephone number."),
        ("colleague_department", "W" * 201, "colleague_department: This is too long; at most 200"),
        ("profession", "pilot", "profession: “pilot” is not known here."),
        ("discipline", "law", "discipline: “law” is not known here."),
        ("seniority", "old", "seniority: “old” is not known here."),
        ("wish", "maybe", "wish: “maybe” is not known here. Possible: yes, no, ask."),
        ("wish_by", "boss", "wish_by: “boss” is not known here. Possible: own, reporter."),
    ],
)
def test_each_fault_names_its_row_and_column(
    small_app: Flask, column: str, text: str, sentence: str
) -> None:
    good = {"kind": "incident", "ref": "1", "name": "Bram Smit", "email": "b@a.example"}
    row = good | {column: text}
    faults = faults_of(small_app, csv_of(tuple(row), tuple(row.values())))
    assert [(number, told.startswith(sentence)) for number, told in faults] == [(2, True)], faults


def test_all_faults_are_listed_and_nothing_is_stored(app: Flask) -> None:
    header = (*HEADER, "wish", "anonymous", "reporter", "wish_by")
    rosa = email_of(STAFF.rosa)
    content = csv_of(
        header,
        ("incident", "1", "Bram Smit", "", "yes", "", "", ""),
        ("fire", "2", "Anna Vos", "", "maybe", "", "", ""),
        ("incident", "1", "bram  smit", "", "", "ja", rosa, ""),
        ("incident", "3", "Nobody Known", "", "no", "", "", "own"),
        ("incident", "4", "Anna Vos", "", "no", "yes", "", "own"),
        ("incident", "5", "Anna Vos", rosa, "no", "", "", "own"),
    )
    faults = [
        (number, text.partition(" is not known")[0]) for number, text in faults_of(app, content)
    ]
    uncertain = "name: It is not certain who this is. Add this person's own e-mail address."
    assert faults == [
        (3, "kind: “fire”"),
        (3, "wish: “maybe”"),
        (4, "reporter: An anonymous report names no reporter."),
        (4, "anonymous: Row 2 of the same report says something else."),
        (4, "name: This person is in row 2 too."),
        (5, uncertain),
        (6, "wish_by: In an anonymous report nobody answers for themself."),
        (7, uncertain),
    ]


def test_the_same_file_again_adds_nothing(app: Flask) -> None:
    content = csv_of(*DUTCH, delimiter=";")
    load(app, content)
    assert load(app, content) == ReportCounts(0, 2, 0)  # still waiting
    work(app)
    named = involved(app)
    assert load(app, content) == ReportCounts(0, 2, 0)
    with reading(app) as session:  # forgotten: its mark stays
        session.execute(sa.delete(ReportRecord).where(ReportRecord.ref == "V-9"))
        session.commit()
    assert load(app, content) == ReportCounts(0, 2, 0)
    assert count_intakes(app) == 0
    assert involved(app) == named
    assert load(app, csv_of(HEADER, ("incident", "V-10", "", ""))) == ReportCounts(1, 0, 0)


@pytest.mark.parametrize("text", ["2026-03-02 14:04", "2026-03-01"])
def test_nothing_is_reported_before_it_happened(small_app: Flask, text: str) -> None:
    header = ("kind", "ref", "occurred_at", "reported_at")
    content = csv_of(header, ("incident", "1", "2026-03-02 14:05", text))
    assert faults_of(small_app, content) == [(2, "reported_at: This is before it happened.")]


def test_colleagues_beyond_thirty_are_taken_in_too(small_app: Flask) -> None:
    names = [f"Colleague {chr(65 + n % 26)}{n}" for n in range(61)]
    rows = [("calamity", "1", name, f"c{n}@elders.example") for n, name in enumerate(names)]
    assert load(small_app, csv_of(HEADER, *rows)) == ReportCounts(1, 0, 61)
    work(small_app)
    assert [name for name, _, _ in involved(small_app)] == sorted(names)


def test_names_that_fit_nobody_wait_for_a_coordinator(small_app: Flask) -> None:
    header = ("kind", "ref", "department", "name", "phone", "colleague_department")
    content = csv_of(
        header,
        ("calamity", "1", "Ward 1", "Nobody Known", "", "Ward 2"),
        ("calamity", "1", "Ward 1", "Known Elsewhere", "06 1234 5678", "Ward 2"),
        ("calamity", "1", "Ward 1", "Bram Smit", "", "Department X"),
    )
    load(small_app, content)
    work(small_app)
    assert approached(small_app) == {
        "Nobody Known": "unknown_person",
        "Known Elsewhere": None,
        "Bram Smit": "unknown_department",
    }


def test_own_answer_keeps_every_department(small_app: Flask) -> None:
    header = ("kind", "ref", "name", "colleague_department", "wish", "wish_by")
    load(small_app, csv_of(header, ("incident", "1", "Bram Smit", "Ward 8", "yes", "own")))
    (payload,) = intakes(small_app)
    person = Person(
        "Bram Smit",
        email=email_of(STAFF.bram),
        user_id=str(STAFF.bram),
        department="Ward 1; Ward 8",
    )
    assert payload.report.involved == (Involved(person, "yes", "own"),)


def test_what_waits_is_sealed(small_app: Flask) -> None:
    load(small_app, csv_of(HEADER, ("incident", "1", "Bram Smit", "bram@elders.example")))
    with engine_of(small_app).connect() as connection:
        (row,) = connection.execute(sa.select(IntakeRecord.__table__))
    assert b"Bram" not in row.payload
    assert not any("Bram" in str(cell) for cell in row)


def run(app: Flask, *arguments: str) -> Any:
    with use_locale("en"):
        return app.test_cli_runner().invoke(args=["peersupport", "import-reports", *arguments])


def test_command_counts_shows_progress_and_names_nobody(
    small_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "_PROGRESS_EVERY", 2)
    file = tmp_path / "reports.csv"
    rows = [("incident", str(n), "Bram Smit", "") for n in range(5)]
    file.write_bytes(csv_of(HEADER, *rows))
    dry = run(small_app, "--dry-run", str(file))
    assert dry.stdout.splitlines() == ["added 5", "known 0", "colleagues 5"]
    assert dry.stderr.splitlines()[-1] == "dry run: nothing was stored"
    assert count_intakes(small_app) == 0
    result = run(small_app, str(file))
    assert result.exit_code == 0
    assert result.stdout == dry.stdout
    assert result.stderr.splitlines() == ["done 2 of 5", "done 4 of 5"]
    assert count_intakes(small_app) == 5
    assert run(small_app, str(file)).stdout.splitlines() == ["added 0", "known 5", "colleagues 0"]


def test_command_fails_on_faults_and_repeats_nothing_of_the_file(
    small_app: Flask, tmp_path: Path
) -> None:
    file = tmp_path / "reports.csv"
    file.write_bytes(csv_of(HEADER, ("incident", "1", "Bram Smit", "bram.smit")))
    result = run(small_app, str(file))
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "row 2: email: “…” is not an e-mail address.",
        "Error: the file has 1 faults; nothing was stored",
    ]


CHILD = """
import os, signal, sys
from pathlib import Path
from datetime import UTC, datetime
from flask_peersupport.intake.importing import import_reports
from flask_peersupport.runtime import current_runtime
from tests.minimal_host import add_peersupport, create_host

url, keyring, file, killed_at = sys.argv[1:]
app = create_host(url, {"PEERSUPPORT_KEYRING": keyring, "PEERSUPPORT_WORKER": "separate"})
add_peersupport(app)

def die(done, total):
    if done == int(killed_at):
        current_runtime().storage.session().flush()
        os.kill(os.getpid(), signal.SIGKILL)

with app.app_context(), Path(file).open("rb") as stream:
    session = current_runtime().storage.session()
    import_reports(session, stream, file, actor="command", now=datetime.now(UTC), progress=die)
    session.commit()
"""


def test_killed_import_has_stored_nothing_and_is_run_again(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "reports.csv"
    file.write_bytes(csv_of(HEADER, *[("incident", str(n), "Bram Smit", "") for n in range(5)]))
    url = engine_of(app).url.render_as_string(hide_password=False)
    child = [sys.executable, "-c", CHILD, url, app.config["PEERSUPPORT_KEYRING"], str(file)]
    for killed_at in ("3", "5"):
        process = subprocess.run([*child, killed_at], timeout=60, check=False)
        assert (process.returncode, count_intakes(app)) == (KILLED, 0)
    assert subprocess.run([*child, "0"], timeout=60, check=False).returncode == 0
    assert count_intakes(app) == 5
