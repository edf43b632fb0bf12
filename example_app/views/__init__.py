"""The pages, one Blueprint a module."""

from flask import Flask

from example_app.views import auth, calamities, complaints, home, incidents


def init_app(app: Flask) -> None:
    """Register the blueprints."""
    for module in (home, auth, incidents, calamities, complaints):
        app.register_blueprint(module.blueprint)
