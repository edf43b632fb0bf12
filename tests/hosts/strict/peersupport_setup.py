"""Peer support: where its pages are, and what a report is."""

from __future__ import annotations

from flask import Flask, url_for

from flask_peersupport import PeerSupport, Report

from .models import SafetyReport, db


def add_peersupport(app: Flask) -> PeerSupport:
    """Add the extension; its pages are at /collega, of the host name that the app has."""
    app.config["PEERSUPPORT_HOST"] = app.config["PUBLIC_HOST"]
    app.config["PEERSUPPORT_URL_PREFIX"] = "/collega"
    app.config["PEERSUPPORT_BASE_URL"] = f"https://{app.config['PUBLIC_HOST']}/melden"
    peersupport = PeerSupport()
    peersupport.init_app(app, db)

    @peersupport.describe(SafetyReport)
    def as_report(report: SafetyReport) -> Report:
        return Report(
            kind="incident",
            ref=str(report.id),
            department=report.department,
            reporter=peersupport.users.get(report.reported_by),
            url=url_for("show", report_id=report.id),
        )

    peersupport.watch(SafetyReport)
    return peersupport
