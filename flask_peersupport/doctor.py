"""What an installation lacks, in sentences that say what to do. Reads only, and never raises."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from flask import Flask
from jinja2 import TemplateNotFound, nodes
from jinja2.exceptions import TemplateError

from . import schema
from .access.departments import ListedDepartments
from .access.models import Department
from .clock import utc_now
from .config import PREFIX
from .db import rollback
from .errors import KeyringError
from .runtime import Runtime, current_runtime
from .supporters.models import Supporter
from .supporters.states import SupporterState
from .vault.keyring import FileKeys


class Level(StrEnum):
    """How bad it is. With a fault something does not work."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: a sentence, and what to do where it is not well."""

    level: Level
    sentence: str
    remedy: str = ""


_ok = partial(Finding, Level.OK)
_warning = partial(Finding, Level.WARNING)
_fault = partial(Finding, Level.FAULT)


def examine(app: Flask) -> list[Finding]:
    """Look at everything an installation needs, in the order in which it is mended best.

    What can only be seen with tables or with the keyring is left out while those are at fault.
    """
    with app.app_context():
        runtime = current_runtime()
        tables = _look(runtime, "the tables", _tables)
        keyring = _look(runtime, "the keyring", _keyring)
        findings = tables + keyring
        findings += _look(runtime, "the settings", _settings)
        findings += _look(runtime, "the layout", partial(_layout, app))
        findings += _look(runtime, "the reports", _descriptions)
        findings += _look(runtime, "the host's migrations", partial(_host_migrations, app))
        if not has_faults(tables):
            findings += _look(runtime, "the departments", _departments)
            findings += _look(runtime, "the supporters", _supporters)
        if not has_faults(tables + keyring):
            findings += _look(runtime, "the roles", _coordinator)
        return findings


def has_faults(findings: list[Finding]) -> bool:
    """Return whether something does not work."""
    return any(finding.level is Level.FAULT for finding in findings)


def _look(
    runtime: Runtime, subject: str, check: Callable[[Runtime], Iterator[Finding]]
) -> list[Finding]:
    """Run one check. An adapter of the host may raise anything; the others go on.

    The error's text is not shown: it may hold a name.
    """
    try:
        return list(check(runtime))
    except Exception as error:
        rollback(runtime.storage.session)
        sentence = f"{subject[0].upper()}{subject[1:]} could not be checked"
        return [
            _fault(f"{sentence} ({type(error).__name__}).", "Look for the reason in flask shell.")
        ]


def _tables(runtime: Runtime) -> Iterator[Finding]:
    upgrade = "Run: flask peersupport upgrade"
    engine = runtime.storage.engine
    try:
        current = schema.current(engine)
    except sa.exc.DBAPIError as error:
        reason = type(error.orig).__name__
        yield _fault(f"The database cannot be reached ({reason}).", "Check its address.")
        return
    newest = schema.head()
    if current is None:
        yield _fault("The tables are missing.", upgrade)
    elif current not in schema.revisions():
        yield _fault(
            f"The tables are at revision {current}, which this version does not know.",
            "Install the version that made them, or a newer one.",
        )
    elif current != newest:
        yield _fault(f"The tables are behind: at revision {current}, not {newest}.", upgrade)
    elif differences := schema.differences(engine):
        yield _fault(
            f"The tables differ from what this version expects, in {len(differences)} places.",
            "Somebody changed them by hand: restore them from a backup.",
        )
    else:
        yield _ok(f"The tables are at the newest revision, {newest}.")


def _keyring(runtime: Runtime) -> Iterator[Finding]:
    keys = runtime.keys
    try:
        key = keys.current(utc_now())
    except KeyringError as error:
        text, _, command = str(error).partition("; run: ")
        remedy = f"Run: {command}" if command else "Restore the keyring from its backup."
        yield _fault(f"{text[0].upper()}{text[1:]}.", remedy)
        return
    if isinstance(keys, FileKeys):
        others = keys.path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
        if others:
            yield _fault(
                f"The keyring at {keys.path} is open to other accounts of the machine.",
                f"Run: chmod 600 {keys.path}",
            )
            return
    yield _ok(f"The keyring has the key of {key.month}.")


def _settings(runtime: Runtime) -> Iterator[Finding]:
    settings = runtime.settings
    for name, level, consequence in (
        ("mail_from", Level.FAULT, "no mail can be sent"),
        ("base_url", Level.FAULT, "mail cannot link to the pages"),
        ("support_phone", Level.WARNING, "nobody sees a number for when it cannot wait"),
        (
            "escalation_address",
            Level.WARNING,
            "nobody is told when no coordinator may see a reach-out",
        ),
    ):
        setting = PREFIX + name.upper()
        if getattr(settings, name) is None:
            yield Finding(level, f"{setting} is missing: {consequence}.", f"Set {setting}.")
        else:
            yield _ok(f"{setting} is set.")


def _layout(app: Flask, runtime: Runtime) -> Iterator[Finding]:
    layout, block = runtime.settings.layout, runtime.settings.layout_block
    if layout is None:
        yield _ok("The pages use the extension's own layout.")
        return
    setting = f"{PREFIX}LAYOUT"
    try:
        is_found = _has_block(app, layout, block)
    except TemplateNotFound as error:
        yield _fault(
            f"The layout {layout} cannot be used: there is no template {error.name}.",
            f"Set {setting} to a template of the application.",
        )
    except TemplateError as error:
        yield _fault(
            f"The layout {layout} cannot be used ({type(error).__name__}).", "Mend the template."
        )
    else:
        if is_found:
            yield _ok(f"The layout {layout} has the block {block}.")
        else:
            yield _fault(
                f"The layout {layout} has no block {block}: the pages would be empty.",
                f"Set {setting}_BLOCK to the block that holds a page's content.",
            )


def _has_block(app: Flask, name: str, block: str) -> bool:
    """Return whether a template, or one it extends, has the block.

    A parent whose name is computed cannot be followed; it gets the benefit of the doubt.
    """
    environment = app.jinja_env
    seen: set[str] = set()
    while name not in seen:
        seen.add(name)
        assert environment.loader is not None
        text = environment.loader.get_source(environment, name)[0]
        tree = environment.parse(text, name)
        if any(found.name == block for found in tree.find_all(nodes.Block)):
            return True
        parent = tree.find(nodes.Extends)
        if parent is None:
            return False
        if not isinstance(parent.template, nodes.Const):
            return True
        name = str(parent.template.value)
    return False


def _descriptions(runtime: Runtime) -> Iterator[Finding]:
    if not runtime.watched:
        yield _ok("No model is watched.")
    for model in runtime.watched:
        if any(parent in runtime.descriptions for parent in model.__mro__):
            yield _ok(f"{model.__name__} is watched and described.")
        else:
            yield _fault(
                f"{model.__name__} is watched, but nothing says how it reads as a report.",
                f"Write a function with @peersupport.describe({model.__name__}).",
            )


def _host_migrations(app: Flask, runtime: Runtime) -> Iterator[Finding]:
    """Look whether the host's env.py heeds Flask-Migrate's options: ours are among them."""
    migrate = app.extensions.get("migrate")
    environment = Path(getattr(migrate, "directory", "migrations")) / "env.py"
    if migrate is None or not environment.is_file():
        yield _ok("The host has no migrations that could touch the tables.")
    elif "configure_args" in environment.read_text("utf-8", errors="replace"):
        yield _ok("The host's own migrations leave the tables alone.")
    else:
        yield _fault(
            f"The host's flask db migrate would drop the tables: {environment} ignores the"
            " options of Flask-Migrate.",
            "In it, call context.configure(..., **current_app.extensions['migrate']"
            ".configure_args).",
        )


def _departments(runtime: Runtime) -> Iterator[Finding]:
    if not isinstance(runtime.departments, ListedDepartments):
        yield _ok("The departments come from the host.")
        return
    with runtime.storage.work() as session:
        count = session.scalar(sa.select(sa.func.count()).select_from(Department)) or 0
    if count:
        yield _ok(f"The list of departments has {count} entries.")
    else:
        yield _warning(
            "The list of departments is empty: every reach-out waits for a coordinator.",
            "Run: flask peersupport import-departments FILE",
        )


def _supporters(runtime: Runtime) -> Iterator[Finding]:
    statement = (
        sa.select(Supporter.profession, sa.func.count())
        .where(Supporter.state == SupporterState.APPOINTED)
        .group_by(Supporter.profession)
    )
    with runtime.storage.work() as session:
        counts = {row[0]: row[1] for row in session.execute(statement)}
    for profession in runtime.settings.professions:
        if count := counts.get(profession, 0):
            yield _ok(f"Appointed supporters with the profession {profession}: {count}.")
        else:
            yield _warning(
                f"No supporter with the profession {profession} is appointed.",
                "Run: flask peersupport import-supporters FILE",
            )


def _coordinator(runtime: Runtime) -> Iterator[Finding]:
    count = len(runtime.roles.members("coordinator"))
    if count:
        yield _ok(f"Coordinators: {count}.")
    else:
        yield _fault(
            "Nobody is coordinator: what needs a decision would wait for ever.",
            "Run: flask peersupport grant coordinator USER_ID",
        )
