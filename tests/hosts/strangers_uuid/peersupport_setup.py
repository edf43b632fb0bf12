from flask_peersupport import PeerSupport, Report

from . import Event, db

peersupport = PeerSupport()


@peersupport.describe(Event)
def describe(event):
    if not event.ready:
        return None
    return Report(
        kind="incident",
        ref=str(event.id),
        department=event.where,
        reporter=peersupport.users.get(event.by),
        anonymous=event.secret,
    )


def setup(app):
    peersupport.init_app(app, db)
    peersupport.watch(Event)
