"""Quality portal: near misses with Flask-SQLAlchemy and Flask-WTF; peer support lives elsewhere."""

from flask import Flask
from flask_login import LoginManager
from flask_wtf import CSRFProtect

from .models import Nurse, db
from .pages import pages

csrf = CSRFProtect()


def create_app(settings):
    portal = Flask(__name__)
    portal.config.update(settings)
    db.init_app(portal)
    csrf.init_app(portal)
    logins = LoginManager(portal)
    logins.login_view = "pages.enter"
    logins.user_loader(lambda nurse_id: db.session.get(Nurse, int(nurse_id)))
    portal.register_blueprint(pages, url_prefix="/portal")
    return portal
