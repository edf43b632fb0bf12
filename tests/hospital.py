"""The host that the tests of docs/testing.md copy to a folder of their own: forms good and bad."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, redirect, render_template_string, request
from flask_login import LoginManager, UserMixin, current_user, login_user
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import orm
from sqlalchemy.pool import StaticPool
from werkzeug.wrappers import Response

from flask_peersupport import PeerSupport, Report


class HostBase(orm.DeclarativeBase):
    """The host's own base."""


db = SQLAlchemy(model_class=HostBase)
login_manager = LoginManager()
csrf = CSRFProtect()
peersupport = PeerSupport()


class User(UserMixin, db.Model):  # type: ignore[misc, name-defined]
    """Somebody who can sign in."""

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    email: orm.Mapped[str]
    ward: orm.Mapped[str] = orm.mapped_column(default="Ward 1")


class Incident(db.Model):  # type: ignore[misc, name-defined]
    """A report of the host."""

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    title: orm.Mapped[str]
    ward: orm.Mapped[str]
    author_id: orm.Mapped[int | None]


LOGOUT = (
    '<form action="/logout" method="post"><input type="hidden" name="csrf_token" value="-"></form>'
)
FIELDS = """<input type="hidden" name="csrf_token" value="{{ csrf_token() }}">
<input name="title"><textarea name="ward"></textarea>"""
STEP = '{{ peersupport_step(kind="incident") }}'
#: The pages with a form, by the last part of their address.
FORMS = {
    "new": f'{LOGOUT}<form method="post" action="?from=form">{FIELDS}{STEP}</form>{LOGOUT}',
    "upload": f'<form method="post" enctype="multipart/form-data">{FIELDS}{STEP}</form>',
    "calamity": f'<form method="post">{FIELDS}{{{{ peersupport_step(kind="calamity") }}}}</form>',
    "without": f'<form method="post">{FIELDS}</form>',
    "outside": f'<form method="post">{FIELDS}</form>{STEP}',
    "get": f"<form>{FIELDS}{STEP}</form>",
    "none": "<p>Please sign in.</p>",
}


@login_manager.user_loader  # type: ignore[untyped-decorator]
def load_user(user_id: str) -> User | None:
    """Return the user of the session cookie."""
    return db.session.get(User, int(user_id))


@peersupport.describe(Incident)
def describe_incident(incident: Incident) -> Report:
    """Say how an incident reads."""
    reporter = peersupport.users.get(str(incident.author_id) if incident.author_id else None)
    return Report("incident", str(incident.id), department=incident.ward, reporter=reporter)


def create_app(config: Mapping[str, Any], **adapters: Any) -> Flask:
    """Build the host, on SQLite in memory."""
    app = Flask(__name__)
    app.config.from_mapping(
        SECRET_KEY="a key for tests",
        SQLALCHEMY_DATABASE_URI="sqlite://",
        PREFERRED_URL_SCHEME="https",
        PEERSUPPORT_WORKER="separate",
        PEERSUPPORT_BASE_URL="https://reports.hospital.example",
    )
    app.config.from_mapping(config)
    db.init_app(app)
    login_manager.init_app(app)
    csrf.init_app(app)
    peersupport.init_app(app, db, **adapters)
    peersupport.watch(Incident)
    with app.app_context():
        assert isinstance(db.engine.pool, StaticPool)  # the database that is hardest to share

    @app.get("/login/<int:user_id>")
    def sign_in(user_id: int) -> str:
        login_user(db.get_or_404(User, user_id))
        return "signed in"

    @app.route("/incidents/<name>", methods=["GET", "POST"])
    def form(name: str) -> Response | str:
        if request.method == "GET":
            return render_template_string(FORMS[name])
        author_id = current_user.id if current_user.is_authenticated else None
        db.session.add(
            Incident(title=request.form["title"], ward=request.form["ward"], author_id=author_id)
        )
        db.session.commit()
        return redirect(f"/done?{request.query_string.decode()}&{request.mimetype}")

    return app
