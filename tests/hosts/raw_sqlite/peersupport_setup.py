"""Peer support for the register of falls: all of it is here, and one line in new.html."""

import sqlite3
from datetime import UTC, datetime

from flask import current_app, redirect, session, url_for

from flask_peersupport import PeerSupport, Person, Report
from flask_peersupport.signals import report_created

from .db import get_db


def as_person(row):
    if row is None:
        return None
    return Person(
        name=f"{row['first_name']} {row['surname']}",
        email=row["mail"],
        user_id=row["code"],
        department=row["unit"],
    )


class Staff:
    """The staff table as the users adapter wants it."""

    def current(self):
        return self.get(session.get("code"))

    def get(self, user_id):
        return self._one("SELECT * FROM staff WHERE code = ?", user_id)

    def find(self, email):
        return self._one("SELECT * FROM staff WHERE lower(mail) = lower(?)", email)

    def search(self, text, limit):
        rows = get_db().execute(
            "SELECT * FROM staff WHERE instr(lower(first_name || ' ' || surname), lower(?))"
            " ORDER BY surname LIMIT ?",
            (text, limit),
        )
        return [as_person(row) for row in rows]

    def sign_in(self, next):
        return redirect(url_for("auth.login", next=next))

    def _one(self, statement, value):
        return as_person(get_db().execute(statement, (value,)).fetchone())


class Falls:
    """The register as the reports adapter wants it: drafts are none yet."""

    def iter_since(self, instant):
        rows = get_db().execute(
            "SELECT * FROM fall WHERE reported >= ? AND NOT draft ORDER BY id",
            (f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S}",),
        )
        for row in rows.fetchall():
            yield as_report(row)

    def exists(self, kind, ref):
        statement = "SELECT 1 FROM fall WHERE id = ? AND NOT draft"
        return get_db().execute(statement, (ref,)).fetchone() is not None


peersupport = PeerSupport(users=Staff(), reports=Falls())


@peersupport.describe(sqlite3.Row)
def as_report(row):
    if row["draft"]:
        return None
    return Report(
        kind="incident",
        ref=str(row["id"]),
        department=row["unit"],
        reported_at=datetime.fromisoformat(row["reported"]).replace(tzinfo=UTC),
        reporter=peersupport.users.get(row["reporter"]),
        url=f"/falls/{row['id']}",
        anonymous=bool(row["anonymous"]),
    )


def signal(row, target):
    report_created.send(current_app._get_current_object(), report=row)


def ask_on_a_page(row, target):
    return peersupport.step_url(row, next=target)


def init_app(app, *ways):
    peersupport.init_app(app)
    app.extensions["after_saving"].extend(ways or (signal,))
