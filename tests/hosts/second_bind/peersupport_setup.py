from flask_peersupport import PeerSupport, Report

from . import Incident, db


def add_to(app):
    peersupport = PeerSupport()
    peersupport.init_app(app, db)

    @peersupport.describe(Incident)
    def describe(incident):
        reporter = peersupport.users.get(incident.person_id)
        department = reporter.department if reporter else None
        return Report("incident", str(incident.id), department=department, reporter=reporter)

    peersupport.watch(Incident)
