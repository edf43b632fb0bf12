"""SafetyDesk: incidents and complaints on plain SQLAlchemy, with class-based views."""

from flask import Flask

from . import database
from .accounts import accounts, login_manager
from .desk import desk


def create_app(config: dict, instance_path: str | None = None) -> Flask:
    """Build the application; `DATABASE_URL` says where its tables are."""
    app = Flask(__name__, instance_path=instance_path)
    app.config.update(config)
    database.connect(app)
    login_manager.init_app(app)
    app.register_blueprint(accounts)
    app.register_blueprint(desk)
    return app
