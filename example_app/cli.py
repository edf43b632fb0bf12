"""The command `flask --app example_app demo`."""

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade
from werkzeug.serving import run_simple

from example_app.extensions import db
from example_app.seed import seed


@click.command("demo")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=5000, show_default=True, help="Port to listen on.")
@click.option("--no-run", is_flag=True, help="Prepare the database, but start no server.")
@with_appcontext
def demo(host: str, port: int, no_run: bool) -> None:
    """Make the tables, add the demo hospital, and start the application.

    Whatever else has to be prepared is called from app.extensions["demo_setup"], a list of
    functions that take the app.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    upgrade()
    seed(db.session)
    db.session.commit()
    for prepare in app.extensions["demo_setup"]:
        prepare(app)
    db.session.remove()
    if no_run:
        click.echo("The demo is ready.")
        return
    click.echo(f"Noorderhaven runs at http://{host}:{port}/  (stop with Ctrl+C)")
    run_simple(host, port, app, threaded=True, use_reloader=False)


def init_app(app: Flask) -> None:
    """Add the command."""
    app.extensions.setdefault("demo_setup", [])
    app.cli.add_command(demo)
