"""`flask peersupport …`: parse, call, commit, print. Counts and opaque ids, never names."""

from __future__ import annotations

import re
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from types import FrameType

import click
from flask import current_app
from flask.cli import AppGroup

from . import schema
from .access.department_import import DepartmentCounts, read_departments_file
from .access.department_import import import_departments as store_departments
from .access.roles import ROLES, grant_role, revoke_role
from .audit.record import COMMAND
from .clock import utc_now
from .db import commit
from .errors import ImportFault, PeerSupportError
from .heartbeat.models import WorkerKind
from .intake.importing import ReportCounts
from .intake.importing import import_reports as store_reports
from .intake.reconciling import Reconciled, reconcile
from .jobs import run_due
from .runtime import current_runtime, current_session
from .supporters.actions import refresh_departments
from .supporters.importing import SupporterCounts
from .supporters.importing import import_supporters as store_supporters
from .values import Person
from .vault.keyring import FileKeys, write_keyring
from .worker import work_until

_PROGRESS_EVERY = 1000

peersupport_commands = AppGroup("peersupport", help="Peer support for the staff of the hospital.")


@contextmanager
def _explained() -> Iterator[None]:
    """Turn our errors into a sentence and exit code 1."""
    try:
        yield
    except ImportFault as fault:
        for row, sentence in fault.faults:
            click.echo(f"row {row}: {_without_typed_text(sentence)}", err=True)
        raise click.ClickException(str(fault)) from None
    except PeerSupportError as error:
        raise click.ClickException(str(error)) from None


def _without_typed_text(sentence: str) -> str:
    """Leave out what stood in the file, always quoted “so”: it may be a name or an address."""
    return re.sub("“.*”", "“…”", sentence, flags=re.DOTALL)


@peersupport_commands.command()
def upgrade() -> None:
    """Make or bring up to date the tables, all named peersupport_…"""
    with _explained():
        schema.upgrade(current_runtime().storage.engine)
        click.echo(f"tables at {schema.current(current_runtime().storage.engine)}")


@peersupport_commands.command()
def doctor() -> None:
    """Check the installation and say what to mend; exit 1 on faults."""
    # B6: loaded where an installation is looked at, not when the host starts
    from .doctor import Level, examine, has_faults

    findings = examine(current_app._get_current_object())  # type: ignore[attr-defined]
    for finding in findings:
        click.echo(f"{finding.level.value}: {finding.sentence} {finding.remedy}".rstrip())
    counts = Counter(finding.level for finding in findings)
    click.echo(f"{counts[Level.FAULT]} faults, {counts[Level.WARNING]} warnings")
    if has_faults(findings):
        sys.exit(1)


@peersupport_commands.group()
def keys() -> None:
    """The keyring: one key a month, in a file outside the database."""


@keys.command("init")
def keys_init() -> None:
    """Make a keyring for ten years; a file that is there is never overwritten."""
    with _explained():
        provider = current_runtime().keys
        if not isinstance(provider, FileKeys):
            raise click.ClickException("this application has a key provider of its own")
        months = write_keyring(provider.path, utc_now())
        click.echo(f"{months} monthly keys written; copy the file to every machine, and keep it")


@peersupport_commands.command()
@click.argument("role", type=click.Choice(ROLES))
@click.argument("user_id")
def grant(role: str, user_id: str) -> None:
    """Give the user with this id a role."""
    _change_role(role, user_id, is_given=True)


@peersupport_commands.command()
@click.argument("role", type=click.Choice(ROLES))
@click.argument("user_id")
def revoke(role: str, user_id: str) -> None:
    """Take a role from the user with this id."""
    _change_role(role, user_id, is_given=False)


def _change_role(role: str, user_id: str, *, is_given: bool) -> None:
    with _explained():
        runtime = current_runtime()
        person = runtime.users.get(user_id)
        if person is None and is_given:
            raise click.ClickException(f"there is no user with id {user_id}")
        person = person or Person("", user_id=user_id)  # whom the host no longer knows
        session = runtime.storage.session()
        change = grant_role if is_given else revoke_role
        is_changed = change(session, role, person, actor=COMMAND, now=utc_now())
        commit(session)
        word = "granted" if is_given else "revoked"
        click.echo(f"{role} {word}" if is_changed else f"{role}: nothing to change")


@peersupport_commands.command("run-due")
def run_due_once() -> None:
    """Do all work that is due, once."""
    with _explained():
        for name, count in sorted(run_due(current_runtime(), utc_now()).items()):
            click.echo(f"{name} {count}")


@peersupport_commands.command()
def worker() -> None:
    """Do due work until stopped (SIGTERM or Ctrl-C)."""
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    click.echo("working; stop with Ctrl-C")
    work_until(stopped, app, current_runtime(), WorkerKind.SEPARATE)


@peersupport_commands.command("reconcile")
@click.option(
    "--since",
    required=True,
    type=click.DateTime(["%Y-%m-%d"]),
    help="The first day to look at, e.g. 2026-11-01.",
)
def reconcile_reports(since: datetime) -> None:
    """Take in the host's reports that were missed, e.g. by a bulk import."""

    def show(counts: Reconciled) -> None:
        if counts.seen % _PROGRESS_EVERY == 0:
            click.echo(f"seen {counts.seen}, missed {counts.missed}", err=True)

    with _explained():
        runtime = current_runtime()
        start = since.replace(tzinfo=runtime.settings.timezone)
        counts = reconcile(runtime, start, now=utc_now(), progress=show)
        click.echo(f"seen {counts.seen}")
        click.echo(f"missed {counts.missed}")


@peersupport_commands.command("import-supporters")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_supporters(file: Path) -> None:
    """Add supporters from a CSV or XLSX file; every fault is listed before anything is stored."""
    with _explained(), file.open("rb") as stream:
        session = current_session()
        counts = store_supporters(session, stream, file.name, actor=COMMAND, now=utc_now())
        commit(session)
        _print_counts(counts)


@peersupport_commands.command("import-departments")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_departments(file: Path) -> None:
    """Add or change departments from a CSV file."""
    with _explained():
        session = current_session()
        rows = read_departments_file(file)
        counts = store_departments(session, rows, actor=COMMAND, now=utc_now())
        refresh_departments(session)
        commit(session)
        _print_counts(counts)


@peersupport_commands.command("import-reports")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Look for faults and count, but store nothing.")
def import_reports(file: Path, dry_run: bool) -> None:
    """Take in reports from a CSV or XLSX file, one row a colleague; all of them or none."""

    def show(done: int, total: int) -> None:
        if done % _PROGRESS_EVERY == 0:
            click.echo(f"done {done} of {total}", err=True)

    with _explained(), file.open("rb") as stream:
        session = current_session()
        counts = store_reports(
            session, stream, file.name, actor=COMMAND, now=utc_now(), progress=show
        )
        if dry_run:
            session.rollback()
            click.echo("dry run: nothing was stored", err=True)
        else:
            commit(session)
        _print_counts(counts)


def _print_counts(counts: SupporterCounts | DepartmentCounts | ReportCounts) -> None:
    for name, count in asdict(counts).items():
        click.echo(f"{name} {count}")


@peersupport_commands.command("test-mail")
@click.argument("address")
def test_mail(address: str) -> None:
    """Send a mail to an address, to see whether mail leaves."""
    # B6: what writes and sends mail is loaded where mail is sent, not when the host starts
    from .outbox.delivery import send_test_mail

    with _explained():
        send_test_mail(address, now=utc_now())
        click.echo("sent")
