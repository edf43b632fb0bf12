"""Peer support, in the clothes of this application."""

from __future__ import annotations

from flask import Flask, url_for

from flask_peersupport import PeerSupport, Report

from .models import Incident, db


def init_app(app: Flask) -> PeerSupport:
    """Add the extension; the one line about a quick report leads to the step's own page."""
    app.config["PEERSUPPORT_LAYOUT"] = "layout.html"
    app.config["PEERSUPPORT_LAYOUT_BLOCK"] = "main"
    app.config["PEERSUPPORT_PROGRAMME_NAME"] = "Peer support"
    peersupport = PeerSupport()
    peersupport.init_app(app, db)

    @peersupport.describe(Incident)
    def as_report(incident: Incident) -> Report:
        return Report(
            kind="calamity" if incident.is_serious else "incident",
            ref=str(incident.id),
            department=incident.ward,
            reporter=peersupport.users.get(str(incident.author_id)),
            url=url_for("pages.show", incident_id=incident.id),
        )

    peersupport.watch(Incident, since=Incident.created_at)
    app.config["AFTER_QUICK_REPORT"] = peersupport.step_url
    return peersupport
