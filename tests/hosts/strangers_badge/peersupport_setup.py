"""Peer support voor MeldLijst."""

from __future__ import annotations

from flask import Flask

from flask_peersupport import PeerSupport, Report

from .models import Melding, db

peersupport = PeerSupport()


@peersupport.describe(Melding)
def beschrijf(melding: Melding) -> Report:
    melder = peersupport.users.get(melding.melder)
    return Report("calamity", melding.nummer, reporter=melder, anonymous=melding.anoniem)


def init_app(app: Flask) -> None:
    app.config.setdefault("PEERSUPPORT_USER_FIELDS", {"name": "naam"})
    peersupport.init_app(app, db)
    peersupport.watch(Melding)
