"""Adds peer support to SafetyDesk."""

from flask import Flask

from flask_peersupport import PeerSupport, Report
from flask_peersupport.signals import report_created

from .database import Complaint, Incident, Session
from .desk import entered, entering


def add_peersupport(app: Flask, ways: tuple[str, ...] = ("watch",)) -> PeerSupport:
    """Add it; incidents and complaints come in by being watched, or by our own events."""
    peersupport = PeerSupport()
    peersupport.init_app(app, session=Session)

    @peersupport.describe(Incident)
    def describe_incident(incident: Incident) -> Report | None:
        if incident.status == "draft":
            return None
        return Report(
            kind="incident",
            ref=f"INC-{incident.incident_id}",
            department=incident.ward,
            reporter=peersupport.users.get(incident.account_id),
            reported_at=incident.entered_at,
            url=f"/incidents/{incident.incident_id}",
            anonymous=incident.is_anonymous,
        )

    @peersupport.describe(Complaint)
    def describe_complaint(complaint: Complaint) -> Report:
        ref, account_id = f"C-{complaint.complaint_id}", complaint.account_id
        reporter = peersupport.users.get(account_id)
        department = reporter.department if reporter else None
        return Report(kind="complaint", ref=ref, department=department, reporter=reporter)

    if "watch" in ways:
        peersupport.watch(Incident, since=Incident.entered_at)
        peersupport.watch(Complaint)
    if "before" in ways:
        entering.connect(pass_on, app)
    if "after" in ways:
        entered.connect(pass_on, app)
    return peersupport


def pass_on(app: Flask, entry: object) -> None:
    report_created.send(app, report=entry)
