"""The order in which an installation is looked at: that in which it is mended best."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask import Flask

from ..db import rollback
from ..runtime import Runtime, current_runtime
from . import database, keyring, mail, programme, reports, settings, spool, workers
from .findings import Finding, Findings, fault, has_faults

Check = Callable[[Runtime], Findings]


def examine(app: Flask) -> list[Finding]:
    """Look at everything an installation needs.

    What can only be seen with tables or with the keyring is left out while those are at fault.
    """
    with app.app_context():
        runtime = current_runtime()
        tables = _look(runtime, "the tables", database.look_at_tables)
        keys = _look(runtime, "the keyring", keyring.look_at_keyring)
        findings = tables + keys
        for subject, check in _checks(
            app,
            has_tables=not has_faults(tables),
            has_keys=not has_faults(keys),
        ):
            findings += _look(runtime, subject, check)
        return findings


def _checks(app: Flask, *, has_tables: bool, has_keys: bool) -> list[tuple[str, Check]]:
    checks: list[tuple[str, Check]] = [
        ("the settings", settings.look_at_settings),
        ("the layout", partial(settings.look_at_layout, app)),
        ("the spool", spool.look_at_spool),
        ("the mail server", partial(mail.look_at_mail, app)),
        ("what mail shows of its sender", mail.look_at_senders),
        ("the descriptions", reports.look_at_descriptions),
        ("the host's migrations", partial(database.look_at_host_migrations, app)),
    ]
    if not has_tables:
        return checks
    checks += [
        ("the journal of the database", database.look_at_journal),
        ("the clock", database.look_at_clock),
        ("the keyrings of the other machines", keyring.look_at_other_keyrings),
        ("the workers", workers.look_at_workers),
        ("the way in of reports", reports.look_at_ways_in),
        ("the departments", programme.look_at_departments),
        ("the departments of the reports", programme.look_at_departments_of_reports),
        ("the supporters", programme.look_at_supporters),
    ]
    if has_keys:
        checks.append(("the roles", programme.look_at_roles))
    return checks


def _look(runtime: Runtime, subject: str, check: Check) -> list[Finding]:
    """Run one check. An adapter of the host may raise anything; the others go on.

    The error's text is not shown: it may hold a name.
    """
    try:
        return list(check(runtime))
    except Exception as error:
        rollback(runtime.storage.session)
        sentence = f"{subject[0].upper()}{subject[1:]} could not be checked"
        return [
            fault(f"{sentence} ({type(error).__name__}).", "Look for the reason in flask shell.")
        ]
