"""Peer support, told by the message bus, or by watching what is committed."""

from __future__ import annotations

from flask import Flask, url_for

from flask_peersupport import PeerSupport, Report
from flask_peersupport.signals import report_created

from .domain import Incident
from .message_bus import Event
from .orm import db


def add_to(app: Flask, *events: type[Event], watches: bool = False) -> PeerSupport:
    """Add the extension; `events` are those by which it is told of an incident."""
    app.config["PEERSUPPORT_USER_FIELDS"] = {"email": "work_mail", "department": "org_unit"}
    peersupport = PeerSupport()
    peersupport.init_app(app, db)

    @peersupport.describe(Incident)
    def as_report(incident: Incident) -> Report:
        return Report(
            kind="incident",
            ref=incident.number,
            department=incident.unit,
            reporter=peersupport.users.get(incident.reported_by),
            anonymous=incident.reported_by is None,
            url=url_for("web.received", number=incident.number),
        )

    def tell(event: Event) -> None:
        report_created.send(app, report=event.incident)

    for event_type in events:
        app.extensions["bus"].subscribe(event_type, tell)
    if watches:
        peersupport.watch(Incident)
    return peersupport
