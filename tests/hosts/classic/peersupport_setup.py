"""What the hospital added for peer support: the field, how an incident reads, and a setting."""

from __future__ import annotations

from typing import Any

from flask import Flask

from flask_peersupport import PeerSupport, Report
from flask_peersupport.forms import peersupport_step
from flask_peersupport.signals import report_created

from .extensions import db, incident_saved
from .forms import IncidentForm
from .models import Incident


def add_peersupport(app: Flask, *, watches: bool = False, signals: bool = False) -> PeerSupport:
    """Add the field to the form; `watches` and `signals` are further ways in."""
    peersupport = PeerSupport()
    peersupport.init_app(app, db)
    IncidentForm.peersupport = peersupport_step(kind="incident")

    @peersupport.describe(Incident)
    def describe_incident(incident: Incident) -> Report | None:
        if incident.is_draft:
            return None
        return Report(
            kind="incident",
            ref=str(incident.id),
            department=incident.ward,
            reported_at=incident.created_at,
            reporter=peersupport.users.get(str(incident.author_id)),
        )

    if watches:
        peersupport.watch(Incident, since=Incident.created_at)
    if signals:

        @incident_saved.connect_via(app, weak=False)
        def tell_peersupport(
            sender: Flask, incident: Incident, form: IncidentForm, **extra: Any
        ) -> None:
            report_created.send(sender, report=incident, step=form.peersupport.data)

    return peersupport
