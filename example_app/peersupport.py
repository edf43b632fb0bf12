"""Peer support in the reporting application: the one file that adds it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import Flask

from example_app import doors, mailroom, network, peersupport_demo, recent_days, simulation
from example_app.extensions import db
from example_app.forms import ComplaintForm
from example_app.models import Calamity, Complaint, Incident
from example_app.navigation import QuickLink
from example_app.texts import HOSPITAL_TIMEZONE, current_locale
from example_app.views.calamities import analysis_planned
from flask_peersupport import PeerSupport, Report
from flask_peersupport.forms import peersupport_step
from flask_peersupport.signals import analysis_scheduled

peersupport = PeerSupport()
ComplaintForm.peersupport = peersupport_step(kind="complaint")

SETTINGS = {
    "PEERSUPPORT_PROGRAMME_NAME": "Peer support Noorderhaven",
    "PEERSUPPORT_LAYOUT": "layout.html",
    "PEERSUPPORT_USER_FIELDS": {"department": "department.name"},
    "PEERSUPPORT_BASE_URL": "http://127.0.0.1:5000",
    # colleagues' telephones show it on their locked screens: it tells nothing either
    "PEERSUPPORT_MAIL_FROM": "collega@noorderhaven.example",
    "PEERSUPPORT_ESCALATION_ADDRESS": "quality@noorderhaven.example",
    "PEERSUPPORT_SUPPORT_PHONE": "050 555 0100",
    "PEERSUPPORT_STANDBY_CONTACT": "050 555 0199",
    "PEERSUPPORT_HOSPITAL_NAME": "Academisch Ziekenhuis Noorderhaven",
    "PEERSUPPORT_HOSPITAL_LOGO": str(Path(__file__).with_name("static") / "logo.svg"),
    "PEERSUPPORT_LETTER_PLACE": "Noorderhaven",
    "PEERSUPPORT_LETTER_SIGNATORY": "prof. dr. A. van Wijk\nvoorzitter raad van bestuur",
}


@peersupport.describe(Incident)
def describe_incident(incident: Incident) -> Report:
    """Read an ordinary incident report."""
    return Report(
        kind="incident",
        ref=str(incident.id),
        department=incident.ward,
        occurred_at=in_hospital_time(incident.occurred_at),
        reporter=peersupport.users.get(str(incident.author_id)),
    )


@peersupport.describe(Calamity)
def describe_calamity(calamity: Calamity) -> Report:
    """Read the report of a potential calamity."""
    return Report(
        kind="calamity",
        ref=str(calamity.id),
        department=calamity.ward,
        occurred_at=in_hospital_time(calamity.occurred_at),
        reporter=peersupport.users.get(str(calamity.author_id)),
    )


@peersupport.describe(Complaint)
def describe_complaint(complaint: Complaint) -> Report:
    """Read an entry of the complaints register; its step is a field of the form."""
    return Report(
        kind="complaint",
        ref=complaint.number,
        department=complaint.department,
        reporter=peersupport.users.get(str(complaint.registered_by_id)),
    )


@analysis_planned.connect
def tell_of_analysis(app: Flask, calamity: Calamity) -> None:
    """Pass on when the analysis of a calamity is discussed, or that it is off."""
    at = in_hospital_time(calamity.analysis_at) if calamity.analysis_at else None
    analysis_scheduled.send(app, kind="calamity", ref=str(calamity.id), at=at)


def in_hospital_time(moment: datetime) -> datetime:
    """Return a wall-clock time as an instant."""
    return moment.replace(tzinfo=ZoneInfo(HOSPITAL_TIMEZONE))


def init_app(app: Flask) -> None:
    """Add peer support, and what only a demo needs: a mailbox page and demo data."""
    for name, value in SETTINGS.items():
        app.config.setdefault(name, value)
    peersupport.init_app(app, db, locale_selector=current_locale)
    peersupport.watch(Incident, since=Incident.created_at)
    peersupport.watch(Calamity, since=Calamity.created_at)
    prefix = app.config.get("PEERSUPPORT_URL_PREFIX", "/peersupport")
    app.config["QUICK_LINKS"].append(QuickLink(f"{prefix}/", "Peer support", "Peer support"))
    mailroom.init_app(app)
    peersupport_demo.init_app(app)
    recent_days.init_app(app)
    network.init_app(app)
    doors.init_app(app)
    simulation.init_app(app)
