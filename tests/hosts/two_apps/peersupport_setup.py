"""Each application has a programme of its own; they share the models alone."""

from __future__ import annotations

from flask import Flask

from flask_peersupport import PeerSupport, Report

from .models import Entry, Letter, db

for_incidents = PeerSupport()
for_complaints = PeerSupport()


@for_incidents.describe(Entry)
def as_incident(entry: Entry) -> Report:
    reporter = for_incidents.users.get(str(entry.entered_by)) if entry.entered_by else None
    return Report("incident", f"I{entry.id}", department=entry.department, reporter=reporter)


@for_complaints.describe(Entry)
def as_complaint(entry: Entry) -> Report:
    return Report("complaint", f"K{entry.id}", department=entry.department)


def add_to_incidents(app: Flask) -> None:
    for_incidents.init_app(app, db)
    for_incidents.watch(Entry)


def add_to_complaints(app: Flask) -> None:
    for_complaints.init_app(app, db)
    for_complaints.watch(Entry)
    for_complaints.watch(Letter)
