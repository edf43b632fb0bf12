from flask_peersupport import Involved, PeerSupport, Person, Report
from flask_peersupport.signals import report_created

from .meldingen import Melding, db

SOORTEN = {"vim": "incident", "calamiteit": "calamity"}


def voeg_toe(app, kijk=False, voor=False, na=False, pagina=False):
    """Voeg peer support toe: door mee te kijken, met een signaal, of met een eigen pagina."""
    app.config["PEERSUPPORT_USER_FIELDS"] = {"name": "naam", "email": "mail", "department": "afd"}
    peersupport = PeerSupport()
    peersupport.init_app(app, db)

    @peersupport.describe(Melding)
    def als_report(melding):
        if melding.concept:
            return None
        wie = peersupport.users.get(str(melding.melder) if melding.melder else None)
        betrokken = []
        if melding.titel.startswith("Bram"):
            bram = Person("Bram Smit", email="bram@hospital.example", department="Ward 1")
            betrokken = [Involved(bram)]
        return Report(
            SOORTEN[melding.soort],
            str(melding.id),
            department=melding.afd,
            occurred_at=melding.gemeld_op,
            reporter=wie,
            anonymous=melding.anoniem,
            involved=betrokken,
        )

    def meld(melding):
        report_created.send(app, report=melding)

    if kijk:
        peersupport.watch(Melding, since=Melding.gemeld_op)
    if voor:
        app.haken["voor"].append(meld)
    if na:
        app.haken["na"].append(meld)
    if pagina:
        app.haken["naar"] = lambda melding, adres: peersupport.step_url(melding, next=adres)
    app.jinja_env.globals["stap_in_formulier"] = kijk or voor or na
    return peersupport
