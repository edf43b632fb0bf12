"""Where a demo's colleagues can turn besides peer support, and its card for the first hours."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from example_app.models import User
from example_app.peersupport_demo import all_users, person_of
from example_app.stage import zone
from flask_peersupport import Person
from flask_peersupport.clock import utc_now
from flask_peersupport.db import commit
from flask_peersupport.resources.actions import ResourceDetails, add_resource
from flask_peersupport.resources.first_hours import HOSPITAL, set_texts
from flask_peersupport.resources.models import Resource
from flask_peersupport.resources.places import USUAL_PLACES, USUAL_TIERS
from flask_peersupport.resources.states import ResourceKind, Tier
from flask_peersupport.runtime import current_runtime

COORDINATOR = "ellen.dijkstra"
#: Through how many days the entries are known to be right; the third has to be looked at soon.
LASTS, EXPIRES_SOON = 300, 9

#: Kind, name, telephone, where, when, for whom, and through how many days it is right.
RESOURCES = (
    (
        ResourceKind.HEAD_OF_DEPARTMENT,
        "Je leidinggevende",
        None,
        "Op de afdeling",
        "Tijdens de dienst; daarbuiten via de dienstdoende achterwacht",
        "Rooster, vervangen worden, even niet alleen staan",
        None,
    ),
    (
        ResourceKind.EMERGENCY_TEAM,
        "Bedrijfsopvangteam (BOT)",
        "050 555 0150",
        None,
        "Dag en nacht",
        "Agressie, geweld of een ongeval op het werk",
        LASTS,
    ),
    (
        ResourceKind.CONFIDENTIAL_ADVISER,
        "Vertrouwenspersonen medewerkers",
        "050 555 0160",
        "vertrouwenspersoon@noorderhaven.example",
        "Werkdagen 9.00 tot 17.00 uur",
        "Omgangsvormen en integriteit",
        EXPIRES_SOON,
    ),
    (
        ResourceKind.PSYCHOLOGIST,
        "Bedrijfspsychologen",
        "050 555 0165",
        "Poortgebouw, tweede verdieping",
        "Werkdagen 8.30 tot 17.00 uur; eerste gesprek binnen een week",
        "Klachten die langer dan vier weken duren",
        LASTS,
    ),
    (
        ResourceKind.SOCIAL_WORKER,
        "Bedrijfsmaatschappelijk werk",
        "050 555 0170",
        None,
        "Werkdagen 9.00 tot 17.00 uur",
        "Werk en thuis, ziekte, geld",
        LASTS,
    ),
    (
        ResourceKind.CHAPLAIN,
        "Geestelijk verzorgers",
        "050 555 0175",
        "Stiltecentrum, begane grond",
        "Dag en nacht bereikbaar via de telefooncentrale",
        "Iedereen, gelovig of niet",
        LASTS,
    ),
    (
        ResourceKind.OCCUPATIONAL_PHYSICIAN,
        "Bedrijfsarts",
        "050 555 0180",
        "Spreekuur zonder tussenkomst van je leidinggevende",
        "Maandag en donderdag",
        "Werk en gezondheid, ook als je niet ziek gemeld bent",
        LASTS,
    ),
    (
        ResourceKind.STANDBY_PSYCHIATRIST,
        "Achterwacht psychiatrie",
        "050 555 0199",
        None,
        "Dag en nacht",
        "Voor supporters en leidinggevenden die zich acuut zorgen maken",
        LASTS,
    ),
    (
        ResourceKind.GP,
        "Je eigen huisarts",
        None,
        "Of de huisartsenpost in avond, nacht en weekend",
        None,
        "Slaap, somberheid, spanning die niet zakt",
        None,
    ),
    (
        ResourceKind.OUTSIDE,
        "Psychologenpraktijk Haven, met afspraak voor medewerkers",
        "050 555 0185",
        "Havenstraat 12, los van het ziekenhuis",
        "Werkdagen, ook 's avonds",
        "Wie liever niemand uit het ziekenhuis spreekt",
        LASTS,
    ),
    (
        ResourceKind.OUTSIDE,
        "113 Zelfmoordpreventie",
        "0800 0113",
        "113.nl",
        "Dag en nacht",
        "Wie aan zelfmoord denkt, of zich zorgen maakt om iemand",
        LASTS,
    ),
)

FIRST_HOURS = {
    "way_home": "De dienstdoende teamleider regelt vervoer; de taxi gaat op rekening van het "
    "ziekenhuis (portier, toestel 14 000).",
    "whom_to_call": "Peer support: 050 555 0100. Buiten kantoortijd: het bedrijfsopvangteam, "
    "050 555 0150.",
}
FIRST_HOURS_OF_IC = {
    "next_patient": "De coördinerend verpleegkundige en de dienstdoende intensivist verdelen de "
    "bedden opnieuw, en zeggen dat hardop bij de overdracht.",
    "tomorrow": "De eigen unitleider belt vóór 12.00 uur, ook als het een vrije dag is.",
}


def fill_doors(app: Flask) -> None:
    """Add where to turn and what the card says, where the list is empty."""
    session: Session = current_runtime().storage.session()
    if session.scalar(sa.select(Resource.id).limit(1)) is not None:
        return
    now = utc_now()
    coordinator = _person(session, COORDINATOR)
    today = now.astimezone(zone()).date()
    for kind, name, phone, reach, hours, meant_for, lasts in RESOURCES:
        details = ResourceDetails(
            tier=USUAL_TIERS.get(kind, Tier.ORGANISATION),
            kind=kind,
            name=name,
            phone=phone,
            reach=reach,
            hours=hours,
            meant_for=meant_for,
            places=tuple(USUAL_PLACES[kind]),
            valid_until=_day(today, lasts),
        )
        add_resource(session, details, actor=coordinator, now=now)
    for department, texts in ((HOSPITAL, FIRST_HOURS), ("Intensive Care", FIRST_HOURS_OF_IC)):
        set_texts(session, department, texts, actor=coordinator, now=now)
    commit(session)


def _day(today: date, days: int | None) -> date | None:
    return None if days is None else today + timedelta(days=days)


def _person(session: Session, username: str) -> Person:
    return person_of(session.scalars(all_users().where(User.username == username)).one())


def init_app(app: Flask) -> None:
    """Fill the lists whenever a demo is prepared."""
    app.extensions["demo_setup"].append(fill_doors)
