"""Valmeldpunt: a register of falls, in the manner of the Flask tutorial, on sqlite3 alone."""

from pathlib import Path

from flask import Flask


def create_app(test_config=None, instance_path=None):
    app = Flask(__name__, instance_path=instance_path)
    app.config.from_mapping(SECRET_KEY="dev", DATABASE=f"{app.instance_path}/falls.db")
    app.config.from_mapping(test_config or {})
    Path(app.instance_path).mkdir(parents=True, exist_ok=True)

    from . import auth, db, falls

    db.init_app(app)
    app.register_blueprint(auth.bp)
    app.register_blueprint(falls.bp)
    # what other parts of the house want to do once a fall is stored; each may send the reporter on
    app.extensions["after_saving"] = []
    return app
