"""The smallest host that is one: Flask-SQLAlchemy, Flask-Login, one report and one user model."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask import Flask, redirect, render_template_string, request, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event, orm
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from flask_peersupport import PeerSupport


class HostBase(orm.DeclarativeBase):
    """The host's own base: nothing of it is shared with the extension."""


db = SQLAlchemy(model_class=HostBase)
login_manager = LoginManager()

if TYPE_CHECKING:
    Model = HostBase
else:
    Model = db.Model


class User(UserMixin, Model):  # type: ignore[misc]
    """Somebody who can sign in."""

    __tablename__ = "users"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(200))
    email: orm.Mapped[str | None] = orm.mapped_column(sa.String(200), unique=True)
    phone: orm.Mapped[str | None] = orm.mapped_column(sa.String(50))
    department: orm.Mapped[str | None] = orm.mapped_column(sa.String(200))
    profession: orm.Mapped[str | None] = orm.mapped_column(sa.String(50))
    discipline: orm.Mapped[str | None] = orm.mapped_column(sa.String(50))
    seniority: orm.Mapped[str | None] = orm.mapped_column(sa.String(50))
    locale: orm.Mapped[str | None] = orm.mapped_column(sa.String(10))


class Incident(Model):
    """A report of the host."""

    __tablename__ = "incidents"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    title: orm.Mapped[str] = orm.mapped_column(sa.String(500))
    ward: orm.Mapped[str | None] = orm.mapped_column(sa.String(200))
    author_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("users.id"))
    #: In UTC, naive, as many hosts have it.
    created_at: orm.Mapped[datetime] = orm.mapped_column(
        sa.DateTime, default=lambda: datetime.now(UTC).replace(tzinfo=None)
    )

    author: orm.Mapped[User | None] = orm.relationship()


@login_manager.user_loader  # type: ignore[untyped-decorator]
def load_user(user_id: str) -> User | None:
    """Return the user of the session cookie."""
    return db.session.get(User, int(user_id))


FORM = """<!doctype html>
<html lang="nl"><head><title>Report</title></head><body>
{% for message in get_flashed_messages() %}<p role="status">{{ message }}</p>{% endfor %}
<form method="post">
<label>Title <input name="title"></label>
<label>Ward <input name="ward"></label>
{% if peersupport_step is defined %}{{ peersupport_step() }}{% endif %}
<button>Send</button>
</form></body></html>
"""

PAGE = """<!doctype html>
<html lang="nl"><head><title>Report</title></head><body>
{% for message in get_flashed_messages() %}<p role="status">{{ message }}</p>{% endfor %}
<h1>{{ incident.title }}</h1></body></html>
"""


def _trust_the_disk(connection: Any, record: object) -> None:
    """Wait for no disk: the tests end processes, but cut off no power."""
    connection.execute("PRAGMA synchronous = OFF")


def create_host(database_url: str, config: Mapping[str, Any] | None = None) -> Flask:
    """Build the host. It knows nothing of peer support but the one line in its form."""
    settings = dict(config or {})
    app = Flask(__name__, instance_path=settings.pop("INSTANCE_PATH", None))
    app.config.from_mapping(
        SECRET_KEY="a key for tests",
        SQLALCHEMY_DATABASE_URI=database_url,
        TESTING=True,
    )
    app.config.from_mapping(settings)
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", _trust_the_disk)
    login_manager.init_app(app)
    login_manager.login_view = "show_sign_in"

    @app.get("/sign-in")
    def show_sign_in() -> str:
        return "sign in"

    @app.get("/login/<int:user_id>")
    def sign_in(user_id: int) -> str:
        login_user(db.get_or_404(User, user_id))
        return "signed in"

    @app.get("/logout")
    def sign_out() -> str:
        logout_user()
        return "signed out"

    @app.route("/report", methods=["GET", "POST"])
    def report() -> Response | str:
        if request.method == "GET":
            return render_template_string(FORM)
        incident = Incident(
            title=request.form["title"],
            ward=request.form.get("ward") or None,
            author_id=current_user.id if current_user.is_authenticated else None,
        )
        db.session.add(incident)
        db.session.commit()
        return redirect(url_for("show_report", incident_id=incident.id))

    @app.get("/report/<int:incident_id>")
    def show_report(incident_id: int) -> str:
        return render_template_string(PAGE, incident=db.get_or_404(Incident, incident_id))

    return app


def add_peersupport(app: Flask, **adapters: Any) -> PeerSupport:
    """Add the extension to the host, as its README says."""
    from flask_peersupport import PeerSupport, Report

    peersupport = PeerSupport(**adapters)
    peersupport.init_app(app, db)

    @peersupport.describe(Incident)
    def describe_incident(incident: Incident) -> Report:
        return Report(
            kind="incident",
            ref=str(incident.id),
            department=incident.ward,
            reporter=peersupport.users.get(
                None if incident.author_id is None else str(incident.author_id)
            ),
        )

    peersupport.watch(Incident, since=Incident.created_at)
    return peersupport
