"""Peer support, in the database that PEERSUPPORT_DATABASE_URI names."""

from flask_peersupport import PeerSupport, Report
from flask_peersupport.signals import report_created

from .models import NearMiss, db
from .pages import saved, saving


def install(portal, ways=("watch",)):
    support = PeerSupport()
    portal.config["PEERSUPPORT_USER_FIELDS"] = {"name": "full_name", "department": "team"}
    support.init_app(portal, db)

    @support.describe(NearMiss)
    def near_miss(miss):
        if miss.state == "draft":
            return None
        return Report(
            kind="incident",
            ref=f"{miss.id}",
            department=miss.team,
            reporter=support.users.get(miss.nurse_id),
            reported_at=miss.made,
            anonymous=miss.nameless,
        )

    if "watch" in ways:
        support.watch(NearMiss, since=NearMiss.made)
    if "before" in ways:
        saving.connect(tell, portal)
    if "after" in ways:
        saved.connect(tell, portal)


def tell(portal, miss):
    report_created.send(portal, report=miss)
